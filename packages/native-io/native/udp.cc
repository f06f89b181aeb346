// What JavaScript sees of UDP. `receive` and `transmit` take no arguments and answer through shared memory: a call that
// asks nothing of Node-API costs a third of one that does. They are one function each for all groups, since engines
// call fast what is always the same.
#include <errno.h>

#include <array>
#include <memory>
#include <utility>

#include "arguments.h"
#include "feature.h"
#include "udp_group.h"
#include "udp_kernel.h"
#include "udp_watch.h"

namespace native_io {
namespace {

constexpr uint32_t kMaxGroups = 1024;
constexpr uint32_t kMaxMessages = 4096;
constexpr uint32_t kMaxAddresses = 1 << 20;
constexpr int64_t kMaxWaitUs = 1000000;

struct Slot {
  UdpGroup* group = nullptr;
  UdpWatch* watch = nullptr;
  napi_env env = nullptr;
  // Keeps the shared memory that the group writes to.
  napi_ref memory = nullptr;
  uint32_t generation = 0;
};

// The words around a call without arguments; src/udp/native-udp.ts names the same.
enum Word : uint32_t { kWordSlot, kWordGeneration, kWordCount, kWordResult, kWords };

// Where one owner of groups and its two functions meet.
struct Door {
  int32_t* words = nullptr;
  napi_env env = nullptr;
  napi_ref memory = nullptr;
};

constexpr uint32_t kDoors = 16;

// A group belongs to the thread that opened it, as everything in JavaScript does. Only the pointer is thread-local: a
// library that is loaded late has little such memory.
struct ThreadGroups {
  Slot slots[kMaxGroups];
  Door doors[kDoors];
};
thread_local ThreadGroups* groups = nullptr;

struct GroupsOwner {
  std::unique_ptr<ThreadGroups> owned;
  ~GroupsOwner() { groups = nullptr; }
};
thread_local GroupsOwner owner;

ThreadGroups& Groups() {
  if (groups == nullptr) {
    owner.owned = std::make_unique<ThreadGroups>();
    groups = owner.owned.get();
  }
  return *groups;
}

void CloseSlot(void* data) {
  Slot& slot = *static_cast<Slot*>(data);
  if (slot.watch != nullptr) slot.watch->Stop();
  slot.watch = nullptr;
  delete slot.group;
  slot.group = nullptr;
  ++slot.generation;
}

// A number that names a group, and no later one in the same slot.
double Handle(uint32_t index) {
  return double{kMaxGroups} * Groups().slots[index].generation + index;
}

Slot* Find(napi_env env, Arguments& arguments, size_t at) {
  const uint64_t handle = arguments.Size(at);
  if (!arguments.ok()) return nullptr;
  Slot& slot = Groups().slots[handle % kMaxGroups];
  if (slot.group == nullptr || slot.env != env || handle / kMaxGroups != slot.generation) {
    arguments.FailRange("no open group has this number");
    return nullptr;
  }
  return &slot;
}

// Ordinary memory can be detached between two calls; shared memory cannot.
bool IsShared(napi_env env, napi_value view) {
  napi_value buffer = nullptr;
  bool ordinary = true;
  return napi_get_typedarray_info(env, view, nullptr, nullptr, nullptr, &buffer, nullptr) ==
             napi_ok &&
         napi_is_arraybuffer(env, buffer, &ordinary) == napi_ok && !ordinary;
}

enum class Work { kReceive, kTransmit };

// Does the work of the group that the words name; its answer, or a negative errno, is the result.
template <Work kWork>
void Do(const Door& door) {
  if (door.words == nullptr) return;
  volatile int32_t* words = door.words;
  const auto index = static_cast<uint32_t>(words[kWordSlot]);
  Slot* slot = index < kMaxGroups ? &groups->slots[index] : nullptr;
  if (slot == nullptr || slot->group == nullptr || slot->env != door.env ||
      slot->generation != static_cast<uint32_t>(words[kWordGeneration])) {
    words[kWordResult] = -EBADF;
  } else if constexpr (kWork == Work::kReceive) {
    words[kWordResult] = static_cast<int32_t>(slot->group->Receive());
  } else {
    const auto count = static_cast<uint32_t>(words[kWordCount]);
    words[kWordResult] = static_cast<int32_t>(slot->group->Transmit(count));
  }
}

template <Work kWork, uint32_t kIndex>
napi_value Enter(napi_env, napi_callback_info) {
  if (groups != nullptr) Do<kWork>(groups->doors[kIndex]);
  return nullptr;
}

using Entries = std::array<napi_callback, kDoors>;

template <Work kWork, uint32_t... kIndex>
constexpr Entries MakeEntries(std::integer_sequence<uint32_t, kIndex...>) {
  return {Enter<kWork, kIndex>...};
}

using DoorNumbers = std::make_integer_sequence<uint32_t, kDoors>;
constexpr Entries kReceiveEntries = MakeEntries<Work::kReceive>(DoorNumbers());
constexpr Entries kTransmitEntries = MakeEntries<Work::kTransmit>(DoorNumbers());

// Where all of those are taken, the door travels with the function.
template <Work kWork>
napi_value EnterFar(napi_env env, napi_callback_info info) {
  void* door = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &door);
  if (groups != nullptr) Do<kWork>(*static_cast<Door*>(door));
  return nullptr;
}

void ForgetDoor(void* data) { *static_cast<Door*>(data) = Door(); }
void DeleteDoor(void* data) { delete static_cast<Door*>(data); }

// A slab and its rows; `bytes_per_message` 0 leaves their relation to the caller.
UdpSlab ReadSlab(napi_env env, Arguments& arguments, size_t at, uint32_t bytes_per_message) {
  const Span bytes = arguments.Bytes(at);
  const Span meta = arguments.Int32s(at + 1);
  if (!arguments.ok()) return {};
  const uint64_t messages = meta.size / (kUdpStride * sizeof(int32_t));
  if (!IsShared(env, arguments[at]) || !IsShared(env, arguments[at + 1])) {
    arguments.FailType("a slab is not shared memory");
  } else if (messages == 0 || messages > kMaxMessages || bytes.size > INT32_MAX ||
             messages * bytes_per_message > bytes.size) {
    arguments.FailRange("a slab does not fit its rows");
  }
  return {bytes.data, bytes.size, reinterpret_cast<int32_t*>(meta.data),
          static_cast<uint32_t>(messages)};
}

bool Keep(napi_env env, const Arguments& arguments, size_t count, napi_ref* reference) {
  napi_value kept = nullptr;
  if (napi_create_array(env, &kept) != napi_ok) return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (napi_set_element(env, kept, i, arguments[i]) != napi_ok) return false;
  }
  return napi_create_reference(env, kept, 1, reference) == napi_ok;
}

