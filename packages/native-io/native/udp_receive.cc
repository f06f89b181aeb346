// Batch receive: one system call per port, straight into the slots.
#if !defined(_WIN32)

#include <errno.h>

#include <algorithm>
#include <cstring>

#include "udp_buffers.h"
#include "udp_kernel.h"

namespace native_io {
namespace {

// An ICMP message leaves one error behind, which the next call on the socket reports and clears. The error queue keeps
// the whole story, so the call is made again; a peer that floods us with ICMP gets no more than this many tries.
constexpr int kPendingErrors = 8;

#if defined(__linux__)
int Integer(const cmsghdr* header) {
  int value = 0;
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

// A traffic class is an int under IPv6 and one byte under IPv4.
int TrafficClass(const cmsghdr* header) {
  return header->cmsg_len >= CMSG_LEN(sizeof(int)) ? Integer(header) : *CMSG_DATA(header);
}
#endif

}  // namespace

int UdpReceiveMessages(int fd, UdpMessage* messages, uint32_t count) {
#if defined(__linux__)
  return recvmmsg(fd, messages, count, MSG_DONTWAIT, nullptr);
#else
  uint32_t received = 0;
  for (; received < count; ++received) {
    const ssize_t size = recvmsg(fd, &messages[received].msg_hdr, MSG_DONTWAIT);
    if (size < 0) break;
    messages[received].msg_len = static_cast<unsigned int>(size);
  }
  return received > 0 ? static_cast<int>(received) : -1;
#endif
}

uint32_t UdpGroup::Receive() {
  const uint32_t ports = static_cast<uint32_t>(ports_.size());
  uint32_t filled = 0;
  // Another port begins each time: one that is flooded does not starve the rest.
  for (uint32_t i = 0; i < ports && filled < rx_.messages; ++i) {
    filled += ReceiveFrom((turn_ + i) % ports, filled);
  }
  turn_ = ports == 0 ? 0 : (turn_ + 1) % ports;
  return filled;
}

// What the kernel changed is set back as soon as it was read, so that no call sets up slots that it does not fill.
void UdpGroup::ReadySlot(uint32_t slot) {
  UdpMessages& rx = buffers_->rx;
  rx.vectors[slot] = {rx_.bytes + size_t{slot_bytes_} * slot, slot_bytes_};
  msghdr& header = rx.messages[slot].msg_hdr;
  header = {};
  header.msg_name = &rx.names[slot];
  header.msg_namelen = sizeof rx.names[slot];
  header.msg_iov = &rx.vectors[slot];
  header.msg_iovlen = 1;
  header.msg_control = rx.controls[slot].bytes;
  header.msg_controllen = kUdpControlBytes;
}

uint32_t UdpGroup::ReceiveFrom(uint32_t port, uint32_t first) {
  uint32_t slot = first;
  int pending = 0;
  while (slot < rx_.messages) {
    const uint32_t wanted = std::min(kUdpBatch, rx_.messages - slot);
    const int received =
        UdpReceiveMessages(ports_[port].fd, &buffers_->rx.messages[slot], wanted);
    if (received < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK || ++pending > kPendingErrors) break;
      ++counters_.pending_errors;
      continue;
    }
    for (int i = 0; i < received; ++i) {
      Describe(slot + i, port);
      ReadySlot(slot + i);
    }
    slot += static_cast<uint32_t>(received);
    if (static_cast<uint32_t>(received) < wanted) break;
  }
  return slot - first;
}

// Fills the row of `slot` from what was received into it.
void UdpGroup::Describe(uint32_t slot, uint32_t port) {
  UdpMessage& message = buffers_->rx.messages[slot];
  const uint32_t length = std::min<uint32_t>(message.msg_len, slot_bytes_);
  uint32_t segment = length;
  int traffic_class = 0;
#if defined(__linux__)
  msghdr& header = message.msg_hdr;
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level == kSolUdp && each->cmsg_type == kUdpGro) {
      const int size = Integer(each);
      if (size > 0 && static_cast<uint32_t>(size) < length) segment = static_cast<uint32_t>(size);
    } else if ((each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_TOS) ||
               (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_TCLASS)) {
      traffic_class = TrafficClass(each);
    } else if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SO_RXQ_OVFL) {
      const uint32_t drops = static_cast<uint32_t>(Integer(each));
      counters_.kernel_drops += drops - ports_[port].drops;
      ports_[port].drops = drops;
    }
  }
#endif
  UdpAddress source;
  const bool known = UdpAddress::FromSockaddr(buffers_->rx.names[slot], &source);
  const bool truncated = (message.msg_hdr.msg_flags & MSG_TRUNC) != 0;
  int32_t* row = rx_.meta + size_t{slot} * kUdpStride;
  row[kRxOffset] = static_cast<int32_t>(size_t{slot} * slot_bytes_);
  row[kRxLength] = static_cast<int32_t>(length);
  row[kRxSegment] = static_cast<int32_t>(segment);
  row[kRxEcn] = traffic_class & 3;
  row[kRxSource] = known ? static_cast<int32_t>(addresses_.Intern(source)) : -1;
  row[kRxPort] = static_cast<int32_t>(port);
  row[kRxFlags] = truncated ? kRxTruncated : 0;
  if (truncated) ++counters_.truncated;
  counters_.received_datagrams += length == 0 ? 1 : (length + segment - 1) / segment;
  counters_.received_bytes += length;
}

}  // namespace native_io

#endif  // !defined(_WIN32)
