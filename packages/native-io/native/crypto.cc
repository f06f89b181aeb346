// What JavaScript sees of batch encryption: a ring of keys, and one call for a batch of packets.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aead.h"
#include "arguments.h"
#include "feature.h"
#include "handle.h"

namespace native_io {
namespace {

// The columns of the meta array, in Int32s; src/crypto/layout.ts names the same.
enum Column : uint32_t {
  kAad,
  kAadLength,
  kWire,
  kPlain,
  kLength,
  kSlot,
  kNonce0,
  kNonce1,
  kNonce2,
  kResult,
  kMore,
  kPacketStride,
  kNumber0,
  kNumber1,
  kStride
};

enum Result : int32_t { kDone, kNotAuthentic, kNoKey, kOutOfRange, kFailed };

constexpr uint32_t kMaxSlots = 1 << 20;

struct KeyRing {
  static constexpr napi_type_tag kTag = {0x7b0c52b8f0ab4d0e, 0x9d52a8d1f1c3e6a7};

  const MultiBuffer* multi_buffer = nullptr;
  std::vector<std::unique_ptr<AeadKey>> keys;
};

// The library and whether it computes what OpenSSL computes; found out once in a process.
const MultiBuffer* Trusted(const char* path, const char** reason) {
  const OpenSsl& openssl = GetOpenSsl();
  if (openssl.lack != nullptr) {
    *reason = openssl.lack;
    return nullptr;
  }
  const MultiBuffer& library = GetMultiBuffer(path);
  *reason = library.reason;
  if (!library.found) return nullptr;
  static const bool agrees = MultiBufferAgrees(openssl, library);
  if (!agrees) *reason = "the library failed its self-test against OpenSSL";
  return agrees ? &library : nullptr;
}

napi_value Text(napi_env env, const char* text) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

// openssl(): its version and "", or "" and why there is none
napi_value DescribeOpenSsl(napi_env env, napi_callback_info) {
  const OpenSsl& openssl = GetOpenSsl();
  napi_value answer = nullptr;
  const bool ok =
      napi_create_array_with_length(env, 2, &answer) == napi_ok &&
      napi_set_element(env, answer, 0, Text(env, openssl.lack ? "" : openssl.version)) == napi_ok &&
      napi_set_element(env, answer, 1, Text(env, openssl.lack ? openssl.lack : "")) == napi_ok;
  return ok ? answer : nullptr;
}

// multiBuffer(path): its version and "", or "" and why there is none
napi_value DescribeMultiBuffer(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "crypto.multiBuffer", 1);
  const std::string path = arguments.Text(0, 4096);
  if (!arguments.ok()) return nullptr;
  const char* reason = "";
  const bool found = Trusted(path.c_str(), &reason) != nullptr;
  napi_value answer = nullptr;
  const bool ok = napi_create_array_with_length(env, 2, &answer) == napi_ok &&
                  napi_set_element(env, answer, 0, Text(env, found ? reason : "")) == napi_ok &&
                  napi_set_element(env, answer, 1, Text(env, found ? "" : reason)) == napi_ok;
  return ok ? answer : nullptr;
}

// createRing(slots, useMultiBuffer, path): ring
napi_value CreateRing(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "crypto.createRing", 3);
  const int64_t slots = arguments.Integer(0, 1, kMaxSlots);
  const bool wide = arguments.Boolean(1);
  const std::string path = arguments.Text(2, 4096);
  if (!arguments.ok()) return nullptr;
  const char* reason = "";
  auto ring = std::make_unique<KeyRing>();
  if (wide) ring->multi_buffer = Trusted(path.c_str(), &reason);
  ring->keys.resize(static_cast<size_t>(slots));
  return MakeHandle(env, ring.release());
}

KeyRing* RingOf(napi_env env, Arguments& arguments) {
  KeyRing* ring = arguments.ok() ? HandleOf<KeyRing>(env, arguments[0]) : nullptr;
  if (ring == nullptr) arguments.FailType("expected a ring of keys");
  return ring;
}

// setKey(ring, slot, algorithm, key, iv): 1, or 0 where this machine lacks the algorithm
napi_value SetKey(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "crypto.setKey", 5);
  KeyRing* ring = RingOf(env, arguments);
  const uint32_t slot = arguments.Uint32(1);
  const auto algorithm = static_cast<AeadAlgorithm>(
      arguments.Integer(2, 0, static_cast<int64_t>(AeadAlgorithm::kCount) - 1));
  const Span key = arguments.Bytes(3);
  const Span iv = arguments.Bytes(4);
  if (arguments.ok() && slot >= ring->keys.size()) arguments.FailRange("no such slot");
  if (arguments.ok() && (key.size != AeadKeyBytes(algorithm) || iv.size != kAeadIvBytes)) {
    arguments.FailRange("a key or an initialisation vector has another length");
  }
  if (!arguments.ok()) return nullptr;
  auto made = GetOpenSsl().lack != nullptr ? nullptr
                                           : AeadKey::Make(GetOpenSsl(), ring->multi_buffer,
                                                           algorithm, key.data, iv.data);
  const bool there = made != nullptr;
  if (there) ring->keys[slot] = std::move(made);
  return Number(env, there ? 1 : 0);
}

