// Opening a port: every option is tried, and what became of it is reported instead of assumed.
#if !defined(_WIN32)

#if defined(__APPLE__)
// Without it the headers of macOS hide the options of IPv6.
#define __APPLE_USE_RFC_3542 1
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cstring>

#include "udp_buffers.h"
#include "udp_kernel.h"

namespace native_io {
namespace {

int Set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? value : -errno;
}

int Get(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, name, &value, &size) == 0 ? value : -errno;
}

// The privileged form passes the limit of the machine; the ordinary one is cut off there in silence. What was granted
// is read back.
int SizeBuffer(int fd, int name, int forced, int bytes) {
  if (bytes > 0 && (forced == 0 || Set(fd, SOL_SOCKET, forced, bytes) < 0)) {
    Set(fd, SOL_SOCKET, name, bytes);
  }
  const int granted = Get(fd, SOL_SOCKET, name);
#if defined(__linux__)
  // Linux doubles what it is asked for, to account for its own structures.
  return granted < 0 ? granted : granted / 2;
#else
  return granted;
#endif
}

#if defined(__linux__)
// A dual-stack socket speaks IPv4 too, and that half has options of its own.
int SetBoth(int fd, int family, int option4, int option6, int value4, int value6) {
  const int outcome = Set(fd, IPPROTO_IP, option4, value4);
  return family == AF_INET ? outcome : Set(fd, IPPROTO_IPV6, option6, value6);
}
#endif

int OpenSocket(int family) {
#if defined(__linux__)
  const int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return fd < 0 ? -errno : fd;
#else
  const int fd = socket(family, SOCK_DGRAM, 0);
  if (fd < 0) return -errno;
  if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
#endif
}

void SetOptions(UdpPort& port, const UdpPortRequest& request, int32_t* report) {
  const int fd = port.fd;
  for (uint32_t option = 0; option < kOptionCount; ++option) report[option] = -ENOPROTOOPT;
  report[kOptionReceiveBuffer] =
      SizeBuffer(fd, SO_RCVBUF, kForceReceiveBuffer, request.receive_buffer);
  report[kOptionSendBuffer] = SizeBuffer(fd, SO_SNDBUF, kForceSendBuffer, request.send_buffer);
#if defined(__linux__)
  report[kOptionGro] = request.gro ? Set(fd, kSolUdp, kUdpGro, 1) : 0;
  // Size 0 changes nothing, and only a kernel that knows the option takes it.
  const int gso = request.gso ? Set(fd, kSolUdp, kUdpSegment, 0) : -EOPNOTSUPP;
  report[kOptionGso] = request.gso ? (gso < 0 ? gso : 1) : 0;
  port.gso = gso >= 0;
  report[kOptionEcnRead] =
      request.ecn ? SetBoth(fd, port.family, IP_RECVTOS, IPV6_RECVTCLASS, 1, 1) : 0;
  report[kOptionEcnWrite] = request.ecn ? 1 : 0;
  port.ecn = request.ecn;
  report[kOptionErrors] = SetBoth(fd, port.family, IP_RECVERR, IPV6_RECVERR, 1, 1);
  report[kOptionPathMtu] =
      request.path_mtu_probe
          ? SetBoth(fd, port.family, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, IP_PMTUDISC_PROBE,
                    IPV6_PMTUDISC_PROBE)
          : 0;
  report[kOptionDrops] = Set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  report[kOptionBusyPoll] =
      request.busy_poll_us > 0 ? Set(fd, SOL_SOCKET, kBusyPoll, request.busy_poll_us) : 0;
  report[kOptionPreferBusyPoll] =
      request.busy_poll_us > 0 ? Set(fd, SOL_SOCKET, kPreferBusyPoll, 1) : 0;
#elif defined(IP_DONTFRAG) && defined(IPV6_DONTFRAG)
  report[kOptionPathMtu] = request.path_mtu_probe
                               ? (port.family == AF_INET ? Set(fd, IPPROTO_IP, IP_DONTFRAG, 1)
                                                         : Set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1))
                               : 0;
