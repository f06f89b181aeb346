// One row to send as it was read, and what accompanies a message to the kernel.
#pragma once

#include <sys/socket.h>

#include <cstring>

#include "udp_address.h"
#include "udp_group.h"

namespace native_io {

struct UdpOutgoing {
  uint32_t offset;
  uint32_t length;
  uint32_t segment;
  uint32_t destination;
  uint32_t ecn;
  uint32_t port;
};

// Reads every column once: another thread may be writing them, and what was checked must be what is used.
inline UdpOutgoing ReadOutgoing(const int32_t* meta, uint32_t message) {
  const volatile int32_t* row = meta + size_t{message} * kUdpStride;
  return {static_cast<uint32_t>(row[kTxOffset]),      static_cast<uint32_t>(row[kTxLength]),
          static_cast<uint32_t>(row[kTxSegment]),     static_cast<uint32_t>(row[kTxDestination]),
          static_cast<uint32_t>(row[kTxEcn]),         static_cast<uint32_t>(row[kTxPort])};
}

// How many datagrams it is.
inline uint32_t Pieces(const UdpOutgoing& row) {
  if (row.segment == 0 || row.segment >= row.length) return 1;
  return (row.length + row.segment - 1) / row.segment;
}

#if defined(__linux__)
// Appends to the control data, which has room for a segment size and a traffic class.
inline void AddControl(msghdr& header, int level, int type, const void* value, size_t size) {
  auto* at = reinterpret_cast<cmsghdr*>(static_cast<uint8_t*>(header.msg_control) +
                                        header.msg_controllen);
  at->cmsg_level = level;
  at->cmsg_type = type;
  at->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(at), value, size);
  header.msg_controllen += CMSG_SPACE(size);
}

// Marks a message with ECN bits.
inline void AddEcn(msghdr& header, const UdpAddress& destination, uint32_t ecn) {
  const int value = static_cast<int>(ecn & 3);
  // The kernel routes a mapped address through IPv4, where the other option counts.
  if (destination.IsIpv4()) {
    AddControl(header, IPPROTO_IP, IP_TOS, &value, sizeof value);
  } else {
    AddControl(header, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value);
  }
}
#endif

}  // namespace native_io
