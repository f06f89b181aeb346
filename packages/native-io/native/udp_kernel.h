// Numbers of the Linux interface that the C library's headers may be too old to know, or that live in kernel headers.
#pragma once

#include <cstddef>

namespace native_io {

constexpr size_t kUdpMaxPorts = 256;

#if defined(__linux__)
constexpr int kSolUdp = 17;
constexpr int kUdpSegment = 103;
constexpr int kUdpGro = 104;
constexpr int kBusyPoll = 46;
constexpr int kPreferBusyPoll = 69;
constexpr int kForceSendBuffer = 32;
constexpr int kForceReceiveBuffer = 33;
#else
constexpr int kForceSendBuffer = 0;
constexpr int kForceReceiveBuffer = 0;
#endif

}  // namespace native_io
