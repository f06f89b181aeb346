#include "arguments.h"
#include "crc32c.h"
#include "feature.h"

namespace native_io {
namespace {

// sum(bytes: Uint8Array, seed: number): number. Checked by hand: for a small frame the checks are the cost.
napi_value Sum(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  napi_typedarray_type type;
  size_t size = 0;
  void* data = nullptr;
  uint32_t seed = 0;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count < 2 ||
      napi_get_typedarray_info(env, arguments[0], &type, &size, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_uint8_array) {
    napi_throw_type_error(env, nullptr, "crc32c: expected a Uint8Array");
    return nullptr;
  }
  if (napi_get_value_uint32(env, arguments[1], &seed) != napi_ok) {
    napi_throw_type_error(env, nullptr, "crc32c: expected a seed");
    return nullptr;
  }
  napi_value result = nullptr;
  napi_create_uint32(env, Crc32c(seed, static_cast<const uint8_t*>(data), size), &result);
  return result;
}

}  // namespace

bool DefineCrc32c(napi_env env, napi_value object) {
  napi_value engine = nullptr;
  return DefineFunctions(env, object, {{"sum", Sum}}) &&
         napi_create_string_utf8(env, Crc32cEngine(), NAPI_AUTO_LENGTH, &engine) == napi_ok &&
         napi_set_named_property(env, object, "engine", engine) == napi_ok;
}

}  // namespace native_io
