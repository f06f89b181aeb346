// Remote memory access: the calls of JavaScript.
//
// A call that the library refuses answers a negative errno, of the system or of libfabric (above 255).
#if !defined(_WIN32)

#include <errno.h>

#include "arguments.h"
#include "feature.h"
#include "mapping.h"
#include "rma_endpoint.h"

namespace native_io {
namespace {

constexpr size_t kMaxText = 4096;
constexpr uint32_t kMaxPaths = 16;
constexpr int64_t kMaxOperations = 65'536;

struct EndpointHandle {
  static constexpr napi_type_tag kTag = {0x6e617469766500f2, 0x726d615f656e6470};
  std::shared_ptr<RmaEndpoint> endpoint;
};

struct RegionHandle {
  static constexpr napi_type_tag kTag = {0x6e617469766500f3, 0x726d615f72656769};
  std::weak_ptr<RmaEndpoint> endpoint;
  std::shared_ptr<RmaRegion> region;
};

napi_value Text(napi_env env, const std::string& text) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, text.c_str(), text.size(), &result);
  return result;
}

void Set(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

napi_value BigInt(napi_env env, uint64_t number) {
  napi_value result = nullptr;
  napi_create_bigint_uint64(env, number, &result);
  return result;
}

// The library as load() found it in this process.
const FabricLibrary* Loaded() {
  std::string lack;
  return LoadFabric({}, &lack);
}

// The open endpoint of argument 0, or nullptr with an exception pending.
RmaEndpoint* Endpoint(Arguments& arguments) {
  auto* const handle = arguments.Handle<EndpointHandle>(0);
  if (handle == nullptr) return nullptr;
  if (handle->endpoint == nullptr) arguments.FailType("the endpoint is closed");
  return handle->endpoint.get();
}

// load(paths: string[]): { path, version } | string, which says why there is none
napi_value Load(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "load", 1);
  uint32_t count = 0;
  if (arguments.ok() && napi_get_array_length(env, arguments[0], &count) != napi_ok) {
    arguments.FailType("expected an array of paths");
  }
  if (count > kMaxPaths) arguments.FailRange("too many paths");
  std::vector<std::string> paths;
  for (uint32_t i = 0; i < count && arguments.ok(); ++i) {
    napi_value each = nullptr;
    size_t size = 0;
    std::string path(kMaxText, '\0');
    if (napi_get_element(env, arguments[0], i, &each) != napi_ok ||
        napi_get_value_string_utf8(env, each, path.data(), kMaxText, &size) != napi_ok) {
      arguments.FailType("expected an array of paths");
    }
    path.resize(size);
    paths.push_back(path);
  }
  if (!arguments.ok()) return nullptr;
  std::string lack;
  const SignalKeeper keeper;
  const FabricLibrary* const library = LoadFabric(paths, &lack);
  if (library == nullptr) return Text(env, lack);
  const uint32_t version = library->version();
  napi_value result = nullptr;
  napi_create_object(env, &result);
  Set(env, result, "path", Text(env, library->path));
  Set(env, result, "version",
      Text(env, std::to_string(version >> 16) + "." + std::to_string(version & 0xFFFF)));
  return result;
}

FabricWish Wish(Arguments& arguments) {
  FabricWish wish;
  wish.provider = arguments.Text(0, kMaxText);
  wish.source = arguments.Text(1, kMaxText);
  wish.port = arguments.Text(2, kMaxText);
  wish.virtual_addresses = arguments.Boolean(3);
  wish.offsets = arguments.Boolean(4);
  return wish;
}

// What an endpoint is like, before or after it is opened.
napi_value Describe(napi_env env, const fabric::Info& info) {
  napi_value result = nullptr;
  napi_create_object(env, &result);
  const int mode = info.domain_attr->mr_mode;
  napi_value virtual_addresses = nullptr;
  napi_value provider_keys = nullptr;
  napi_get_boolean(env, (mode & fabric::kMrVirtualAddress) != 0, &virtual_addresses);
  napi_get_boolean(env, (mode & fabric::kMrProviderKey) != 0, &provider_keys);
  const char* const domain = info.domain_attr->name;
  Set(env, result, "provider", Text(env, info.fabric_attr->prov_name));
  Set(env, result, "domain", Text(env, domain == nullptr ? "" : domain));
  Set(env, result, "virtualAddresses", virtual_addresses);
  Set(env, result, "providerKeys", provider_keys);
  Set(env, result, "keyBytes", Number(env, static_cast<double>(info.domain_attr->mr_key_size)));
  Set(env, result, "maxTransferBytes",
      Number(env, static_cast<double>(info.ep_attr->max_msg_size)));
  return result;
}

