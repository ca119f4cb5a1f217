// SPDX-License-Identifier: Apache-2.0
// Packets that an interface lost before the kernel could hand them on: its own counters
// (https://www.kernel.org/doc/html/latest/networking/statistics.html), of which pcap_stats(3) tells only when the
// interface is promiscuous, and never for "any".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/input.hpp"

namespace wiretape::capture {

class InterfaceDrops {
 public:
  // `classes` is a folder like Linux' /sys/class/net. "any" is every interface in it with a device behind it: others
  // lose nothing. The files are opened here, so that read() works without the right to open them.
  explicit InterfaceDrops(const std::string& interface, const std::string& classes = "/sys/class/net");

  // How many since this object was made. An interface without counters loses nothing. Costs some microseconds.
  [[nodiscard]] std::uint64_t read();

 private:
  struct Counter {
    Descriptor file;
    std::uint64_t last;
  };

  void add(const std::string& statistics);

  std::vector<Counter> counters_;
  std::uint64_t lost_ = 0;
};

}  // namespace wiretape::capture
