#if !defined(_WIN32)

#include "fabric_library.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <mutex>

namespace native_io {
namespace {

// Those for which the provider `shm` installs a handler that removes its files.
constexpr int kSignals[] = {SIGBUS, SIGSEGV, SIGTERM, SIGINT};
constexpr size_t kSignalCount = sizeof kSignals / sizeof kSignals[0];

template <typename Function>
bool Resolve(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr;
}

}  // namespace

const FabricLibrary* LoadFabric(const std::vector<std::string>& paths, std::string* lack) {
  static std::mutex mutex;
  static const FabricLibrary* loaded = nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  if (loaded != nullptr) return loaded;
  for (const std::string& path : paths) {
    void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      const char* const why = dlerror();
      if (lack->empty()) *lack = why == nullptr ? "not found" : why;
      continue;
    }
    FabricLibrary library;
    library.path = path;
    if (!Resolve(handle, "fi_version", &library.version) ||
        !Resolve(handle, "fi_getinfo", &library.getinfo) ||
        !Resolve(handle, "fi_freeinfo", &library.freeinfo) ||
        !Resolve(handle, "fi_dupinfo", &library.dupinfo) ||
        !Resolve(handle, "fi_fabric", &library.fabric) ||
        !Resolve(handle, "fi_strerror", &library.strerror)) {
      *lack = path + " is no libfabric";
      dlclose(handle);
      continue;
    }
    if (library.version() < fabric::kVersion) {
      *lack = path + " is older than 1.15";
      dlclose(handle);
      continue;
    }
    loaded = new FabricLibrary(library);
    return loaded;
  }
  return nullptr;
}

// The address that an endpoint would have, as text; nothing where it is no address of the Internet.
static std::string SourceOf(const fabric::Info& info) {
  char text[INET6_ADDRSTRLEN] = "";
  const auto* const address = static_cast<const sockaddr*>(info.src_addr);
  if (address == nullptr) return "";
  if (info.src_addrlen >= sizeof(sockaddr_in) && address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
  } else if (info.src_addrlen >= sizeof(sockaddr_in6) && address->sa_family == AF_INET6) {
    const auto* const wide = reinterpret_cast<const sockaddr_in6*>(address);
    inet_ntop(AF_INET6, &wide->sin6_addr, text, sizeof text);
  }
  return text;
}

// With a port alone some providers take no address, and would tell their peers that one.
static FabricWish WithSource(const FabricLibrary& library, const FabricWish& wish) {
  FabricWish known = wish;
  if (wish.port.empty() || !wish.source.empty()) return known;
  known.port.clear();
  fabric::Info* found = nullptr;
  if (FindFabric(library, known, &found) == 0) {
    known.source = SourceOf(*found);
    library.freeinfo(found);
  }
  known.port = wish.port;
  return known;
}

int FindFabric(const FabricLibrary& library, const FabricWish& asked, fabric::Info** info) {
  const FabricWish wish = WithSource(library, asked);
  fabric::Info* const hints = library.dupinfo(nullptr);
  if (hints == nullptr) return -ENOMEM;
  hints->caps = fabric::kMsg | fabric::kRma;
  hints->mode = fabric::kContextMode | fabric::kContext2Mode;
  hints->ep_attr->type = fabric::kReliableDatagram;
  hints->domain_attr->threading = fabric::kThreadDomain;
  hints->domain_attr->mr_mode = fabric::kMrLocal | fabric::kMrAllocated | fabric::kMrProviderKey |
                                fabric::kMrEndpoint |
                                (wish.virtual_addresses ? fabric::kMrVirtualAddress : 0);
  hints->fabric_attr->prov_name = strdup(wish.provider.c_str());

  // Nothing is asked of FI_DELIVERY_COMPLETE: `net` ignores it, and with it `shm` never completes a read by a wrong key.
  const char* const source = wish.source.empty() ? nullptr : wish.source.c_str();
  const char* const port = wish.port.empty() ? nullptr : wish.port.c_str();
  const uint64_t flags = source == nullptr && port == nullptr ? 0 : fabric::kSource;
  fabric::Info* found = nullptr;
  const int refused = library.getinfo(fabric::kVersion, source, port, flags, hints, &found);
  library.freeinfo(hints);
  if (refused != 0) return refused;

  fabric::Info* fit = found;
  const auto fits = [&](const fabric::Info* each) {
    const bool by_address = (each->domain_attr->mr_mode & fabric::kMrVirtualAddress) != 0;
    return wish.provider == each->fabric_attr->prov_name && (by_address || wish.offsets);
  };
  while (fit != nullptr && !fits(fit)) fit = fit->next;
  *info = fit == nullptr ? nullptr : library.dupinfo(fit);
  library.freeinfo(found);
  return *info == nullptr ? -ENODATA : 0;
}

struct SignalKeeper::Saved {
  struct sigaction actions[kSignalCount];
};

SignalKeeper::SignalKeeper() : saved_(new Saved) {
  for (size_t i = 0; i < kSignalCount; ++i) sigaction(kSignals[i], nullptr, &saved_->actions[i]);
}

SignalKeeper::~SignalKeeper() {
  for (size_t i = 0; i < kSignalCount; ++i) sigaction(kSignals[i], &saved_->actions[i], nullptr);
  delete saved_;
}

}  // namespace native_io

#endif  // !defined(_WIN32)
