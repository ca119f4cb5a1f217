// SPDX-License-Identifier: Apache-2.0
// Link layer headers (https://www.tcpdump.org/linktypes.html), taken off down to the IP packet.
#pragma once

#include <cstdint>

#include "net/packet.hpp"
#include "net/segment.hpp"

namespace wiretape::net {

// What a frame carries. `bytes` reaches to the end of what was captured: padding and trailers are still there, the IP
// header says where its packet ends.
struct IpPacket {
  Bytes bytes;                     // not empty; the first nibble is the version
  std::uint32_t not_captured = 0;  // bytes of the frame behind `bytes` that the snapshot length cut off
  std::uint16_t vlan = 0;          // outermost 802.1Q identifier
};

struct EtherType {
  static constexpr std::uint16_t ipv4 = 0x0800, ipv6 = 0x86dd;
};

// Drop::none and `out`, or why there is no IP packet. A view into the packet.
Drop strip_link(const Packet& packet, IpPacket& out);

// The same for what a tunnel carries, with `not_captured` left as it is: an Ethernet frame, what stands behind an
// EtherType, an IP packet of the version that its first nibble says.
Drop strip_ethernet(Bytes frame, IpPacket& out);
Drop strip_ethertype(std::uint16_t type, Bytes bytes, IpPacket& out);
Drop strip_any_ip(Bytes packet, IpPacket& out);

// Where a packet was seen, as far as its link header says: only LINUX_SLL2 does.
struct LinkPoint {
  std::uint32_t interface = 0;  // number on the capturing machine; 0 where it is not said
  bool outgoing = false;
};
LinkPoint link_point(const Packet& packet);

}  // namespace wiretape::net
