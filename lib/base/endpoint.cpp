// SPDX-License-Identifier: Apache-2.0
#include "base/endpoint.hpp"

#include <arpa/inet.h>

#include <cassert>
#include <cstring>

namespace wiretape {

Address Address::v4_of(Bytes wire) {
  assert(wire.size() >= 4);
  Address address;
  std::memcpy(address.bytes.data(), wire.data(), 4);
  return address;
}

Address Address::v6_of(Bytes wire) {
  assert(wire.size() >= 16);
  Address address;
  std::memcpy(address.bytes.data(), wire.data(), 16);
  address.v6 = true;
  return address;
}

void append_text(std::string& out, const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), buffer.data(), buffer.size()) != nullptr) {
    out += buffer.data();
  }
}

std::string text(const Address& address) {
  std::string out;
  append_text(out, address);
  return out;
}

}  // namespace wiretape
