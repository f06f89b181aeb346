#include "openssl.h"

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace native_io {
namespace {

#if defined(_WIN32)
OpenSsl Load() {
  OpenSsl found;
  found.lack = "this platform has no dlsym";
  return found;
}
#else
template <typename Function>
bool Find(const char* name, Function* into) {
  *into = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
  return *into != nullptr;
}

OpenSsl Load() {
  OpenSsl found;
  const char* (*version)(int) = nullptr;
  const bool all = Find("EVP_CIPHER_CTX_new", &found.make_context) &&
                   Find("EVP_CIPHER_CTX_free", &found.free_context) &&
                   Find("EVP_aes_128_gcm", &found.aes_128_gcm) &&
                   Find("EVP_aes_256_gcm", &found.aes_256_gcm) &&
                   Find("EVP_CipherInit_ex", &found.init) &&
                   Find("EVP_CipherUpdate", &found.update) &&
                   Find("EVP_CipherFinal_ex", &found.finish) &&
                   Find("EVP_CIPHER_CTX_ctrl", &found.control) &&
                   Find("CRYPTO_memcmp", &found.compare) &&
                   Find("OPENSSL_cleanse", &found.cleanse) && Find("OpenSSL_version", &version);
  Find("EVP_chacha20_poly1305", &found.chacha20_poly1305);
  if (!all) found.lack = "this Node does not export OpenSSL";
  if (all) found.version = version(0);
  return found;
}
#endif

}  // namespace

const OpenSsl& GetOpenSsl() {
  static const OpenSsl found = Load();
  return found;
}

}  // namespace native_io
