#include "aead.h"

#include <cstring>
#include <initializer_list>
#include <utility>

namespace native_io {
namespace {

// EVP_CTRL_AEAD_GET_TAG and EVP_CTRL_AEAD_SET_TAG of OpenSSL's evp.h.
constexpr int kGetTag = 0x10;
constexpr int kSetTag = 0x11;

const Cipher* CipherOf(const OpenSsl& openssl, AeadAlgorithm algorithm) {
  switch (algorithm) {
    case AeadAlgorithm::kAes128Gcm:
      return openssl.aes_128_gcm();
    case AeadAlgorithm::kAes256Gcm:
      return openssl.aes_256_gcm();
    case AeadAlgorithm::kChaCha20Poly1305:
      return openssl.chacha20_poly1305 == nullptr ? nullptr : openssl.chacha20_poly1305();
    default:
      return nullptr;
  }
}

}  // namespace

struct alignas(kMultiBufferAlignment) AeadKey::Schedule {
  uint8_t key[kMultiBufferKeyBytes];
  uint8_t state[kMultiBufferStateBytes];
};

size_t AeadKeyBytes(AeadAlgorithm algorithm) {
  return algorithm == AeadAlgorithm::kAes128Gcm ? 16 : 32;
}

AeadKey::AeadKey(const OpenSsl& openssl) : openssl_(openssl) {}

std::unique_ptr<AeadKey> AeadKey::Make(const OpenSsl& openssl, const MultiBuffer* multi_buffer,
                                       AeadAlgorithm algorithm, const uint8_t* key,
                                       const uint8_t* iv) {
  const Cipher* cipher = CipherOf(openssl, algorithm);
  if (cipher == nullptr) return nullptr;
  std::unique_ptr<AeadKey> made(new AeadKey(openssl));
  std::memcpy(made->iv_, iv, kAeadIvBytes);
  if (multi_buffer != nullptr && algorithm != AeadAlgorithm::kChaCha20Poly1305) {
    const int size = algorithm == AeadAlgorithm::kAes128Gcm ? 0 : 1;
    made->schedule_ = std::make_unique<Schedule>();
    multi_buffer->expand[size](key, made->schedule_->key);
    made->seal_ = multi_buffer->seal[size];
    made->open_ = multi_buffer->open[size];
    return made;
  }
  made->sealing_ = openssl.make_context();
  made->opening_ = openssl.make_context();
  const bool ready = made->sealing_ != nullptr && made->opening_ != nullptr &&
                     openssl.init(made->sealing_, cipher, nullptr, key, iv, 1) == 1 &&
                     openssl.init(made->opening_, cipher, nullptr, key, iv, 0) == 1;
  return ready ? std::move(made) : nullptr;
}

AeadKey::~AeadKey() {
  // OpenSSL overwrites its own key schedules.
  if (sealing_ != nullptr) openssl_.free_context(sealing_);
  if (opening_ != nullptr) openssl_.free_context(opening_);
  if (schedule_ != nullptr) openssl_.cleanse(schedule_.get(), sizeof(Schedule));
  openssl_.cleanse(iv_, sizeof iv_);
}

void AeadKey::Nonce(const uint32_t nonce[3], uint8_t* into) const {
  for (size_t i = 0; i < kAeadIvBytes; ++i) {
    into[i] = iv_[i] ^ static_cast<uint8_t>(nonce[i / 4] >> (8 * (i % 4)));
  }
}

bool AeadKey::Run(CipherContext* context, const uint8_t* iv, const uint8_t* aad, size_t aad_size,
                  const uint8_t* in, size_t size, uint8_t* out) {
  int written = 0;
  return openssl_.init(context, nullptr, nullptr, nullptr, iv, -1) == 1 &&
         (aad_size == 0 ||
          openssl_.update(context, nullptr, &written, aad, static_cast<int>(aad_size)) == 1) &&
         (size == 0 || openssl_.update(context, out, &written, in, static_cast<int>(size)) == 1);
}

bool AeadKey::Seal(const uint32_t nonce[3], const uint8_t* aad, size_t aad_size, const uint8_t* in,
                   size_t size, uint8_t* out) {
  uint8_t iv[kAeadIvBytes];
  Nonce(nonce, iv);
  if (schedule_ != nullptr) {
    seal_(schedule_->key, schedule_->state, out, in, size, iv, aad, aad_size, out + size,
          kAeadTagBytes);
    return true;
  }
  int written = 0;
  return Run(sealing_, iv, aad, aad_size, in, size, out) &&
         openssl_.finish(sealing_, out + size, &written) == 1 &&
         openssl_.control(sealing_, kGetTag, kAeadTagBytes, out + size) == 1;
}

bool AeadKey::Open(const uint32_t nonce[3], const uint8_t* aad, size_t aad_size, const uint8_t* in,
                   size_t size, uint8_t* out) {
  uint8_t iv[kAeadIvBytes];
  // Where the packet is opened in place of somebody else's memory, the tag must not change after it was read.
  uint8_t tag[kAeadTagBytes];
  Nonce(nonce, iv);
  std::memcpy(tag, in + size, sizeof tag);
  bool authentic = false;
  if (schedule_ != nullptr) {
    uint8_t computed[kAeadTagBytes];
    open_(schedule_->key, schedule_->state, out, in, size, iv, aad, aad_size, computed,
          sizeof computed);
    authentic = openssl_.compare(computed, tag, sizeof tag) == 0;
  } else {
    int written = 0;
    uint8_t rest[kAeadTagBytes];
    authentic = Run(opening_, iv, aad, aad_size, in, size, out) &&
                openssl_.control(opening_, kSetTag, kAeadTagBytes, tag) == 1 &&
                openssl_.finish(opening_, rest, &written) == 1;
  }
  // Nobody may act on plaintext that was not authentic.
  if (!authentic && size > 0) std::memset(out, 0, size);
  return authentic;
}

bool MultiBufferAgrees(const OpenSsl& openssl, const MultiBuffer& multi_buffer) {
  constexpr size_t kMax = 2100;
  constexpr size_t kMaxAad = 80;
  uint8_t key[32];
  uint8_t iv[kAeadIvBytes];
  uint8_t aad[kMaxAad];
  uint8_t plain[kMax];
  uint8_t expected[kMax + kAeadTagBytes];
  uint8_t sealed[kMax + kAeadTagBytes];
  uint8_t opened[kMax];
  uint32_t state = 0x9e3779b9;
  const auto fill = [&state](uint8_t* bytes, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      state = state * 1664525 + 1013904223;
      bytes[i] = static_cast<uint8_t>(state >> 24);
    }
  };
  for (const auto algorithm : {AeadAlgorithm::kAes128Gcm, AeadAlgorithm::kAes256Gcm}) {
    fill(key, sizeof key);
    fill(iv, sizeof iv);
    const auto reference = AeadKey::Make(openssl, nullptr, algorithm, key, iv);
    const auto candidate = AeadKey::Make(openssl, &multi_buffer, algorithm, key, iv);
    if (reference == nullptr || candidate == nullptr) return false;
    // Every length of a partial block, and every number of blocks that one step of the vectors takes.
    for (size_t size = 0; size <= kMax; size += size < 80 ? 1 : 61) {
      const uint32_t nonce[3] = {state, static_cast<uint32_t>(size), state >> 3};
      const size_t aad_size = (size * 7) % (kMaxAad + 1);
      fill(aad, sizeof aad);
      fill(plain, sizeof plain);
      if (!reference->Seal(nonce, aad, aad_size, plain, size, expected) ||
          !candidate->Seal(nonce, aad, aad_size, plain, size, sealed) ||
          std::memcmp(expected, sealed, size + kAeadTagBytes) != 0 ||
          !candidate->Open(nonce, aad, aad_size, expected, size, opened) ||
          std::memcmp(opened, plain, size) != 0) {
        return false;
      }
      std::memcpy(sealed, plain, size);
      candidate->Seal(nonce, aad, aad_size, sealed, size, sealed);
      if (std::memcmp(expected, sealed, size + kAeadTagBytes) != 0) return false;
      sealed[size + 3] ^= 0x10;
      if (candidate->Open(nonce, aad, aad_size, sealed, size, sealed)) return false;
    }
  }
  return true;
}

}  // namespace native_io