// find(provider, source, port, virtualAddresses, offsets): description | -errno
napi_value Find(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "find", 5);
  const FabricWish wish = Wish(arguments);
  if (!arguments.ok()) return nullptr;
  const FabricLibrary* const library = Loaded();
  if (library == nullptr) return Number(env, -ENOSYS);
  const SignalKeeper keeper;
  fabric::Info* found = nullptr;
  const int refused = FindFabric(*library, wish, &found);
  if (refused != 0) return Number(env, refused);
  napi_value const result = Describe(env, *found);
  library->freeinfo(found);
  return result;
}

// open(provider, source, port, virtualAddresses, offsets, operations): handle | -errno
napi_value Open(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "open", 6);
  const FabricWish wish = Wish(arguments);
  const auto operations = static_cast<uint32_t>(arguments.Integer(5, 1, kMaxOperations));
  if (!arguments.ok()) return nullptr;
  const FabricLibrary* const library = Loaded();
  if (library == nullptr) return Number(env, -ENOSYS);
  std::unique_ptr<RmaEndpoint> endpoint;
  const int refused = RmaEndpoint::Open(*library, wish, operations, &endpoint);
  if (refused != 0) return Number(env, refused);
  return MakeHandle(env, new EndpointHandle{std::move(endpoint)});
}

// describe(endpoint): description and address
napi_value DescribeCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "describe", 1);
  const RmaEndpoint* const endpoint = Endpoint(arguments);
  if (!arguments.ok()) return nullptr;
  napi_value const result = Describe(env, endpoint->info());
  const std::vector<uint8_t>& address = endpoint->address();
  napi_value buffer = nullptr;
  napi_value bytes = nullptr;
  void* data = nullptr;
  if (napi_create_arraybuffer(env, address.size(), &data, &buffer) != napi_ok) return nullptr;
  std::copy(address.begin(), address.end(), static_cast<uint8_t*>(data));
  napi_create_typedarray(env, napi_uint8_array, address.size(), buffer, 0, &bytes);
  Set(env, result, "address", bytes);
  return result;
}

// close(endpoint): undefined
napi_value CloseCall(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "close", 1);
  auto* const handle = arguments.Handle<EndpointHandle>(0);
  if (!arguments.ok()) return nullptr;
  handle->endpoint.reset();
  return Undefined(env);
}

// register(endpoint, bytes, remoteRead, remoteWrite, key): { handle, key, base } | -errno
napi_value Register(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "register", 5);
  auto* const handle = arguments.Handle<EndpointHandle>(0);
  RmaEndpoint* const endpoint = Endpoint(arguments);
  const Span bytes = arguments.Bytes(1);
  const bool remote_read = arguments.Boolean(2);
  const bool remote_write = arguments.Boolean(3);
  const uint64_t key = arguments.Uint64(4);
  if (arguments.ok() && bytes.size == 0) arguments.FailRange("no bytes to register");
  if (!arguments.ok()) return nullptr;

  // Memory that a peer reaches must stay: a SharedArrayBuffer never moves, a mapping is pinned. Any other
  // ArrayBuffer could be given away by a transfer.
  napi_value buffer = nullptr;
  size_t offset = 0;
  bool moves = false;
  napi_get_typedarray_info(env, arguments[1], nullptr, nullptr, nullptr, &buffer, &offset);
  napi_is_arraybuffer(env, buffer, &moves);
  uint8_t* const start = bytes.data - offset;
  const bool pinned = moves && Mapping::Pin(start);
  if (moves && !pinned) {
    arguments.FailType("expected a mapping or a SharedArrayBuffer");
    return nullptr;
  }
  const auto region = std::make_shared<RmaRegion>(env, bytes.data, bytes.size, pinned ? start : nullptr);
  region->Hold(arguments[1]);
  const int refused = endpoint->Register(region, remote_read, remote_write, key);
  if (refused != 0) return Number(env, refused);
  auto* const made = new RegionHandle;
  made->endpoint = handle->endpoint;
  made->region = region;
  napi_value const region_handle = MakeHandle(env, made);
  if (region_handle == nullptr) return nullptr;
  napi_value result = nullptr;
  napi_create_object(env, &result);
  Set(env, result, "handle", region_handle);
  Set(env, result, "key", BigInt(env, region->key()));
  Set(env, result, "base", BigInt(env, region->base()));
  return result;
}

