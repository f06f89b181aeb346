// The loop that the others are measured against: sends batches of datagrams split by the kernel, receives them joined by
// it, on one thread, and looks at none of them.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <node_api.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr int kSolUdp = 17;
constexpr int kSegment = 103;
constexpr int kGro = 104;
constexpr int kMessages = 4;
constexpr int kSlotBytes = 65536;
constexpr int kBufferBytes = 4 << 20;

struct Loop {
  int sender = -1;
  int receiver = -1;
  sockaddr_in to{};
  uint16_t segment = 0;
  size_t message = 0;
  std::vector<uint8_t> outgoing;
  std::vector<uint8_t> incoming;
};

Loop loop;

int Socket() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof kBufferBytes);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kBufferBytes, sizeof kBufferBytes);
  return fd;
}

// open(segmentBytes, segments)
napi_value Open(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  uint32_t segment = 0;
  uint32_t segments = 0;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  napi_get_value_uint32(env, arguments[0], &segment);
  napi_get_value_uint32(env, arguments[1], &segments);
  loop.sender = Socket();
  loop.receiver = Socket();
  const int on = 1;
  setsockopt(loop.receiver, kSolUdp, kGro, &on, sizeof on);
  socklen_t size = sizeof loop.to;
  getsockname(loop.receiver, reinterpret_cast<sockaddr*>(&loop.to), &size);
  loop.segment = static_cast<uint16_t>(segment);
  loop.message = size_t{segment} * segments;
  loop.outgoing.resize(loop.message * kMessages);
  loop.incoming.resize(size_t{kSlotBytes} * kMessages);
  return nullptr;
}

// run(): bytes received of one batch
napi_value Run(napi_env env, napi_callback_info) {
  mmsghdr messages[kMessages];
  iovec vectors[kMessages];
  alignas(cmsghdr) uint8_t controls[kMessages][64];
  sockaddr_storage names[kMessages];
  for (int i = 0; i < kMessages; ++i) {
    vectors[i] = {loop.outgoing.data() + i * loop.message, loop.message};
    msghdr& header = messages[i].msg_hdr;
    header = {};
    header.msg_name = &loop.to;
    header.msg_namelen = sizeof loop.to;
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = controls[i];
    header.msg_controllen = CMSG_SPACE(sizeof loop.segment);
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = kSolUdp;
    control->cmsg_type = kSegment;
    control->cmsg_len = CMSG_LEN(sizeof loop.segment);
    std::memcpy(CMSG_DATA(control), &loop.segment, sizeof loop.segment);
  }
  const int sent = sendmmsg(loop.sender, messages, kMessages, 0);
  size_t received = 0;
  for (int taken = 0; taken < sent;) {
    for (int i = 0; i < kMessages; ++i) {
      vectors[i] = {loop.incoming.data() + size_t{kSlotBytes} * i, kSlotBytes};
      msghdr& header = messages[i].msg_hdr;
      header = {};
      header.msg_name = &names[i];
      header.msg_namelen = sizeof names[i];
      header.msg_iov = &vectors[i];
      header.msg_iovlen = 1;
      header.msg_control = controls[i];
      header.msg_controllen = sizeof controls[i];
    }
    const int count = recvmmsg(loop.receiver, messages, kMessages, MSG_DONTWAIT, nullptr);
    if (count <= 0) break;
    for (int i = 0; i < count; ++i) received += messages[i].msg_len;
    taken += count;
  }
  napi_value result = nullptr;
  napi_create_uint32(env, static_cast<uint32_t>(received), &result);
  return result;
}

napi_value Close(napi_env, napi_callback_info) {
  close(loop.sender);
  close(loop.receiver);
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  const struct {
    const char* name;
    napi_callback callback;
  } functions[] = {{"open", Open}, {"run", Run}, {"close", Close}};
  for (const auto& each : functions) {
    napi_value function = nullptr;
    napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.callback, nullptr, &function);
    napi_set_named_property(env, exports, each.name, function);
  }
  return exports;
}
