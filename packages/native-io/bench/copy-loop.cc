// memcpy, slot by slot: what copies into shared memory are measured against.
#include <node_api.h>

#include <cstdint>
#include <cstring>

namespace {

// copy(slots: Uint8Array, source: Uint8Array): copies `source` into every slot of its size.
napi_value Copy(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  void* slots = nullptr;
  void* source = nullptr;
  size_t size = 0;
  size_t slot = 0;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  napi_get_typedarray_info(env, arguments[0], nullptr, &size, &slots, nullptr, nullptr);
  napi_get_typedarray_info(env, arguments[1], nullptr, &slot, &source, nullptr, nullptr);
  for (size_t at = 0; at + slot <= size; at += slot) {
    memcpy(static_cast<uint8_t*>(slots) + at, source, slot);
  }
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value copy = nullptr;
  napi_create_function(env, "copy", NAPI_AUTO_LENGTH, Copy, nullptr, &copy);
  napi_set_named_property(env, exports, "copy", copy);
  return exports;
}
