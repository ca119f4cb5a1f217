// SPDX-License-Identifier: Apache-2.0
// A packet without its link and network headers: what belongs to one stream.
#pragma once

#include <cstdint>
#include <span>

#include "base/endpoint.hpp"
#include "base/stream_facts.hpp"
#include "net/packet.hpp"

namespace wiretape::net {

// Flags of the TCP header (RFC 9293), as its fourteenth byte holds them.
struct TcpFlags {
  static constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10, urg = 0x20;
};

struct Segment {
  Timestamp time;
  Transport transport = Transport::tcp;
  Endpoint source;  // port 0 for ICMP
  Endpoint destination;
  std::uint16_t vlan = 0;
  Bytes payload;                     // behind the transport header; what was captured of it
  std::uint32_t payload_length = 0;  // as the headers say; payload is shorter when the snapshot length cut it

  // TCP
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::uint16_t window = 0;
  std::uint16_t urgent = 0;
  std::uint8_t flags = 0;

  // ICMP and ICMPv6
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  std::uint16_t icmp_id = 0;        // echo only
  std::uint16_t icmp_sequence = 0;  // echo only
  std::uint16_t icmp_checksum = 0;
  // An ICMP error quotes the packet that it answers, and belongs to that packet's stream too. Empty when it quotes
  // none.
  bool quotes = false;
  Transport quoted_transport = Transport::tcp;
  Endpoint quoted_source;
  Endpoint quoted_destination;

  // The packets that carried it: one, or all its fragments in the order of their arrival. Valid as long as the segment.
  std::span<const Packet> packets;
};

// Why a packet is in no stream. Every packet is either a segment, held as a fragment of one, or counted here.
enum class Drop : std::uint8_t {
  none,
  fragment_held,      // waits for the rest of its datagram; its packet comes with the segment made of it
  unknown_link,       // a link type that is not taken apart
  not_ip,             // ARP, LLDP ...: no IP packet inside
  truncated,          // the snapshot length or the file cut a header
  bad_header,         // a header contradicts itself or the packet's length
  unknown_transport,  // an IP protocol without streams
  bad_fragment,       // overlapping, oversized or contradicting fragments
  count_
};
std::string_view name(Drop drop);

}  // namespace wiretape::net
