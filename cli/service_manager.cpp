// SPDX-License-Identifier: Apache-2.0
#include "service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace wiretape::cli {
namespace {

std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

// A path, or with an @ in front a name in the abstract namespace.
record::Descriptor connected_to(std::string_view address) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address.empty() || address.size() >= sizeof to.sun_path) return {};
  std::memcpy(to.sun_path, address.data(), address.size());
  if (address.front() == '@') to.sun_path[0] = 0;
  record::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&to), size) != 0) return {};
  return socket;
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  const std::string_view text = environment("WATCHDOG_USEC");
  std::int64_t microseconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), microseconds);
  if (microseconds <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

}  // namespace

ServiceManager::ServiceManager()
    : socket_(connected_to(environment("NOTIFY_SOCKET"))), watchdog_(watchdog_interval()), next_(Clock::now()) {}

void ServiceManager::tick() {
  if (!watchdog_ || Clock::now() < next_) return;
  tell("WATCHDOG=1");
  next_ = Clock::now() + *watchdog_ / 3;
}

void ServiceManager::tell(std::string_view state) {
  if (socket_.number() < 0) return;
  static_cast<void>(::send(socket_.number(), state.data(), state.size(), MSG_NOSIGNAL));
}

}  // namespace wiretape::cli
