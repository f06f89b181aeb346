#if !defined(_WIN32)

#include "udp_slots.h"

#include <memory>

namespace native_io {

// A group belongs to the thread that opened it, as everything in JavaScript does. Only the pointer is thread-local: a
// library that is loaded late has little such memory.
__thread UdpThread* udp_thread = nullptr;

namespace {

struct Owner {
  std::unique_ptr<UdpThread> owned;
  ~Owner() { udp_thread = nullptr; }
};
thread_local Owner owner;

}  // namespace

UdpThread& MakeUdpThread() {
  if (udp_thread == nullptr) {
    owner.owned = std::make_unique<UdpThread>();
    udp_thread = owner.owned.get();
  }
  return *udp_thread;
}

UdpSlot* FreeUdpSlot() {
  for (UdpSlot& slot : MakeUdpThread().slots) {
    if (slot.group == nullptr) return &slot;
  }
  return nullptr;
}

double UdpHandle(const UdpSlot& slot) {
  const auto index = static_cast<double>(&slot - udp_thread->slots);
  return double{kUdpMaxGroups} * slot.generation + index;
}

UdpSlot* FindUdpSlot(napi_env env, Arguments& arguments, size_t at) {
  const uint64_t handle = arguments.Size(at);
  if (!arguments.ok()) return nullptr;
  UdpSlot& slot = MakeUdpThread().slots[handle % kUdpMaxGroups];
  if (slot.group == nullptr || slot.env != env || handle / kUdpMaxGroups != slot.generation) {
    arguments.FailRange("no open group has this number");
    return nullptr;
  }
  return &slot;
}

void CloseUdpSlot(void* data) {
  UdpSlot& slot = *static_cast<UdpSlot*>(data);
  if (slot.watch != nullptr) slot.watch->Stop();
  slot.watch = nullptr;
  delete slot.group;
  slot.group = nullptr;
  ++slot.generation;
}

bool IsSharedMemory(napi_env env, napi_value view) {
  napi_value buffer = nullptr;
  bool ordinary = true;
  return napi_get_typedarray_info(env, view, nullptr, nullptr, nullptr, &buffer, nullptr) ==
             napi_ok &&
         napi_is_arraybuffer(env, buffer, &ordinary) == napi_ok && !ordinary;
}

bool KeepArguments(napi_env env, const Arguments& arguments, uint32_t count, napi_ref* reference) {
  napi_value kept = nullptr;
  if (napi_create_array(env, &kept) != napi_ok) return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (napi_set_element(env, kept, i, arguments[i]) != napi_ok) return false;
  }
  return napi_create_reference(env, kept, 1, reference) == napi_ok;
}

}  // namespace native_io

#endif  // !defined(_WIN32)
