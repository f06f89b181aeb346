// C++ objects that JavaScript holds. Each kind carries a tag, so that one handle is never taken for another; the
// garbage collector, or the end of the thread, destroys what was not closed.
#pragma once

#include <node_api.h>

namespace native_io {

// Hands `owned` to JavaScript; on failure destroys it and answers nullptr with an exception pending.
// `T::kTag` is the tag of its kind.
template <typename T>
napi_value MakeHandle(napi_env env, T* owned) {
  napi_value object = nullptr;
  const auto destroy = [](napi_env, void* data, void*) { delete static_cast<T*>(data); };
  if (napi_create_object(env, &object) != napi_ok ||
      napi_type_tag_object(env, object, &T::kTag) != napi_ok ||
      napi_wrap(env, object, owned, destroy, nullptr, nullptr) != napi_ok) {
    delete owned;
    napi_throw_error(env, nullptr, "native_io: could not make a handle");
    return nullptr;
  }
  return object;
}

// What `value` holds, or nullptr when it is no handle of this kind.
template <typename T>
T* HandleOf(napi_env env, napi_value value) {
  bool tagged = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(env, value, &T::kTag, &tagged) != napi_ok || !tagged ||
      napi_unwrap(env, value, &data) != napi_ok) {
    return nullptr;
  }
  return static_cast<T*>(data);
}

}  // namespace native_io
