#if !defined(_WIN32)

#include "udp_address.h"

#include <cstring>
#include <random>

namespace native_io {
namespace {

constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// The finaliser of a 64-bit mix: every bit of the input reaches every bit of the result.
uint64_t Mix(uint64_t value) {
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdu;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53u;
  return value ^ (value >> 33);
}

}  // namespace

bool UdpAddress::IsIpv4() const { return std::memcmp(ip, kMapped, sizeof kMapped) == 0; }

bool UdpAddress::Equals(const UdpAddress& other) const {
  return port == other.port && scope == other.scope && std::memcmp(ip, other.ip, sizeof ip) == 0;
}

socklen_t UdpAddress::ToSockaddr(int family, sockaddr_storage* into) const {
  if (family == AF_INET) {
    if (!IsIpv4()) return 0;
    auto* v4 = reinterpret_cast<sockaddr_in*>(into);
    std::memset(v4, 0, sizeof *v4);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    std::memcpy(&v4->sin_addr, ip + sizeof kMapped, 4);
    return sizeof *v4;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(into);
  std::memset(v6, 0, sizeof *v6);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  v6->sin6_scope_id = scope;
  std::memcpy(&v6->sin6_addr, ip, sizeof ip);
  return sizeof *v6;
}

bool UdpAddress::FromSockaddr(const sockaddr_storage& from, UdpAddress* into) {
  *into = UdpAddress();
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    std::memcpy(into->ip, kMapped, sizeof kMapped);
    std::memcpy(into->ip + sizeof kMapped, &v4.sin_addr, 4);
    into->port = ntohs(v4.sin_port);
    return true;
  }
  if (from.ss_family != AF_INET6) return false;
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
  std::memcpy(into->ip, &v6.sin6_addr, sizeof into->ip);
  into->port = ntohs(v6.sin6_port);
  into->scope = v6.sin6_scope_id;
  return true;
}

UdpAddressTable::UdpAddressTable(uint32_t capacity) : capacity_(capacity) {
  uint32_t buckets = 1;
  while (buckets < capacity) buckets *= 2;
  mask_ = buckets - 1;
  // Sources choose their addresses: an unknown seed keeps them from choosing one chain.
  std::random_device random;
  seed_ = (uint64_t{random()} << 32) | random();
  entries_ = std::make_unique<Entry[]>(capacity);
  buckets_ = std::make_unique<uint32_t[]>(buckets);
}

uint32_t* UdpAddressTable::Bucket(const UdpAddress& address) {
  uint64_t halves[2];
  std::memcpy(halves, address.ip, sizeof halves);
  const uint64_t rest = (uint64_t{address.scope} << 16) | address.port;
  return &buckets_[Mix(Mix(Mix(seed_ ^ halves[0]) ^ halves[1]) ^ rest) & mask_];
}

uint32_t UdpAddressTable::Intern(const UdpAddress& address) {
  uint32_t* bucket = Bucket(address);
  for (uint32_t at = *bucket; at != 0; at = entries_[at - 1].next) {
    if (entries_[at - 1].address.Equals(address)) return at - 1;
  }
  const uint32_t index = filled_ < capacity_ ? filled_++ : Evict();
  Entry& entry = entries_[index];
  entry.address = address;
  entry.pins = 0;
  entry.used = true;
  entry.next = *bucket;
  *bucket = index + 1;
  return index;
}

// Pin leaves a quarter of the table unpinned, so a turn of the hand always ends.
uint32_t UdpAddressTable::Evict() {
  while (entries_[hand_].pins != 0) hand_ = (hand_ + 1) % capacity_;
  const uint32_t index = hand_;
  hand_ = (hand_ + 1) % capacity_;
  uint32_t* link = Bucket(entries_[index].address);
  while (*link != index + 1) link = &entries_[*link - 1].next;
  *link = entries_[index].next;
  return index;
}

const UdpAddress* UdpAddressTable::At(uint32_t index) const {
  return index < capacity_ && entries_[index].used ? &entries_[index].address : nullptr;
}

bool UdpAddressTable::Pin(uint32_t index) {
  if (At(index) == nullptr || entries_[index].pins == UINT32_MAX) return false;
  if (entries_[index].pins == 0) {
    if (pinned_ >= capacity_ - capacity_ / 4) return false;
    ++pinned_;
  }
  ++entries_[index].pins;
  return true;
}

bool UdpAddressTable::Unpin(uint32_t index) {
  if (At(index) == nullptr || entries_[index].pins == 0) return false;
  if (--entries_[index].pins == 0) --pinned_;
  return true;
}

}  // namespace native_io

#endif  // !defined(_WIN32)
