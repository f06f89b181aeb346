// Calls JavaScript from the event loop while a port has something to read.
#pragma once

#include <node_api.h>

#include <vector>

#include "udp_group.h"

namespace native_io {

class UdpWatch {
 public:
  // 0 and a watch in `owner`, or a negative errno. `owner` becomes nullptr where the thread ends before Stop. `listener`
  // is a function.
  static int Start(napi_env env, napi_value listener, const std::vector<UdpPort>& ports,
                   UdpWatch** owner);
  // Ends the calls at once; the memory goes when the event loop has let go of the ports.
  void Stop();

 private:
  struct Poll;

  UdpWatch(napi_env env, UdpWatch** owner) : env_(env), owner_(owner) {}
  static void OnReady(Poll* poll, int status, int events);
  static void OnClosed(Poll* poll);
  static void OnExit(napi_async_cleanup_hook_handle handle, void* data);
  void Call();
  void ClosePolls();

  napi_env env_;
  UdpWatch** owner_;
  napi_ref listener_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  bool exiting_ = false;
  bool stopped_ = false;
  std::vector<Poll*> polls_;
  size_t open_ = 0;
};

}  // namespace native_io
