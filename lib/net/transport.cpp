// SPDX-License-Identifier: Apache-2.0
#include "net/transport.hpp"

#include "net/load.hpp"

namespace wiretape::net {
namespace {

constexpr std::size_t tcp_length = 20;  // without options
constexpr std::size_t udp_length = 8;
constexpr std::size_t sctp_length = 12;
constexpr std::size_t icmp_length = 8;

// A header of `size` bytes must be there: in the packet, and of it in what was captured.
Drop check(const IpPayload& payload, std::size_t size) {
  if (payload.length < size) return Drop::bad_header;
  if (payload.bytes.size() < size) return Drop::truncated;
  return Drop::none;
}

void set_ports(const char* header, Segment& segment) {
  segment.source.port = load_be16(header);
  segment.destination.port = load_be16(header + 2);
}

// The options of a header may be cut by the snapshot length: then nothing of the payload is there, but its length is
// known.
void set_payload(const IpPayload& payload, std::size_t header, std::size_t end, Segment& segment) {
  segment.payload_length = static_cast<std::uint32_t>(end - header);
  segment.payload = payload.bytes.size() > header ? payload.bytes.substr(header, end - header) : Bytes{};
}

Drop strip_tcp(const IpPayload& payload, Segment& segment) {
  if (const Drop drop = check(payload, tcp_length); drop != Drop::none) return drop;
  const char* const header = payload.bytes.data();
  const std::size_t header_length = std::size_t{load8(header + 12)} >> 4U << 2U;
  if (header_length < tcp_length || header_length > payload.length) return Drop::bad_header;
  segment.transport = Transport::tcp;
  set_ports(header, segment);
  segment.sequence = load_be32(header + 4);
  segment.acknowledgment = load_be32(header + 8);
  segment.flags = load8(header + 13);
  segment.window = load_be16(header + 14);
  segment.urgent = load_be16(header + 18);
  set_payload(payload, header_length, payload.length, segment);
  return Drop::none;
}

// A length of 0 means to the end of the packet (jumbograms, RFC 2675). One beyond the packet is wrong, but what is
// there was sent all the same, and whoever records it wants to see it: the IP length holds.
Drop strip_udp(const IpPayload& payload, Segment& segment) {
  if (const Drop drop = check(payload, udp_length); drop != Drop::none) return drop;
  const char* const header = payload.bytes.data();
  std::size_t length = load_be16(header + 4);
  if (length == 0 || length > payload.length) length = payload.length;
  if (length < udp_length) return Drop::bad_header;
  segment.transport = Transport::udp;
  set_ports(header, segment);
  set_payload(payload, udp_length, length, segment);
  return Drop::none;
}

Drop strip_sctp(const IpPayload& payload, Segment& segment) {
  if (const Drop drop = check(payload, sctp_length); drop != Drop::none) return drop;
  segment.transport = Transport::sctp;
  set_ports(payload.bytes.data(), segment);
  set_payload(payload, sctp_length, payload.length, segment);
  return Drop::none;
}

bool is_echo(const Segment& segment) {
  if (segment.source.address.v6) return segment.icmp_type == 128 || segment.icmp_type == 129;
  return segment.icmp_type == 0 || segment.icmp_type == 8;
}

// Errors, and what else answers a packet by quoting it: the redirect.
bool is_error(const Segment& segment) {
  if (segment.source.address.v6) return segment.icmp_type >= 1 && segment.icmp_type <= 4;
  switch (segment.icmp_type) {
    case 3:   // destination unreachable
    case 4:   // source quench
    case 5:   // redirect
    case 11:  // time exceeded
    case 12:  // parameter problem
      return true;
    default: return false;
  }
}

Drop strip_icmp(const IpPayload& payload, Segment& segment) {
  if (const Drop drop = check(payload, icmp_length); drop != Drop::none) return drop;
  const char* const header = payload.bytes.data();
  segment.transport = Transport::icmp;
  segment.source.port = 0;
  segment.destination.port = 0;
  segment.icmp_type = load8(header);
  segment.icmp_code = load8(header + 1);
  segment.icmp_checksum = load_be16(header + 2);
  const bool echo = is_echo(segment);
  segment.icmp_id = echo ? load_be16(header + 4) : std::uint16_t{0};
  segment.icmp_sequence = echo ? load_be16(header + 6) : std::uint16_t{0};
  set_payload(payload, icmp_length, payload.length, segment);
  segment.quotes = is_error(segment) && read_quoted(segment.payload, segment);
  return Drop::none;
}

}  // namespace

Drop strip_transport(const IpPayload& payload, Segment& segment) {
  segment.quotes = false;
  switch (payload.protocol) {
    case IpProtocol::tcp: return strip_tcp(payload, segment);
    case IpProtocol::udp: return strip_udp(payload, segment);
    case IpProtocol::sctp: return strip_sctp(payload, segment);
    case IpProtocol::icmp: return payload.v6 ? Drop::unknown_transport : strip_icmp(payload, segment);
    case IpProtocol::icmp_v6: return payload.v6 ? strip_icmp(payload, segment) : Drop::unknown_transport;
    default: return Drop::unknown_transport;
  }
}

}  // namespace wiretape::net
