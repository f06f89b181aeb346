// The OpenSSL of the running Node, found by name when the addon runs: nothing is linked, and the version is Node's own.
#pragma once

#include <cstddef>
#include <cstdint>

namespace native_io {

// OpenSSL's own structures, which only OpenSSL looks into.
struct CipherContext;
struct Cipher;

struct OpenSsl {
  // Why the functions below must not be called, or nullptr.
  const char* lack = nullptr;
  const char* version = nullptr;

  CipherContext* (*make_context)() = nullptr;
  void (*free_context)(CipherContext*) = nullptr;
  const Cipher* (*aes_128_gcm)() = nullptr;
  const Cipher* (*aes_256_gcm)() = nullptr;
  // nullptr where this OpenSSL was built without it.
  const Cipher* (*chacha20_poly1305)() = nullptr;
  int (*init)(CipherContext*, const Cipher*, void* engine, const uint8_t* key, const uint8_t* iv,
              int encrypt) = nullptr;
  int (*update)(CipherContext*, uint8_t* out, int* out_size, const uint8_t* in,
                int in_size) = nullptr;
  int (*finish)(CipherContext*, uint8_t* out, int* out_size) = nullptr;
  int (*control)(CipherContext*, int command, int size, void* data) = nullptr;
  int (*compare)(const void* a, const void* b, size_t size) = nullptr;
  void (*cleanse)(void* data, size_t size) = nullptr;
};

// The functions, looked up once in a process.
const OpenSsl& GetOpenSsl();

}  // namespace native_io
