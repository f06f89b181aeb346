// The clock that all processes of the machine share, written into memory that JavaScript reads: a number or a bigint per
// reading would be garbage per frame.
#if defined(__linux__)

#include <time.h>

#include <cstdint>

#include "feature.h"

namespace native_io {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// read(): undefined. Writes monotonic nanoseconds into `words`.
napi_value Read(napi_env env, napi_callback_info info) {
  void* words = nullptr;
  if (napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &words) != napi_ok) return nullptr;
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  *static_cast<int64_t*>(words) = now.tv_sec * kSecond + now.tv_nsec;
  return nullptr;
}

}  // namespace

// words: Int32Array of two, which together are the number in this machine's byte order.
bool DefineClock(napi_env env, napi_value object) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  napi_value words = nullptr;
  napi_value read = nullptr;
  napi_ref held = nullptr;
  // Held until the thread ends, since `read` writes there.
  return napi_create_arraybuffer(env, sizeof(int64_t), &data, &buffer) == napi_ok &&
         napi_create_reference(env, buffer, 1, &held) == napi_ok &&
         napi_create_typedarray(env, napi_int32_array, 2, buffer, 0, &words) == napi_ok &&
         napi_create_function(env, "read", NAPI_AUTO_LENGTH, Read, data, &read) == napi_ok &&
         napi_set_named_property(env, object, "words", words) == napi_ok &&
         napi_set_named_property(env, object, "read", read) == napi_ok;
}

}  // namespace native_io

#endif  // defined(__linux__)
