// The ports of one driver, with the slabs and tables they share. One thread owns a group.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "udp_address.h"

namespace native_io {

// The columns of the meta arrays, in Int32s; src/udp/layout.ts names the same.
constexpr uint32_t kUdpStride = 8;
enum UdpRx : uint32_t { kRxOffset, kRxLength, kRxSegment, kRxEcn, kRxSource, kRxPort, kRxFlags };
enum UdpTx : uint32_t {
  kTxOffset,
  kTxLength,
  kTxSegment,
  kTxDestination,
  kTxEcn,
  kTxPort,
  kTxResult
};
enum UdpError : uint32_t {
  kErrorErrno,
  kErrorOrigin,
  kErrorType,
  kErrorCode,
  kErrorInfo,
  kErrorDestination,
  kErrorPort,
  kErrorQuoted
};

// Set in kRxFlags where a datagram was longer than its slot.
constexpr int32_t kRxTruncated = 1;

// How much of a refused datagram an error brings back.
constexpr uint32_t kUdpQuotedBytes = 128;

// How many messages one system call takes.
constexpr uint32_t kUdpBatch = 64;

struct UdpCounters {
  uint64_t received_datagrams = 0;
  uint64_t received_bytes = 0;
  uint64_t sent_datagrams = 0;
  uint64_t sent_bytes = 0;
  uint64_t refused_messages = 0;
  uint64_t kernel_drops = 0;
  uint64_t truncated = 0;
  uint64_t pending_errors = 0;
  uint64_t gso_disabled = 0;
};

struct UdpPort {
  int fd = -1;
  int family = 0;
  bool gso = false;
  bool ecn = false;
  uint32_t drops = 0;
};

// The outcome of the options of one port, in the order of src/udp/native-udp.ts: what was read back, or a negative
// errno.
enum UdpOption : uint32_t {
  kOptionGro,
  kOptionGso,
  kOptionEcnRead,
  kOptionEcnWrite,
  kOptionErrors,
  kOptionPathMtu,
  kOptionDrops,
  kOptionReceiveBuffer,
  kOptionSendBuffer,
  kOptionBusyPoll,
  kOptionPreferBusyPoll,
  kOptionPortNumber,
  kOptionCount
};

struct UdpPortRequest {
  UdpAddress address;
  bool gro = false;
  bool gso = false;
  bool ecn = false;
  bool reuse_port = false;
  // True: DF set and the kernel's notion of the path ignored. False: the kernel fragments.
  bool path_mtu_probe = false;
  int32_t receive_buffer = 0;
  int32_t send_buffer = 0;
  int32_t busy_poll_us = 0;
};

// Memory that lives as long as the group: shared memory cannot be detached, and a reference keeps it.
struct UdpSlab {
  uint8_t* bytes = nullptr;
  size_t size = 0;
  int32_t* meta = nullptr;
  uint32_t messages = 0;
};

class UdpGroup {
 public:
  UdpGroup(UdpSlab rx, UdpSlab tx, UdpSlab errors, uint32_t slot_bytes, uint32_t addresses);
  ~UdpGroup();
  UdpGroup(const UdpGroup&) = delete;
  UdpGroup& operator=(const UdpGroup&) = delete;

  // Opens one more port; its number, or a negative errno. `report` takes kOptionCount values.
  int AddPort(const UdpPortRequest& request, int32_t* report);
  // Fills slots from the ports in turn; how many.
  uint32_t Receive();
  // Sends the first `messages`; how many are done with.
  uint32_t Transmit(uint32_t messages);
  // Empties the error queues as far as there is room; how many errors.
  int ReadErrors();
  // Waits until a port has something: 1 datagrams, 2 errors; 0 for neither, or a negative errno.
  int Wait(int64_t timeout_us) const;
  // What the kernel believes of the way to `index`, or a negative errno.
  int PathMtu(uint32_t index, uint32_t port) const;

  UdpAddressTable& addresses() { return addresses_; }
  const UdpCounters& counters() const { return counters_; }
  const std::vector<UdpPort>& ports() const { return ports_; }

 private:
  struct Buffers;

  uint32_t ReceiveFrom(uint32_t port, uint32_t first);
  void ReadySlot(uint32_t slot);
  void Describe(uint32_t slot, uint32_t port);
  uint32_t TransmitRun(uint32_t first, uint32_t count, bool* blocked);
  int Prepare(uint32_t message, uint32_t at);
  bool SendSegments(uint32_t message, int* error);
  void Finish(uint32_t message, int error);

  UdpSlab rx_;
  UdpSlab tx_;
  UdpSlab errors_;
  uint32_t slot_bytes_;
  uint32_t turn_ = 0;
  UdpAddressTable addresses_;
  UdpCounters counters_;
  std::vector<UdpPort> ports_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace native_io
