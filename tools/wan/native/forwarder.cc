// Joins two TUN devices in two network namespaces, and is the long way between them.
//
//   forwarder SEED NAMESPACE_A DEVICE_A NAMESPACE_B DEVICE_B
//
// Standard input, one command a line:
//   shape DIRECTION RATE_BITS_PER_S DELAY_US JITTER_US LOSS BURST_ENTER BURST_LEAVE QUEUE_BYTES UP
//   stats
// DIRECTION 0 leads from A to B. Standard output: `ready`, then one line of JSON for each `stats`.
// The end of standard input ends the program.
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>

namespace {

constexpr size_t kLargestPacket = 65535;
constexpr int kPacketsPerTurn = 64;

uint64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

[[noreturn]] void Fail(const char* what) {
  fprintf(stderr, "forwarder: %s: %s\n", what, strerror(errno));
  exit(1);
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 0x9e3779b97f4a7c15u) {}
  // A fraction in [0, 1), by xorshift64*.
  double Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<double>((state_ * 0x2545f4914f6cdd1du) >> 11) * 0x1.0p-53;
  }

 private:
  uint64_t state_;
};

struct Shape {
  double rate_bits_per_s = 0;  // 0 sets no limit
  uint64_t delay_ns = 0;
  uint64_t jitter_ns = 0;
  double loss = 0;
  double burst_enter = 0;
  double burst_leave = 1;
  double queue_bytes = 1e9;
  bool up = true;
};

struct Packet {
  uint64_t due_ns;
  size_t size;
  std::unique_ptr<uint8_t[]> bytes;
};

struct Counts {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t queue_drops = 0;
  uint64_t loss_drops = 0;
  uint64_t down_drops = 0;
};

// One way: a queue in front of a link of a certain rate, then the time of flight.
class Direction {
 public:
  Direction(int from, int to, uint64_t seed) : from_(from), to_(to), random_(seed) {}

  int from() const { return from_; }
  void set_shape(const Shape& shape) { shape_ = shape; }

  void Read(uint64_t now) {
    uint8_t buffer[kLargestPacket];
    for (int i = 0; i < kPacketsPerTurn; i++) {
      const ssize_t size = read(from_, buffer, sizeof buffer);
      if (size <= 0) return;
      Accept(buffer, static_cast<size_t>(size), now);
    }
  }

  void Deliver(uint64_t now) {
    while (!flying_.empty() && flying_.front().due_ns <= now) {
      const Packet& packet = flying_.front();
      if (shape_.up) {
        // A device without room drops, as a network card does.
        if (write(to_, packet.bytes.get(), packet.size) > 0) {
          counts_.packets++;
          counts_.bytes += packet.size;
        }
      } else {
        counts_.down_drops++;
      }
      flying_.pop_front();
    }
  }

  uint64_t next_due_ns() const { return flying_.empty() ? UINT64_MAX : flying_.front().due_ns; }

  void Print(FILE* out) const {
    fprintf(out,
            "{\"packets\":%llu,\"bytes\":%llu,\"queueDrops\":%llu,\"lossDrops\":%llu,\"downDrops\":%llu}",
            static_cast<unsigned long long>(counts_.packets), static_cast<unsigned long long>(counts_.bytes),
            static_cast<unsigned long long>(counts_.queue_drops),
            static_cast<unsigned long long>(counts_.loss_drops),
            static_cast<unsigned long long>(counts_.down_drops));
  }

 private:
  void Accept(const uint8_t* bytes, size_t size, uint64_t now) {
    if (!shape_.up) {
      counts_.down_drops++;
      return;
    }
    const uint64_t start = std::max(now, idle_at_ns_);
    if (shape_.rate_bits_per_s > 0) {
      const double waiting = static_cast<double>(start - now) * shape_.rate_bits_per_s / 8e9;
      if (waiting + static_cast<double>(size) > shape_.queue_bytes) {
        counts_.queue_drops++;
        return;
      }
      idle_at_ns_ = start + static_cast<uint64_t>(static_cast<double>(size) * 8e9 / shape_.rate_bits_per_s);
    } else {
      idle_at_ns_ = start;
    }
    if (Lost()) {
      counts_.loss_drops++;
      return;
    }
    const auto jitter = static_cast<uint64_t>(random_.Next() * static_cast<double>(shape_.jitter_ns));
    // Jitter stretches the way and does not reorder it.
    last_due_ns_ = std::max(last_due_ns_, idle_at_ns_ + shape_.delay_ns + jitter);
    Packet packet{last_due_ns_, size, std::make_unique<uint8_t[]>(size)};
    memcpy(packet.bytes.get(), bytes, size);
    flying_.push_back(std::move(packet));
  }

