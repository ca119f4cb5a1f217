// SPDX-License-Identifier: Apache-2.0
#include "net/ip.hpp"

#include <cstring>

#include "net/load.hpp"

namespace wiretape::net {
namespace {

constexpr std::size_t ipv4_length = 20;  // without options
constexpr std::size_t ipv6_length = 40;

// Next header values that are extension headers.
constexpr std::uint8_t hop_by_hop = 0;
constexpr std::uint8_t routing = 43;
constexpr std::uint8_t fragment = 44;
constexpr std::uint8_t authentication = 51;
constexpr std::uint8_t destination_options = 60;
constexpr std::uint8_t mobility = 135;
constexpr std::uint8_t host_identity = 139;
constexpr std::uint8_t shim6 = 140;

// RFC 8200 knows each header once, destination options twice; more is somebody's attempt to get past a filter.
constexpr int most_extensions = 16;

void set_v4(Address& address, const char* wire) {
  std::memcpy(address.bytes.data(), wire, 4);
  std::memset(address.bytes.data() + 4, 0, 12);
  address.v6 = false;
}

void set_v6(Address& address, const char* wire) {
  std::memcpy(address.bytes.data(), wire, 16);
  address.v6 = true;
}

// Takes what a header says of its payload's length together with what there is.
void cut_to(std::uint32_t length, Bytes rest, IpPayload& out) {
  out.length = length;
  out.bytes = rest.size() > length ? rest.substr(0, length) : rest;
}

Drop strip_v4(const IpPacket& packet, IpPayload& out, Segment& segment) {
  const Bytes bytes = packet.bytes;
  if (bytes.size() < ipv4_length) return Drop::truncated;
  const char* const header = bytes.data();
  const std::size_t header_length = std::size_t{load8(header) & 0x0fU} * 4;
  std::size_t total = load_be16(header + 2);
  if (total == 0) total = bytes.size() + packet.not_captured;  // segmentation offload: to the end of the frame
  if (header_length < ipv4_length || total < header_length) return Drop::bad_header;
  if (bytes.size() < header_length) return Drop::truncated;

  out.protocol = load8(header + 9);
  out.v6 = false;
  set_v4(segment.source.address, header + 12);
  set_v4(segment.destination.address, header + 16);
  cut_to(static_cast<std::uint32_t>(total - header_length), bytes.substr(header_length), out);

  const std::uint16_t fragmentation = load_be16(header + 6);
  out.fragment = (fragmentation & 0x3fffU) != 0;
  if (out.fragment) {
    out.more_fragments = (fragmentation & 0x2000U) != 0;
    out.offset = (fragmentation & 0x1fffU) * 8U;
    out.identification = load_be16(header + 4);
  }
  return Drop::none;
}

Drop strip_v6(const IpPacket& packet, IpPayload& out, Segment& segment) {
  if (packet.bytes.size() < ipv6_length) return Drop::truncated;
  const char* const header = packet.bytes.data();
  const Bytes rest = packet.bytes.substr(ipv6_length);
  out.protocol = load8(header + 6);
  out.v6 = true;
  out.fragment = false;
  set_v6(segment.source.address, header + 8);
  set_v6(segment.destination.address, header + 24);

  std::size_t length = load_be16(header + 4);
  // Segmentation offload, and jumbograms (RFC 2675), whose length is in a hop-by-hop option: to the end of the frame.
  if (length == 0 && (out.protocol == IpProtocol::tcp || out.protocol == hop_by_hop)) {
    length = rest.size() + packet.not_captured;
  }
  cut_to(static_cast<std::uint32_t>(length), rest, out);
  return Drop::none;
}

// Takes `size` bytes off the front of a payload.
Drop skip(IpPayload& payload, std::size_t size) {
  if (size > payload.length) return Drop::bad_header;
  if (size > payload.bytes.size()) return Drop::truncated;
  payload.bytes.remove_prefix(size);
  payload.length -= static_cast<std::uint32_t>(size);
  return Drop::none;
}

bool is_extension(const IpPayload& payload) {
  if (payload.protocol == authentication) return true;
  if (!payload.v6) return false;
  switch (payload.protocol) {
    case hop_by_hop:
    case routing:
    case fragment:
    case destination_options:
    case mobility:
    case host_identity:
    case shim6: return true;
    default: return false;
  }
}

// RFC 8200 section 4.5. A fragment that is the whole packet (RFC 6946) is none.
Drop strip_fragment_header(IpPayload& payload) {
  const char* const header = payload.bytes.data();
  const std::uint16_t field = load_be16(header + 2);
  payload.protocol = load8(header);
  payload.offset = field & 0xfff8U;
  payload.more_fragments = (field & 1U) != 0;
  payload.identification = load_be32(header + 4);
  payload.fragment = payload.offset != 0 || payload.more_fragments;
  return skip(payload, 8);
}

Drop strip_extension(IpPayload& payload) {
  constexpr std::size_t shortest = 8;
  if (payload.length < shortest) return Drop::bad_header;
  if (payload.bytes.size() < shortest) return Drop::truncated;
  if (payload.protocol == fragment) return strip_fragment_header(payload);

  const std::size_t units = load8(payload.bytes.data() + 1);
  const std::size_t size = payload.protocol == authentication ? (units + 2) * 4 : (units + 1) * 8;
  payload.protocol = load8(payload.bytes.data());
  return skip(payload, size);
}

bool has_ports(std::uint8_t protocol) {
  return protocol == IpProtocol::tcp || protocol == IpProtocol::udp || protocol == IpProtocol::sctp;
}

bool quoted_transport(const IpPayload& payload, Transport& out) {
  switch (payload.protocol) {
    case IpProtocol::tcp: out = Transport::tcp; return true;
    case IpProtocol::udp: out = Transport::udp; return true;
    case IpProtocol::sctp: out = Transport::sctp; return true;
    case IpProtocol::icmp: out = Transport::icmp; return !payload.v6;
    case IpProtocol::icmp_v6: out = Transport::icmp; return payload.v6;
    default: return false;
  }
}

}  // namespace

Drop strip_ip(const IpPacket& packet, IpPayload& out, Segment& segment) {
  if (load8(packet.bytes.data()) >> 4U == 4) return strip_v4(packet, out, segment);
  return strip_v6(packet, out, segment);
}

Drop strip_extensions(IpPayload& payload) {
  for (int count = 0; is_extension(payload); ++count) {
    if (count == most_extensions) return Drop::bad_header;
    if (const Drop drop = strip_extension(payload); drop != Drop::none) return drop;
    if (payload.fragment) return Drop::none;
  }
  return Drop::none;
}

bool read_quoted(Bytes packet, Segment& segment) {
  if (packet.empty()) return false;
  const unsigned version = load8(packet.data()) >> 4U;
  if (version != 4 && version != 6) return false;

  Segment quoted;
  IpPayload payload;
  if (strip_ip({.bytes = packet}, payload, quoted) != Drop::none) return false;
  if (!payload.fragment && strip_extensions(payload) != Drop::none) return false;
  if (payload.fragment && payload.offset != 0) return false;
  if (!quoted_transport(payload, segment.quoted_transport)) return false;
  if (has_ports(payload.protocol)) {
    if (payload.bytes.size() < 4) return false;
    quoted.source.port = load_be16(payload.bytes.data());
    quoted.destination.port = load_be16(payload.bytes.data() + 2);
  }
  segment.quoted_source = quoted.source;
  segment.quoted_destination = quoted.destination;
  return true;
}

}  // namespace wiretape::net
