// Copies that bytes can be made of: guesses by content anchors, compared and extended byte by byte.
#include <algorithm>
#include <cstring>

#include "anchors.h"
#include "feature.h"

namespace native_io {
namespace {

// Up to two pieces of memory behind each other.
class Source {
 public:
  Source(const Span& first, const Span& second) : first_(first), second_(second) {}

  int64_t size() const { return static_cast<int64_t>(first_.size + second_.size); }
  int64_t seam() const { return static_cast<int64_t>(first_.size); }

  // What stands at `offset` and behind it, as far as it lies in one piece.
  Span From(int64_t offset) const {
    const auto at = static_cast<size_t>(offset);
    if (at < first_.size) return {first_.data + at, first_.size - at};
    return {second_.data + (at - first_.size), second_.size - (at - first_.size)};
  }

  // What stands before `offset`, as far as it lies in one piece.
  Span Before(int64_t offset) const {
    const auto at = static_cast<size_t>(offset);
    if (at <= first_.size) return {first_.data, at};
    return {second_.data, at - first_.size};
  }

 private:
  Span first_;
  Span second_;
};

uint64_t Load64(const uint8_t* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// How many bytes agree from the start of both.
size_t CommonStart(const uint8_t* a, const uint8_t* b, size_t most) {
  size_t same = 0;
  while (same + 8 <= most && Load64(a + same) == Load64(b + same)) same += 8;
  while (same < most && a[same] == b[same]) ++same;
  return same;
}

// How many bytes agree before the end of both, which are where `a` and `b` point.
size_t CommonEnd(const uint8_t* a, const uint8_t* b, size_t most) {
  size_t same = 0;
  while (same + 8 <= most && Load64(a - same - 8) == Load64(b - same - 8)) same += 8;
  while (same < most && *(a - same - 1) == *(b - same - 1)) ++same;
  return same;
}

// Steps that make a piece: pairs of where a copy comes from, or -1 for literals, and how long it is.
class Steps {
 public:
  Steps(const Span& raw, const Source& source, double diagonal, const Span& into)
      : raw_(raw),
        source_(source),
        diagonal_(static_cast<int64_t>(diagonal)),
        into_(reinterpret_cast<double*>(into.data)),
        room_(into.size / (2 * sizeof(double))) {}

  int64_t done() const { return done_; }
  size_t count() const { return count_; }

  bool TryDiagonal(int64_t position) { return TryCopy(position, position + diagonal_); }

  bool TryCopy(int64_t position, int64_t from) {
    const auto size = static_cast<int64_t>(raw_.size);
    if (position < done_ || position >= size || from < 0 || from >= source_.size()) return false;
    const int64_t ahead = Forward(position, from, std::min(size - position, source_.size() - from));
    if (ahead == 0) return false;
    const int64_t behind = Backward(position, from, std::min(position - done_, from));
    if (ahead + behind < kMinCopyBytes) return false;
    const int64_t start = position - behind;
    if (start > done_) Add(-1, start - done_);
    Add(from - behind, ahead + behind);
    done_ = position + ahead;
    diagonal_ = from - position;
    return true;
  }

  void Finish() {
    const auto size = static_cast<int64_t>(raw_.size);
    if (size > done_) Add(-1, size - done_);
    done_ = size;
  }

 private:
  // Shorter copies cost more than the literals they replace.
  static constexpr int64_t kMinCopyBytes = 32;

  int64_t Forward(int64_t position, int64_t from, int64_t limit) const {
    int64_t same = 0;
    while (same < limit) {
      const Span piece = source_.From(from + same);
      const auto most = std::min(static_cast<size_t>(limit - same), piece.size);
      const size_t more = CommonStart(piece.data, raw_.data + position + same, most);
      same += static_cast<int64_t>(more);
      if (more < most) break;
    }
    return same;
  }

  int64_t Backward(int64_t position, int64_t from, int64_t limit) const {
    int64_t same = 0;
    while (same < limit) {
      const Span piece = source_.Before(from - same);
      const auto most = std::min(static_cast<size_t>(limit - same), piece.size);
      const size_t more =
          CommonEnd(piece.data + piece.size, raw_.data + position - same, most);
      same += static_cast<int64_t>(more);
      if (more < most) break;
    }
    return same;
  }

  // Counts what does not fit, so that the caller sees how much room is needed.
  void Add(int64_t from, int64_t length) {
    if (count_ < room_) {
      into_[2 * count_] = static_cast<double>(from);
      into_[2 * count_ + 1] = static_cast<double>(length);
    }
    ++count_;
  }

  const Span raw_;
  const Source source_;
  int64_t diagonal_;
  double* const into_;
  const size_t room_;
  int64_t done_ = 0;
  size_t count_ = 0;
};

}  // namespace

// match(raw, diagonal, positions, hashes, count, first, firstSlots, second, secondSlots, steps): how many steps make `raw`
// of copies from `first` and `second` behind each other, and literals. More than there is room for: only those that fit are
// written. `diagonal` is where the first byte is looked for first; the slots of `second` count from its start, and may be
// empty.
napi_value MatchAnchors(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "anchors.match", 10);
  const Span raw = arguments.Bytes(0);
  const double diagonal = static_cast<double>(arguments.Size(1));
  const Span positions = arguments.Int32s(2);
  const Span hashes = arguments.Int32s(3);
  const uint64_t count = arguments.Uint32(4);
  const Span first = arguments.Bytes(5);
  const AnchorTable first_table = AnchorTable::From(arguments, 6);
  const Span second = arguments.Bytes(7);
  const AnchorTable second_table = AnchorTable::From(arguments, 8);
  const Span into = arguments.Float64s(9);
  if (arguments.ok() && (!positions.Holds(0, count * sizeof(int32_t)) ||
                         !hashes.Holds(0, count * sizeof(int32_t)))) {
    arguments.FailRange("there are fewer anchors than that");
  }
  if (!arguments.ok()) return nullptr;
  const auto* const position_at = reinterpret_cast<const uint32_t*>(positions.data);
  const auto* const hash_at = reinterpret_cast<const uint32_t*>(hashes.data);
  const Source source(first, second);
  Steps steps(raw, source, diagonal, into);
  const auto guess = [&](const AnchorTable& table, uint32_t hash, int64_t last, int64_t start) {
    const uint32_t place = table.IsEmpty() ? 0 : table.Find(hash);
    return place > 0 && steps.TryCopy(last, start + place - 1);
  };
  steps.TryDiagonal(0);
  for (uint64_t at = 0; at < count; ++at) {
    // The byte before the place is the anchor's last.
    const int64_t last = int64_t{position_at[at]} - 1;
    if (last < steps.done() || steps.TryDiagonal(last)) continue;
    if (!guess(first_table, hash_at[at], last, 0)) {
      guess(second_table, hash_at[at], last, source.seam());
    }
  }
  steps.Finish();
  return Number(env, static_cast<double>(steps.count()));
}

}  // namespace native_io
