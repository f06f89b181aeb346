// CRC-32 of zlib, PNG and Ethernet (reflected polynomial 0xEDB88320) by carry-less multiplication.
#pragma once

#include <cstddef>
#include <cstdint>

namespace native_io {

// Whether this processor has the instructions: without them Node's own zlib is as fast as anything here would be.
bool HasCrc32();

// Continues `crc`, the checksum of what came before (0 at the start), over `size` bytes. Only where HasCrc32().
uint32_t Crc32(uint32_t crc, const uint8_t* data, size_t size);

}  // namespace native_io
