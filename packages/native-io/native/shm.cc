// Shared memory: descriptors, mappings as non-shared external ArrayBuffers, guarded copies, fences.
//
// A call that the system refuses answers a negative errno; exceptions mean that the caller is wrong.
#if !defined(_WIN32)

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <limits>

#include "arguments.h"
#include "fault_guard.h"
#include "feature.h"
#include "mapping.h"
#include "shm_file.h"

namespace native_io {
namespace {

constexpr size_t kMaxPath = 4096;
// Node 20 makes no ArrayBuffer of more over foreign memory.
constexpr uint64_t kMaxMapping = uint64_t{1} << 32;
// Cache line, and more than any atomic needs.
constexpr uint64_t kAlignment = 64;

// An open descriptor that JavaScript holds.
struct ShmDescriptor {
  static constexpr napi_type_tag kTag = {0x6e617469766500f1, 0x73686d5f64657363};

  explicit ShmDescriptor(int descriptor) : fd(descriptor) {}
  ~ShmDescriptor() { Close(); }
  ShmDescriptor(const ShmDescriptor&) = delete;
  ShmDescriptor& operator=(const ShmDescriptor&) = delete;

  void Close() {
    if (fd >= 0) close(fd);
    fd = -1;
  }

  int fd;
};

void OnBufferGone(napi_env, void*, void* hint) {
  auto* const mapping = static_cast<Mapping*>(hint);
  mapping->Leave();
  mapping->Release();
}

// Turns the answer of an opening into a handle.
napi_value Opened(napi_env env, int fd) {
  return fd < 0 ? Number(env, fd) : MakeHandle(env, new ShmDescriptor(fd));
}

// openFolder(path): handle | -errno
napi_value OpenFolderCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "openFolder", 1);
  const std::string path = arguments.Text(0, kMaxPath);
  return arguments.ok() ? Opened(env, OpenFolder(path)) : nullptr;
}

// open(folder, relative, writable): handle | -errno
napi_value OpenCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "open", 3);
  const auto* folder = arguments.Handle<ShmDescriptor>(0);
  const std::string relative = arguments.Text(1, kMaxPath);
  const bool writable = arguments.Boolean(2);
  return arguments.ok() ? Opened(env, OpenBeneath(folder->fd, relative, writable)) : nullptr;
}

// create(folder, relative, mode, folderMode): handle | -errno
napi_value CreateCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "create", 4);
  const auto* folder = arguments.Handle<ShmDescriptor>(0);
  const std::string relative = arguments.Text(1, kMaxPath);
  const auto mode = static_cast<mode_t>(arguments.Integer(2, 0, 0777));
  const auto folder_mode = static_cast<mode_t>(arguments.Integer(3, 0, 0777));
  if (!arguments.ok()) return nullptr;
  return Opened(env, CreateBeneath(folder->fd, relative, mode, folder_mode));
}

// unlink(folder, relative): 0 | -errno
napi_value UnlinkCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "unlink", 2);
  const auto* folder = arguments.Handle<ShmDescriptor>(0);
  const std::string relative = arguments.Text(1, kMaxPath);
  return arguments.ok() ? Number(env, UnlinkBeneath(folder->fd, relative)) : nullptr;
}

// facts(file): [size, mode, owner, pageBytes, hugePages] | -errno
napi_value FactsCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "facts", 1);
  const auto* file = arguments.Handle<ShmDescriptor>(0);
  if (!arguments.ok()) return nullptr;
  ShmFacts facts;
  const int refused = FactsOf(file->fd, &facts);
  if (refused != 0) return Number(env, refused);
  const double values[] = {static_cast<double>(facts.size), static_cast<double>(facts.mode),
                           static_cast<double>(facts.owner), static_cast<double>(facts.page_bytes),
                           facts.huge_pages ? 1.0 : 0.0};
  napi_value result = nullptr;
  napi_create_array(env, &result);
  for (uint32_t i = 0; i < 5; ++i) napi_set_element(env, result, i, Number(env, values[i]));
  return result;
}

// resize(file, size, reserve): 0 | -errno
napi_value ResizeCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "resize", 3);
  const auto* file = arguments.Handle<ShmDescriptor>(0);
  const uint64_t size = arguments.Size(1);
  const bool reserve = arguments.Boolean(2);
  return arguments.ok() ? Number(env, Resize(file->fd, size, reserve)) : nullptr;
}

// close(file): undefined
napi_value CloseCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "close", 1);
  auto* const file = arguments.Handle<ShmDescriptor>(0);
  if (!arguments.ok()) return nullptr;
  file->Close();
  return Undefined(env);
}

