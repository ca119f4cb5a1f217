// SPDX-License-Identifier: Apache-2.0
// Transport headers: TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260), ICMP (RFC 792), ICMPv6 (RFC 4443).
#pragma once

#include "net/ip.hpp"
#include "net/segment.hpp"

namespace wiretape::net {

// Fills transport, ports, payload and what the transport has of its own. Payload of an ICMP message is what stands
// behind its first eight bytes: of an echo the data, of an error the quoted packet.
Drop strip_transport(const IpPayload& payload, Segment& segment);

}  // namespace wiretape::net
