// SPDX-License-Identifier: Apache-2.0
#include "capture/interface_drops.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace wiretape::capture {
namespace {

namespace fs = std::filesystem;

std::optional<std::uint64_t> number_in(const Descriptor& file) {
  std::array<char, 32> text{};
  const ssize_t size = pread(file.number(), text.data(), text.size(), 0);
  std::uint64_t number = 0;
  if (size <= 0 || std::from_chars(text.data(), text.data() + size, number).ec != std::errc{}) return std::nullopt;
  return number;
}

}  // namespace

InterfaceDrops::InterfaceDrops(const std::string& interface, const std::string& classes) {
  if (interface != "any") {
    add(classes + "/" + interface + "/statistics");
    return;
  }
  std::error_code none;
  for (fs::directory_iterator at(classes, none), end; at != end; at.increment(none)) {
    if (fs::exists(at->path() / "device", none)) add(at->path() / "statistics");
  }
}

void InterfaceDrops::add(const std::string& statistics) {
  // No buffer was free; the device's own was full. What the kernel itself throws away is no loss of a capture.
  for (const char* name : {"/rx_missed_errors", "/rx_fifo_errors"}) {
    Descriptor file(open((statistics + name).c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0) continue;
    const std::uint64_t now = number_in(file).value_or(0);
    counters_.push_back({.file = std::move(file), .last = now});
  }
}

std::uint64_t InterfaceDrops::read() {
  for (Counter& counter : counters_) {
    const auto now = number_in(counter.file);
    if (!now) continue;
    // A driver that was loaded again begins at 0.
    if (*now > counter.last) lost_ += *now - counter.last;
    counter.last = *now;
  }
  return lost_;
}

}  // namespace wiretape::capture
