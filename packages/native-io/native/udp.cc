// What JavaScript sees of UDP, apart from the two calls of udp_doors.cc.
#if !defined(_WIN32)

#include <errno.h>

#include "arguments.h"
#include "feature.h"
#include "udp_kernel.h"
#include "udp_slots.h"

namespace native_io {
namespace {

constexpr uint32_t kMaxMessages = 4096;
constexpr uint32_t kMaxAddresses = 1 << 20;
constexpr int64_t kMaxWaitUs = 1000000;

// A slab and its rows; `bytes_per_message` 0 leaves their relation to the caller.
UdpSlab ReadSlab(napi_env env, Arguments& arguments, size_t at, uint32_t bytes_per_message) {
  const Span bytes = arguments.Bytes(at);
  const Span meta = arguments.Int32s(at + 1);
  if (!arguments.ok()) return {};
  const uint64_t messages = meta.size / (kUdpStride * sizeof(int32_t));
  if (!IsSharedMemory(env, arguments[at]) || !IsSharedMemory(env, arguments[at + 1])) {
    arguments.FailType("a slab is not shared memory");
  } else if (messages == 0 || messages > kMaxMessages || bytes.size > INT32_MAX ||
             messages * bytes_per_message > bytes.size) {
    arguments.FailRange("a slab does not fit its rows");
  }
  return {bytes.data, bytes.size, reinterpret_cast<int32_t*>(meta.data),
          static_cast<uint32_t>(messages)};
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
  UdpSlot* slot = FreeUdpSlot();
  if (slot == nullptr) return Number(env, -ENFILE);
  if (!KeepArguments(env, arguments, 6, &slot->memory)) return nullptr;
  slot->env = env;
  slot->group = new UdpGroup(rx, tx, errors, slot_bytes, addresses);
  napi_add_env_cleanup_hook(env, CloseUdpSlot, slot);
  return Number(env, UdpHandle(*slot));
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
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
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
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
  return slot == nullptr ? nullptr : Number(env, slot->group->ReadErrors());
}

// wait(handle, timeoutUs): 1 for datagrams, 2 for errors, or a negative errno
napi_value Wait(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.wait", 2);
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
  const int64_t timeout_us = arguments.Integer(1, 0, kMaxWaitUs);
  return arguments.ok() ? Number(env, slot->group->Wait(timeout_us)) : nullptr;
}

// watch(handle, listener): 0, or a negative errno
napi_value Watch(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.watch", 2);
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
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
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
  if (slot == nullptr) return nullptr;
  if (slot->watch != nullptr) slot->watch->Stop();
  slot->watch = nullptr;
  return Undefined(env);
}

// intern(handle, ip, port, scope): index, pinned; or a negative errno
napi_value Intern(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.intern", 4);
  UdpAddress address;
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
  if (!ReadAddress(arguments, 1, &address)) return nullptr;
  UdpAddressTable& table = slot->group->addresses();
  const uint32_t index = table.Intern(address);
  return Number(env, table.Pin(index) ? static_cast<double>(index) : -ENOSPC);
}

// pin(handle, index): whether it is kept now
napi_value Pin(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.pin", 2);
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
  const uint32_t index = arguments.Uint32(1);
  return arguments.ok() ? Number(env, slot->group->addresses().Pin(index) ? 1 : 0) : nullptr;
}

// unpin(handle, index): whether it was kept
napi_value Unpin(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.unpin", 2);
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
  const uint32_t index = arguments.Uint32(1);
  return arguments.ok() ? Number(env, slot->group->addresses().Unpin(index) ? 1 : 0) : nullptr;
}

// address(handle, index, ip): port + 65536 * scope with the address in `ip`, or -1
napi_value AddressAt(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.address", 3);
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
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
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
  const uint32_t index = arguments.Uint32(1);
  const uint32_t port = arguments.Uint32(2);
  return arguments.ok() ? Number(env, slot->group->PathMtu(index, port)) : nullptr;
}

// counters(handle, into): fills `into` with 64-bit counts in the order of UdpCounters
napi_value Counters(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "udp.counters", 2);
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
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
  UdpSlot* slot = FindUdpSlot(env, arguments, 0);
  if (slot == nullptr) return nullptr;
  napi_remove_env_cleanup_hook(env, CloseUdpSlot, slot);
  napi_delete_reference(env, slot->memory);
  CloseUdpSlot(slot);
  return Undefined(env);
}

}  // namespace

bool DefineUdp(napi_env env, napi_value object) {
  return DefineFunctions(env, object,
                         {{"create", Create},
                          {"doors", MakeUdpDoors},
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

#endif  // !defined(_WIN32)
