#include "arguments.h"
#include "crc32.h"
#include "feature.h"

namespace native_io {
namespace {

// sum(bytes: Uint8Array, seed: number): number
napi_value Sum(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "crc32.sum", 2);
  const Span bytes = arguments.Bytes(0);
  const uint32_t seed = arguments.Uint32(1);
  if (!arguments.ok()) return nullptr;
  napi_value result = nullptr;
  napi_create_uint32(env, Crc32(seed, bytes.data, bytes.size), &result);
  return result;
}

}  // namespace

// Without functions where the processor lacks the instructions.
bool DefineCrc32(napi_env env, napi_value object) {
  return !HasCrc32() || DefineFunctions(env, object, {{"sum", Sum}});
}

}  // namespace native_io
