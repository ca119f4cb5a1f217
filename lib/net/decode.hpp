// SPDX-License-Identifier: Apache-2.0
// From a captured packet to a segment, or the reason why not.
#pragma once

#include "net/segment.hpp"

namespace wiretape::net {

class Defragmenter;

// A segment is a view: valid until the packet goes, or the next call with the same defragmenter.
struct Decoded {
  Drop drop = Drop::none;
  // Whole when drop is none, but for the fields of other transports than its own: they keep what they had, so that an
  // object used again and again is not cleared for each packet.
  Segment segment;
};

// Takes one packet apart: Ethernet with up to 8 tags (802.1Q, 802.1ad), MPLS and PPPoE sessions, Linux cooked v1 and
// v2, BSD loopback, raw IP, NFLOG, PKTAP; IPv4 (RFC 791) and IPv6 (RFC 8200) with extension headers, fragments through
// `defragmenter` (net/defragment.hpp); the headers of TCP, UDP, ICMP, ICMPv6 and SCTP. Checksums are not looked at:
// offloading leaves them empty on the sending machine. An IPv4 total length of 0 (segmentation offload) means to the
// end of the frame. `packet` is what Segment::packets shows: it must live as long as the segment.
void decode(const Packet& packet, Defragmenter& defragmenter, Decoded& out);

}  // namespace wiretape::net
