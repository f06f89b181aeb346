// Files that are mapped: opened beneath a folder without following a link, so that what was checked is what is used.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace native_io {

// What is known of an open descriptor.
struct ShmFacts {
  uint64_t size;
  uint32_t mode;
  uint32_t owner;
  uint64_t page_bytes;
  bool huge_pages;
};

// Each answers a descriptor, or 0 where there is none to give, or a negative errno.

// Opens a folder by its canonical path.
int OpenFolder(const std::string& path);

// Opens `relative` beneath `folder`, component by component; ELOOP or ENOTDIR where one of them is a link.
int OpenBeneath(int folder, const std::string& relative, bool writable);

// Creates `relative` and the folders that it lacks; EEXIST where it is there.
int CreateBeneath(int folder, const std::string& relative, mode_t mode, mode_t folder_mode);

// Removes the name `relative`.
int UnlinkBeneath(int folder, const std::string& relative);

int FactsOf(int fd, ShmFacts* facts);

// Gives the file `size` bytes; with `reserve` they are on the medium afterwards, or ENOSPC.
int Resize(int fd, uint64_t size, bool reserve);

}  // namespace native_io
