// `receive` and `transmit` take no arguments and answer through shared memory: a call that asks nothing of Node-API costs
// a third of one that does. They are one function each for all groups, since engines call fast what is always the same.
#if !defined(_WIN32)

#include <errno.h>

#include <array>
#include <utility>

#include "udp_slots.h"

namespace native_io {
namespace {

// The words around a call; src/udp/udp-doors.ts names the same.
enum Word : uint32_t { kWordSlot, kWordGeneration, kWordCount, kWordResult, kWords };

enum class Work { kReceive, kTransmit };

// Does the work of the group that the words name; its answer, or a negative errno, is the result.
template <Work kWork>
void Do(const UdpDoor& door) {
  if (door.words == nullptr) return;
  volatile int32_t* words = door.words;
  const auto index = static_cast<uint32_t>(words[kWordSlot]);
  UdpSlot* slot = index < kUdpMaxGroups ? &udp_thread->slots[index] : nullptr;
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
  if (udp_thread != nullptr) Do<kWork>(udp_thread->doors[kIndex]);
  return nullptr;
}

using Entries = std::array<napi_callback, kUdpDoors>;

template <Work kWork, uint32_t... kIndex>
constexpr Entries MakeEntries(std::integer_sequence<uint32_t, kIndex...>) {
  return {Enter<kWork, kIndex>...};
}

using DoorNumbers = std::make_integer_sequence<uint32_t, kUdpDoors>;
constexpr Entries kReceiveEntries = MakeEntries<Work::kReceive>(DoorNumbers());
constexpr Entries kTransmitEntries = MakeEntries<Work::kTransmit>(DoorNumbers());

// Where all of those are taken, the door travels with the function.
template <Work kWork>
napi_value EnterFar(napi_env env, napi_callback_info info) {
  void* door = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &door);
  if (udp_thread != nullptr) Do<kWork>(*static_cast<UdpDoor*>(door));
  return nullptr;
}

void ForgetDoor(void* data) { *static_cast<UdpDoor*>(data) = UdpDoor(); }
void DeleteDoor(void* data) { delete static_cast<UdpDoor*>(data); }

}  // namespace

// doors(words): [receive, transmit]
napi_value MakeUdpDoors(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.doors", 1);
  const Span words = arguments.Int32s(0);
  if (arguments.ok() && !IsSharedMemory(env, arguments[0])) {
    arguments.FailType("the words are not shared memory");
  }
  if (arguments.ok() && words.size < kWords * sizeof(int32_t)) {
    arguments.FailRange("there are too few words");
  }
  if (!arguments.ok()) return nullptr;
  uint32_t index = 0;
  while (index < kUdpDoors && MakeUdpThread().doors[index].words != nullptr) ++index;
  const bool near = index < kUdpDoors;
  UdpDoor* door = near ? &MakeUdpThread().doors[index] : new UdpDoor();
  napi_value pair = nullptr;
  napi_value receive = nullptr;
  napi_value transmit = nullptr;
  napi_add_env_cleanup_hook(env, near ? ForgetDoor : DeleteDoor, door);
  const bool ok =
      KeepArguments(env, arguments, 1, &door->memory) &&
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

}  // namespace native_io

#endif  // !defined(_WIN32)
