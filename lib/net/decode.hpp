// SPDX-License-Identifier: Apache-2.0
// From a captured packet to a segment, or the reason why not.
#pragma once

#include "net/segment.hpp"

namespace wiretape::net {

class Defragmenter;
struct GivenUp;

// A segment is a view: valid until the packet goes, or the next call with the same defragmenter.
struct Decoded {
  Drop drop = Drop::none;
  // Whole when drop is none, but for the fields of other transports than its own: they keep what they had, so that an
  // object used again and again is not cleared for each packet.
  Segment segment;
};

// Takes one packet apart: Ethernet with up to 8 tags (802.1Q, 802.1ad), MPLS and PPPoE sessions, Linux cooked v1 and
// v2, BSD loopback, raw IP, NFLOG, PKTAP; IPv4 (RFC 791) and IPv6 (RFC 8200) with extension headers, fragments through
// `defragmenter` (net/defragment.hpp); the headers of TCP, UDP, ICMP, ICMPv6 and SCTP.
//
// Tunnels are opened (net/tunnel.hpp), up to four inside one another: IP in IP, GRE with IP, Ethernet or ERSPAN I and
// II, and by the port a datagram goes to VXLAN (4789, 4790, 8472), Geneve (6081) and GTP-U (2152). The segment is then
// the inner packet's, with the VLAN of the outer frame; fragments inside go through `defragmenter` too. A datagram to
// such a port that carries no packet, or one that cannot be decoded, is a segment itself.
//
// Checksums are not looked at:
// offloading leaves them empty on the sending machine. An IPv4 total length of 0 (segmentation offload) means to the
// end of the frame. `packet` is what Segment::packets shows: it must live as long as the segment.
void decode(const Packet& packet, Defragmenter& defragmenter, Decoded& out);

// The segment of a datagram that lacks fragments, made from its first one: its payload is what there is without a hole
// from its start, its payload_length what the datagram's own headers say, or at least as far as its fragments reach.
// False when the first fragment is missing, or has no whole transport header, or belongs to a datagram that was
// rejected. Valid as long as `datagram`; tunnels are opened, but no fragments inside them put together.
bool decode_partial(const GivenUp& datagram, Decoded& out);

}  // namespace wiretape::net
