// Keys in numbered slots, and the sealing and opening of one packet with one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "multi_buffer.h"
#include "openssl.h"

namespace native_io {

constexpr size_t kAeadTagBytes = 16;
constexpr size_t kAeadIvBytes = 12;

enum class AeadAlgorithm : uint32_t { kAes128Gcm, kAes256Gcm, kChaCha20Poly1305, kCount };

size_t AeadKeyBytes(AeadAlgorithm algorithm);

// One key ready for use. What it held is overwritten when it goes.
class AeadKey {
 public:
  // nullptr where this machine lacks the algorithm.
  static std::unique_ptr<AeadKey> Make(const OpenSsl& openssl, const MultiBuffer* multi_buffer,
                                       AeadAlgorithm algorithm, const uint8_t* key,
                                       const uint8_t* iv);
  ~AeadKey();
  AeadKey(const AeadKey&) = delete;
  AeadKey& operator=(const AeadKey&) = delete;

  // Writes `size` bytes of ciphertext and the tag to `out`; `out` is `in`, or does not touch it.
  bool Seal(const uint32_t nonce[3], const uint8_t* aad, size_t aad_size, const uint8_t* in,
            size_t size, uint8_t* out);
  // Writes `size` bytes of plaintext to `out`, or zeros and answers false where the tag that follows `in` does not fit.
  bool Open(const uint32_t nonce[3], const uint8_t* aad, size_t aad_size, const uint8_t* in,
            size_t size, uint8_t* out);

 private:
  struct Schedule;

  explicit AeadKey(const OpenSsl& openssl);
  void Nonce(const uint32_t nonce[3], uint8_t* into) const;
  bool Run(CipherContext* context, const uint8_t* iv, const uint8_t* aad, size_t aad_size,
           const uint8_t* in, size_t size, uint8_t* out);

  const OpenSsl& openssl_;
  uint8_t iv_[kAeadIvBytes];
  CipherContext* sealing_ = nullptr;
  CipherContext* opening_ = nullptr;
  std::unique_ptr<Schedule> schedule_;
  MultiBufferGcm seal_ = nullptr;
  MultiBufferGcm open_ = nullptr;
};

// Compares the multi-buffer library with OpenSSL, in place and not, over lengths around every block count.
bool MultiBufferAgrees(const OpenSsl& openssl, const MultiBuffer& multi_buffer);

}  // namespace native_io
