// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78) with the fastest instructions of the processor at hand.
#pragma once

#include <cstddef>
#include <cstdint>

namespace native_io {

// Continues `crc`, the checksum of what came before (0 at the start), over `size` bytes at `data`.
uint32_t Crc32c(uint32_t crc, const uint8_t* data, size_t size);

// Names what Crc32c runs on: "sse4.2", "armv8" or "table".
const char* Crc32cEngine();

}  // namespace native_io