// deregister(endpoint, region): 0 | -errno; EBUSY while an operation uses it
napi_value Deregister(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "deregister", 2);
  auto* const endpoint = arguments.Handle<EndpointHandle>(0);
  const auto* const region = arguments.Handle<RegionHandle>(1);
  if (!arguments.ok()) return nullptr;
  const bool theirs = region->endpoint.lock() == endpoint->endpoint;
  // With its endpoint went the registration.
  if (endpoint->endpoint == nullptr) return Number(env, 0);
  if (!theirs) return Number(env, -EINVAL);
  return Number(env, endpoint->endpoint->Deregister(region->region.get()));
}

// connect(endpoint, address): peer | -errno
napi_value Connect(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "connect", 2);
  RmaEndpoint* const endpoint = Endpoint(arguments);
  const Span address = arguments.Bytes(1);
  return arguments.ok() ? Number(env, endpoint->Connect(address.data, address.size)) : nullptr;
}

// disconnect(endpoint, peer): 0 | -errno
napi_value Disconnect(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "disconnect", 2);
  RmaEndpoint* const endpoint = Endpoint(arguments);
  const uint32_t peer = arguments.Uint32(1);
  return arguments.ok() ? Number(env, endpoint->Disconnect(peer)) : nullptr;
}

// reconnect(endpoint, peer): 0 | -errno
napi_value Reconnect(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "reconnect", 2);
  RmaEndpoint* const endpoint = Endpoint(arguments);
  const uint32_t peer = arguments.Uint32(1);
  return arguments.ok() ? Number(env, endpoint->Reconnect(peer)) : nullptr;
}

// transfer(endpoint, write, peer, region, offset, length, remoteAddress, remoteKey, id): 0 | -errno; EAGAIN when full
napi_value Transfer(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "transfer", 9);
  auto* const handle = arguments.Handle<EndpointHandle>(0);
  RmaEndpoint* const endpoint = Endpoint(arguments);
  const bool write = arguments.Boolean(1);
  const uint32_t peer = arguments.Uint32(2);
  const auto* const region = arguments.Handle<RegionHandle>(3);
  const uint64_t offset = arguments.Size(4);
  const uint64_t length = arguments.Size(5);
  const uint64_t remote_address = arguments.Uint64(6);
  const uint64_t remote_key = arguments.Uint64(7);
  const auto id = static_cast<int32_t>(arguments.Integer(8, 0, INT32_MAX));
  if (!arguments.ok()) return nullptr;
  if (region->endpoint.lock() != handle->endpoint) return Number(env, -EINVAL);
  const RmaEndpoint::Transfer transfer = {peer,   region->region.get(), offset, length,
                                          remote_address, remote_key,           id};
  return Number(env, write ? endpoint->Write(transfer) : endpoint->Read(transfer));
}

// poll(endpoint, rows: Int32Array of [id, error, provider's error]): how many rows | -errno
napi_value Poll(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "poll", 2);
  RmaEndpoint* const endpoint = Endpoint(arguments);
  const Span rows = arguments.Int32s(1);
  if (!arguments.ok()) return nullptr;
  static_assert(sizeof(RmaCompletion) == 12, "a row is three words");
  const size_t count = rows.size / sizeof(RmaCompletion);
  return Number(env, endpoint->Poll(reinterpret_cast<RmaCompletion*>(rows.data), count));
}

// errorText(errno): what libfabric says of it
napi_value ErrorText(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info, "errorText", 1);
  const int32_t error = arguments.Int32(0);
  if (!arguments.ok()) return nullptr;
  const FabricLibrary* const library = Loaded();
  return Text(env, library == nullptr ? "" : library->strerror(error < 0 ? -error : error));
}

}  // namespace

bool DefineRma(napi_env env, napi_value object) {
  return DefineFunctions(env, object,
                         {{"load", Load},
                          {"find", Find},
                          {"open", Open},
                          {"describe", DescribeCall},
                          {"close", CloseCall},
                          {"register", Register},
                          {"deregister", Deregister},
                          {"connect", Connect},
                          {"disconnect", Disconnect},
                          {"reconnect", Reconnect},
                          {"transfer", Transfer},
                          {"poll", Poll},
                          {"errorText", ErrorText}});
}

}  // namespace native_io

#endif  // !defined(_WIN32)
