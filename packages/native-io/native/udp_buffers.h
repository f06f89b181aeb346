// What the message calls of the kernel want filled, allocated once for a group.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include "udp_group.h"

namespace native_io {

#if defined(__linux__)
using UdpMessage = mmsghdr;
#else
struct UdpMessage {
  msghdr msg_hdr;
  unsigned int msg_len;
};
#endif

// Holds a segment size, a traffic class and a count of drops, or one extended error with its offender.
constexpr size_t kUdpControlBytes = 256;

struct UdpGroup::Buffers {
  UdpMessage messages[kUdpBatch];
  iovec vectors[kUdpBatch];
  sockaddr_storage names[kUdpBatch];
  alignas(cmsghdr) uint8_t controls[kUdpBatch][kUdpControlBytes];
};

// Receives into `messages` without waiting: how many, or -1 with errno.
int UdpReceiveMessages(int fd, UdpMessage* messages, uint32_t count);
// Sends `messages` without waiting: how many, or -1 with errno where not even the first went.
int UdpSendMessages(int fd, UdpMessage* messages, uint32_t count);

}  // namespace native_io
