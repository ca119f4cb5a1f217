// SPDX-License-Identifier: Apache-2.0
// What can be captured on this machine.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace wiretape::capture {

struct Device {
  std::string name;
  std::string description;              // "" where there is none
  std::vector<std::string> addresses;   // IPv4 and IPv6 as text
  std::vector<std::string> link_types;  // by name: "EN10MB"; empty without the right to open it
  bool up = false;
  bool running = false;
  bool loopback = false;
};

// In the order in which tcpdump -D shows them.
Result<std::vector<Device>> devices();

// The interface of the default route (the one with the lowest metric), IPv4 before IPv6. ErrorKind::interface where
// there is none.
Result<std::string> default_interface();

// "EN10MB" and "Ethernet" for a link type.
std::string link_type_name(int link_type);
std::string link_type_description(int link_type);

}  // namespace wiretape::capture
