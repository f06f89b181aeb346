// libfabric, loaded at run time and once per process.
#pragma once

#include <string>
#include <vector>

#include "fabric_abi.h"

namespace native_io {

struct FabricLibrary {
  // Where it was found.
  std::string path;
  uint32_t (*version)();
  int (*getinfo)(uint32_t version, const char* node, const char* service, uint64_t flags,
                 const fabric::Info* hints, fabric::Info** info);
  void (*freeinfo)(fabric::Info* info);
  fabric::Info* (*dupinfo)(const fabric::Info* info);
  int (*fabric)(fabric::FabricAttributes* attributes, fabric::Fabric** fabric, void* context);
  const char* (*strerror)(int error);
};

// The library from the first of `paths` that has one; what was loaded before stays. nullptr where there is none, and
// `lack` says why.
const FabricLibrary* LoadFabric(const std::vector<std::string>& paths, std::string* lack);

// What an endpoint is asked for.
struct FabricWish {
  // A provider by libfabric's name of it: `tcp;ofi_rxm`.
  std::string provider;
  // The address of the interface to use, or nothing for the provider's choice.
  std::string source;
  // The port there, as text, or nothing for the provider's choice.
  std::string port;
  // Whether remote addresses may be, or must be, virtual ones.
  bool virtual_addresses = true;
  bool offsets = true;
};

// The first reliable-datagram endpoint with RMA that fits, to be freed by the library; or a negative errno.
int FindFabric(const FabricLibrary& library, const FabricWish& wish, fabric::Info** info);

// Keeps a library from taking over the signals of the process: Node and V8 have handlers of their own, and so has
// fault_guard.cc.
class SignalKeeper {
 public:
  SignalKeeper();
  ~SignalKeeper();
  SignalKeeper(const SignalKeeper&) = delete;
  SignalKeeper& operator=(const SignalKeeper&) = delete;

 private:
  struct Saved;
  Saved* const saved_;
};

}  // namespace native_io