// create(rx, rxMeta, tx, txMeta, errors, errorMeta, slotBytes, addresses): handle, or a negative errno
napi_value Create(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.create", 8);
  const uint32_t slot_bytes = static_cast<uint32_t>(arguments.Integer(6, 1, 65536));
  const uint32_t addresses = static_cast<uint32_t>(arguments.Integer(7, 8, kMaxAddresses));
  const UdpSlab rx = ReadSlab(env, arguments, 0, slot_bytes);
  const UdpSlab tx = ReadSlab(env, arguments, 2, 0);
  const UdpSlab errors = ReadSlab(env, arguments, 4, kUdpQuotedBytes);
  if (!arguments.ok()) return nullptr;
  Slot* slots = Groups().slots;
  uint32_t index = 0;
  while (index < kMaxGroups && slots[index].group != nullptr) ++index;
  if (index == kMaxGroups) return Number(env, -ENFILE);
  Slot& slot = slots[index];
  if (!Keep(env, arguments, 6, &slot.memory)) return nullptr;
  slot.env = env;
  slot.group = new UdpGroup(rx, tx, errors, slot_bytes, addresses);
  napi_add_env_cleanup_hook(env, CloseSlot, &slot);
  return Number(env, Handle(index));
}

// doors(words): [receive, transmit]
napi_value MakeDoors(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.doors", 1);
  const Span words = arguments.Int32s(0);
  if (arguments.ok() && !IsShared(env, arguments[0])) {
    arguments.FailType("the words are not shared memory");
  }
  if (arguments.ok() && words.size < kWords * sizeof(int32_t)) {
    arguments.FailRange("there are too few words");
  }
  if (!arguments.ok()) return nullptr;
  uint32_t index = 0;
  while (index < kDoors && Groups().doors[index].words != nullptr) ++index;
  const bool near = index < kDoors;
  Door* door = near ? &Groups().doors[index] : new Door();
  napi_value pair = nullptr;
  napi_value receive = nullptr;
  napi_value transmit = nullptr;
  napi_add_env_cleanup_hook(env, near ? ForgetDoor : DeleteDoor, door);
  const bool ok =
      Keep(env, arguments, 1, &door->memory) &&
      napi_create_array_with_length(env, 2, &pair) == napi_ok &&
      napi_create_function(env, "receive", NAPI_AUTO_LENGTH,
                           near ? kReceiveEntries[index] : EnterFar<Work::kReceive>, door,
                           &receive) == napi_ok &&
      napi_create_function(env, "transmit", NAPI_AUTO_LENGTH,
                           near ? kTransmitEntries[index] : EnterFar<Work::kTransmit>, door,
                           &transmit) == napi_ok &&
      napi_set_element(env, pair, 0, receive) == napi_ok &&
      napi_set_element(env, pair, 1, transmit) == napi_ok;
  if (!ok) return nullptr;
  door->env = env;
  door->words = reinterpret_cast<int32_t*>(words.data);
  return pair;
}

