// Many copies with one call: what batches of packets are made from, and where they go.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "arguments.h"
#include "feature.h"

namespace native_io {
namespace {

// The columns of the rows, in Int32s; src/copy/layout.ts names the same.
enum Column : uint32_t { kFrom, kInto, kLength, kStride };

// run(from, into, rows, count): how many rows were copied; the next one lies outside
napi_value Run(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "copy.run", 4);
  const Span from = arguments.Bytes(0);
  const Span into = arguments.Bytes(1);
  const Span rows = arguments.Int32s(2);
  const uint32_t count = arguments.Uint32(3);
  if (arguments.ok() && !rows.Holds(0, uint64_t{count} * kStride * sizeof(int32_t))) {
    arguments.FailRange("there are fewer rows than that");
  }
  if (!arguments.ok()) return nullptr;
  uint32_t done = 0;
  for (; done < count; ++done) {
    // Read once: another thread may be writing them, and what was checked must be what is used.
    uint32_t row[kStride];
    const auto* at = reinterpret_cast<const volatile int32_t*>(rows.data) + size_t{done} * kStride;
    for (uint32_t column = 0; column < kStride; ++column) {
      row[column] = static_cast<uint32_t>(at[column]);
    }
    if (!from.Holds(row[kFrom], row[kLength]) || !into.Holds(row[kInto], row[kLength])) break;
    // An empty array may have no address.
    if (row[kLength] > 0) {
      std::memmove(into.data + row[kInto], from.data + row[kFrom], row[kLength]);
    }
  }
  napi_value result = nullptr;
  napi_create_uint32(env, done, &result);
  return result;
}

}  // namespace

bool DefineCopy(napi_env env, napi_value object) {
  return DefineFunctions(env, object, {{"run", Run}});
}

}  // namespace native_io
