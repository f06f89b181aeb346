// The part of libfabric's binary interface that the addon calls, declared here so that building needs no headers of it.
// fabric_abi_check.cc compares every number with the real headers where they are installed.
//
// Structures only grow at their ends between versions; those that the library allocates are never sized here.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace native_io::fabric {

using Address = uint64_t;

constexpr uint32_t kVersion = 1 << 16 | 15;
constexpr Address kNoAddress = UINT64_MAX;

constexpr uint64_t kMsg = uint64_t{1} << 1;
constexpr uint64_t kRma = uint64_t{1} << 2;
constexpr uint64_t kRead = uint64_t{1} << 8;
constexpr uint64_t kWrite = uint64_t{1} << 9;
constexpr uint64_t kReceive = uint64_t{1} << 10;
constexpr uint64_t kTransmit = uint64_t{1} << 11;
constexpr uint64_t kRemoteRead = uint64_t{1} << 12;
constexpr uint64_t kRemoteWrite = uint64_t{1} << 13;
constexpr uint64_t kSource = uint64_t{1} << 57;
// The library may keep this much state in the context of an operation.
constexpr uint64_t kContextMode = uint64_t{1} << 59;
constexpr uint64_t kContext2Mode = uint64_t{1} << 52;
constexpr size_t kContextBytes = 64;

constexpr int kMrLocal = 1 << 2;
constexpr int kMrVirtualAddress = 1 << 4;
constexpr int kMrAllocated = 1 << 5;
constexpr int kMrProviderKey = 1 << 6;
constexpr int kMrEndpoint = 1 << 9;

constexpr int kReliableDatagram = 3;
constexpr int kThreadDomain = 3;
constexpr int kAddressTable = 2;
constexpr int kCqFormatMessage = 2;
constexpr int kEnable = 6;

// Beside the system's errnos.
constexpr int kErrorAvailable = 259;
constexpr int kNoKey = 266;

struct Fid;
struct Info;

struct Ops {
  size_t size;
  int (*close)(Fid* fid);
  int (*bind)(Fid* fid, Fid* other, uint64_t flags);
  int (*control)(Fid* fid, int command, void* argument);
};

struct Fid {
  size_t fclass;
  void* context;
  Ops* ops;
};

struct EndpointAttributes {
  int type;
  uint32_t protocol;
  uint32_t protocol_version;
  size_t max_msg_size;
};

struct DomainAttributes {
  Fid* domain;
  char* name;
  int threading;
  int control_progress;
  int data_progress;
  int resource_mgmt;
  int av_type;
  int mr_mode;
  size_t mr_key_size;
};

struct FabricAttributes {
  Fid* fabric;
  char* name;
  char* prov_name;
  uint32_t prov_version;
  uint32_t api_version;
};

struct Info {
  Info* next;
  uint64_t caps;
  uint64_t mode;
  uint32_t addr_format;
  size_t src_addrlen;
  size_t dest_addrlen;
  void* src_addr;
  void* dest_addr;
  Fid* handle;
  void* tx_attr;
  void* rx_attr;
  EndpointAttributes* ep_attr;
  DomainAttributes* domain_attr;
  FabricAttributes* fabric_attr;
};

struct Domain;
struct Endpoint;
struct AddressVector;
struct CompletionQueue;
struct MemoryRegion;

struct Fabric;

struct FabricOps {
  size_t size;
  int (*domain)(Fabric* fabric, Info* info, Domain** domain, void* context);
};

struct Fabric {
  Fid fid;
  FabricOps* ops;
};

struct AddressVectorAttributes {
  int type;
  int rx_ctx_bits;
  size_t count;
  size_t ep_per_node;
  const char* name;
  void* map_addr;
  uint64_t flags;
};

struct CompletionQueueAttributes {
  size_t size;
  uint64_t flags;
  int format;
  int wait_obj;
  int signaling_vector;
  int wait_cond;
  void* wait_set;
};

struct DomainOps {
  size_t size;
  int (*av_open)(Domain* domain, AddressVectorAttributes* attributes, AddressVector** av,
                 void* context);
  int (*cq_open)(Domain* domain, CompletionQueueAttributes* attributes, CompletionQueue** cq,
                 void* context);
  int (*endpoint)(Domain* domain, Info* info, Endpoint** endpoint, void* context);
};

struct MemoryOps {
  size_t size;
  int (*reg)(Fid* domain, const void* data, size_t length, uint64_t access, uint64_t offset,
             uint64_t requested_key, uint64_t flags, MemoryRegion** region, void* context);
};

struct Domain {
  Fid fid;
  DomainOps* ops;
  MemoryOps* mr;
};

struct AddressVectorOps {
  size_t size;
  int (*insert)(AddressVector* av, const void* address, size_t count, Address* inserted,
                uint64_t flags, void* context);
  void* insertsvc;
  void* insertsym;
  int (*remove)(AddressVector* av, Address* address, size_t count, uint64_t flags);
};

struct AddressVector {
  Fid fid;
  AddressVectorOps* ops;
};

struct CompletionEntry {
  void* op_context;
  uint64_t flags;
  size_t len;
};

struct CompletionError {
  void* op_context;
  uint64_t flags;
  size_t len;
  void* buf;
  uint64_t data;
  uint64_t tag;
  size_t olen;
  int err;
  int prov_errno;
  void* err_data;
  size_t err_data_size;
};

struct CompletionQueueOps {
  size_t size;
  ssize_t (*read)(CompletionQueue* cq, void* entries, size_t count);
  void* readfrom;
  ssize_t (*readerr)(CompletionQueue* cq, CompletionError* error, uint64_t flags);
};

struct CompletionQueue {
  Fid fid;
  CompletionQueueOps* ops;
};

struct MemoryRegion {
  Fid fid;
  void* mem_desc;
  uint64_t key;
};

struct NameOps {
  size_t size;
  void* setname;
  int (*getname)(Fid* endpoint, void* address, size_t* length);
};

struct RmaOps {
  size_t size;
  ssize_t (*read)(Endpoint* endpoint, void* data, size_t length, void* descriptor, Address peer,
                  uint64_t address, uint64_t key, void* context);
  void* readv;
  void* readmsg;
  ssize_t (*write)(Endpoint* endpoint, const void* data, size_t length, void* descriptor,
                   Address peer, uint64_t address, uint64_t key, void* context);
};

struct Endpoint {
  Fid fid;
  void* ops;
  NameOps* cm;
  void* msg;
  RmaOps* rma;
};

}  // namespace native_io::fabric
