// What the message calls of the kernel want filled, allocated once for a group.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <memory>

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

// One message call's worth of structures for `count` messages.
struct UdpMessages {
  explicit UdpMessages(uint32_t count)
      : messages(std::make_unique<UdpMessage[]>(count)),
        vectors(std::make_unique<iovec[]>(count)),
        names(std::make_unique<sockaddr_storage[]>(count)),
        controls(std::make_unique<Control[]>(count)) {}

  struct Control {
    alignas(cmsghdr) uint8_t bytes[kUdpControlBytes];
  };

  std::unique_ptr<UdpMessage[]> messages;
  std::unique_ptr<iovec[]> vectors;
  std::unique_ptr<sockaddr_storage[]> names;
  std::unique_ptr<Control[]> controls;
};

struct UdpGroup::Buffers {
  explicit Buffers(uint32_t slots) : rx(slots), tx(kUdpBatch) {}

  // One for every slot, always ready to be received into.
  UdpMessages rx;
  UdpMessages tx;
};

// Receives into `messages` without waiting: how many, or -1 with errno.
int UdpReceiveMessages(int fd, UdpMessage* messages, uint32_t count);
// Sends `messages` without waiting: how many, or -1 with errno where not even the first went.
int UdpSendMessages(int fd, UdpMessage* messages, uint32_t count);

}  // namespace native_io