  // Single losses, and bursts after Gilbert: inside one, everything is lost.
  bool Lost() {
    in_burst_ = in_burst_ ? random_.Next() >= shape_.burst_leave : random_.Next() < shape_.burst_enter;
    return in_burst_ || random_.Next() < shape_.loss;
  }

  int from_;
  int to_;
  Random random_;
  Shape shape_;
  bool in_burst_ = false;
  uint64_t idle_at_ns_ = 0;
  uint64_t last_due_ns_ = 0;
  std::deque<Packet> flying_;
  Counts counts_;
};

int OpenTun(const char* name_space, const char* device) {
  const int space = open(name_space, O_RDONLY | O_CLOEXEC);
  if (space < 0) Fail(name_space);
  if (setns(space, CLONE_NEWNET) != 0) Fail("setns");
  close(space);
  const int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tun < 0) Fail("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
  if (ioctl(tun, TUNSETIFF, &request) != 0) Fail("TUNSETIFF");
  return tun;
}

void Command(const std::string& line, Direction* const directions[2]) {
  int index, up;
  double delay_us, jitter_us;
  Shape shape;
  const int fields = sscanf(line.c_str(), "shape %d %lf %lf %lf %lf %lf %lf %lf %d", &index,
                            &shape.rate_bits_per_s, &delay_us, &jitter_us, &shape.loss, &shape.burst_enter,
                            &shape.burst_leave, &shape.queue_bytes, &up);
  if (fields == 9 && (index == 0 || index == 1)) {
    shape.delay_ns = static_cast<uint64_t>(delay_us * 1000);
    shape.jitter_ns = static_cast<uint64_t>(jitter_us * 1000);
    shape.up = up != 0;
    directions[index]->set_shape(shape);
  } else if (line == "stats") {
    fputc('[', stdout);
    directions[0]->Print(stdout);
    fputc(',', stdout);
    directions[1]->Print(stdout);
    fputs("]\n", stdout);
    fflush(stdout);
  } else {
    fprintf(stderr, "forwarder: not a command: %s\n", line.c_str());
    exit(1);
  }
}

// What arrived on standard input, cut into lines; false at its end.
bool ReadCommands(std::string& text, Direction* const directions[2]) {
  char buffer[4096];
  const ssize_t size = read(STDIN_FILENO, buffer, sizeof buffer);
  if (size <= 0) return false;
  text.append(buffer, static_cast<size_t>(size));
  for (size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
    Command(text.substr(0, end), directions);
  }
  return true;
}

void Wait(pollfd* polled, uint64_t now, uint64_t due) {
  timespec timeout;
  const uint64_t wait = due <= now ? 0 : due - now;
  timeout.tv_sec = static_cast<time_t>(wait / 1000000000u);
  timeout.tv_nsec = static_cast<long>(wait % 1000000000u);
  ppoll(polled, 3, due == UINT64_MAX ? nullptr : &timeout, nullptr);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) {
    fprintf(stderr, "usage: forwarder SEED NAMESPACE_A DEVICE_A NAMESPACE_B DEVICE_B\n");
    return 2;
  }
  const uint64_t seed = strtoull(arguments[1], nullptr, 10);
  const int a = OpenTun(arguments[2], arguments[3]);
  const int b = OpenTun(arguments[4], arguments[5]);
  Direction there(a, b, seed * 2 + 1);
  Direction back(b, a, seed * 2 + 2);
  Direction* const directions[2] = {&there, &back};
  pollfd polled[3] = {{a, POLLIN, 0}, {b, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  std::string text;
  puts("ready");
  fflush(stdout);
  for (;;) {
    Wait(polled, NowNs(), std::min(there.next_due_ns(), back.next_due_ns()));
    const uint64_t now = NowNs();
    for (Direction* direction : directions) {
      direction->Read(now);
      direction->Deliver(now);
    }
    if ((polled[2].revents & (POLLIN | POLLHUP)) != 0 && !ReadCommands(text, directions)) return 0;
  }
}
