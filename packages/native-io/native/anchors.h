// Content anchors: places that the bytes before them choose, so that the same content has the same anchors wherever it
// stands.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "arguments.h"

namespace native_io {

// What makes an anchor: one number per byte value, and the bits of the rolling hash that are 0 at one.
struct Gear {
  static constexpr size_t kEntries = 256;

  const uint32_t* table = nullptr;
  uint32_t mask = 0;

  // A table at `index` and a mask behind it.
  static Gear From(Arguments& arguments, size_t index) {
    const Span table = arguments.Int32s(index);
    const auto mask = static_cast<uint32_t>(arguments.Int32(index + 1));
    if (arguments.ok() && table.size < kEntries * sizeof(uint32_t)) {
      arguments.FailRange("a gear table has 256 entries");
    }
    return {reinterpret_cast<const uint32_t*>(table.data), mask};
  }
};

// Whether all bytes of a block are 0.
inline bool IsZero(const uint8_t* block, size_t size) {
  return size > 0 && block[0] == 0 && std::memcmp(block, block + 1, size - 1) == 0;
}

// Calls `found(end, hash)` for every anchor of `bytes`, in order; `end` is the offset behind its last byte.
template <typename Found>
void ForEachAnchor(const Span& bytes, const Gear& gear, Found found) {
  constexpr size_t kBlock = 4096;
  // So many bytes back the hash depends on.
  constexpr size_t kHashed = 32;
  const uint8_t* const at = bytes.data;
  const uint32_t* const table = gear.table;
  const uint32_t mask = gear.mask;
  uint32_t hash = 0;
  for (size_t start = 0; start < bytes.size; start += kBlock) {
    const size_t end = std::min(bytes.size, start + kBlock);
    size_t i = start;
    // By four: what a byte waits for is then not the hash of the byte before it, but that of two bytes before.
    const auto until = [&](size_t stop) {
      for (; i + 4 <= stop; i += 4) {
        const uint32_t second = (table[at[i]] << 1) + table[at[i + 1]];
        const uint32_t fourth = (table[at[i + 2]] << 1) + table[at[i + 3]];
        const uint32_t h1 = (hash << 1) + table[at[i]];
        const uint32_t h2 = (hash << 2) + second;
        const uint32_t h3 = (h2 << 1) + table[at[i + 2]];
        const uint32_t h4 = (h2 << 2) + fourth;
        hash = h4;
        if ((h1 & mask) == 0) found(i + 1, h1);
        if ((h2 & mask) == 0) found(i + 2, h2);
        if ((h3 & mask) == 0) found(i + 3, h3);
        if ((h4 & mask) == 0) found(i + 4, h4);
      }
      for (; i < stop; ++i) {
        hash = (hash << 1) + table[at[i]];
        if ((hash & mask) == 0) found(i + 1, hash);
      }
    };
    if (IsZero(at + start, end - start)) {
      until(std::min(end, start + kHashed));
      // From here on the hash stays what it is.
      if ((hash & mask) != 0) continue;
    }
    until(end);
  }
}

// A table from an anchor's hash to where it stands. Other threads may be filling it: whatever is read is a hint.
class AnchorTable {
 public:
  AnchorTable() = default;

  // A table at `index`; without entries where it is empty.
  static AnchorTable From(Arguments& arguments, size_t index) {
    const Span slots = arguments.Uint32s(index);
    const size_t count = slots.size / sizeof(uint32_t);
    if (arguments.ok() && count != 0 && (count < 2 || (count & (count - 1)) != 0)) {
      arguments.FailRange("a table of anchors has a power of two of entries");
    }
    AnchorTable table;
    table.slots_ = reinterpret_cast<volatile uint32_t*>(slots.data);
    table.count_ = count;
    for (size_t rest = count; rest > 1; rest >>= 1) --table.shift_;
    return table;
  }

  bool IsEmpty() const { return count_ == 0; }

  // The place that was put last, or 0.
  uint32_t Find(uint32_t hash) const { return slots_[SlotOf(hash)]; }

  void Put(uint32_t hash, uint32_t place) { slots_[SlotOf(hash)] = place; }

 private:
  // 2^32 divided by the golden ratio: spreads hashes whose top bits are all 0 over the table.
  static constexpr uint32_t kSpread = 0x9e3779b1u;

  size_t SlotOf(uint32_t hash) const { return (hash * kSpread) >> shift_; }

  volatile uint32_t* slots_ = nullptr;
  size_t count_ = 0;
  uint32_t shift_ = 32;
};

// anchor_match.cc
napi_value MatchAnchors(napi_env env, napi_callback_info info);

}  // namespace native_io
