#if !defined(_WIN32)

#include "udp_watch.h"

#include <dlfcn.h>
#include <errno.h>

#include <cstdlib>

namespace native_io {
namespace {

// The part of libuv's interface that is needed, as its documentation fixes it. Node exports the functions, and tells
// how large a handle is; a handle begins with a pointer for its user.
struct Libuv {
  size_t (*handle_size)(int type) = nullptr;
  int (*poll_init)(uv_loop_s* loop, void* handle, int fd) = nullptr;
  int (*poll_start)(void* handle, int events, void (*ready)(void*, int, int)) = nullptr;
  void (*close)(void* handle, void (*closed)(void*)) = nullptr;
  bool whole = false;
};

constexpr int kPollHandle = 8;
constexpr int kReadable = 1;

template <typename Function>
bool Find(const char* name, Function* into) {
  *into = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
  return *into != nullptr;
}

const Libuv& GetLibuv() {
  static const Libuv found = [] {
    Libuv uv;
    uv.whole = Find("uv_handle_size", &uv.handle_size) && Find("uv_poll_init", &uv.poll_init) &&
               Find("uv_poll_start", &uv.poll_start) && Find("uv_close", &uv.close);
    return uv;
  }();
  return found;
}

}  // namespace

// What a handle's first pointer leads to. libuv's handle is memory of its own, which ends after this one's last use.
struct UdpWatch::Poll {
  UdpWatch* watch = nullptr;
  void* handle = nullptr;

  static void Ready(void* handle, int status, int events) {
    OnReady(*static_cast<Poll**>(handle), status, events);
  }
  static void Closed(void* handle) { OnClosed(*static_cast<Poll**>(handle)); }
};

int UdpWatch::Start(napi_env env, napi_value listener, const std::vector<UdpPort>& ports,
                    UdpWatch** owner) {
  const Libuv& uv = GetLibuv();
  uv_loop_s* loop = nullptr;
  if (!uv.whole || napi_get_uv_event_loop(env, &loop) != napi_ok) return -EOPNOTSUPP;
  auto* watch = new UdpWatch(env, owner);
  if (napi_create_reference(env, listener, 1, &watch->listener_) != napi_ok ||
      napi_add_async_cleanup_hook(env, OnExit, watch, &watch->hook_) != napi_ok) {
    watch->Stop();
    return -ENOMEM;
  }
  for (const UdpPort& port : ports) {
    auto* poll = new Poll{watch, std::calloc(1, uv.handle_size(kPollHandle))};
    int refused = poll->handle == nullptr ? -ENOMEM : uv.poll_init(loop, poll->handle, port.fd);
    if (refused != 0) {
      std::free(poll->handle);
      delete poll;
    } else {
      *static_cast<Poll**>(poll->handle) = poll;
      watch->polls_.push_back(poll);
      ++watch->open_;
      refused = uv.poll_start(poll->handle, kReadable, Poll::Ready);
    }
    if (refused != 0) {
      watch->Stop();
      return refused;
    }
  }
  *owner = watch;
  return 0;
}

void UdpWatch::OnReady(Poll* poll, int status, int) {
  // libuv stops at a waiting error, which is news here and not the end.
  if (status < 0) GetLibuv().poll_start(poll->handle, kReadable, Poll::Ready);
  poll->watch->Call();
}

void UdpWatch::Call() {
  if (stopped_) return;
  const napi_env env = env_;
  napi_handle_scope scope = nullptr;
  napi_value listener = nullptr;
  napi_value receiver = nullptr;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, listener_, &listener) == napi_ok &&
      napi_get_global(env, &receiver) == napi_ok) {
    // The listener may stop this watch: nothing of it is touched afterwards.
    napi_make_callback(env, nullptr, receiver, listener, 0, nullptr, nullptr);
    bool thrown = false;
    napi_value exception = nullptr;
    if (napi_is_exception_pending(env, &thrown) == napi_ok && thrown &&
        napi_get_and_clear_last_exception(env, &exception) == napi_ok) {
      napi_fatal_exception(env, exception);
    }
  }
  napi_close_handle_scope(env, scope);
}

void UdpWatch::Stop() {
  if (stopped_) return;
  stopped_ = true;
  if (hook_ != nullptr) napi_remove_async_cleanup_hook(hook_);
  if (listener_ != nullptr) napi_delete_reference(env_, listener_);
  ClosePolls();
}

void UdpWatch::ClosePolls() {
  if (open_ == 0) {
    if (exiting_) napi_remove_async_cleanup_hook(hook_);
    delete this;
    return;
  }
  for (Poll* poll : polls_) GetLibuv().close(poll->handle, Poll::Closed);
}

void UdpWatch::OnClosed(Poll* poll) {
  UdpWatch* watch = poll->watch;
  std::free(poll->handle);
  delete poll;
  if (--watch->open_ > 0) return;
  if (watch->exiting_) napi_remove_async_cleanup_hook(watch->hook_);
  delete watch;
}

void UdpWatch::OnExit(napi_async_cleanup_hook_handle handle, void* data) {
  auto* watch = static_cast<UdpWatch*>(data);
  watch->hook_ = handle;
  watch->exiting_ = true;
  watch->stopped_ = true;
  *watch->owner_ = nullptr;
  watch->ClosePolls();
}

}  // namespace native_io

#endif  // !defined(_WIN32)
