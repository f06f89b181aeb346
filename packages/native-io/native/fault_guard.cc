#if !defined(_WIN32)

#include "fault_guard.h"

#include <setjmp.h>
#include <signal.h>

#include <atomic>
#include <cstring>
#include <mutex>

namespace native_io {
namespace {

// Read by the handler: glibc must not allocate it on first use, and musl never does.
#if defined(__GLIBC__)
#define NATIVE_IO_HANDLER_TLS __attribute__((tls_model("initial-exec")))
#else
#define NATIVE_IO_HANDLER_TLS
#endif

thread_local sigjmp_buf* volatile way_out NATIVE_IO_HANDLER_TLS = nullptr;

struct sigaction previous;

// A fault of this thread's guarded copy jumps out of it; every other SIGBUS belongs to whoever was there before.
void OnBusError(int signal, siginfo_t* info, void* context) {
  sigjmp_buf* const jump = way_out;
  // A code above zero is the kernel's own; what a process sends is not the copy's fault.
  if (jump != nullptr && info->si_code > 0) {
    way_out = nullptr;
    siglongjmp(*jump, 1);
  }
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else if (previous.sa_handler == SIG_DFL || info->si_code > 0) {
    // The default ends the process. The kernel does not let a fault be ignored either: the instruction would fault
    // again for ever. Returning repeats it, or delivers what was sent, with the default in place.
    struct sigaction fallback = {};
    fallback.sa_handler = SIG_DFL;
    sigaction(signal, &fallback, nullptr);
    if (info->si_code <= 0) raise(signal);
  }
}

void Install() {
  struct sigaction action = {};
  action.sa_sigaction = OnBusError;
  // The jump leaves the handler without returning, so the signal must not stay blocked; a full stack is no reason to
  // miss it.
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &previous);
}

std::once_flag installed;

}  // namespace

bool GuardedCopy(void* to, const void* from, size_t size) {
  std::call_once(installed, Install);
  sigjmp_buf jump;
  if (sigsetjmp(jump, 0) != 0) return false;
  way_out = &jump;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::memmove(to, from, size);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  way_out = nullptr;
  return true;
}

}  // namespace native_io

#endif  // !defined(_WIN32)
