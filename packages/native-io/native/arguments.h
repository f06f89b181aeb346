// The arguments of one call. Types, counts and ranges are checked here, before anything is touched: a mistake in
// JavaScript becomes an exception and never a stray pointer.
#pragma once

#include <node_api.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "handle.h"

namespace native_io {

// Memory of a typed array, valid until the call returns. A detached one is empty.
struct Span {
  uint8_t* data = nullptr;
  size_t size = 0;

  // Whether `length` bytes from `offset` lie inside.
  bool Holds(uint64_t offset, uint64_t length) const {
    return offset <= size && length <= size - offset;
  }
};

class Arguments {
 public:
  static constexpr size_t kMax = 16;

  // Throws a TypeError unless there are at least `expected` arguments. `function` is the name in messages.
  Arguments(napi_env env, napi_callback_info info, const char* function, size_t expected)
      : env_(env), function_(function) {
    size_t count = kMax;
    if (napi_get_cb_info(env, info, &count, values_, nullptr, nullptr) != napi_ok ||
        count < expected) {
      FailType("too few arguments");
    }
  }

  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  // False: an exception is pending, and what was read must not be used.
  bool ok() const { return ok_; }

  napi_value operator[](size_t index) const { return values_[index]; }

  // An integer in `low`..`high`; both within 2^53.
  int64_t Integer(size_t index, int64_t low, int64_t high) {
    double value = 0;
    if (!ok_) return low;
    if (napi_get_value_double(env_, values_[index], &value) != napi_ok) {
      FailType("expected a number");
      return low;
    }
    if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)) ||
        value != std::trunc(value)) {
      FailRange("a number is not an integer in its range");
      return low;
    }
    return static_cast<int64_t>(value);
  }

  uint32_t Uint32(size_t index) { return static_cast<uint32_t>(Integer(index, 0, UINT32_MAX)); }

  int32_t Int32(size_t index) {
    return static_cast<int32_t>(Integer(index, INT32_MIN, INT32_MAX));
  }

  // A length or offset: an integer in 0..2^53-1.
  uint64_t Size(size_t index) {
    return static_cast<uint64_t>(Integer(index, 0, (int64_t{1} << 53) - 1));
  }

  bool Boolean(size_t index) {
    bool value = false;
    if (ok_ && napi_get_value_bool(env_, values_[index], &value) != napi_ok) {
      FailType("expected a boolean");
    }
    return value;
  }

  // 64 bits as a bigint in 0..2^64-1.
  uint64_t Uint64(size_t index) {
    uint64_t value = 0;
    bool lossless = false;
    if (!ok_) return 0;
    if (napi_get_value_bigint_uint64(env_, values_[index], &value, &lossless) != napi_ok) {
      FailType("expected a bigint");
    } else if (!lossless) {
      FailRange("a bigint does not fit 64 bits");
    }
    return value;
  }

  // Text of at most `max` bytes of UTF-8, without NUL.
  std::string Text(size_t index, size_t max) {
    size_t size = 0;
    if (!ok_) return {};
    if (napi_get_value_string_utf8(env_, values_[index], nullptr, 0, &size) != napi_ok) {
      FailType("expected a string");
      return {};
    }
    if (size > max) {
      FailRange("a string is too long");
      return {};
    }
    std::string text(size, '\0');
    napi_get_value_string_utf8(env_, values_[index], text.data(), size + 1, &size);
    if (text.find('\0') != std::string::npos) {
      FailRange("a string holds a NUL");
      return {};
    }
    return text;
  }

  // A Uint8Array or Buffer, over memory of any kind.
  Span Bytes(size_t index) { return TypedArray(index, napi_uint8_array, 1, "expected a Uint8Array"); }

  // An Int32Array; `size` counts bytes.
  Span Int32s(size_t index) {
    return TypedArray(index, napi_int32_array, 4, "expected an Int32Array");
  }

  // A Uint32Array; `size` counts bytes.
  Span Uint32s(size_t index) {
    return TypedArray(index, napi_uint32_array, 4, "expected a Uint32Array");
  }

  // A Float64Array; `size` counts bytes.
  Span Float64s(size_t index) {
    return TypedArray(index, napi_float64_array, 8, "expected a Float64Array");
  }

  // The C++ object behind a handle of kind T.
  template <typename T>
  T* Handle(size_t index) {
    if (!ok_) return nullptr;
    T* held = HandleOf<T>(env_, values_[index]);
    if (held == nullptr) FailType("expected a handle of another kind");
    return held;
  }

  void FailType(const char* message) {
    if (!ok_) return;
    ok_ = false;
    napi_throw_type_error(env_, nullptr, Message(message).c_str());
  }

  void FailRange(const char* message) {
    if (!ok_) return;
    ok_ = false;
    napi_throw_range_error(env_, nullptr, Message(message).c_str());
  }

 private:
  Span TypedArray(size_t index, napi_typedarray_type wanted, size_t width, const char* message) {
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    if (!ok_) return {};
    if (napi_get_typedarray_info(env_, values_[index], &type, &length, &data, nullptr, nullptr) !=
            napi_ok ||
        type != wanted) {
      FailType(message);
      return {};
    }
    // A view of detached memory has no address, whatever length it reports.
    if (data == nullptr) return {};
    return {static_cast<uint8_t*>(data), length * width};
  }

  std::string Message(const char* message) const { return std::string(function_) + ": " + message; }

  napi_env env_;
  const char* function_;
  napi_value values_[kMax] = {};
  bool ok_ = true;
};

// An answer of a call that a system call may refuse: a count, or a negative errno. Such calls throw only where the
// caller is wrong.
inline napi_value Number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

inline napi_value Undefined(napi_env env) {
  napi_value result = nullptr;
  napi_get_undefined(env, &result);
  return result;
}

}  // namespace native_io
