// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM as a request to end in good order.
#include "stop.hpp"

#include <csignal>
#include <initializer_list>

namespace wiretape::cli {
namespace {

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch nothing else");

extern "C" void request_stop(int) {
  stop_requested.store(true, std::memory_order_relaxed);
}

}  // namespace

const std::atomic<bool>& stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = request_stop;
  // Without SA_RESTART, so that a waiting read returns. Once only, so that who presses Ctrl-C twice is obeyed.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
  return stop_requested;
}

}  // namespace wiretape::cli
