// Copies that survive a file truncated under its mapping: the kernel answers such an access with SIGBUS.
#pragma once

#include <cstddef>

namespace native_io {

// Copies `size` bytes, which may overlap; false when a part of them has no memory any more. What was copied before
// the fault stays copied.
bool GuardedCopy(void* to, const void* from, size_t size);

}  // namespace native_io