// dropKey(ring, slot)
napi_value DropKey(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "crypto.dropKey", 2);
  KeyRing* ring = RingOf(env, arguments);
  const uint32_t slot = arguments.Uint32(1);
  if (arguments.ok() && slot >= ring->keys.size()) arguments.FailRange("no such slot");
  if (!arguments.ok()) return nullptr;
  ring->keys[slot] = nullptr;
  return Undefined(env);
}

// dropAll(ring)
napi_value DropAll(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "crypto.dropAll", 1);
  KeyRing* ring = RingOf(env, arguments);
  if (!arguments.ok()) return nullptr;
  for (auto& key : ring->keys) key = nullptr;
  return Undefined(env);
}

enum class Way { kSeal, kOpen };

// A packet of a run: what its row says, and how far it lies behind the packet that the row describes.
struct Packet {
  const uint32_t* row;
  uint64_t behind;
  uint32_t nonce[3];
};

Packet First(const uint32_t* row) {
  return {row, 0, {row[kNonce0], row[kNonce1], row[kNonce2]}};
}

// The packet `index` places after the first of its run.
Packet Following(const uint32_t* row, uint32_t index) {
  const uint64_t first = row[kNumber0] | uint64_t{row[kNumber1]} << 32;
  const uint64_t number = first + index;
  const uint64_t changed = first ^ number;
  return {row,
          uint64_t{index} * row[kPacketStride],
          {row[kNonce0], row[kNonce1] ^ static_cast<uint32_t>(changed),
           row[kNonce2] ^ static_cast<uint32_t>(changed >> 32)}};
}

template <Way kWay>
Result Process(KeyRing& ring, const Span& wire, const Span& plain, const Packet& packet) {
  const uint32_t* row = packet.row;
  const uint64_t length = row[kLength];
  const uint64_t aad_at = row[kAad] + packet.behind;
  const uint64_t wire_at = row[kWire] + packet.behind;
  const uint64_t plain_at = row[kPlain] + packet.behind;
  // OpenSSL counts in ints.
  if (length > INT32_MAX - kAeadTagBytes || row[kAadLength] > INT32_MAX ||
      !wire.Holds(aad_at, row[kAadLength]) || !wire.Holds(wire_at, length + kAeadTagBytes) ||
      !plain.Holds(plain_at, length)) {
    return kOutOfRange;
  }
  const uint8_t* aad = wire.data + aad_at;
  uint8_t* outside = wire.data + wire_at;
  // A tag over additional data alone needs no plaintext, and then there may be no memory for it.
  uint8_t* inside = length == 0 ? outside : plain.data + plain_at;
  // In place, or apart: between the two, bytes would be overwritten before they are read.
  if (length > 0 && outside != inside && outside < inside + length &&
      inside < outside + length + kAeadTagBytes) {
    return kOutOfRange;
  }
  if (row[kSlot] >= ring.keys.size() || ring.keys[row[kSlot]] == nullptr) return kNoKey;
  AeadKey& key = *ring.keys[row[kSlot]];
  if constexpr (kWay == Way::kSeal) {
    const bool sealed = key.Seal(packet.nonce, aad, row[kAadLength], inside, length, outside);
    return sealed ? kDone : kFailed;
  }
  const bool opened = key.Open(packet.nonce, aad, row[kAadLength], outside, length, inside);
  return opened ? kDone : kNotAuthentic;
}

// seal(ring, wire, plain, meta, count) and open(…): how many rows are done; why the others are not is in their results
template <Way kWay>
napi_value Batch(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, kWay == Way::kSeal ? "crypto.seal" : "crypto.open", 5);
  KeyRing* ring = RingOf(env, arguments);
  const Span wire = arguments.Bytes(1);
  const Span plain = arguments.Bytes(2);
  const Span meta = arguments.Int32s(3);
  const uint32_t count = arguments.Uint32(4);
  if (arguments.ok() && !meta.Holds(0, uint64_t{count} * kStride * sizeof(int32_t))) {
    arguments.FailRange("there are fewer rows than that");
  }
  if (!arguments.ok()) return nullptr;
  auto* rows = reinterpret_cast<int32_t*>(meta.data);
  uint32_t done = 0;
  for (uint32_t i = 0; i < count;) {
    // Read once: another thread may be writing them, and what was checked must be what is used.
    uint32_t row[kStride];
    const volatile int32_t* from = rows + size_t{i} * kStride;
    for (uint32_t column = 0; column < kStride; ++column) {
      row[column] = static_cast<uint32_t>(from[column]);
    }
    // A run that needs more rows than there are takes all that are left.
    const bool whole = row[kMore] < count - i;
    const uint32_t packets = whole ? row[kMore] + 1 : count - i;
    for (uint32_t k = 0; k < packets; ++k, ++i) {
      const Packet packet = k == 0 ? First(row) : Following(row, k);
      const Result result = whole ? Process<kWay>(*ring, wire, plain, packet) : kOutOfRange;
      rows[size_t{i} * kStride + kResult] = result;
      if (result == kDone) ++done;
    }
  }
  return Number(env, done);
}

}  // namespace

bool DefineCrypto(napi_env env, napi_value object) {
  return DefineFunctions(env, object,
                         {{"openssl", DescribeOpenSsl},
                          {"multiBuffer", DescribeMultiBuffer},
                          {"createRing", CreateRing},
                          {"setKey", SetKey},
                          {"dropKey", DropKey},
                          {"dropAll", DropAll},
                          {"seal", Batch<Way::kSeal>},
                          {"open", Batch<Way::kOpen>}});
}

}  // namespace native_io
