// One endpoint of libfabric with all that it needs, and the memory registered with it. Used by one thread.
//
// The application's mistakes (a wrong index, a range outside its region) are errors here, before the library sees them.
#pragma once

#include <node_api.h>

#include <memory>
#include <string>
#include <vector>

#include "fabric_library.h"

namespace native_io {

class RmaEndpoint;

// Registered memory. It stays where it is, and in the garbage collector's eyes in use, until it is deregistered or its
// endpoint is closed; peers may need it when nobody here does.
class RmaRegion {
 public:
  // `pinned` is the start of the mapping that was pinned for it, or nullptr.
  RmaRegion(napi_env env, uint8_t* data, size_t size, void* pinned)
      : env_(env), data_(data), size_(size), pinned_(pinned) {}
  ~RmaRegion() { Release(); }
  RmaRegion(const RmaRegion&) = delete;
  RmaRegion& operator=(const RmaRegion&) = delete;

  // Keeps `bytes` alive.
  void Hold(napi_value bytes);

  uint64_t key() const { return region_->key; }
  // What a peer adds its offset to.
  uint64_t base() const { return base_; }
  bool registered() const { return region_ != nullptr; }

 private:
  friend class RmaEndpoint;

  void Release();

  const napi_env env_;
  uint8_t* const data_;
  const size_t size_;
  void* pinned_;
  uint64_t base_ = 0;
  napi_ref held_ = nullptr;
  uint32_t operations_ = 0;
  fabric::MemoryRegion* region_ = nullptr;
};

// One row of what Poll answers.
struct RmaCompletion {
  int32_t id;
  int32_t error;
  int32_t provider_error;
};

class RmaEndpoint {
 public:
  // Answers a negative errno, or 0 and an endpoint.
  static int Open(const FabricLibrary& library, const FabricWish& wish, uint32_t operations,
                  std::unique_ptr<RmaEndpoint>* opened);
  ~RmaEndpoint();
  RmaEndpoint(const RmaEndpoint&) = delete;
  RmaEndpoint& operator=(const RmaEndpoint&) = delete;

  const fabric::Info& info() const { return *info_; }
  const std::vector<uint8_t>& address() const { return address_; }
  bool virtual_addresses() const { return HasMode(fabric::kMrVirtualAddress); }
  bool provider_keys() const { return HasMode(fabric::kMrProviderKey); }

  // Each answers 0 or a negative errno, those with a result that too.
  int Register(const std::shared_ptr<RmaRegion>& region, bool remote_read, bool remote_write,
               uint64_t key);
  // EBUSY while an operation uses it.
  int Deregister(RmaRegion* region);

  int Connect(const uint8_t* address, size_t size);
  int Disconnect(uint32_t peer);
  // Forgets the connection to a peer and begins anew.
  int Reconnect(uint32_t peer);

  struct Transfer {
    uint32_t peer;
    RmaRegion* region;
    uint64_t offset;
    uint64_t length;
    uint64_t remote_address;
    uint64_t remote_key;
    int32_t id;
  };
  int Read(const Transfer& transfer) { return Post(transfer, false); }
  int Write(const Transfer& transfer) { return Post(transfer, true); }

  // Makes progress and answers how many rows it filled, at most `count`.
  int Poll(RmaCompletion* rows, size_t count);

 private:
  struct Operation {
    // The library's, from the posting to the completion.
    alignas(16) uint8_t context[fabric::kContextBytes];
    int32_t id;
    RmaRegion* region;
    uint32_t next;
  };
  struct Peer {
    fabric::Address address;
    std::vector<uint8_t> name;
  };

  RmaEndpoint(const FabricLibrary& library, fabric::Info* info, uint32_t operations);

  bool HasMode(int mode) const { return (info_->domain_attr->mr_mode & mode) != 0; }
  int OpenAll();
  // Whether the library may be handed this address: it trusts one to be whole and of its own kind.
  bool IsAddress(const uint8_t* address, size_t size) const;
  int Insert(const std::vector<uint8_t>& name, fabric::Address* address);
  int Post(const Transfer& transfer, bool write);
  // Frees the operation behind a context, and answers its id; -1 when it is not one of ours.
  int32_t Finish(void* context);

  const FabricLibrary& library_;
  fabric::Info* const info_;
  fabric::Fabric* fabric_ = nullptr;
  fabric::Domain* domain_ = nullptr;
  fabric::AddressVector* addresses_ = nullptr;
  fabric::CompletionQueue* completions_ = nullptr;
  fabric::Endpoint* endpoint_ = nullptr;
  std::vector<uint8_t> address_;
  std::vector<Peer> peers_;
  std::vector<std::shared_ptr<RmaRegion>> regions_;
  // Never moves: the library keeps addresses of contexts.
  const std::unique_ptr<Operation[]> operations_;
  const uint32_t operation_count_;
  uint32_t free_ = 0;
};

}  // namespace native_io
