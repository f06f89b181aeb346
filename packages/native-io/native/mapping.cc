#if !defined(_WIN32)

#include "mapping.h"

#include <errno.h>
#include <sys/mman.h>

#include <mutex>
#include <unordered_map>

namespace native_io {
namespace {

// Guards the table and every count: a thread's mappings are its own, but the table is one.
std::mutex mutex;

std::unordered_map<void*, Mapping*>& Table() {
  static auto* const table = new std::unordered_map<void*, Mapping*>();
  return *table;
}

Mapping* Find(void* start) {
  const auto found = Table().find(start);
  return found == Table().end() ? nullptr : found->second;
}

}  // namespace

Mapping* Mapping::Enter(void* base, size_t length, void* start) {
  auto* const mapping = new Mapping(base, length, start);
  const std::lock_guard<std::mutex> lock(mutex);
  Table()[start] = mapping;
  return mapping;
}

Mapping* Mapping::At(void* start) {
  const std::lock_guard<std::mutex> lock(mutex);
  Mapping* const mapping = Find(start);
  return mapping == nullptr || mapping->left_ ? nullptr : mapping;
}

bool Mapping::Pin(void* start) {
  const std::lock_guard<std::mutex> lock(mutex);
  Mapping* const mapping = Find(start);
  if (mapping == nullptr || mapping->left_) return false;
  ++mapping->pins_;
  ++mapping->references_;
  return true;
}

void Mapping::Unpin(void* start) {
  const std::lock_guard<std::mutex> lock(mutex);
  Mapping* const mapping = Find(start);
  if (mapping == nullptr) return;
  if (--mapping->pins_ == 0 && mapping->left_) mapping->Unmap();
  if (--mapping->references_ == 0) delete mapping;
}

int Mapping::Lock() const { return mlock(base_, length_) == 0 ? 0 : -errno; }

void Mapping::Leave() {
  const std::lock_guard<std::mutex> lock(mutex);
  left_ = true;
  if (pins_ == 0) Unmap();
}

void Mapping::Release() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (--references_ == 0) delete this;
}

void Mapping::Unmap() {
  if (!mapped_) return;
  mapped_ = false;
  Table().erase(start_);
  munmap(base_, length_);
}

}  // namespace native_io

#endif  // !defined(_WIN32)
