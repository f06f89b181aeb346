// How a part of the addon joins it: one function that fills one object, named in addon.cc by one line.
#pragma once

#include <node_api.h>

#include <initializer_list>

namespace native_io {

struct Function {
  const char* name;
  napi_callback callback;
};

// Puts `functions` on `object`; false with an exception pending.
inline bool DefineFunctions(napi_env env, napi_value object,
                            std::initializer_list<Function> functions) {
  for (const auto& each : functions) {
    napi_value function = nullptr;
    if (napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.callback, nullptr,
                             &function) != napi_ok ||
        napi_set_named_property(env, object, each.name, function) != napi_ok) {
      return false;
    }
  }
  return true;
}

// Each fills the object of its feature. The file of that name holds it, and only that file knows the feature.
bool DefineCrc32(napi_env env, napi_value object);
bool DefineAnchors(napi_env env, napi_value object);
bool DefineCrc32c(napi_env env, napi_value object);
bool DefineClock(napi_env env, napi_value object);
bool DefineCopy(napi_env env, napi_value object);
bool DefineCrypto(napi_env env, napi_value object);
bool DefineUdp(napi_env env, napi_value object);
bool DefineTcp(napi_env env, napi_value object);
bool DefineCores(napi_env env, napi_value object);
bool DefineShm(napi_env env, napi_value object);
bool DefineFutex(napi_env env, napi_value object);
bool DefineRma(napi_env env, napi_value object);
bool DefineZstd(napi_env env, napi_value object);

}  // namespace native_io
