// Where a thread runs, and how the kernel treats it. Thread 0 is the calling one.
#if defined(__linux__)

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "arguments.h"
#include "feature.h"

namespace native_io {
namespace {

// More than any kernel is built for.
constexpr int kMaxCpus = 8192;

struct FreeSet {
  void operator()(cpu_set_t* set) const { CPU_FREE(set); }
};
using CpuSet = std::unique_ptr<cpu_set_t, FreeSet>;

CpuSet EmptySet(size_t* size) {
  CpuSet set(CPU_ALLOC(kMaxCpus));
  *size = CPU_ALLOC_SIZE(kMaxCpus);
  if (set != nullptr) CPU_ZERO_S(*size, set.get());
  return set;
}

pid_t ReadThread(Arguments& arguments, size_t at) {
  return static_cast<pid_t>(arguments.Integer(at, 0, INT32_MAX));
}

// The kernel takes any thread it lets us touch; only those of this process are this library's business.
int CheckOwn(pid_t thread) {
  if (thread == 0) return 0;
  return syscall(SYS_tgkill, getpid(), thread, 0) == 0 ? 0 : -errno;
}

// threadId(): the kernel's number of the calling thread
napi_value ThreadId(napi_env env, napi_callback_info) {
  return Number(env, static_cast<double>(syscall(SYS_gettid)));
}

// setAffinity(thread, cpus): 0, or a negative errno
napi_value SetAffinity(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "cores.setAffinity", 2);
  const pid_t thread = ReadThread(arguments, 0);
  const Span cpus = arguments.Int32s(1);
  if (!arguments.ok()) return nullptr;
  size_t size = 0;
  const CpuSet set = EmptySet(&size);
  if (set == nullptr) return Number(env, -ENOMEM);
  const auto* numbers = reinterpret_cast<const int32_t*>(cpus.data);
  for (size_t i = 0; i < cpus.size / sizeof(int32_t); ++i) {
    const int32_t cpu = numbers[i];
    if (cpu < 0 || cpu >= kMaxCpus) {
      arguments.FailRange("no machine has a CPU of that number");
      return nullptr;
    }
    CPU_SET_S(cpu, size, set.get());
  }
  if (const int refused = CheckOwn(thread)) return Number(env, refused);
  return Number(env, sched_setaffinity(thread, size, set.get()) == 0 ? 0 : -errno);
}

// affinity(thread, into): how many CPUs, of which `into` takes as many as fit; or a negative errno
napi_value Affinity(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "cores.affinity", 2);
  const pid_t thread = ReadThread(arguments, 0);
  const Span into = arguments.Int32s(1);
  if (!arguments.ok()) return nullptr;
  size_t size = 0;
  const CpuSet set = EmptySet(&size);
  if (set == nullptr) return Number(env, -ENOMEM);
  if (const int refused = CheckOwn(thread)) return Number(env, refused);
  if (sched_getaffinity(thread, size, set.get()) != 0) return Number(env, -errno);
  auto* numbers = reinterpret_cast<int32_t*>(into.data);
  const size_t room = into.size / sizeof(int32_t);
  size_t found = 0;
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (!CPU_ISSET_S(cpu, size, set.get())) continue;
    if (found < room) numbers[found] = cpu;
    ++found;
  }
  return Number(env, static_cast<double>(found));
}

// setScheduler(thread, policy, priority): 0, or a negative errno
napi_value SetScheduler(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "cores.setScheduler", 3);
  const pid_t thread = ReadThread(arguments, 0);
  const int policy = static_cast<int>(arguments.Integer(1, 0, 7));
  sched_param parameters{};
  parameters.sched_priority = static_cast<int>(arguments.Integer(2, 0, 99));
  if (!arguments.ok()) return nullptr;
  if (const int refused = CheckOwn(thread)) return Number(env, refused);
  return Number(env, sched_setscheduler(thread, policy, &parameters) == 0 ? 0 : -errno);
}

// scheduler(thread): policy + 256 * priority, or a negative errno
napi_value Scheduler(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "cores.scheduler", 1);
  const pid_t thread = ReadThread(arguments, 0);
  if (!arguments.ok()) return nullptr;
  if (const int refused = CheckOwn(thread)) return Number(env, refused);
  const int policy = sched_getscheduler(thread);
  sched_param parameters{};
  if (policy < 0 || sched_getparam(thread, &parameters) != 0) return Number(env, -errno);
  return Number(env, (policy & 0xff) + 256 * parameters.sched_priority);
}

// setNice(thread, nice): 0, or a negative errno
napi_value SetNice(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "cores.setNice", 2);
  const pid_t thread = ReadThread(arguments, 0);
  const int nice = static_cast<int>(arguments.Integer(1, -20, 19));
  if (!arguments.ok()) return nullptr;
  if (const int refused = CheckOwn(thread)) return Number(env, refused);
  const auto who = static_cast<id_t>(thread);
  return Number(env, setpriority(PRIO_PROCESS, who, nice) == 0 ? 0 : -errno);
}

}  // namespace

bool DefineCores(napi_env env, napi_value object) {
  return DefineFunctions(env, object,
                         {{"threadId", ThreadId},
                          {"setAffinity", SetAffinity},
                          {"affinity", Affinity},
                          {"setScheduler", SetScheduler},
                          {"scheduler", Scheduler},
                          {"setNice", SetNice}});
}

}  // namespace native_io

#endif  // defined(__linux__)
