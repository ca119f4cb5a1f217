// SPDX-License-Identifier: Apache-2.0
// Addresses and ports.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace wiretape {

// An IPv4 or IPv6 address in network byte order. IPv4 uses the first four bytes, the rest is zero.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool v6 = false;

  // `wire` holds at least 4 bytes for v4, 16 for v6.
  static Address v4_of(Bytes wire);
  static Address v6_of(Bytes wire);
  constexpr auto operator<=>(const Address&) const = default;
};

// 10.0.0.1, or IPv6 as RFC 5952 writes it: 2001:db8::1, ::ffff:10.0.0.1.
std::string text(const Address& address);
void append_text(std::string& out, const Address& address);

struct Endpoint {
  Address address;
  std::uint16_t port = 0;
  constexpr auto operator<=>(const Endpoint&) const = default;
};

}  // namespace wiretape
