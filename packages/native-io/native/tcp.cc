// Options of a TCP socket that somebody else opened. Which socket a number means is that one's business; that it is a
// TCP socket at all is checked here.
#if !defined(_WIN32)

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "arguments.h"
#include "feature.h"

namespace native_io {
namespace {

#if defined(__linux__)
constexpr int kNotSentLowWater = 25;
constexpr int kCongestion = 13;
constexpr int kInfo = 11;
constexpr int kMaxPacingRate = 47;
#endif

// No algorithm of Linux has a longer name.
constexpr size_t kNameBytes = 16;

// The options by the number that src/tcp/native-tcp.ts gives them.
enum Option : int64_t { kNotSent, kSendBuffer, kReceiveBuffer, kPacingRate, kOptionCount };

struct Place {
  int level;
  int name;
};

bool PlaceOf(int64_t option, Place* place) {
  switch (option) {
    case kSendBuffer:
      *place = {SOL_SOCKET, SO_SNDBUF};
      return true;
    case kReceiveBuffer:
      *place = {SOL_SOCKET, SO_RCVBUF};
      return true;
#if defined(__linux__)
    case kNotSent:
      *place = {IPPROTO_TCP, kNotSentLowWater};
      return true;
    case kPacingRate:
      *place = {SOL_SOCKET, kMaxPacingRate};
      return true;
#elif defined(TCP_NOTSENT_LOWAT)
    case kNotSent:
      *place = {IPPROTO_TCP, TCP_NOTSENT_LOWAT};
      return true;
#endif
    default:
      return false;
  }
}

// 0 for a TCP socket, or a negative errno.
int CheckTcp(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return -errno;
  sockaddr_storage name{};
  socklen_t name_size = sizeof name;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &name_size) != 0) return -errno;
  const bool internet = name.ss_family == AF_INET || name.ss_family == AF_INET6;
  return type == SOCK_STREAM && internet ? 0 : -EPROTOTYPE;
}

// set(fd, option, value): 0, or a negative errno
napi_value Set(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "tcp.set", 3);
  const int fd = static_cast<int>(arguments.Integer(0, 0, INT32_MAX));
  const int64_t option = arguments.Integer(1, 0, kOptionCount - 1);
  const int64_t value = arguments.Integer(2, 0, (int64_t{1} << 53) - 1);
  if (!arguments.ok()) return nullptr;
  Place place;
  if (!PlaceOf(option, &place)) return Number(env, -EOPNOTSUPP);
  if (const int refused = CheckTcp(fd)) return Number(env, refused);
  const int narrow = static_cast<int>(std::min<int64_t>(value, INT32_MAX));
  // Only the rate can pass 32 bits, and only it may be given in 64.
  const bool ok = option == kPacingRate
                      ? setsockopt(fd, place.level, place.name, &value, sizeof value) == 0
                      : setsockopt(fd, place.level, place.name, &narrow, sizeof narrow) == 0;
  return Number(env, ok ? 0 : -errno);
}

// get(fd, option): its value, or a negative errno
napi_value Get(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "tcp.get", 2);
  const int fd = static_cast<int>(arguments.Integer(0, 0, INT32_MAX));
  const int64_t option = arguments.Integer(1, 0, kOptionCount - 1);
  if (!arguments.ok()) return nullptr;
  Place place;
  if (!PlaceOf(option, &place)) return Number(env, -EOPNOTSUPP);
  if (const int refused = CheckTcp(fd)) return Number(env, refused);
  uint64_t value = 0;
  socklen_t size = option == kPacingRate ? sizeof value : sizeof(int32_t);
  if (getsockopt(fd, place.level, place.name, &value, &size) != 0) return Number(env, -errno);
  if (size == sizeof value) {
    // All ones: no limit.
    return Number(env, value == UINT64_MAX ? 0 : static_cast<double>(value));
  }
  int32_t narrow = 0;
  std::memcpy(&narrow, &value, sizeof narrow);
  return Number(env, narrow);
}

// duplicate(fd): another descriptor of the same connection, or a negative errno
napi_value Duplicate(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "tcp.duplicate", 1);
  const int fd = static_cast<int>(arguments.Integer(0, 0, INT32_MAX));
  if (!arguments.ok()) return nullptr;
  if (const int refused = CheckTcp(fd)) return Number(env, refused);
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return Number(env, copy < 0 ? -errno : copy);
}

// setCongestion(fd, name): 0, or a negative errno
napi_value SetCongestion(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "tcp.setCongestion", 2);
  const int fd = static_cast<int>(arguments.Integer(0, 0, INT32_MAX));
  const std::string name = arguments.Text(1, kNameBytes - 1);
  if (!arguments.ok()) return nullptr;
  if (const int refused = CheckTcp(fd)) return Number(env, refused);
#if defined(__linux__)
  const auto size = static_cast<socklen_t>(name.size());
  const bool ok = setsockopt(fd, IPPROTO_TCP, kCongestion, name.data(), size) == 0;
  return Number(env, ok ? 0 : -errno);
#else
  return Number(env, -EOPNOTSUPP);
#endif
}

// congestion(fd): the name, or a negative errno
napi_value Congestion(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "tcp.congestion", 1);
  const int fd = static_cast<int>(arguments.Integer(0, 0, INT32_MAX));
  if (!arguments.ok()) return nullptr;
  if (const int refused = CheckTcp(fd)) return Number(env, refused);
#if defined(__linux__)
  char name[kNameBytes] = {};
  socklen_t size = sizeof name;
  if (getsockopt(fd, IPPROTO_TCP, kCongestion, name, &size) != 0) return Number(env, -errno);
  napi_value result = nullptr;
  napi_create_string_utf8(env, name, strnlen(name, sizeof name), &result);
  return result;
#else
  return Number(env, -EOPNOTSUPP);
#endif
}

// info(fd, into): how many bytes of the kernel's tcp_info were written, or a negative errno
napi_value Info(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "tcp.info", 2);
  const int fd = static_cast<int>(arguments.Integer(0, 0, INT32_MAX));
  const Span into = arguments.Bytes(1);
  if (!arguments.ok()) return nullptr;
  if (const int refused = CheckTcp(fd)) return Number(env, refused);
#if defined(__linux__)
  socklen_t size = static_cast<socklen_t>(std::min<size_t>(into.size, 4096));
  if (getsockopt(fd, IPPROTO_TCP, kInfo, into.data, &size) != 0) return Number(env, -errno);
  return Number(env, size);
#else
  (void)into;
  return Number(env, -EOPNOTSUPP);
#endif
}

}  // namespace

bool DefineTcp(napi_env env, napi_value object) {
  return DefineFunctions(env, object,
                         {{"set", Set},
                          {"get", Get},
                          {"duplicate", Duplicate},
                          {"setCongestion", SetCongestion},
                          {"congestion", Congestion},
                          {"info", Info}});
}

}  // namespace native_io

#endif  // !defined(_WIN32)
