// Batch transmit. Three kinds of refusal are kept apart: the socket is full (stop, go on later), something waits to be
// told that has nothing to do with this message (try again), and this message cannot go (say so, go on with the next).
#if !defined(_WIN32)

#include <errno.h>

#include <algorithm>
#include <cstring>

#include "udp_buffers.h"
#include "udp_kernel.h"
#include "udp_outgoing.h"

namespace native_io {
namespace {

// The kernel's limits for one message of equal segments; some newer ones take 128.
constexpr uint32_t kGsoSegments = 64;
constexpr uint32_t kMaxPayload = 65507;

// How often a message is tried again after an error that an ICMP message may have left behind. Each such message leaves
// one, so a second refusal in a row is most likely about this one, and an eighth certainly.
constexpr int kTries = 8;

bool IsFull(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS; }

// What a router or a peer says about an earlier datagram, perhaps to somebody else.
bool MayBePending(int error) {
  switch (error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENOPROTOOPT:
    case EMSGSIZE:
    case EOPNOTSUPP:
    case EPROTO:
    case EACCES:
    case EINTR:
#if defined(__linux__)
    case ENONET:
#endif
      return true;
    default:
      return false;
  }
}

// Whether a message is worth another try. One that is too long fills the error queue with each.
bool MayPass(int error, int tries) {
  return MayBePending(error) && tries < (error == EMSGSIZE ? 2 : kTries);
}

// These come before the kernel looked at sizes as a whole; the pieces by themselves may pass.
bool MayBeSegmentation(int error) {
  return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP;
}

}  // namespace

int UdpSendMessages(int fd, UdpMessage* messages, uint32_t count) {
#if defined(__linux__)
  return sendmmsg(fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
#else
  uint32_t sent = 0;
  while (sent < count && sendmsg(fd, &messages[sent].msg_hdr, MSG_DONTWAIT) >= 0) ++sent;
  return sent > 0 || count == 0 ? static_cast<int>(sent) : -1;
#endif
}

uint32_t UdpGroup::Transmit(uint32_t messages) {
  const uint32_t count = std::min(messages, tx_.messages);
  uint32_t done = 0;
  bool blocked = false;
  while (done < count && !blocked) done += TransmitRun(done, count, &blocked);
  return done;
}

// Fills message `at` of the next system call from the row of `message`: 0, -EMSGSIZE where it must go in pieces, or why
// it cannot go at all.
int UdpGroup::Prepare(uint32_t message, uint32_t at) {
  const UdpOutgoing row = ReadOutgoing(tx_.meta, message);
  if (row.port >= ports_.size() || row.offset > tx_.size || row.length > tx_.size - row.offset) {
    return -EINVAL;
  }
  const UdpPort& port = ports_[row.port];
  const UdpAddress* destination = addresses_.At(row.destination);
  if (destination == nullptr) return -EDESTADDRREQ;
  UdpMessages& buffers = buffers_->tx;
  const socklen_t size = destination->ToSockaddr(port.family, &buffers.names[at]);
  if (size == 0) return -EAFNOSUPPORT;
  const uint32_t pieces = Pieces(row);
  if (pieces > 1 && (!port.gso || pieces > kGsoSegments || row.length > kMaxPayload)) {
    return -EMSGSIZE;
  }
  buffers.vectors[at] = {tx_.bytes + row.offset, row.length};
  msghdr& header = buffers.messages[at].msg_hdr;
  header = {};
  header.msg_name = &buffers.names[at];
  header.msg_namelen = size;
  header.msg_iov = &buffers.vectors[at];
  header.msg_iovlen = 1;
#if defined(__linux__)
  header.msg_control = buffers.controls[at].bytes;
  if (pieces > 1) {
    const uint16_t segment = static_cast<uint16_t>(row.segment);
    AddControl(header, kSolUdp, kUdpSegment, &segment, sizeof segment);
  }
  if (port.ecn && (row.ecn & 3) != 0) AddEcn(header, *destination, row.ecn);
  if (header.msg_controllen == 0) header.msg_control = nullptr;
#endif
  return 0;
}

void UdpGroup::Finish(uint32_t message, int error) {
  int32_t* row = tx_.meta + size_t{message} * kUdpStride;
  row[kTxResult] = -error;
  if (error != 0) ++counters_.refused_messages;
}

// Sends messages from `first` as far as one system call carries them, or settles the one at `first`. How many are done.
uint32_t UdpGroup::TransmitRun(uint32_t first, uint32_t count, bool* blocked) {
  int tries = 0;
  for (;;) {
    uint32_t prepared = 0;
    uint32_t port = 0;
    int problem = 0;
    while (prepared < kUdpBatch && first + prepared < count) {
      const uint32_t its = ReadOutgoing(tx_.meta, first + prepared).port;
      if (prepared > 0 && its != port) break;
      port = its;
      problem = Prepare(first + prepared, prepared);
      if (problem != 0) break;
      ++prepared;
    }
    int error = 0;
    if (prepared == 0) {
      if (problem != -EMSGSIZE) {
        Finish(first, -problem);
        return 1;
      }
      if (!SendSegments(first, &error)) {
        *blocked = true;
        return 0;
      }
      Finish(first, error);
      return 1;
    }
    // Checked by Prepare, on this very value or on one that other memory showed a moment ago.
    if (port >= ports_.size()) continue;
    UdpPort& via = ports_[port];
    const int sent = UdpSendMessages(via.fd, buffers_->tx.messages.get(), prepared);
    if (sent >= 0) {
      for (int i = 0; i < sent; ++i) {
        const UdpOutgoing row = ReadOutgoing(tx_.meta, first + i);
        counters_.sent_datagrams += Pieces(row);
        counters_.sent_bytes += buffers_->tx.vectors[i].iov_len;
        Finish(first + i, 0);
      }
      if (sent > 0) return static_cast<uint32_t>(sent);
      *blocked = true;
      return 0;
    }
    error = errno;
    if (IsFull(error)) {
      *blocked = true;
      return 0;
    }
    const bool segmented = buffers_->tx.messages[0].msg_hdr.msg_controllen > 0 &&
                           Pieces(ReadOutgoing(tx_.meta, first)) > 1;
    if (MayPass(error, ++tries)) {
      ++counters_.pending_errors;
      continue;
    }
    if (segmented && MayBeSegmentation(error)) {
      if (!SendSegments(first, &error)) {
        *blocked = true;
        return 0;
      }
      // The pieces passed where the whole did not: it is segmentation that this way out does not take.
      if (error == 0) {
        via.gso = false;
        ++counters_.gso_disabled;
      }
    }
    Finish(first, error);
    return 1;
  }
}

// Sends the pieces of one message one by one. False where the socket is full: the row then holds the rest.
bool UdpGroup::SendSegments(uint32_t message, int* error) {
  *error = 0;
  const UdpOutgoing row = ReadOutgoing(tx_.meta, message);
  const UdpAddress* destination = addresses_.At(row.destination);
  if (row.port >= ports_.size() || row.offset > tx_.size || row.length > tx_.size - row.offset ||
      destination == nullptr) {
    *error = EINVAL;
    return true;
  }
  UdpMessages& buffers = buffers_->tx;
  const UdpPort& port = ports_[row.port];
  const socklen_t size = destination->ToSockaddr(port.family, &buffers.names[0]);
  const uint32_t segment = row.segment == 0 ? row.length : row.segment;
  int tries = 0;
  uint32_t done = 0;
  while (done < row.length) {
    uint32_t prepared = 0;
    for (uint32_t at = done; at < row.length && prepared < kUdpBatch; at += segment, ++prepared) {
      buffers.vectors[prepared] = {tx_.bytes + row.offset + at, std::min(segment, row.length - at)};
      msghdr& header = buffers.messages[prepared].msg_hdr;
      header = {};
      header.msg_name = &buffers.names[0];
      header.msg_namelen = size;
      header.msg_iov = &buffers.vectors[prepared];
      header.msg_iovlen = 1;
#if defined(__linux__)
      if (port.ecn && (row.ecn & 3) != 0) {
        header.msg_control = buffers.controls[prepared].bytes;
        AddEcn(header, *destination, row.ecn);
      }
#endif
    }
    const int sent = UdpSendMessages(port.fd, buffers.messages.get(), prepared);
    if (sent > 0) {
      for (int i = 0; i < sent; ++i) done += static_cast<uint32_t>(buffers.vectors[i].iov_len);
      counters_.sent_datagrams += static_cast<uint64_t>(sent);
      tries = 0;
      continue;
    }
    const int refused = errno;
    if (sent == 0 || IsFull(refused)) {
      int32_t* meta = tx_.meta + size_t{message} * kUdpStride;
      meta[kTxOffset] = static_cast<int32_t>(row.offset + done);
      meta[kTxLength] = static_cast<int32_t>(row.length - done);
      counters_.sent_bytes += done;
      return false;
    }
    if (MayPass(refused, ++tries)) {
      ++counters_.pending_errors;
      continue;
    }
    *error = refused;
    break;
  }
  counters_.sent_bytes += done;
  return true;
}

}  // namespace native_io

#endif  // !defined(_WIN32)
