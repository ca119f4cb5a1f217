// SPDX-License-Identifier: Apache-2.0
// Tunnels made in memory, for tests: like support/packets.hpp, each layer is a function of what it carries.
#pragma once

#include "support/packets.hpp"

namespace wiretape::support {

inline std::string ip_in_ip(const std::string& packet) {
  return ipv4({.protocol = static_cast<std::uint8_t>(packet[0] >> 4U == 6 ? 41 : 4)}, packet);
}

struct Gre {
  unsigned flags = 0;  // the first two bytes
  std::uint16_t type = 0x0800;
  std::string optional = "";  // what the flags announce
};

inline std::string gre(const Gre& header, const std::string& payload) {
  return ipv4({.protocol = 47}, be16(header.flags) + be16(header.type) + header.optional + payload);
}

inline std::string udp_to(std::uint16_t port, const std::string& payload) {
  Udp datagram{.payload = payload};
  datagram.destination.port = port;
  return udp_packet(datagram);
}

inline std::string vxlan(const std::string& frame, std::uint16_t port = 4789) {
  return udp_to(port, be32(0x08000000) + be32(42U << 8U) + frame);
}

// `next`: what is inside, by the numbers of VXLAN-GPE.
inline std::string vxlan_gpe(unsigned next, const std::string& inside) {
  return udp_to(4790, be32(0x0c000000U | next) + be32(42U << 8U) + inside);
}

// `options`: a multiple of four bytes.
inline std::string geneve(std::uint16_t type, const std::string& payload, const std::string& options = "") {
  return udp_to(6081, bytes_of({static_cast<unsigned>(options.size() / 4), 0}) + be16(type) + be32(42U << 8U) +
                          options + payload);
}

// `optional`: the four bytes that the lower flags announce, and extension headers.
inline std::string gtp_u(const std::string& packet, unsigned flags = 0x30, const std::string& optional = "",
                         unsigned message = 255) {
  return udp_to(2152, bytes_of({flags, message}) + be16(optional.size() + packet.size()) + be32(7) + optional + packet);
}

}  // namespace wiretape::support
