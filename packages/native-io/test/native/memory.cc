// The native code below Node-API in a program of its own, for tools that watch every access.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "../../native/crc32c.h"
#include "../../native/fault_guard.h"
#include "../../native/mapping.h"
#include "../../native/shm_file.h"

namespace {

#define CHECK(condition)                                            \
  do {                                                              \
    if (!(condition)) {                                             \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition);       \
      exit(1);                                                      \
    }                                                               \
  } while (false)

constexpr size_t kPage = 4096;

void Files(int folder) {
  using namespace native_io;
  const int made = CreateBeneath(folder, "a/b/file", 0600, 0700);
  CHECK(made >= 0);
  CHECK(CreateBeneath(folder, "a/b/file", 0600, 0700) == -EEXIST);
  CHECK(Resize(made, 4 * kPage, true) == 0);
  ShmFacts facts;
  CHECK(FactsOf(made, &facts) == 0 && facts.size == 4 * kPage && facts.page_bytes >= kPage);
  for (const char* wrong : {"", ".", "..", "a/../a", "a//b", "/a", "a/b/"}) {
    CHECK(OpenBeneath(folder, wrong, false) == -EINVAL);
  }
  CHECK(symlinkat("b", folder, "a/link") == 0);
  const int through = OpenBeneath(folder, "a/link/file", false);
  CHECK(through == -ENOTDIR || through == -ELOOP);
  CHECK(OpenBeneath(folder, "a/link", false) == -ELOOP);
  const int again = OpenBeneath(folder, "a/b/file", true);
  CHECK(again >= 0);
  close(again);
  close(made);
  CHECK(UnlinkBeneath(folder, "a/link") == 0);
  CHECK(UnlinkBeneath(folder, "a/b/file") == 0);
  CHECK(UnlinkBeneath(folder, "a/b/file") == -ENOENT);
}

void Faults(int folder) {
  const int file = native_io::CreateBeneath(folder, "fault", 0600, 0700);
  CHECK(file >= 0 && native_io::Resize(file, 2 * kPage, false) == 0);
  auto* const bytes = static_cast<uint8_t*>(
      mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  CHECK(bytes != MAP_FAILED);
  std::vector<uint8_t> mine(2 * kPage, 7);
  CHECK(native_io::GuardedCopy(bytes, mine.data(), mine.size()));
  CHECK(ftruncate(file, kPage) == 0);
  for (int turn = 0; turn < 10; ++turn) {
    CHECK(!native_io::GuardedCopy(mine.data(), bytes, 2 * kPage));
    CHECK(!native_io::GuardedCopy(bytes + kPage, mine.data(), 1));
    CHECK(native_io::GuardedCopy(mine.data(), bytes, kPage));
  }
  munmap(bytes, 2 * kPage);
  close(file);
  native_io::UnlinkBeneath(folder, "fault");
}

void Mappings() {
  using native_io::Mapping;
  const auto map = [] {
    return mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  };
  // Left by its owner while pinned: stays until the last pin goes.
  void* const start = map();
  Mapping* const mapping = Mapping::Enter(start, kPage, start);
  mapping->Release();
  CHECK(Mapping::At(start) == mapping);
  CHECK(Mapping::Pin(start) && Mapping::Pin(start));
  mapping->Leave();
  CHECK(Mapping::At(start) == nullptr && !Mapping::Pin(start));
  static_cast<uint8_t*>(start)[0] = 1;
  mapping->Release();
  Mapping::Unpin(start);
  static_cast<uint8_t*>(start)[0] = 2;
  Mapping::Unpin(start);
  unsigned char resident = 0;
  CHECK(mincore(start, kPage, &resident) != 0 && errno == ENOMEM);
  // A call that fails after its finalizer ran, and one that fails without.
  void* const other = map();
  Mapping* const failed = Mapping::Enter(other, kPage, other);
  failed->Leave();
  failed->Leave();
  failed->Release();
  failed->Release();
  CHECK(Mapping::At(other) == nullptr);
  Mapping::Unpin(other);
}

void Checksums() {
  const char* const digits = "123456789";
  CHECK(native_io::Crc32c(0, reinterpret_cast<const uint8_t*>(digits), 9) == 0xe3069283u);
  std::vector<uint8_t> exact(20'000, 1);
  const uint32_t whole = native_io::Crc32c(0, exact.data(), exact.size());
  const uint32_t head = native_io::Crc32c(0, exact.data(), 13'331);
  CHECK(native_io::Crc32c(head, exact.data() + 13'331, exact.size() - 13'331) == whole);
}

}  // namespace

int main(int count, char** arguments) {
  CHECK(count == 2);
  const int folder = native_io::OpenFolder(arguments[1]);
  CHECK(folder >= 0);
  CHECK(native_io::OpenFolder(std::string(arguments[1]) + "/none") == -ENOENT);
  Files(folder);
  Faults(folder);
  Mappings();
  Checksums();
  close(folder);
  return 0;
}
