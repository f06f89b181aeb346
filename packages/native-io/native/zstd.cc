// Zstandard, for callers that need what Node's own lacks: content outside a frame that its matches may point into, and
// long-distance matching. Compiled from the reference sources with hidden symbols: Node exports ZSTD_* of its own, and
// the loader would take those.
// Whether rows are searched is a parameter that zstd calls experimental: its sources are compiled in, so it cannot go away.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include <memory>

#include "arguments.h"
#include "feature.h"

namespace native_io {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// One of each per thread: a worker has its own, and they go with it.
ZSTD_CCtx* Compressor() {
  thread_local std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  return context.get();
}

ZSTD_DCtx* Decompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  return context.get();
}

// What zstd answers: a size, or the negative of one of its error codes.
napi_value Answer(napi_env env, size_t answer) {
  if (!ZSTD_isError(answer)) return Number(env, static_cast<double>(answer));
  return Number(env, -static_cast<double>(ZSTD_getErrorCode(answer)));
}

// In the order of the numbers that a call brings; src/zstd/native-zstd.ts has the same. A 0 is zstd's own choice.
constexpr ZSTD_cParameter kParameters[] = {
    ZSTD_c_compressionLevel,
    ZSTD_c_windowLog,
    ZSTD_c_enableLongDistanceMatching,
    ZSTD_c_ldmMinMatch,
    ZSTD_c_ldmHashRateLog,
    ZSTD_c_strategy,
    ZSTD_c_hashLog,
    ZSTD_c_chainLog,
    ZSTD_c_searchLog,
    ZSTD_c_minMatch,
    ZSTD_c_useRowMatchFinder,
};
constexpr size_t kParameterCount = sizeof(kParameters) / sizeof(kParameters[0]);

// compress(source, into, prefix, numbers: Int32Array): number.
napi_value Compress(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "compress", 4);
  const Span source = arguments.Bytes(0);
  const Span into = arguments.Bytes(1);
  const Span prefix = arguments.Bytes(2);
  const Span numbers = arguments.Int32s(3);
  if (numbers.size != kParameterCount * sizeof(int32_t)) {
    arguments.FailRange("a number for each parameter is expected");
  }
  if (!arguments.ok()) return nullptr;
  ZSTD_CCtx* context = Compressor();
  if (context == nullptr) return Number(env, -ZSTD_error_memory_allocation);

  ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  const int32_t* values = reinterpret_cast<const int32_t*>(numbers.data);
  for (size_t at = 0; at < kParameterCount; at++) {
    const size_t answer = ZSTD_CCtx_setParameter(context, kParameters[at], values[at]);
    if (ZSTD_isError(answer)) return Answer(env, answer);
  }
  if (prefix.size > 0) {
    const size_t answer = ZSTD_CCtx_refPrefix(context, prefix.data, prefix.size);
    if (ZSTD_isError(answer)) return Answer(env, answer);
  }
  return Answer(env, ZSTD_compress2(context, into.data, into.size, source.data, source.size));
}

// decompress(source, into, prefix): number. The output is the window, so that no window sizes an allocation.
napi_value Decompress(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "decompress", 3);
  const Span source = arguments.Bytes(0);
  const Span into = arguments.Bytes(1);
  const Span prefix = arguments.Bytes(2);
  if (!arguments.ok()) return nullptr;
  ZSTD_DCtx* context = Decompressor();
  if (context == nullptr) return Number(env, -ZSTD_error_memory_allocation);

  ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);
  if (prefix.size > 0) {
    const size_t answer = ZSTD_DCtx_refPrefix(context, prefix.data, prefix.size);
    if (ZSTD_isError(answer)) return Answer(env, answer);
  }
  return Answer(env,
                ZSTD_decompressDCtx(context, into.data, into.size, source.data, source.size));
}

}  // namespace

bool DefineZstd(napi_env env, napi_value object) {
  napi_value version = nullptr;
  return DefineFunctions(env, object, {{"compress", Compress}, {"decompress", Decompress}}) &&
         napi_create_string_utf8(env, ZSTD_versionString(), NAPI_AUTO_LENGTH, &version) ==
             napi_ok &&
         napi_set_named_property(env, object, "version", version) == napi_ok;
}

}  // namespace native_io
