// Which groups this thread holds, and the numbers by which JavaScript names them.
#pragma once

#include <node_api.h>

#include "arguments.h"
#include "udp_group.h"
#include "udp_watch.h"

namespace native_io {

constexpr uint32_t kUdpMaxGroups = 1024;

struct UdpSlot {
  UdpGroup* group = nullptr;
  UdpWatch* watch = nullptr;
  napi_env env = nullptr;
  // Keeps the shared memory that the group writes to.
  napi_ref memory = nullptr;
  uint32_t generation = 0;
};

// Where one owner of groups and its two functions meet.
struct UdpDoor {
  int32_t* words = nullptr;
  napi_env env = nullptr;
  napi_ref memory = nullptr;
};

constexpr uint32_t kUdpDoors = 16;

struct UdpThread {
  UdpSlot slots[kUdpMaxGroups];
  UdpDoor doors[kUdpDoors];
};

// What the calling thread holds, or nullptr before it held anything. `thread_local` would ask each time whether it has
// been constructed.
extern __thread UdpThread* udp_thread;

// The same, made where it is not there.
UdpThread& MakeUdpThread();

// A slot without a group, or nullptr.
UdpSlot* FreeUdpSlot();

// A number that names the group of `slot`, and no later one in it.
double UdpHandle(const UdpSlot& slot);

// The slot that an argument names; nullptr with an exception pending where it is closed, or another environment's.
UdpSlot* FindUdpSlot(napi_env env, Arguments& arguments, size_t at);

// Closes what the slot, given as a cleanup hook is, holds.
void CloseUdpSlot(void* slot);

// Whether a view's memory is shared: ordinary memory can be detached between two calls.
bool IsSharedMemory(napi_env env, napi_value view);

// Keeps the first `count` arguments from the garbage collector.
bool KeepArguments(napi_env env, const Arguments& arguments, uint32_t count, napi_ref* reference);

// doors(words): [receive, transmit]
napi_value MakeUdpDoors(napi_env env, napi_callback_info info);

}  // namespace native_io
