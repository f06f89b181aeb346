#include "multi_buffer.h"

#include <cstdio>
#include <initializer_list>

#if defined(__linux__) && defined(__x86_64__)
#include <dlfcn.h>
#endif

namespace native_io {
namespace {

#if defined(__linux__) && defined(__x86_64__)

// The head of the library's manager, which versions 1 and 2 share: functions of AES-GCM for keys of 128, 192 and 256
// bits.
struct Manager {
  uint64_t flags;
  uint64_t features;
  uint64_t reserved[5];
  uint32_t architecture;
  int error;
  void* jobs_and_hashes[24];
  MultiBufferGcm seal[3];
  MultiBufferGcm open[3];
  void* init[3];
  void* seal_update[3];
  void* open_update[3];
  void* seal_finish[3];
  void* open_finish[3];
  void* precompute[3];
  MultiBufferExpand expand[3];
};

constexpr unsigned kOldest = 0x10000;
constexpr unsigned kTooNew = 0x30000;

// A function of another layout would lie anywhere else, or be nothing at all.
template <typename Function>
bool LiesIn(const void* library, Function function) {
  Dl_info info;
  return function != nullptr && dladdr(reinterpret_cast<void*>(function), &info) != 0 &&
         info.dli_fbase == library;
}

template <typename Function>
Function Find(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

MultiBuffer Load(const char* path) {
  MultiBuffer found;
  const auto refuse = [&found](const char* why) {
    std::snprintf(found.reason, sizeof found.reason, "%s", why);
    return found;
  };
  void* library = nullptr;
  for (const char* name : {"libIPSec_MB.so.2", "libIPSec_MB.so.1"}) {
    if (library == nullptr) library = dlopen(path[0] == '\0' ? name : path, RTLD_NOW | RTLD_LOCAL);
  }
  if (library == nullptr) return refuse(dlerror());
  const auto version = Find<unsigned (*)()>(library, "imb_get_version");
  const auto name = Find<const char* (*)()>(library, "imb_get_version_str");
  const auto make = Find<Manager* (*)(uint64_t)>(library, "alloc_mb_mgr");
  const auto init = Find<void (*)(Manager*, int*)>(library, "init_mb_mgr_auto");
  const auto destroy = Find<void (*)(Manager*)>(library, "free_mb_mgr");
  Dl_info self;
  if (version == nullptr || name == nullptr || make == nullptr || init == nullptr ||
      destroy == nullptr || dladdr(reinterpret_cast<void*>(make), &self) == 0) {
    return refuse("the library lacks a function");
  }
  if (version() < kOldest || version() >= kTooNew) {
    return refuse("neither version 1 nor 2 of the library");
  }
  Manager* manager = make(0);
  if (manager == nullptr) return refuse("the library has no memory");
  int architecture = 0;
  init(manager, &architecture);
  bool whole = manager->error == 0 && architecture != 0;
  for (int i = 0; i < 2; ++i) {
    const int size = i == 0 ? 0 : 2;
    found.seal[i] = manager->seal[size];
    found.open[i] = manager->open[size];
    found.expand[i] = manager->expand[size];
    whole = whole && LiesIn(self.dli_fbase, found.seal[i]) &&
            LiesIn(self.dli_fbase, found.open[i]) && LiesIn(self.dli_fbase, found.expand[i]);
  }
  destroy(manager);
  if (!whole) return refuse("the library does not know this processor");
  found.found = true;
  std::snprintf(found.reason, sizeof found.reason, "intel-ipsec-mb %s", name());
  return found;
}

#else

MultiBuffer Load(const char*) {
  MultiBuffer found;
  std::snprintf(found.reason, sizeof found.reason, "the library exists for Linux on x86-64");
  return found;
}

#endif

}  // namespace

const MultiBuffer& GetMultiBuffer(const char* path) {
  static const MultiBuffer found = Load(path);
  return found;
}

}  // namespace native_io