#endif
}

int PortNumber(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  UdpAddress address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return -errno;
  return UdpAddress::FromSockaddr(bound, &address) ? address.port : -EAFNOSUPPORT;
}

int Bind(UdpPort& port, const UdpPortRequest& request, int32_t* report) {
  const int fd = port.fd;
  // One port serves both families, whatever the machine's default.
  if (port.family == AF_INET6 && Set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) < 0) return -errno;
  if (request.reuse_port && Set(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0) return -errno;
  SetOptions(port, request, report);
  sockaddr_storage name{};
  const socklen_t size = request.address.ToSockaddr(port.family, &name);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&name), size) != 0) return -errno;
  report[kOptionPortNumber] = PortNumber(fd);
  return report[kOptionPortNumber] < 0 ? report[kOptionPortNumber] : 0;
}

}  // namespace

UdpGroup::UdpGroup(UdpSlab rx, UdpSlab tx, UdpSlab errors, uint32_t slot_bytes,
                   uint32_t addresses)
    : rx_(rx),
      tx_(tx),
      errors_(errors),
      slot_bytes_(slot_bytes),
      addresses_(addresses),
      buffers_(std::make_unique<Buffers>(rx.messages)) {
  for (uint32_t slot = 0; slot < rx_.messages; ++slot) ReadySlot(slot);
}

UdpGroup::~UdpGroup() {
  for (const UdpPort& port : ports_) close(port.fd);
}

int UdpGroup::AddPort(const UdpPortRequest& request, int32_t* report) {
  UdpPort port;
  port.family = request.address.IsIpv4() ? AF_INET : AF_INET6;
  port.fd = OpenSocket(port.family);
  if (port.fd < 0) return port.fd;
  const int outcome = Bind(port, request, report);
  if (outcome < 0) {
    close(port.fd);
    return outcome;
  }
  ports_.push_back(port);
  return static_cast<int>(ports_.size() - 1);
}

int UdpGroup::Wait(int64_t timeout_us) const {
  pollfd polled[kUdpMaxPorts];
  const size_t count = ports_.size();
  for (size_t i = 0; i < count; ++i) polled[i] = {ports_[i].fd, POLLIN, 0};
#if defined(__linux__)
  const timespec timeout = {timeout_us / 1000000, (timeout_us % 1000000) * 1000};
  const int ready = ppoll(polled, count, &timeout, nullptr);
#else
  const int ready = poll(polled, count, static_cast<int>((timeout_us + 999) / 1000));
#endif
  // A signal ends the wait early; the caller looks and waits again.
  if (ready < 0) return errno == EINTR ? 0 : -errno;
  int mask = 0;
  for (size_t i = 0; ready > 0 && i < count; ++i) {
    if (polled[i].revents & POLLIN) mask |= 1;
    if (polled[i].revents & POLLERR) mask |= 2;
  }
  return mask;
}

int UdpGroup::PathMtu(uint32_t index, uint32_t port) const {
#if defined(__linux__)
  const UdpAddress* address = addresses_.At(index);
  if (address == nullptr || port >= ports_.size()) return -EINVAL;
  const int family = ports_[port].family;
  sockaddr_storage name{};
  const socklen_t size = address->ToSockaddr(family, &name);
  if (size == 0) return -EAFNOSUPPORT;
  // Only a connected socket has a path, and connecting the port itself would shut out every other peer.
  const int fd = OpenSocket(family);
  if (fd < 0) return fd;
  int mtu = connect(fd, reinterpret_cast<const sockaddr*>(&name), size) == 0 ? 0 : -errno;
  if (mtu == 0) {
    mtu = family == AF_INET || address->IsIpv4() ? Get(fd, IPPROTO_IP, IP_MTU)
                                                 : Get(fd, IPPROTO_IPV6, IPV6_MTU);
  }
  close(fd);
  return mtu;
#else
  (void)index;
  (void)port;
  return -EOPNOTSUPP;
#endif
}

}  // namespace native_io

#endif  // !defined(_WIN32)
