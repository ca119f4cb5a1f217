// SPDX-License-Identifier: Apache-2.0
// What a service tells systemd about itself (sd_notify(3)), where NOTIFY_SOCKET is set; else nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "record/files.hpp"

namespace wiretape::cli {

class ServiceManager {
 public:
  ServiceManager();

  void ready() { tell("READY=1"); }
  void stopping() { tell("STOPPING=1"); }
  // To be called more often than the watchdog wants to hear of it.
  void tick();

 private:
  using Clock = std::chrono::steady_clock;

  void tell(std::string_view state);

  record::Descriptor socket_;
  std::optional<std::chrono::microseconds> watchdog_;
  Clock::time_point next_;
};

}  // namespace wiretape::cli
