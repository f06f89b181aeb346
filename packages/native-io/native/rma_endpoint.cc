#if !defined(_WIN32)

#include "rma_endpoint.h"

#include <errno.h>
#include <string.h>

#include <algorithm>

#include "mapping.h"

namespace native_io {
namespace {

constexpr size_t kMaxAddress = 512;
constexpr uint32_t kAddressIsText = 9;
// Formats 1 to 4 are the system's socket addresses, which begin with their family.
constexpr uint32_t kLastSocketFormat = 4;

template <typename Object>
void Close(Object** object) {
  if (*object != nullptr) (*object)->fid.ops->close(&(*object)->fid);
  *object = nullptr;
}

}  // namespace

void RmaRegion::Hold(napi_value bytes) { napi_create_reference(env_, bytes, 1, &held_); }

void RmaRegion::Release() {
  if (held_ != nullptr) napi_delete_reference(env_, held_);
  held_ = nullptr;
  if (pinned_ != nullptr) Mapping::Unpin(pinned_);
  pinned_ = nullptr;
}

RmaEndpoint::RmaEndpoint(const FabricLibrary& library, fabric::Info* info, uint32_t operations)
    : library_(library),
      info_(info),
      operations_(new Operation[operations]),
      operation_count_(operations) {
  for (uint32_t i = 0; i < operations; ++i) operations_[i].next = i + 1;
}

RmaEndpoint::~RmaEndpoint() {
  // Memory that is bound to an endpoint leaves before it; other memory after it, when nothing writes there any more.
  if (!HasMode(fabric::kMrEndpoint)) Close(&endpoint_);
  for (const auto& region : regions_) {
    Close(&region->region_);
    region->Release();
  }
  Close(&endpoint_);
  Close(&addresses_);
  Close(&completions_);
  Close(&domain_);
  Close(&fabric_);
  library_.freeinfo(info_);
}

int RmaEndpoint::Open(const FabricLibrary& library, const FabricWish& wish, uint32_t operations,
                      std::unique_ptr<RmaEndpoint>* opened) {
  const SignalKeeper keeper;
  fabric::Info* info = nullptr;
  const int missing = FindFabric(library, wish, &info);
  if (missing != 0) return missing;
  std::unique_ptr<RmaEndpoint> endpoint(new RmaEndpoint(library, info, operations));
  const int refused = endpoint->OpenAll();
  if (refused == 0) *opened = std::move(endpoint);
  return refused;
}

int RmaEndpoint::OpenAll() {
  int refused = library_.fabric(info_->fabric_attr, &fabric_, nullptr);
  if (refused != 0) return refused;
  refused = fabric_->ops->domain(fabric_, info_, &domain_, nullptr);
  if (refused != 0) return refused;

  fabric::AddressVectorAttributes table = {};
  table.type = info_->domain_attr->av_type != 0 ? info_->domain_attr->av_type
                                                : fabric::kAddressTable;
  refused = domain_->ops->av_open(domain_, &table, &addresses_, nullptr);
  if (refused != 0) return refused;

  fabric::CompletionQueueAttributes queue = {};
  queue.size = operation_count_ + 16;
  queue.format = fabric::kCqFormatMessage;
  refused = domain_->ops->cq_open(domain_, &queue, &completions_, nullptr);
  if (refused != 0) return refused;

  refused = domain_->ops->endpoint(domain_, info_, &endpoint_, nullptr);
  if (refused != 0) return refused;
  const fabric::Ops* const ops = endpoint_->fid.ops;
  refused = ops->bind(&endpoint_->fid, &addresses_->fid, 0);
  if (refused != 0) return refused;
  refused = ops->bind(&endpoint_->fid, &completions_->fid, fabric::kTransmit | fabric::kReceive);
  if (refused != 0) return refused;
  refused = ops->control(&endpoint_->fid, fabric::kEnable, nullptr);
  if (refused != 0) return refused;

  size_t size = kMaxAddress;
  address_.resize(size);
  refused = endpoint_->cm->getname(&endpoint_->fid, address_.data(), &size);
  if (refused != 0) return refused;
  address_.resize(size);
  return 0;
}

int RmaEndpoint::Register(const std::shared_ptr<RmaRegion>& region, bool remote_read,
                          bool remote_write, uint64_t key) {
  const uint64_t access = fabric::kRead | fabric::kWrite |
                          (remote_read ? fabric::kRemoteRead : 0) |
                          (remote_write ? fabric::kRemoteWrite : 0);
  int refused = domain_->mr->reg(&domain_->fid, region->data_, region->size_, access, 0, key, 0,
                                 &region->region_, nullptr);
  if (refused != 0) {
    region->region_ = nullptr;
    return refused;
  }
  if (HasMode(fabric::kMrEndpoint)) {
    fabric::Fid* const fid = &region->region_->fid;
    refused = fid->ops->bind(fid, &endpoint_->fid, 0);
    if (refused == 0) refused = fid->ops->control(fid, fabric::kEnable, nullptr);
    if (refused != 0) {
      Close(&region->region_);
      return refused;
    }
  }
  region->base_ = virtual_addresses() ? reinterpret_cast<uint64_t>(region->data_) : 0;
  regions_.push_back(region);
  return 0;
}

int RmaEndpoint::Deregister(RmaRegion* region) {
  if (!region->registered()) return 0;
  if (region->operations_ > 0) return -EBUSY;
  const int refused = region->region_->fid.ops->close(&region->region_->fid);
  if (refused != 0) return refused;
  region->region_ = nullptr;
  region->Release();
  const auto is_it = [&](const std::shared_ptr<RmaRegion>& each) { return each.get() == region; };
  regions_.erase(std::remove_if(regions_.begin(), regions_.end(), is_it), regions_.end());
  return 0;
}

bool RmaEndpoint::IsAddress(const uint8_t* address, size_t size) const {
  if (size < 2 || size > kMaxAddress) return false;
  if (info_->addr_format == kAddressIsText) {
    // The scheme, such as `fi_shm://`.
    static constexpr char kMark[] = "://";
    const auto mark = std::search(address_.begin(), address_.end(), kMark, kMark + 3);
    const size_t scheme = static_cast<size_t>(mark - address_.begin());
    return size > scheme && memcmp(address, address_.data(), scheme) == 0;
  }
  const bool socket = info_->addr_format <= kLastSocketFormat;
  return size == address_.size() && (!socket || memcmp(address, address_.data(), 2) == 0);
}

int RmaEndpoint::Connect(const uint8_t* address, size_t size) {
  if (!IsAddress(address, size)) return -EINVAL;
  std::vector<uint8_t> name(address, address + size);
  // Text ends with a NUL, whatever was sent.
  if (info_->addr_format == kAddressIsText) name.push_back(0);
  fabric::Address inserted;
  const int refused = Insert(name, &inserted);
  if (refused != 0) return refused;
  // The place of one that was disconnected, before a new one.
  const auto vacant = [](const Peer& each) { return each.address == fabric::kNoAddress; };
  auto place = std::find_if(peers_.begin(), peers_.end(), vacant);
  if (place == peers_.end()) place = peers_.insert(place, Peer{});
  *place = {inserted, std::move(name)};
  return static_cast<int>(place - peers_.begin());
}

int RmaEndpoint::Insert(const std::vector<uint8_t>& name, fabric::Address* address) {
  *address = fabric::kNoAddress;
  const int count = addresses_->ops->insert(addresses_, name.data(), 1, address, 0, nullptr);
  if (count < 0) return count;
  return count == 1 && *address != fabric::kNoAddress ? 0 : -EINVAL;
}

int RmaEndpoint::Disconnect(uint32_t peer) {
  if (peer >= peers_.size() || peers_[peer].address == fabric::kNoAddress) return -ENOENT;
  const int refused = addresses_->ops->remove(addresses_, &peers_[peer].address, 1, 0);
  if (refused == 0) peers_[peer].address = fabric::kNoAddress;
  return refused;
}

int RmaEndpoint::Reconnect(uint32_t peer) {
  const int refused = Disconnect(peer);
  return refused != 0 ? refused : Insert(peers_[peer].name, &peers_[peer].address);
}

int RmaEndpoint::Post(const Transfer& transfer, bool write) {
  const auto& [peer, region, offset, length, remote_address, remote_key, id] = transfer;
  if (peer >= peers_.size() || peers_[peer].address == fabric::kNoAddress) return -ENOENT;
  if (!region->registered()) return -EBADF;
  if (length == 0 || length > info_->ep_attr->max_msg_size || offset > region->size_ ||
      length > region->size_ - offset) {
    return -ERANGE;
  }
  if (free_ == operation_count_) return -EAGAIN;
  Operation& operation = operations_[free_];
  const uint32_t next = operation.next;
  operation.id = id;
  operation.region = region;
  const fabric::RmaOps* const rma = endpoint_->rma;
  uint8_t* const local = region->data_ + offset;
  void* const descriptor = region->region_->mem_desc;
  const fabric::Address to = peers_[peer].address;
  const ssize_t refused =
      write ? rma->write(endpoint_, local, length, descriptor, to, remote_address, remote_key,
                         operation.context)
            : rma->read(endpoint_, local, length, descriptor, to, remote_address, remote_key,
                        operation.context);
  if (refused != 0) return static_cast<int>(refused);
  free_ = next;
  operation.next = UINT32_MAX;
  ++region->operations_;
  return 0;
}

int32_t RmaEndpoint::Finish(void* context) {
  const auto at = reinterpret_cast<uintptr_t>(context);
  const auto first = reinterpret_cast<uintptr_t>(operations_[0].context);
  const uintptr_t index = (at - first) / sizeof(Operation);
  if (at < first || (at - first) % sizeof(Operation) != 0 || index >= operation_count_) return -1;
  Operation& operation = operations_[index];
  if (operation.next != UINT32_MAX) return -1;
  operation.next = free_;
  free_ = static_cast<uint32_t>(index);
  --operation.region->operations_;
  return operation.id;
}

int RmaEndpoint::Poll(RmaCompletion* rows, size_t count) {
  size_t filled = 0;
  while (filled < count) {
    fabric::CompletionEntry entries[16];
    const size_t want = std::min(count - filled, sizeof entries / sizeof entries[0]);
    const ssize_t read = completions_->ops->read(completions_, entries, want);
    if (read == -fabric::kErrorAvailable) {
      fabric::CompletionError error = {};
      const ssize_t errors = completions_->ops->readerr(completions_, &error, 0);
      if (errors <= 0) return errors == 0 || errors == -EAGAIN ? static_cast<int>(filled)
                                                               : static_cast<int>(errors);
      rows[filled++] = {Finish(error.op_context), error.err == 0 ? EIO : error.err,
                        error.prov_errno};
      continue;
    }
    if (read == -EAGAIN || read == 0) break;
    if (read < 0) return static_cast<int>(read);
    for (ssize_t i = 0; i < read; ++i) rows[filled++] = {Finish(entries[i].op_context), 0, 0};
  }
  return static_cast<int>(filled);
}

}  // namespace native_io

#endif  // !defined(_WIN32)
