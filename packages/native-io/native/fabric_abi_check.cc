// Compiled by a test where libfabric's headers are installed, and never linked: fabric_abi.h says what they say.
#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_eq.h>
#include <rdma/fi_errno.h>
#include <rdma/fi_rma.h>

#include "fabric_abi.h"

namespace ours = native_io::fabric;

#define SAME_VALUE(mine, theirs) \
  static_assert(static_cast<uint64_t>(mine) == static_cast<uint64_t>(theirs), #theirs)
#define SAME_PLACE(mine, my_field, theirs, their_field) \
  static_assert(offsetof(mine, my_field) == offsetof(struct theirs, their_field), #their_field)
#define SAME_SIZE(mine, theirs) static_assert(sizeof(mine) == sizeof(struct theirs), #theirs)

SAME_VALUE(ours::kNoAddress, FI_ADDR_NOTAVAIL);
SAME_VALUE(ours::kMsg, FI_MSG);
SAME_VALUE(ours::kRma, FI_RMA);
SAME_VALUE(ours::kRead, FI_READ);
SAME_VALUE(ours::kWrite, FI_WRITE);
SAME_VALUE(ours::kReceive, FI_RECV);
SAME_VALUE(ours::kTransmit, FI_TRANSMIT);
SAME_VALUE(ours::kRemoteRead, FI_REMOTE_READ);
SAME_VALUE(ours::kRemoteWrite, FI_REMOTE_WRITE);
SAME_VALUE(ours::kSource, FI_SOURCE);
SAME_VALUE(ours::kContextMode, FI_CONTEXT);
SAME_VALUE(ours::kContext2Mode, FI_CONTEXT2);
SAME_VALUE(ours::kContextBytes, sizeof(struct fi_context2));
SAME_VALUE(ours::kMrLocal, FI_MR_LOCAL);
SAME_VALUE(ours::kMrVirtualAddress, FI_MR_VIRT_ADDR);
SAME_VALUE(ours::kMrAllocated, FI_MR_ALLOCATED);
SAME_VALUE(ours::kMrProviderKey, FI_MR_PROV_KEY);
SAME_VALUE(ours::kMrEndpoint, FI_MR_ENDPOINT);
SAME_VALUE(ours::kReliableDatagram, FI_EP_RDM);
SAME_VALUE(ours::kThreadDomain, FI_THREAD_DOMAIN);
SAME_VALUE(ours::kAddressTable, FI_AV_TABLE);
SAME_VALUE(ours::kCqFormatMessage, FI_CQ_FORMAT_MSG);
SAME_VALUE(ours::kEnable, FI_ENABLE);
SAME_VALUE(ours::kErrorAvailable, FI_EAVAIL);
SAME_VALUE(ours::kNoKey, FI_ENOKEY);
SAME_VALUE(ours::kVersion, FI_VERSION(1, 15));

SAME_SIZE(ours::Fid, fid);
SAME_PLACE(ours::Fid, ops, fid, ops);
SAME_PLACE(ours::Ops, close, fi_ops, close);
SAME_PLACE(ours::Ops, bind, fi_ops, bind);
SAME_PLACE(ours::Ops, control, fi_ops, control);
SAME_PLACE(ours::EndpointAttributes, type, fi_ep_attr, type);
SAME_PLACE(ours::EndpointAttributes, max_msg_size, fi_ep_attr, max_msg_size);
SAME_PLACE(ours::DomainAttributes, name, fi_domain_attr, name);
SAME_PLACE(ours::DomainAttributes, threading, fi_domain_attr, threading);
SAME_PLACE(ours::DomainAttributes, av_type, fi_domain_attr, av_type);
SAME_PLACE(ours::DomainAttributes, mr_mode, fi_domain_attr, mr_mode);
SAME_PLACE(ours::DomainAttributes, mr_key_size, fi_domain_attr, mr_key_size);
SAME_PLACE(ours::FabricAttributes, prov_name, fi_fabric_attr, prov_name);
SAME_PLACE(ours::Info, caps, fi_info, caps);
SAME_PLACE(ours::Info, mode, fi_info, mode);
SAME_PLACE(ours::Info, ep_attr, fi_info, ep_attr);
SAME_PLACE(ours::Info, domain_attr, fi_info, domain_attr);
SAME_PLACE(ours::Info, fabric_attr, fi_info, fabric_attr);
SAME_PLACE(ours::Fabric, ops, fid_fabric, ops);
SAME_PLACE(ours::FabricOps, domain, fi_ops_fabric, domain);
SAME_PLACE(ours::Domain, ops, fid_domain, ops);
SAME_PLACE(ours::Domain, mr, fid_domain, mr);
SAME_PLACE(ours::DomainOps, av_open, fi_ops_domain, av_open);
SAME_PLACE(ours::DomainOps, cq_open, fi_ops_domain, cq_open);
SAME_PLACE(ours::DomainOps, endpoint, fi_ops_domain, endpoint);
SAME_PLACE(ours::MemoryOps, reg, fi_ops_mr, reg);
SAME_SIZE(ours::AddressVectorAttributes, fi_av_attr);
SAME_PLACE(ours::AddressVectorAttributes, count, fi_av_attr, count);
SAME_SIZE(ours::CompletionQueueAttributes, fi_cq_attr);
SAME_PLACE(ours::CompletionQueueAttributes, format, fi_cq_attr, format);
SAME_PLACE(ours::CompletionQueueAttributes, wait_obj, fi_cq_attr, wait_obj);
SAME_PLACE(ours::AddressVector, ops, fid_av, ops);
SAME_PLACE(ours::AddressVectorOps, insert, fi_ops_av, insert);
SAME_PLACE(ours::AddressVectorOps, remove, fi_ops_av, remove);
SAME_SIZE(ours::CompletionEntry, fi_cq_msg_entry);
SAME_SIZE(ours::CompletionError, fi_cq_err_entry);
SAME_PLACE(ours::CompletionError, err, fi_cq_err_entry, err);
SAME_PLACE(ours::CompletionError, err_data_size, fi_cq_err_entry, err_data_size);
SAME_PLACE(ours::CompletionQueue, ops, fid_cq, ops);
SAME_PLACE(ours::CompletionQueueOps, read, fi_ops_cq, read);
SAME_PLACE(ours::CompletionQueueOps, readerr, fi_ops_cq, readerr);
SAME_PLACE(ours::MemoryRegion, mem_desc, fid_mr, mem_desc);
SAME_PLACE(ours::MemoryRegion, key, fid_mr, key);
SAME_PLACE(ours::Endpoint, cm, fid_ep, cm);
SAME_PLACE(ours::Endpoint, rma, fid_ep, rma);
SAME_PLACE(ours::NameOps, getname, fi_ops_cm, getname);
SAME_PLACE(ours::RmaOps, read, fi_ops_rma, read);
SAME_PLACE(ours::RmaOps, write, fi_ops_rma, write);
