// Waiting for a word of shared memory, across processes.
#if defined(__linux__)

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "feature.h"

namespace native_io {
namespace {

// A thread in the kernel cannot be terminated: no single wait may take longer.
constexpr int64_t kMaxWaitUs = 1'000'000;

// The address of words[index]; an exception where there is none.
int32_t* Word(Arguments& arguments) {
  const Span words = arguments.Int32s(0);
  const uint64_t index = arguments.Size(1);
  if (!arguments.ok()) return nullptr;
  if (!words.Holds(index * sizeof(int32_t), sizeof(int32_t))) {
    arguments.FailRange("the index lies outside the array");
    return nullptr;
  }
  uint8_t* const address = words.data + index * sizeof(int32_t);
  if (reinterpret_cast<uintptr_t>(address) % sizeof(int32_t) != 0) {
    arguments.FailRange("the word is not aligned");
    return nullptr;
  }
  return reinterpret_cast<int32_t*>(address);
}

// wait(words: Int32Array, index, expected, timeoutUs): 0 when woken | -EAGAIN, -ETIMEDOUT, -EINTR, -errno
napi_value Wait(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "wait", 4);
  int32_t* const word = Word(arguments);
  const int32_t expected = arguments.Int32(2);
  const int64_t timeout_us = arguments.Integer(3, 0, kMaxWaitUs);
  if (!arguments.ok()) return nullptr;
  const timespec timeout = {static_cast<time_t>(timeout_us / 1'000'000),
                            static_cast<long>(timeout_us % 1'000'000) * 1000};
  // Not the private form: the waiter and the waker are different processes.
  const long answer = syscall(SYS_futex, word, FUTEX_WAIT, expected, &timeout, nullptr, 0);
  return Number(env, answer == 0 ? 0 : -errno);
}

// wake(words: Int32Array, index, count): how many were woken | -errno
napi_value Wake(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "wake", 3);
  int32_t* const word = Word(arguments);
  const int64_t count = arguments.Integer(2, 0, INT32_MAX);
  if (!arguments.ok()) return nullptr;
  const long answer = syscall(SYS_futex, word, FUTEX_WAKE, static_cast<int>(count), nullptr, nullptr, 0);
  return Number(env, answer >= 0 ? static_cast<double>(answer) : -errno);
}

}  // namespace

bool DefineFutex(napi_env env, napi_value object) {
  return DefineFunctions(env, object, {{"wait", Wait}, {"wake", Wake}});
}

}  // namespace native_io

#endif  // defined(__linux__)
