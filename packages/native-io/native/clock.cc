// The clock that all processes of the machine share, written into memory that JavaScript reads: a number or a bigint per
// reading would be garbage per frame.
#if defined(__linux__)

#include <time.h>

#include <cstdint>

#include "feature.h"

namespace native_io {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// read(): undefined. Writes monotonic nanoseconds into `words`, whose memory is asked for each time: whoever has the array may
// have given it away.
napi_value Read(napi_env env, napi_callback_info info) {
  void* held = nullptr;
  napi_value buffer = nullptr;
  void* words = nullptr;
  size_t size = 0;
  if (napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &held) != napi_ok ||
      napi_get_reference_value(env, static_cast<napi_ref>(held), &buffer) != napi_ok ||
      napi_get_arraybuffer_info(env, buffer, &words, &size) != napi_ok ||
      size < sizeof(int64_t)) {
    napi_throw_type_error(env, nullptr, "read: its memory was detached");
    return nullptr;
  }
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
         napi_create_function(env, "read", NAPI_AUTO_LENGTH, Read, held, &read) == napi_ok &&
         napi_set_named_property(env, object, "words", words) == napi_ok &&
         napi_set_named_property(env, object, "read", read) == napi_ok;
}

}  // namespace native_io

#endif  // defined(__linux__)
