// The error queue: what the network said about datagrams that left earlier.
#if !defined(_WIN32)

#include <errno.h>

#include <algorithm>
#include <cstring>

#include "udp_buffers.h"
#include "udp_kernel.h"

#if defined(__linux__)
// Needs timespec, which the headers above bring.
#include <linux/errqueue.h>
#endif

namespace native_io {

int UdpGroup::ReadErrors() {
  uint32_t filled = 0;
#if defined(__linux__)
  UdpMessages& buffers = buffers_->tx;
  for (uint32_t port = 0; port < ports_.size(); ++port) {
    while (filled < errors_.messages) {
      uint8_t* quoted = errors_.bytes + size_t{filled} * kUdpQuotedBytes;
      buffers.vectors[0] = {quoted, kUdpQuotedBytes};
      msghdr& header = buffers.messages[0].msg_hdr;
      header = {};
      header.msg_name = &buffers.names[0];
      header.msg_namelen = sizeof buffers.names[0];
      header.msg_iov = &buffers.vectors[0];
      header.msg_iovlen = 1;
      header.msg_control = buffers.controls[0].bytes;
      header.msg_controllen = kUdpControlBytes;
      const ssize_t size = recvmsg(ports_[port].fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
      if (size < 0) break;
      for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr;
           each = CMSG_NXTHDR(&header, each)) {
        const bool v4 = each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_RECVERR;
        const bool v6 = each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_RECVERR;
        if ((!v4 && !v6) || each->cmsg_len < CMSG_LEN(sizeof(sock_extended_err))) continue;
        sock_extended_err error;
        std::memcpy(&error, CMSG_DATA(each), sizeof error);
        UdpAddress destination;
        const bool known = header.msg_namelen > 0 &&
                           UdpAddress::FromSockaddr(buffers.names[0], &destination);
        int32_t* row = errors_.meta + size_t{filled} * kUdpStride;
        row[kErrorErrno] = static_cast<int32_t>(error.ee_errno);
        row[kErrorOrigin] = error.ee_origin;
        row[kErrorType] = error.ee_type;
        row[kErrorCode] = error.ee_code;
        row[kErrorInfo] = static_cast<int32_t>(error.ee_info);
        row[kErrorDestination] = known ? static_cast<int32_t>(addresses_.Intern(destination)) : -1;
        row[kErrorPort] = static_cast<int32_t>(port);
        row[kErrorQuoted] = static_cast<int32_t>(std::min<size_t>(size, kUdpQuotedBytes));
        ++filled;
        break;
      }
    }
  }
#endif
  return static_cast<int>(filled);
}

}  // namespace native_io

#endif  // !defined(_WIN32)
