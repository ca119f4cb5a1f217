// SPDX-License-Identifier: Apache-2.0
// IP headers: IPv4 (RFC 791), IPv6 with extension headers (RFC 8200), the authentication header (RFC 4302).
#pragma once

#include <cstdint>

#include "net/link.hpp"
#include "net/segment.hpp"

namespace wiretape::net {

// Numbers of https://www.iana.org/assignments/protocol-numbers.
struct IpProtocol {
  static constexpr std::uint8_t icmp = 1, ipv4 = 4, tcp = 6, udp = 17, ipv6 = 41, gre = 47, icmp_v6 = 58, sctp = 132;
};

// What an IP packet carries, or its fragment of it.
struct IpPayload {
  std::uint8_t protocol = 0;
  bool v6 = false;
  bool reassembled = false;  // was put together from fragments: bytes are the defragmenter's
  Bytes bytes;               // captured of it, padding behind the IP packet taken off
  std::uint32_t length = 0;  // as the header says, at least bytes.size()

  // Of a fragment only: bytes and length are then those of the fragment, protocol that of the first header behind the
  // fragment header, which for IPv6 may be a further extension header.
  bool fragment = false;
  bool more_fragments = false;
  std::uint32_t offset = 0;  // in bytes
  std::uint32_t identification = 0;
};

// Fills `out` and the addresses of `segment`, which keep their ports.
Drop strip_ip(const IpPacket& packet, IpPayload& out, Segment& segment);

// Walks the extension headers at the front of `payload` until it holds a transport protocol or a fragment.
Drop strip_extensions(IpPayload& payload);

// Reads as much of a quoted packet as an ICMP error has of it: addresses, and the ports where the transport has them.
// False when it is no first fragment or too short to name a stream.
bool read_quoted(Bytes packet, Segment& segment);

}  // namespace wiretape::net
