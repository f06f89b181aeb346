// Datagrams, their addresses and the ciphers below Node-API, in a program of its own, for tools that watch every access.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memory>
#include <vector>

#include "../../native/aead.h"
#include "../../native/udp_group.h"

namespace {

using namespace native_io;

#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) {                                       \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
      exit(1);                                                \
    }                                                         \
  } while (false)

UdpAddress Loopback(uint16_t port) {
  sockaddr_storage name{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(name);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  UdpAddress address;
  CHECK(UdpAddress::FromSockaddr(name, &address) && address.IsIpv4());
  return address;
}

void Addresses() {
  UdpAddressTable table(64);
  const uint32_t friendly = table.Intern(Loopback(1));
  CHECK(table.Pin(friendly) && table.Pin(friendly));
  for (uint32_t i = 0; i < 5000; ++i) {
    const UdpAddress stranger = Loopback(static_cast<uint16_t>(2 + i % 3000));
    const uint32_t index = table.Intern(stranger);
    CHECK(index != friendly && index == table.Intern(stranger));
    CHECK(table.At(index)->Equals(stranger));
  }
  CHECK(table.At(friendly)->Equals(Loopback(1)));
  uint32_t pinned = 1;
  for (uint32_t i = 0; i < 64; ++i) pinned += table.Pin(table.Intern(Loopback(9000 + i))) ? 1 : 0;
  CHECK(pinned == 48);
  CHECK(table.Unpin(friendly) && table.Unpin(friendly) && !table.Unpin(friendly));
  CHECK(table.At(64) == nullptr && !table.Pin(UINT32_MAX));
}

// A group and exactly the memory that it may touch, each piece an allocation of its own.
struct Ends {
  static constexpr uint32_t kMessages = 8;
  static constexpr uint32_t kSlotBytes = 65536;

  std::vector<uint8_t> rx = std::vector<uint8_t>(kMessages * kSlotBytes);
  std::vector<int32_t> rx_meta = std::vector<int32_t>(kMessages * kUdpStride);
  std::vector<uint8_t> tx = std::vector<uint8_t>(kMessages * 8000);
  std::vector<int32_t> tx_meta = std::vector<int32_t>(kMessages * kUdpStride);
  std::vector<uint8_t> errors = std::vector<uint8_t>(4 * kUdpQuotedBytes);
  std::vector<int32_t> error_meta = std::vector<int32_t>(4 * kUdpStride);
  UdpGroup group{{rx.data(), rx.size(), rx_meta.data(), kMessages},
                 {tx.data(), tx.size(), tx_meta.data(), kMessages},
                 {errors.data(), errors.size(), error_meta.data(), 4},
                 kSlotBytes,
                 64};
  uint16_t port = 0;

  explicit Ends(bool segmentation) {
    UdpPortRequest request;
    request.address = Loopback(0);
    request.gro = segmentation;
    request.gso = segmentation;
    request.ecn = true;
    request.path_mtu_probe = true;
    int32_t report[kOptionCount];
    CHECK(group.AddPort(request, report) == 0);
    port = static_cast<uint16_t>(report[kOptionPortNumber]);
  }

  void Row(uint32_t message, uint32_t length, uint32_t segment, uint32_t to) {
    int32_t* row = tx_meta.data() + message * kUdpStride;
    row[kTxOffset] = static_cast<int32_t>(message * 8000);
    row[kTxLength] = static_cast<int32_t>(length);
    row[kTxSegment] = static_cast<int32_t>(segment);
    row[kTxDestination] = static_cast<int32_t>(to);
    row[kTxEcn] = static_cast<int32_t>(message & 3);
    row[kTxPort] = 0;
  }
};

void Datagrams(bool segmentation) {
  Ends from(segmentation);
  Ends to(segmentation);
  const uint32_t alive = from.group.addresses().Intern(Loopback(to.port));
  uint32_t dead = 0;
  {
    const Ends gone(false);
    dead = from.group.addresses().Intern(Loopback(gone.port));
  }
  for (size_t i = 0; i < from.tx.size(); ++i) from.tx[i] = static_cast<uint8_t>(i * 7);
  for (uint32_t message = 0; message < 8; ++message) {
    from.Row(message, message == 0 ? 0 : 1000 * message, 1000, message % 4 == 3 ? dead : alive);
  }
  from.tx_meta[7 * kUdpStride + kTxOffset] = static_cast<int32_t>(from.tx.size() - 6999);
  CHECK(from.group.Transmit(100) == 8);
  for (uint32_t message = 0; message < 8; ++message) {
    CHECK(from.tx_meta[message * kUdpStride + kTxResult] == (message == 7 ? -EINVAL : 0));
  }
  uint32_t bytes = 0;
  while (to.group.Wait(100000) == 1) {
    for (uint32_t rows = to.group.Receive(), row = 0; row < rows; ++row) {
      bytes += static_cast<uint32_t>(to.rx_meta[row * kUdpStride + kRxLength]);
    }
  }
  CHECK(bytes == 18000);
  CHECK(from.group.Wait(0) == 2);
  CHECK(from.group.ReadErrors() > 0);
  CHECK(from.error_meta[kErrorErrno] == ECONNREFUSED);
  CHECK(from.error_meta[kErrorDestination] == static_cast<int32_t>(dead));
  CHECK(from.group.PathMtu(alive, 0) > 1000 && from.group.PathMtu(99, 0) == -EINVAL);
}

// Ciphers come from the process, as they do in Node.
void Ciphers() {
  if (dlopen("libcrypto.so.3", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    puts("no libcrypto.so.3: ciphers were not tried");
    return;
  }
  const OpenSsl& openssl = GetOpenSsl();
  CHECK(openssl.lack == nullptr);
  const uint8_t key[32] = {1, 2, 3};
  const uint8_t iv[kAeadIvBytes] = {4};
  const uint32_t nonce[3] = {5, 6, 7};
  for (const auto algorithm : {AeadAlgorithm::kAes128Gcm, AeadAlgorithm::kAes256Gcm,
                               AeadAlgorithm::kChaCha20Poly1305}) {
    const auto made = AeadKey::Make(openssl, nullptr, algorithm, key, iv);
    CHECK(made != nullptr);
    for (size_t size = 0; size < 70; ++size) {
      const std::vector<uint8_t> aad(size / 2, 8);
      const std::vector<uint8_t> plain(size, 9);
      std::vector<uint8_t> sealed(size + kAeadTagBytes);
      std::vector<uint8_t> opened(size);
      CHECK(made->Seal(nonce, aad.data(), aad.size(), plain.data(), size, sealed.data()));
      CHECK(made->Open(nonce, aad.data(), aad.size(), sealed.data(), size, opened.data()));
      CHECK(opened == plain);
      sealed[size] ^= 1;
      CHECK(!made->Open(nonce, aad.data(), aad.size(), sealed.data(), size, opened.data()));
      CHECK(opened == std::vector<uint8_t>(size));
    }
  }
}

}  // namespace

int main() {
  Addresses();
  Datagrams(true);
  Datagrams(false);
  Ciphers();
  return 0;
}
