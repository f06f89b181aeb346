#include "crc32.h"

#include <array>
#include <cstring>

#if (defined(__x86_64__) || defined(_M_X64)) && !defined(_MSC_VER)
#define NATIVE_IO_FOLDING 1
#include <smmintrin.h>
#include <wmmintrin.h>
// One binary serves every processor: only what is chosen at run time may use instructions beyond the baseline.
#define NATIVE_IO_CARRY_LESS __attribute__((target("pclmul,sse4.1")))
#endif

namespace native_io {

#if defined(NATIVE_IO_FOLDING)

namespace {

constexpr uint32_t kPolynomial = 0xEDB88320u;

// Bit 31 is the coefficient of x^0: multiplying by x is a shift to the right.
constexpr uint32_t TimesX(uint32_t a) { return (a & 1) ? (a >> 1) ^ kPolynomial : a >> 1; }

constexpr uint32_t PowerOfX(uint32_t exponent) {
  uint32_t power = 0x80000000u;
  for (uint32_t i = 0; i < exponent; ++i) power = TimesX(power);
  return power;
}

// The product of two reflected 64-bit halves comes out one bit too low, which the factor makes up for.
constexpr uint64_t Factor(uint32_t exponent) { return uint64_t{PowerOfX(exponent)} << 1; }

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = TimesX(crc);
    table[b] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = MakeTable();

uint32_t ByTable(uint32_t crc, const uint8_t* p, size_t size) {
  for (; size > 0; --size) crc = kTable[(crc ^ *p++) & 0xFF] ^ (crc >> 8);
  return crc;
}

constexpr size_t kLaneBytes = 16;
constexpr size_t kLanes = 4;
constexpr size_t kBlockBytes = kLanes * kLaneBytes;

NATIVE_IO_CARRY_LESS inline __m128i Load(const uint8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

// What takes 16 bytes past as many bits as its factors say: the first eight bytes have 64 bits further to go.
template <uint32_t Bits>
NATIVE_IO_CARRY_LESS inline __m128i Factors() {
  constexpr uint64_t near = Factor(Bits - 32);
  constexpr uint64_t far = Factor(Bits + 32);
  return _mm_set_epi64x(static_cast<long long>(near), static_cast<long long>(far));
}

NATIVE_IO_CARRY_LESS inline __m128i Fold(__m128i lane, __m128i factors, __m128i next) {
  const __m128i far = _mm_clmulepi64_si128(lane, factors, 0x00);
  const __m128i near = _mm_clmulepi64_si128(lane, factors, 0x11);
  return _mm_xor_si128(_mm_xor_si128(far, near), next);
}

// Four lanes, because a multiplication takes several cycles and one can start in nearly each.
NATIVE_IO_CARRY_LESS uint32_t ByFolding(uint32_t crc, const uint8_t* p, size_t size) {
  __m128i lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) lanes[i] = Load(p + i * kLaneBytes);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi32_si128(static_cast<int>(crc)));
  p += kBlockBytes;
  size -= kBlockBytes;
  const __m128i block = Factors<8 * kBlockBytes>();
  for (; size >= kBlockBytes; size -= kBlockBytes, p += kBlockBytes) {
    for (size_t i = 0; i < kLanes; ++i) {
      lanes[i] = Fold(lanes[i], block, Load(p + i * kLaneBytes));
    }
  }
  const __m128i lane = Factors<8 * kLaneBytes>();
  __m128i all = lanes[0];
  for (size_t i = 1; i < kLanes; ++i) all = Fold(all, lane, lanes[i]);
  for (; size >= kLaneBytes; size -= kLaneBytes, p += kLaneBytes) all = Fold(all, lane, Load(p));
  // What is left stands for everything before: 16 bytes with the same remainder.
  uint8_t rest[kLaneBytes];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest), all);
  return ByTable(ByTable(0, rest, kLaneBytes), p, size);
}

}  // namespace

bool HasCrc32() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("pclmul") != 0 && __builtin_cpu_supports("sse4.1") != 0;
}

uint32_t Crc32(uint32_t crc, const uint8_t* data, size_t size) {
  return ~(size < kBlockBytes ? ByTable(~crc, data, size) : ByFolding(~crc, data, size));
}

#else

bool HasCrc32() { return false; }

uint32_t Crc32(uint32_t crc, const uint8_t*, size_t) { return crc; }

#endif

}  // namespace native_io
