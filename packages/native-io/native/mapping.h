// Mappings of files, from the moment they are made to the moment nobody needs them: their ArrayBuffer, and whoever
// pinned them because a device or another thread may touch them.
#pragma once

#include <cstddef>

namespace native_io {

class Mapping {
 public:
  // Enters the mapping of `length` bytes at `base`, whose ArrayBuffer begins at `start`.
  static Mapping* Enter(void* base, size_t length, void* start);

  // The live mapping whose ArrayBuffer begins at `start`, or nullptr. Live until Leave.
  static Mapping* At(void* start);

  // Holds the mapping that begins at `start` in memory; false when there is none.
  static bool Pin(void* start);

  // The opposite; unmaps what has been left meanwhile.
  static void Unpin(void* start);

  // Keeps its pages in memory until it is unmapped: 0 | -errno.
  int Lock() const;

  bool pinned() const { return pins_ > 0; }

  // Unmaps, now or with the last pin. Harmless the second time.
  void Leave();

  // One reference is the ArrayBuffer's, one that of the call that makes it: when that fails, the finalizer may have
  // run or not.
  void Release();

 private:
  Mapping(void* base, size_t length, void* start) : base_(base), length_(length), start_(start) {}

  void Unmap();

  void* const base_;
  const size_t length_;
  void* const start_;
  int references_ = 2;
  int pins_ = 0;
  bool left_ = false;
  bool mapped_ = true;
};

}  // namespace native_io
