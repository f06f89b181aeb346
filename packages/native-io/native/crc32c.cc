#include "crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__) || defined(_M_X64)
#define NATIVE_IO_X86 1
#include <nmmintrin.h>
#if defined(_MSC_VER)
#include <intrin.h>
#endif
#elif defined(__aarch64__) || defined(_M_ARM64)
#define NATIVE_IO_ARM 1
#if defined(_MSC_VER)
#include <intrin.h>
#include <windows.h>
#else
#include <arm_acle.h>
#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#endif
#endif

// One binary serves every processor of its architecture: only the functions that are chosen at run time may use
// instructions beyond the baseline, so they alone are compiled for them.
#if defined(NATIVE_IO_X86) && defined(__GNUC__)
#define NATIVE_IO_HARDWARE __attribute__((target("sse4.2")))
#elif defined(NATIVE_IO_ARM) && defined(__clang__)
#define NATIVE_IO_HARDWARE __attribute__((target("crc")))
#elif defined(NATIVE_IO_ARM) && defined(__GNUC__)
#define NATIVE_IO_HARDWARE __attribute__((target("+crc")))
#else
#define NATIVE_IO_HARDWARE
#endif

namespace native_io {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78u;

// Bit 31 is the coefficient of x^0: multiplying by x is a shift to the right.
constexpr uint32_t TimesX(uint32_t a) { return (a & 1) ? (a >> 1) ^ kPolynomial : a >> 1; }

constexpr uint32_t Multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = TimesX(b);
  }
  return product;
}

// Slicing by 8: kSlices[k][b] is what byte b contributes when k more bytes follow it.
using Slices = std::array<std::array<uint32_t, 256>, 8>;

constexpr Slices MakeSlices() {
  Slices slices{};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = TimesX(crc);
    slices[0][b] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (uint32_t b = 0; b < 256; ++b) {
      const uint32_t before = slices[k - 1][b];
      slices[k][b] = slices[0][before & 0xFF] ^ (before >> 8);
    }
  }
  return slices;
}

constexpr Slices kSlices = MakeSlices();

uint32_t ByTable(uint32_t crc, const uint8_t* p, size_t size) {
  for (; size >= 8; size -= 8, p += 8) {
    const uint32_t low = crc ^ (p[0] | p[1] << 8 | p[2] << 16 | static_cast<uint32_t>(p[3]) << 24);
    crc = kSlices[7][low & 0xFF] ^ kSlices[6][low >> 8 & 0xFF] ^ kSlices[5][low >> 16 & 0xFF] ^
          kSlices[4][low >> 24] ^ kSlices[3][p[4]] ^ kSlices[2][p[5]] ^ kSlices[1][p[6]] ^
          kSlices[0][p[7]];
  }
  for (; size > 0; --size) crc = kSlices[0][(crc ^ *p++) & 0xFF] ^ (crc >> 8);
  return crc;
}

#if defined(NATIVE_IO_X86) || defined(NATIVE_IO_ARM)

// Moves a checksum past `Bytes` zero bytes: a multiplication by x^(8 * Bytes), one table per byte of the checksum.
// Three lanes of a buffer are summed on their own and joined by it, because the instruction takes three cycles but
// one can start in each.
template <size_t Bytes>
struct Shift {
  static_assert((Bytes & (Bytes - 1)) == 0, "found by squaring");

  static constexpr std::array<std::array<uint32_t, 256>, 4> Make() {
    uint32_t power = 0x40000000u;  // x^1
    for (size_t bits = 1; bits < 8 * Bytes; bits *= 2) power = Multiply(power, power);
    std::array<std::array<uint32_t, 256>, 4> tables{};
    for (uint32_t k = 0; k < 4; ++k) {
      // The map is linear: each entry is the sum of those of its lowest bit and of the rest.
      for (uint32_t bit = 1; bit < 256; bit *= 2) {
        tables[k][bit] = Multiply(power, bit << (8 * k));
        for (uint32_t rest = 1; rest < bit; ++rest) {
          tables[k][bit + rest] = tables[k][bit] ^ tables[k][rest];
        }
      }
    }
    return tables;
  }

