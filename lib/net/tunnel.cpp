// SPDX-License-Identifier: Apache-2.0
#include "net/tunnel.hpp"

#include "net/load.hpp"

namespace wiretape::net {
namespace {

constexpr std::uint16_t type_ethernet = 0x6558;  // transparent Ethernet bridging
constexpr std::uint16_t type_erspan = 0x88be;    // types I and II

// 3GPP TS 29.281 gives no bound; a packet has one or two.
constexpr int most_gtp_extensions = 8;

Drop take_off(Bytes& bytes, std::size_t size) {
  if (bytes.size() < size) return Drop::truncated;
  bytes.remove_prefix(size);
  return Drop::none;
}

Drop strip_inner(std::uint16_t type, Bytes bytes, IpPacket& inner) {
  return type == type_ethernet ? strip_ethernet(bytes, inner) : strip_ethertype(type, bytes, inner);
}

// RFC 2784 and RFC 2890: checksum, key and sequence number are there when their flag is. A packet with routing
// (RFC 1701) or of version 1 (PPTP, RFC 2637) is of another kind.
Drop strip_gre(Bytes bytes, IpPacket& inner) {
  constexpr unsigned checksum = 0x8000;
  constexpr unsigned routing = 0x4000;
  constexpr unsigned key = 0x2000;
  constexpr unsigned sequence = 0x1000;
  constexpr unsigned version = 0x0007;
  if (bytes.size() < 4) return Drop::truncated;
  const unsigned flags = load_be16(bytes.data());
  const std::uint16_t type = load_be16(bytes.data() + 2);
  if ((flags & (routing | version)) != 0) return Drop::unknown_transport;

  std::size_t header = 4;
  for (const unsigned flag : {checksum, key, sequence}) header += (flags & flag) != 0 ? 4 : 0;
  if (const Drop drop = take_off(bytes, header); drop != Drop::none) return drop;
  if (type != type_erspan) return strip_inner(type, bytes, inner);

  // Type II has a header of eight bytes and always numbers its packets, type I has neither
  // (draft-foschiano-erspan-03).
  if ((flags & sequence) != 0) {
    if (const Drop drop = take_off(bytes, 8); drop != Drop::none) return drop;
  }
  return strip_ethernet(bytes, inner);
}

// RFC 7348 section 5: the flag that the network identifier is valid must be set.
Drop strip_vxlan(Bytes bytes, IpPacket& inner) {
  constexpr unsigned valid_identifier = 0x08;
  if (bytes.size() < 8) return Drop::truncated;
  if ((load8(bytes.data()) & valid_identifier) == 0) return Drop::bad_header;
  return strip_ethernet(bytes.substr(8), inner);
}

// Section 3.1 of the draft: the last byte of the first word says what is inside. Whether its flag is set is not looked
// at, some senders leave it out; without a number it is an Ethernet frame, as in VXLAN.
Drop strip_vxlan_gpe(Bytes bytes, IpPacket& inner) {
  constexpr unsigned valid_identifier = 0x08;
  constexpr unsigned none = 0, ipv4 = 1, ipv6 = 2, ethernet = 3;
  if (bytes.size() < 8) return Drop::truncated;
  if ((load8(bytes.data()) & valid_identifier) == 0) return Drop::bad_header;
  const unsigned next = load8(bytes.data() + 3);
  bytes.remove_prefix(8);
  switch (next) {
    case none:
    case ethernet: return strip_ethernet(bytes, inner);
    case ipv4: return strip_ethertype(EtherType::ipv4, bytes, inner);
    case ipv6: return strip_ethertype(EtherType::ipv6, bytes, inner);
    default: return Drop::not_ip;
  }
}

// RFC 8926 section 3.4: version 0, options in units of four bytes.
Drop strip_geneve(Bytes bytes, IpPacket& inner) {
  if (bytes.size() < 8) return Drop::truncated;
  const unsigned first = load8(bytes.data());
  const std::uint16_t type = load_be16(bytes.data() + 2);
  if (first >> 6U != 0) return Drop::bad_header;
  if (const Drop drop = take_off(bytes, 8 + std::size_t{first & 0x3fU} * 4); drop != Drop::none) return drop;
  return strip_inner(type, bytes, inner);
}

// 3GPP TS 29.281 section 5.2: each is a length in units of four bytes, its content, and the type of the next one.
Drop strip_gtp_extensions(std::uint8_t next, Bytes& bytes) {
  for (int count = 0; next != 0; ++count) {
    if (count == most_gtp_extensions) return Drop::bad_header;
    if (bytes.empty()) return Drop::truncated;
    const std::size_t size = std::size_t{load8(bytes.data())} * 4;
    if (size == 0) return Drop::bad_header;
    if (bytes.size() < size) return Drop::truncated;
    next = load8(bytes.data() + size - 1);
    bytes.remove_prefix(size);
  }
  return Drop::none;
}

// 3GPP TS 29.281 section 5.1: version 1 of GTP, not GTP', and a message that carries a user's packet. Where any of the
// three optional fields is there, all of them have their place.
Drop strip_gtp_u(Bytes bytes, IpPacket& inner) {
  constexpr unsigned version_and_type = 0xf0, version_1_gtp = 0x30;
  constexpr unsigned extension = 0x04, optional = 0x07;
  constexpr unsigned user_packet = 255;
  if (bytes.size() < 8) return Drop::truncated;
  const unsigned flags = load8(bytes.data());
  if ((flags & version_and_type) != version_1_gtp || load8(bytes.data() + 1) != user_packet) return Drop::bad_header;
  bytes.remove_prefix(8);
  if ((flags & optional) != 0) {
    if (bytes.size() < 4) return Drop::truncated;
    const std::uint8_t next = load8(bytes.data() + 3);
    bytes.remove_prefix(4);
    if ((flags & extension) != 0) {
      if (const Drop drop = strip_gtp_extensions(next, bytes); drop != Drop::none) return drop;
    }
  }
  return strip_any_ip(bytes, inner);
}

}  // namespace

Drop open_ip_tunnel(const IpPayload& payload, IpPacket& inner) {
  inner.not_captured = payload.length - static_cast<std::uint32_t>(payload.bytes.size());
  switch (payload.protocol) {
    case IpProtocol::ipv4: return strip_ethertype(EtherType::ipv4, payload.bytes, inner);
    case IpProtocol::ipv6: return strip_ethertype(EtherType::ipv6, payload.bytes, inner);
    case IpProtocol::gre: return strip_gre(payload.bytes, inner);
    default: return Drop::unknown_transport;
  }
}

Drop open_udp_tunnel(const Segment& datagram, IpPacket& inner) {
  inner.not_captured = datagram.payload_length - static_cast<std::uint32_t>(datagram.payload.size());
  switch (datagram.destination.port) {
    case TunnelPort::vxlan:
    case TunnelPort::vxlan_of_old: return strip_vxlan(datagram.payload, inner);
    case TunnelPort::vxlan_gpe: return strip_vxlan_gpe(datagram.payload, inner);
    case TunnelPort::geneve: return strip_geneve(datagram.payload, inner);
    case TunnelPort::gtp_u: return strip_gtp_u(datagram.payload, inner);
    default: return Drop::unknown_transport;
  }
}

}  // namespace wiretape::net
