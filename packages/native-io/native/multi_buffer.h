// The multi-buffer library (intel-ipsec-mb), opened at run time where it is installed. Its AES-GCM uses the widest
// vector instructions of the processor.
#pragma once

#include <cstddef>
#include <cstdint>

namespace native_io {

// Room for the key schedule of versions 1 and 2 of the library, and for its working state.
constexpr size_t kMultiBufferKeyBytes = 2048;
constexpr size_t kMultiBufferStateBytes = 512;
constexpr size_t kMultiBufferAlignment = 64;

// Seals or opens; writes the tag that it computed, never compares it.
using MultiBufferGcm = void (*)(const void* key, void* state, uint8_t* out, const uint8_t* in,
                                uint64_t size, const uint8_t* iv, const uint8_t* aad,
                                uint64_t aad_size, uint8_t* tag, uint64_t tag_size);
using MultiBufferExpand = void (*)(const void* key, void* into);

struct MultiBuffer {
  // The library's version, or why it is not used.
  char reason[160] = {};
  bool found = false;
  // AES-128 and AES-256.
  MultiBufferExpand expand[2] = {};
  MultiBufferGcm seal[2] = {};
  MultiBufferGcm open[2] = {};
};

// Looks in `path` ("" for the system's places); what was found the first time holds for the process.
const MultiBuffer& GetMultiBuffer(const char* path);

}  // namespace native_io
