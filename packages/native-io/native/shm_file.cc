#if !defined(_WIN32)

#include "shm_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/vfs.h>
#endif

namespace native_io {
namespace {

#if defined(__linux__)
// A folder is only walked through: search permission is enough.
constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
// <linux/magic.h> is not everywhere.
constexpr uint64_t kHugetlbfsMagic = 0x958458f6;
#else
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
#endif

int OpenAt(int folder, const char* name, int flags, mode_t mode = 0) {
  int fd;
  do {
    fd = openat(folder, name, flags, mode);
  } while (fd < 0 && errno == EINTR);
  return fd < 0 ? -errno : fd;
}

// The folder that holds the last component of a relative path, and that component.
class Parent {
 public:
  // Walks `relative` from `folder`; makes folders that are missing where `folder_mode` is not null.
  Parent(int folder, const std::string& relative, const mode_t* folder_mode) : fd_(folder) {
    size_t start = 0;
    for (size_t slash; (slash = relative.find('/', start)) != std::string::npos;
         start = slash + 1) {
      const std::string name = relative.substr(start, slash - start);
      if (!IsName(name)) {
        error_ = -EINVAL;
        return;
      }
      if (folder_mode != nullptr && mkdirat(fd_, name.c_str(), *folder_mode) != 0 &&
          errno != EEXIST) {
        error_ = -errno;
        return;
      }
      const int next = OpenAt(fd_, name.c_str(), kFolderFlags | O_NOFOLLOW);
      if (next < 0) {
        error_ = next;
        return;
      }
      Leave();
      fd_ = next;
      own_ = true;
    }
    name_ = relative.substr(start);
    if (!IsName(name_)) error_ = -EINVAL;
  }

  ~Parent() { Leave(); }

  int error() const { return error_; }
  int fd() const { return fd_; }
  const char* name() const { return name_.c_str(); }

 private:
  static bool IsName(const std::string& name) {
    return !name.empty() && name != "." && name != "..";
  }

  void Leave() {
    if (own_) close(fd_);
    own_ = false;
  }

  int fd_;
  bool own_ = false;
  int error_ = 0;
  std::string name_;
};

// A pipe or device under the name must neither block the opening nor become a terminal.
constexpr int kFileFlags = O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

}  // namespace

int OpenFolder(const std::string& path) { return OpenAt(AT_FDCWD, path.c_str(), kFolderFlags); }

int OpenBeneath(int folder, const std::string& relative, bool writable) {
  const Parent parent(folder, relative, nullptr);
  if (parent.error() != 0) return parent.error();
  return OpenAt(parent.fd(), parent.name(), kFileFlags | (writable ? O_RDWR : O_RDONLY));
}

int CreateBeneath(int folder, const std::string& relative, mode_t mode, mode_t folder_mode) {
  const Parent parent(folder, relative, &folder_mode);
  if (parent.error() != 0) return parent.error();
  return OpenAt(parent.fd(), parent.name(), kFileFlags | O_RDWR | O_CREAT | O_EXCL, mode);
}

int UnlinkBeneath(int folder, const std::string& relative) {
  const Parent parent(folder, relative, nullptr);
  if (parent.error() != 0) return parent.error();
  return unlinkat(parent.fd(), parent.name(), 0) == 0 ? 0 : -errno;
}

int FactsOf(int fd, ShmFacts* facts) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -errno;
  facts->size = static_cast<uint64_t>(status.st_size);
  facts->mode = status.st_mode;
  facts->owner = status.st_uid;
  facts->page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  facts->huge_pages = false;
#if defined(__linux__)
  struct statfs system;
  if (fstatfs(fd, &system) != 0) return -errno;
  if (static_cast<uint32_t>(system.f_type) == kHugetlbfsMagic) {
    facts->huge_pages = true;
    facts->page_bytes = static_cast<uint64_t>(system.f_bsize);
  }
#endif
  return 0;
}

int Resize(int fd, uint64_t size, bool reserve) {
  const off_t length = static_cast<off_t>(size);
#if defined(__linux__)
  if (reserve && size > 0) {
    int refused;
    do {
      refused = fallocate(fd, 0, 0, length) == 0 ? 0 : errno;
    } while (refused == EINTR);
    // A file system without it gets its blocks written one by one.
    if (refused == EOPNOTSUPP) refused = posix_fallocate(fd, 0, length);
    if (refused != 0) return -refused;
  }
#elif defined(__APPLE__)
  if (reserve && size > 0) {
    fstore_t store = {F_ALLOCATEALL, F_PEOFPOSMODE, 0, length, 0};
    if (fcntl(fd, F_PREALLOCATE, &store) != 0) return -errno;
  }
#else
  if (reserve && size > 0) {
    const int refused = posix_fallocate(fd, 0, length);
    if (refused != 0) return -refused;
  }
#endif
  return ftruncate(fd, length) == 0 ? 0 : -errno;
}

}  // namespace native_io

#endif  // !defined(_WIN32)