// map(file, offset, length, writable, prefault): ArrayBuffer | -errno; ERANGE beyond the end of the file.
napi_value MapCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "map", 5);
  const auto* file = arguments.Handle<ShmDescriptor>(0);
  const uint64_t offset = arguments.Size(1);
  const uint64_t length = arguments.Size(2);
  const bool writable = arguments.Boolean(3);
  const bool prefault = arguments.Boolean(4);
  if (arguments.ok() && (length == 0 || length > kMaxMapping || offset % kAlignment != 0)) {
    arguments.FailRange("expected 1..2^32 bytes from a multiple of 64");
  }
  if (!arguments.ok()) return nullptr;
  ShmFacts facts;
  const int refused = FactsOf(file->fd, &facts);
  if (refused != 0) return Number(env, refused);
  if (length > facts.size || offset > facts.size - length) return Number(env, -ERANGE);

  const uint64_t lead = offset % facts.page_bytes;
  const uint64_t pages = (lead + length + facts.page_bytes - 1) / facts.page_bytes;
  const size_t mapped = static_cast<size_t>(pages * facts.page_bytes);
  int flags = MAP_SHARED;
#if defined(__linux__)
  if (prefault) flags |= MAP_POPULATE;
#else
  (void)prefault;
#endif
  void* const base = mmap(nullptr, mapped, writable ? PROT_READ | PROT_WRITE : PROT_READ, flags,
                          file->fd, static_cast<off_t>(offset - lead));
  if (base == MAP_FAILED) return Number(env, -errno);

  uint8_t* const start = static_cast<uint8_t*>(base) + lead;
  Mapping* const mapping = Mapping::Enter(base, mapped, start);
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      env, start, static_cast<size_t>(length), OnBufferGone, mapping, &buffer);
  if (status != napi_ok) mapping->Leave();
  mapping->Release();
  if (status == napi_ok) return buffer;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  return pending ? nullptr : Number(env, -ENOTSUP);
}

// The mapping that the first argument, an ArrayBuffer, is; nullptr when it is none, or none any more.
Mapping* MappingOf(napi_env env, Arguments* arguments) {
  void* data = nullptr;
  size_t size = 0;
  if (arguments->ok() &&
      napi_get_arraybuffer_info(env, (*arguments)[0], &data, &size) != napi_ok) {
    arguments->FailType("expected an ArrayBuffer");
  }
  return data == nullptr ? nullptr : Mapping::At(data);
}

// unmap(buffer): 0 | -EINVAL when this ArrayBuffer is no mapping, or none any more | -EBUSY while it is pinned
napi_value UnmapCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "unmap", 1);
  Mapping* const mapping = MappingOf(env, &arguments);
  if (!arguments.ok()) return nullptr;
  if (mapping == nullptr) return Number(env, -EINVAL);
  if (mapping->pinned()) return Number(env, -EBUSY);
  // Views become empty before the memory goes, so that none of them dangles.
  if (napi_detach_arraybuffer(env, arguments[0]) != napi_ok) return Number(env, -EINVAL);
  mapping->Leave();
  return Number(env, 0);
}

// lock(buffer): 0 | -errno; -EINVAL when this ArrayBuffer is no mapping, or none any more
napi_value LockCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "lock", 1);
  const Mapping* const mapping = MappingOf(env, &arguments);
  if (!arguments.ok()) return nullptr;
  return Number(env, mapping == nullptr ? -EINVAL : mapping->Lock());
}

// lockable(): the bytes that this process may lock without a privilege, Infinity for any number | -errno where even one
// page is refused
napi_value LockableCall(napi_env env, napi_callback_info) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* const tried = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (tried == MAP_FAILED) return Number(env, -errno);
  const int refused = mlock(tried, page) == 0 ? 0 : -errno;
  munmap(tried, page);
  if (refused != 0) return Number(env, refused);
  rlimit limit = {};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  return Number(env, limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                                     : static_cast<double>(limit.rlim_cur));
}

// copy(target, targetOffset, source, sourceOffset, length): 0 | -EFAULT
napi_value CopyCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "copy", 5);
  const Span target = arguments.Bytes(0);
  const uint64_t target_offset = arguments.Size(1);
  const Span source = arguments.Bytes(2);
  const uint64_t source_offset = arguments.Size(3);
  const uint64_t length = arguments.Size(4);
  if (arguments.ok() &&
      (!target.Holds(target_offset, length) || !source.Holds(source_offset, length))) {
    arguments.FailRange("the bytes to copy do not lie inside both arrays");
  }
  if (!arguments.ok()) return nullptr;
  const bool whole = length == 0 || GuardedCopy(target.data + target_offset,
                                                source.data + source_offset,
                                                static_cast<size_t>(length));
  return Number(env, whole ? 0 : -EFAULT);
}

// fence(): undefined
napi_value FenceCall(napi_env env, napi_callback_info) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return Undefined(env);
}

}  // namespace

bool DefineShm(napi_env env, napi_value object) {
  return DefineFunctions(env, object,
                         {{"openFolder", OpenFolderCall},
                          {"open", OpenCall},
                          {"create", CreateCall},
                          {"unlink", UnlinkCall},
                          {"facts", FactsCall},
                          {"resize", ResizeCall},
                          {"close", CloseCall},
                          {"map", MapCall},
                          {"unmap", UnmapCall},
                          {"lock", LockCall},
                          {"lockable", LockableCall},
                          {"copy", CopyCall},
                          {"fence", FenceCall}});
}

}  // namespace native_io

#endif  // !defined(_WIN32)
