// Where datagrams come from and go to: addresses as numbers, so that a batch carries integers only.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>

namespace native_io {

// IPv4 lives in the mapped range ::ffff:0:0/96, so that one form holds every address.
struct UdpAddress {
  uint8_t ip[16] = {};
  uint32_t scope = 0;
  uint16_t port = 0;

  bool IsIpv4() const;
  bool Equals(const UdpAddress& other) const;
  // Writes the form that a socket of `family` sends to; 0 where that family cannot reach it.
  socklen_t ToSockaddr(int family, sockaddr_storage* into) const;
  static bool FromSockaddr(const sockaddr_storage& from, UdpAddress* into);
};

// Numbers addresses. A pinned number stays; another is reused after at least a quarter of the table has been given to
// newer sources, so whoever forges sources displaces strangers only.
class UdpAddressTable {
 public:
  explicit UdpAddressTable(uint32_t capacity);

  // The number of `address`, a new one where it has none.
  uint32_t Intern(const UdpAddress& address);
  // The address of `index`, or nullptr where that number is not in use.
  const UdpAddress* At(uint32_t index) const;
  // Keeps a number in use until as many calls of Unpin. False where the table holds too many, or nothing is there.
  bool Pin(uint32_t index);
  bool Unpin(uint32_t index);

 private:
  struct Entry {
    UdpAddress address;
    uint32_t pins = 0;
    uint32_t next = 0;
    bool used = false;
  };

  uint32_t* Bucket(const UdpAddress& address);
  uint32_t Evict();

  uint32_t capacity_;
  uint32_t mask_;
  uint32_t filled_ = 0;
  uint32_t pinned_ = 0;
  uint32_t hand_ = 0;
  uint64_t seed_;
  std::unique_ptr<Entry[]> entries_;
  // Chains of entries with equal hash: index + 1, and 0 at the end.
  std::unique_ptr<uint32_t[]> buckets_;
};

}  // namespace native_io