constexpr int64_t kFlagGro = 1;
constexpr int64_t kFlagGso = 2;
constexpr int64_t kFlagEcn = 4;
constexpr int64_t kFlagReusePort = 8;
constexpr int64_t kFlagPathMtuProbe = 16;

bool ReadAddress(Arguments& arguments, size_t at, UdpAddress* address) {
  const Span ip = arguments.Bytes(at);
  address->port = static_cast<uint16_t>(arguments.Integer(at + 1, 0, UINT16_MAX));
  address->scope = arguments.Uint32(at + 2);
  if (arguments.ok() && ip.size != sizeof address->ip) {
    arguments.FailRange("an address has 16 bytes");
  }
  if (!arguments.ok()) return false;
  for (size_t i = 0; i < sizeof address->ip; ++i) address->ip[i] = ip.data[i];
  return true;
}

// addPort(handle, ip, port, scope, flags, receiveBuffer, sendBuffer, busyPollUs, report): port index, or a negative errno
napi_value AddPort(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.addPort", 9);
  UdpPortRequest request;
  Slot* slot = Find(env, arguments, 0);
  ReadAddress(arguments, 1, &request.address);
  const int64_t flags = arguments.Integer(4, 0, 31);
  request.receive_buffer = static_cast<int32_t>(arguments.Integer(5, 0, INT32_MAX));
  request.send_buffer = static_cast<int32_t>(arguments.Integer(6, 0, INT32_MAX));
  request.busy_poll_us = static_cast<int32_t>(arguments.Integer(7, 0, kMaxWaitUs));
  const Span report = arguments.Int32s(8);
  if (arguments.ok() && report.size < kOptionCount * sizeof(int32_t)) {
    arguments.FailRange("the report is too short");
  }
  if (!arguments.ok()) return nullptr;
  if (slot->group->ports().size() >= kUdpMaxPorts) return Number(env, -EMFILE);
  request.gro = (flags & kFlagGro) != 0;
  request.gso = (flags & kFlagGso) != 0;
  request.ecn = (flags & kFlagEcn) != 0;
  request.reuse_port = (flags & kFlagReusePort) != 0;
  request.path_mtu_probe = (flags & kFlagPathMtuProbe) != 0;
  return Number(env, slot->group->AddPort(request, reinterpret_cast<int32_t*>(report.data)));
}

// readErrors(handle): how many
napi_value ReadErrors(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.readErrors", 1);
  Slot* slot = Find(env, arguments, 0);
  return slot == nullptr ? nullptr : Number(env, slot->group->ReadErrors());
}

// wait(handle, timeoutUs): 1 for datagrams, 2 for errors, or a negative errno
napi_value Wait(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.wait", 2);
  Slot* slot = Find(env, arguments, 0);
  const int64_t timeout_us = arguments.Integer(1, 0, kMaxWaitUs);
  return arguments.ok() ? Number(env, slot->group->Wait(timeout_us)) : nullptr;
}

// watch(handle, listener): 0, or a negative errno
napi_value Watch(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.watch", 2);
  Slot* slot = Find(env, arguments, 0);
  napi_valuetype type = napi_undefined;
  if (arguments.ok() &&
      (napi_typeof(env, arguments[1], &type) != napi_ok || type != napi_function)) {
    arguments.FailType("expected a function");
  }
  if (!arguments.ok()) return nullptr;
  if (slot->watch != nullptr) return Number(env, -EALREADY);
  return Number(env, UdpWatch::Start(env, arguments[1], slot->group->ports(), &slot->watch));
}

