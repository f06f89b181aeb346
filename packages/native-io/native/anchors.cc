// Finding and keeping content anchors, and pages that have many of them in common.
#include "anchors.h"

#include <algorithm>

#include "feature.h"

namespace native_io {
namespace {

// scan(bytes, gear, mask, positions, hashes): how many anchors there are. More than there is room for: only those that
// fit are written.
napi_value Scan(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "anchors.scan", 5);
  const Span bytes = arguments.Bytes(0);
  const Gear gear = Gear::From(arguments, 1);
  const Span positions = arguments.Int32s(3);
  const Span hashes = arguments.Int32s(4);
  if (arguments.ok() && bytes.size > INT32_MAX) arguments.FailRange("too many bytes for one scan");
  if (!arguments.ok()) return nullptr;
  auto* const position_at = reinterpret_cast<uint32_t*>(positions.data);
  auto* const hash_at = reinterpret_cast<uint32_t*>(hashes.data);
  const size_t room = std::min(positions.size, hashes.size) / sizeof(uint32_t);
  size_t count = 0;
  ForEachAnchor(bytes, gear, [&](size_t end, uint32_t hash) {
    if (count < room) {
      position_at[count] = static_cast<uint32_t>(end);
      hash_at[count] = hash;
    }
    ++count;
  });
  return Number(env, static_cast<double>(count));
}

// index(bytes, offset, least, gear, mask, slots): puts the anchors of bytes that stand at `offset` into the table, without
// those that end before `least` of these bytes.
napi_value Index(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "anchors.index", 6);
  const Span bytes = arguments.Bytes(0);
  const uint32_t offset = arguments.Uint32(1);
  const uint32_t least = arguments.Uint32(2);
  const Gear gear = Gear::From(arguments, 3);
  AnchorTable table = AnchorTable::From(arguments, 5);
  if (arguments.ok() && table.IsEmpty()) arguments.FailRange("a table without entries");
  if (arguments.ok() && bytes.size > UINT32_MAX - size_t{offset}) {
    arguments.FailRange("places are kept in 32 bits");
  }
  if (!arguments.ok()) return nullptr;
  ForEachAnchor(bytes, gear, [&](size_t end, uint32_t hash) {
    if (end >= least) table.Put(hash, offset + static_cast<uint32_t>(end));
  });
  return Undefined(env);
}

constexpr size_t kBest = 4;
constexpr uint32_t kMinVotes = 2;

// The pages that the anchors of one page point to, with how many do.
class Votes {
 public:
  void Clear() { count_ = 0; }

  void Add(uint32_t page) {
    size_t known = 0;
    while (known < count_ && pages_[known] != page) ++known;
    if (known == kMost) return;
    if (known == count_) {
      pages_[count_] = page;
      votes_[count_++] = 0;
    }
    ++votes_[known];
  }

  // Writes the pages with the most votes, the first of equals first, and -1 behind the last.
  void Best(int32_t* into) {
    for (size_t place = 0; place < kBest; ++place) {
      size_t winner = kMost;
      uint32_t most = kMinVotes - 1;
      for (size_t at = 0; at < count_; ++at) {
        if (votes_[at] <= most) continue;
        most = votes_[at];
        winner = at;
      }
      into[place] = winner == kMost ? -1 : static_cast<int32_t>(pages_[winner]);
      if (winner != kMost) votes_[winner] = 0;
    }
  }

 private:
  static constexpr size_t kMost = 64;

  uint32_t pages_[kMost];
  uint32_t votes_[kMost];
  size_t count_ = 0;
};

// similar(positions, hashes, count, slots, pageBytes, wanted, except, found): for every page that `wanted` has a 1 for, the
// four pages of the table that most of its anchors point to. `except` is the page that stands at the same place as the
// first one, or -1: a page is not similar to the one at its own place.
napi_value Similar(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "anchors.similar", 8);
  const Span positions = arguments.Int32s(0);
  const Span hashes = arguments.Int32s(1);
  const uint64_t count = arguments.Uint32(2);
  const AnchorTable table = AnchorTable::From(arguments, 3);
  const uint64_t page_bytes = arguments.Uint32(4);
  const Span wanted = arguments.Bytes(5);
  const int64_t except = arguments.Integer(6, -1, UINT32_MAX);
  const Span found = arguments.Int32s(7);
  if (arguments.ok() &&
      (!positions.Holds(0, count * sizeof(int32_t)) || !hashes.Holds(0, count * sizeof(int32_t)) ||
       !found.Holds(0, uint64_t{wanted.size} * kBest * sizeof(int32_t)) || table.IsEmpty() ||
       page_bytes < 2)) {
    arguments.FailRange("a page, a table or a list is too short");
  }
  if (!arguments.ok()) return nullptr;
  const auto* const position_at = reinterpret_cast<const uint32_t*>(positions.data);
  const auto* const hash_at = reinterpret_cast<const uint32_t*>(hashes.data);
  auto* const into = reinterpret_cast<int32_t*>(found.data);
  Votes votes;
  size_t next = 0;
  for (size_t page = 0; page < wanted.size; ++page) {
    if (wanted.data[page] != 1) continue;
    const uint64_t start = page * page_bytes;
    while (next < count && position_at[next] <= start) ++next;
    votes.Clear();
    for (; next < count && position_at[next] <= start + page_bytes; ++next) {
      const uint32_t place = table.Find(hash_at[next]);
      if (place == 0) continue;
      const auto candidate = static_cast<uint32_t>((place - 1) / page_bytes);
      if (except < 0 || candidate != except + static_cast<int64_t>(page)) votes.Add(candidate);
    }
    votes.Best(into + page * kBest);
  }
  return Undefined(env);
}

}  // namespace

bool DefineAnchors(napi_env env, napi_value object) {
  return DefineFunctions(env, object,
                         {{"scan", Scan}, {"index", Index}, {"similar", Similar}, {"match", MatchAnchors}});
}

}  // namespace native_io