  static constexpr std::array<std::array<uint32_t, 256>, 4> kTables = Make();

  static uint32_t Apply(uint32_t crc) {
    return kTables[0][crc & 0xFF] ^ kTables[1][crc >> 8 & 0xFF] ^ kTables[2][crc >> 16 & 0xFF] ^
           kTables[3][crc >> 24];
  }
};

uint64_t Load64(const uint8_t* p) {
  uint64_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

// Clang before 16 declares the intrinsics of <arm_acle.h> only for a whole file compiled with +crc.
#if defined(NATIVE_IO_ARM) && defined(__clang__)
#define NATIVE_IO_CRC32CD __builtin_arm_crc32cd
#define NATIVE_IO_CRC32CB __builtin_arm_crc32cb
#elif defined(NATIVE_IO_ARM)
#define NATIVE_IO_CRC32CD __crc32cd
#define NATIVE_IO_CRC32CB __crc32cb
#endif

NATIVE_IO_HARDWARE inline uint32_t Step64(uint32_t crc, uint64_t word) {
#if defined(NATIVE_IO_X86)
  return static_cast<uint32_t>(_mm_crc32_u64(crc, word));
#else
  return NATIVE_IO_CRC32CD(crc, word);
#endif
}

NATIVE_IO_HARDWARE inline uint32_t Step8(uint32_t crc, uint8_t byte) {
#if defined(NATIVE_IO_X86)
  return _mm_crc32_u8(crc, byte);
#else
  return NATIVE_IO_CRC32CB(crc, byte);
#endif
}

template <size_t Lane>
NATIVE_IO_HARDWARE inline uint32_t ThreeLanes(uint32_t crc, const uint8_t*& p, size_t& size) {
  while (size >= 3 * Lane) {
    uint32_t middle = 0;
    uint32_t last = 0;
    for (size_t i = 0; i < Lane; i += 8) {
      crc = Step64(crc, Load64(p + i));
      middle = Step64(middle, Load64(p + Lane + i));
      last = Step64(last, Load64(p + 2 * Lane + i));
    }
    crc = Shift<Lane>::Apply(crc) ^ middle;
    crc = Shift<Lane>::Apply(crc) ^ last;
    p += 3 * Lane;
    size -= 3 * Lane;
  }
  return crc;
}

NATIVE_IO_HARDWARE uint32_t ByHardware(uint32_t crc, const uint8_t* p, size_t size) {
  crc = ThreeLanes<4096>(crc, p, size);
  crc = ThreeLanes<256>(crc, p, size);
  for (; size >= 8; size -= 8, p += 8) crc = Step64(crc, Load64(p));
  for (; size > 0; --size) crc = Step8(crc, *p++);
  return crc;
}

bool HasHardware() {
#if defined(NATIVE_IO_X86) && defined(_MSC_VER)
  int registers[4];
  __cpuid(registers, 1);
  return (registers[2] & (1 << 20)) != 0;
#elif defined(NATIVE_IO_X86)
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2") != 0;
#elif defined(_MSC_VER)
  return IsProcessorFeaturePresent(PF_ARM_V8_CRC32_INSTRUCTIONS_AVAILABLE) != 0;
#elif defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
#else
  return true;  // Every 64-bit Apple processor has them.
#endif
}

const bool kHardware = HasHardware();

#if defined(NATIVE_IO_X86)
constexpr const char* kHardwareName = "sse4.2";
#else
constexpr const char* kHardwareName = "armv8";
#endif

#endif  // NATIVE_IO_X86 || NATIVE_IO_ARM

}  // namespace

#if defined(NATIVE_IO_X86) || defined(NATIVE_IO_ARM)

uint32_t Crc32c(uint32_t crc, const uint8_t* data, size_t size) {
  return ~(kHardware ? ByHardware(~crc, data, size) : ByTable(~crc, data, size));
}

const char* Crc32cEngine() { return kHardware ? kHardwareName : "table"; }

#else

uint32_t Crc32c(uint32_t crc, const uint8_t* data, size_t size) {
  return ~ByTable(~crc, data, size);
}

const char* Crc32cEngine() { return "table"; }

#endif

}  // namespace native_io
