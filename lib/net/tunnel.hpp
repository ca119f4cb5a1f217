// SPDX-License-Identifier: Apache-2.0
// Packets inside packets: IP in IP (RFC 2003, RFC 4213), GRE (RFC 2784, RFC 2890) and ERSPAN I and II in it, VXLAN
// (RFC 7348) and VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe-13), Geneve (RFC 8926), GTP-U (3GPP TS 29.281).
#pragma once

#include <cstdint>

#include "net/ip.hpp"
#include "net/link.hpp"
#include "net/segment.hpp"

namespace wiretape::net {

struct TunnelPort {
  static constexpr std::uint16_t gtp_u = 2152, vxlan = 4789, vxlan_gpe = 4790, vxlan_of_old = 8472, geneve = 6081;
};

[[nodiscard]] constexpr bool is_tunnel_protocol(std::uint8_t protocol) {
  return protocol == IpProtocol::ipv4 || protocol == IpProtocol::ipv6 || protocol == IpProtocol::gre;
}

// A hint only: any program may send from or to these.
[[nodiscard]] constexpr bool is_tunnel_port(std::uint16_t destination) {
  switch (destination) {
    case TunnelPort::gtp_u:
    case TunnelPort::vxlan:
    case TunnelPort::vxlan_gpe:
    case TunnelPort::vxlan_of_old:
    case TunnelPort::geneve: return true;
    default: return false;
  }
}

// Takes the tunnel's headers off what stands behind an IP header of is_tunnel_protocol. Drop::none and `inner`, a view,
// or why there is no IP packet inside.
Drop open_ip_tunnel(const IpPayload& payload, IpPacket& inner);

// The same for a UDP datagram to is_tunnel_port. Any other Drop than none says that it is to be taken as a datagram.
Drop open_udp_tunnel(const Segment& datagram, IpPacket& inner);

}  // namespace wiretape::net
