// SPDX-License-Identifier: Apache-2.0
#include "capture/devices.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include "base/endpoint.hpp"

namespace wiretape::capture {
namespace {

void append_address(std::vector<std::string>& out, const sockaddr* address) {
  if (address == nullptr) return;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    out.push_back(text(Address::v4_of({reinterpret_cast<const char*>(&v4.sin_addr), 4})));
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    out.push_back(text(Address::v6_of({reinterpret_cast<const char*>(&v6.sin6_addr), 16})));
  }
}

std::vector<std::string> link_types_of(const char* name) {
  std::array<char, PCAP_ERRBUF_SIZE> message{};
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> handle(pcap_create(name, message.data()), pcap_close);
  if (!handle || pcap_activate(handle.get()) < 0) return {};
  int* types = nullptr;
  const int count = pcap_list_datalinks(handle.get(), &types);
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(link_type_name(types[i]));
  if (count >= 0) pcap_free_datalinks(types);
  return names;
}

// The interface of the default route with the lowest metric in a table of /proc/net: `destination` is the column that
// holds the destination, `prefix` the one that holds its length or mask.
struct RouteColumns {
  std::size_t interface, destination, prefix, metric;
  int metric_base;
};

std::optional<std::string> default_route(const char* path, const RouteColumns& columns) {
  std::ifstream table(path);
  std::optional<std::string> best;
  unsigned long best_metric = 0;
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::vector<std::string> row;
    for (std::string field; fields >> field;) row.push_back(field);
    if (row.size() <= std::max({columns.interface, columns.destination, columns.prefix, columns.metric})) continue;
    const auto zero = [&](const std::string& field) { return field.find_first_not_of('0') == std::string::npos; };
    if (!zero(row[columns.destination]) || !zero(row[columns.prefix]) || row[columns.interface] == "lo") continue;
    const unsigned long metric = std::strtoul(row[columns.metric].c_str(), nullptr, columns.metric_base);
    if (best && metric >= best_metric) continue;
    best = row[columns.interface];
    best_metric = metric;
  }
  return best;
}

}  // namespace

Result<std::vector<Device>> devices() {
  std::array<char, PCAP_ERRBUF_SIZE> message{};
  pcap_if_t* list = nullptr;
  if (pcap_findalldevs(&list, message.data()) != 0) {
    return Error{.kind = ErrorKind::capture, .message = fmt::format("cannot list the interfaces: {}", message.data())};
  }
  const std::unique_ptr<pcap_if_t, decltype(&pcap_freealldevs)> owner(list, pcap_freealldevs);
  std::vector<Device> devices;
  for (const pcap_if_t* each = list; each != nullptr; each = each->next) {
    Device& device = devices.emplace_back();
    device.name = each->name;
    if (each->description != nullptr) device.description = each->description;
    for (const pcap_addr_t* address = each->addresses; address != nullptr; address = address->next) {
      append_address(device.addresses, address->addr);
    }
    device.link_types = link_types_of(each->name);
    device.up = (each->flags & PCAP_IF_UP) != 0;
    device.running = (each->flags & PCAP_IF_RUNNING) != 0;
    device.loopback = (each->flags & PCAP_IF_LOOPBACK) != 0;
  }
  return devices;
}

Result<std::string> default_interface() {
  // Interface, destination, mask and metric of /proc/net/route; destination, its length, metric (base 16) and interface
  // of ipv6_route.
  if (auto v4 = default_route("/proc/net/route",
                              {.interface = 0, .destination = 1, .prefix = 7, .metric = 6, .metric_base = 10})) {
    return *v4;
  }
  if (auto v6 = default_route("/proc/net/ipv6_route",
                              {.interface = 9, .destination = 0, .prefix = 1, .metric = 5, .metric_base = 16})) {
    return *v6;
  }
  return Error{.kind = ErrorKind::interface,
               .message = "there is no default route, so no interface to capture on by default",
               .hint = "name one with -i (-i any captures on all)"};
}

std::string link_type_name(int link_type) {
  const char* name = pcap_datalink_val_to_name(link_type);
  return name != nullptr ? name : fmt::format("DLT_{}", link_type);
}

std::string link_type_description(int link_type) {
  const char* description = pcap_datalink_val_to_description(link_type);
  return description != nullptr ? description : fmt::format("link-layer type {}", link_type);
}

}  // namespace wiretape::capture