// unwatch(handle)
napi_value Unwatch(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.unwatch", 1);
  Slot* slot = Find(env, arguments, 0);
  if (slot == nullptr) return nullptr;
  if (slot->watch != nullptr) slot->watch->Stop();
  slot->watch = nullptr;
  return Undefined(env);
}

// intern(handle, ip, port, scope): index, pinned; or a negative errno
napi_value Intern(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.intern", 4);
  UdpAddress address;
  Slot* slot = Find(env, arguments, 0);
  if (!ReadAddress(arguments, 1, &address)) return nullptr;
  UdpAddressTable& table = slot->group->addresses();
  const uint32_t index = table.Intern(address);
  return Number(env, table.Pin(index) ? static_cast<double>(index) : -ENOSPC);
}

// pin(handle, index): whether it is kept now
napi_value Pin(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.pin", 2);
  Slot* slot = Find(env, arguments, 0);
  const uint32_t index = arguments.Uint32(1);
  return arguments.ok() ? Number(env, slot->group->addresses().Pin(index) ? 1 : 0) : nullptr;
}

// unpin(handle, index): whether it was kept
napi_value Unpin(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.unpin", 2);
  Slot* slot = Find(env, arguments, 0);
  const uint32_t index = arguments.Uint32(1);
  return arguments.ok() ? Number(env, slot->group->addresses().Unpin(index) ? 1 : 0) : nullptr;
}

// address(handle, index, ip): port + 65536 * scope with the address in `ip`, or -1
napi_value AddressAt(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.address", 3);
  Slot* slot = Find(env, arguments, 0);
  const uint32_t index = arguments.Uint32(1);
  const Span ip = arguments.Bytes(2);
  if (arguments.ok() && ip.size != sizeof UdpAddress::ip) {
    arguments.FailRange("an address has 16 bytes");
  }
  if (!arguments.ok()) return nullptr;
  const UdpAddress* address = slot->group->addresses().At(index);
  if (address == nullptr) return Number(env, -1);
  for (size_t i = 0; i < sizeof address->ip; ++i) ip.data[i] = address->ip[i];
  return Number(env, address->port + 65536.0 * address->scope);
}

// pathMtu(handle, index, port): bytes, or a negative errno
napi_value PathMtu(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.pathMtu", 3);
  Slot* slot = Find(env, arguments, 0);
  const uint32_t index = arguments.Uint32(1);
  const uint32_t port = arguments.Uint32(2);
  return arguments.ok() ? Number(env, slot->group->PathMtu(index, port)) : nullptr;
}

// counters(handle, into): fills `into` with 64-bit counts in the order of UdpCounters
napi_value Counters(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.counters", 2);
  Slot* slot = Find(env, arguments, 0);
  const Span into = arguments.Bytes(1);
  if (arguments.ok() && into.size < sizeof(UdpCounters)) {
    arguments.FailRange("there is no room for the counters");
  }
  if (!arguments.ok()) return nullptr;
  const auto* from = reinterpret_cast<const uint8_t*>(&slot->group->counters());
  for (size_t i = 0; i < sizeof(UdpCounters); ++i) into.data[i] = from[i];
  return Undefined(env);
}

// close(handle)
napi_value Close(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.close", 1);
  Slot* slot = Find(env, arguments, 0);
  if (slot == nullptr) return nullptr;
  napi_remove_env_cleanup_hook(env, CloseSlot, slot);
  napi_delete_reference(env, slot->memory);
  CloseSlot(slot);
  return Undefined(env);
}

}  // namespace

bool DefineUdp(napi_env env, napi_value object) {
  return DefineFunctions(env, object,
                         {{"create", Create},
                          {"doors", MakeDoors},
                          {"addPort", AddPort},
                          {"readErrors", ReadErrors},
                          {"wait", Wait},
                          {"watch", Watch},
                          {"unwatch", Unwatch},
                          {"intern", Intern},
                          {"pin", Pin},
                          {"unpin", Unpin},
                          {"address", AddressAt},
                          {"pathMtu", PathMtu},
                          {"counters", Counters},
                          {"close", Close}});
}

}  // namespace native_io
