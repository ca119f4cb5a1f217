// SPDX-License-Identifier: Apache-2.0
#include "net/link.hpp"

#include <algorithm>

#include "net/load.hpp"

namespace wiretape::net {
namespace {

constexpr std::uint16_t type_vlan = 0x8100;          // IEEE 802.1Q
constexpr std::uint16_t type_service_vlan = 0x88a8;  // IEEE 802.1ad
constexpr std::uint16_t type_old_vlan = 0x9100;      // what switches sent as outer tag before 802.1ad
constexpr std::uint16_t type_mpls = 0x8847;
constexpr std::uint16_t type_mpls_upstream = 0x8848;
constexpr std::uint16_t type_pppoe_session = 0x8864;
constexpr std::uint16_t smallest_type = 0x0600;  // below it the field is a length (IEEE 802.3)

// Deeper stacks do not occur in networks that work, and the walk stays bounded.
constexpr int most_tags = 8;
constexpr int most_labels = 16;

constexpr std::size_t ethernet_length = 14;
constexpr std::size_t cooked_length = 16;
constexpr std::size_t cooked2_length = 20;

// The frames that carry frames: PKTAP wraps another link type, once.
enum class Wrapping : std::uint8_t { allowed, done };

Drop take_ip(Bytes bytes, std::uint8_t version, IpPacket& out) {
  if (bytes.empty()) return Drop::truncated;
  if (load8(bytes.data()) >> 4U != version) return Drop::bad_header;
  out.bytes = bytes;
  return Drop::none;
}

Drop take_ip_of_any_version(Bytes bytes, IpPacket& out) {
  if (bytes.empty()) return Drop::truncated;
  const unsigned version = load8(bytes.data()) >> 4U;
  if (version != 4 && version != 6) return Drop::not_ip;
  out.bytes = bytes;
  return Drop::none;
}

// RFC 3032: labels of four bytes, the last one marked. What follows is told by its first nibble alone.
Drop strip_mpls(Bytes bytes, IpPacket& out) {
  for (int label = 0; label < most_labels; ++label) {
    if (bytes.size() < 4) return Drop::truncated;
    const bool last = (load8(bytes.data() + 2) & 1U) != 0;
    bytes.remove_prefix(4);
    if (last) return take_ip_of_any_version(bytes, out);
  }
  return Drop::bad_header;
}

// RFC 2516 section 4, and the protocol numbers of PPP.
Drop strip_pppoe(Bytes bytes, IpPacket& out) {
  if (bytes.size() < 8) return Drop::truncated;
  const std::uint16_t protocol = load_be16(bytes.data() + 6);
  bytes.remove_prefix(8);
  if (protocol == 0x0021) return take_ip(bytes, 4, out);
  if (protocol == 0x0057) return take_ip(bytes, 6, out);
  return Drop::not_ip;
}

// An 802.3 frame names its payload only in a SNAP header (IEEE 802.2) with organisation 0.
Drop strip_snap(Bytes& bytes, std::uint16_t& type) {
  if (bytes.size() < 8) return Drop::not_ip;
  if (load_be32(bytes.data()) != 0xaaaa0300U || load_be16(bytes.data() + 4) != 0) return Drop::not_ip;
  type = load_be16(bytes.data() + 6);
  bytes.remove_prefix(8);
  return Drop::none;
}

bool is_tag(std::uint16_t type) {
  return type == type_vlan || type == type_service_vlan || type == type_old_vlan;
}

Drop strip_tags(Bytes& bytes, std::uint16_t& type, IpPacket& out) {
  for (int tag = 0; is_tag(type); ++tag) {
    if (tag == most_tags) return Drop::bad_header;
    if (bytes.size() < 4) return Drop::truncated;
    if (tag == 0) out.vlan = load_be16(bytes.data()) & 0x0fffU;
    type = load_be16(bytes.data() + 2);
    bytes.remove_prefix(4);
  }
  return Drop::none;
}

// What an EtherType announces: the common end of Ethernet and both cooked forms.
Drop strip_type(std::uint16_t type, Bytes bytes, IpPacket& out) {
  if (type == EtherType::ipv4) return take_ip(bytes, 4, out);
  if (const Drop drop = strip_tags(bytes, type, out); drop != Drop::none) return drop;
  if (type < smallest_type) {
    if (const Drop drop = strip_snap(bytes, type); drop != Drop::none) return drop;
  }
  switch (type) {
    case EtherType::ipv4: return take_ip(bytes, 4, out);
    case EtherType::ipv6: return take_ip(bytes, 6, out);
    case type_mpls:
    case type_mpls_upstream: return strip_mpls(bytes, out);
    case type_pppoe_session: return strip_pppoe(bytes, out);
    default: return Drop::not_ip;
  }
}

Drop strip_fixed(Bytes bytes, std::size_t header, std::size_t type_at, IpPacket& out) {
  if (bytes.size() < header) return Drop::truncated;
  const std::uint16_t type = load_be16(bytes.data() + type_at);
  return strip_type(type, bytes.substr(header), out);
}

// The address family is in the byte order of the capturing machine (LOOP: of the network), and IPv6 has another number
// on each system; small numbers cannot be mistaken for one another's swapped form.
Drop strip_loopback(Bytes bytes, IpPacket& out) {
  if (bytes.size() < 4) return Drop::truncated;
  std::uint32_t family = load_be32(bytes.data());
  if (family > 0xffffU) family = load_le32(bytes.data());
  bytes.remove_prefix(4);
  switch (family) {
    case 2: return take_ip(bytes, 4, out);
    case 10:  // Linux
    case 24:  // NetBSD, OpenBSD
    case 28:  // FreeBSD
    case 30:  // macOS
      return take_ip(bytes, 6, out);
    default: break;
  }
  if (family <= 0xffffU) return Drop::not_ip;
  // Some systems put more than the family into these bytes: the packet's own version tells.
  const auto version = static_cast<std::uint8_t>(bytes.empty() ? 0 : static_cast<unsigned char>(bytes.front()) >> 4U);
  return version == 4 || version == 6 ? take_ip(bytes, version, out) : Drop::not_ip;
}

// https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html: four bytes, then attributes of length and type in the byte
// order of the capturing machine, each padded to four bytes. The length tells the order: at least 4, small.
Drop strip_nflog(Bytes bytes, IpPacket& out) {
  constexpr std::uint16_t payload_attribute = 9;
  if (bytes.size() < 4) return Drop::truncated;
  bytes.remove_prefix(4);
  while (bytes.size() >= 4) {
    std::size_t length = load_le16(bytes.data());
    std::uint16_t type = load_le16(bytes.data() + 2);
    if (length < 4 || (type & 0x7fffU) > 0xffU) {
      length = load_be16(bytes.data());
      type = load_be16(bytes.data() + 2);
    }
    if (length < 4) return Drop::bad_header;
    if (type == payload_attribute) {
      return take_ip_of_any_version(bytes.substr(4, length - 4), out);
    }
    bytes.remove_prefix(std::min((length + 3) & ~std::size_t{3}, bytes.size()));
  }
  return Drop::not_ip;
}

Drop strip(LinkType link, Bytes bytes, Wrapping wrapping, IpPacket& out);

// Apple's: a header that begins with its own length and, at byte 8, the link type of the frame behind it,
// little-endian.
Drop strip_pktap(Bytes bytes, Wrapping wrapping, IpPacket& out) {
  if (wrapping == Wrapping::done) return Drop::bad_header;
  if (bytes.size() < 12) return Drop::truncated;
  const std::uint32_t length = load_le32(bytes.data());
  const std::uint32_t link = load_le32(bytes.data() + 8);
  if (length < 12 || link > 0xffffU) return Drop::bad_header;
  if (length > bytes.size()) return Drop::truncated;
  return strip(static_cast<LinkType>(link), bytes.substr(length), Wrapping::done, out);
}

Drop strip(LinkType link, Bytes bytes, Wrapping wrapping, IpPacket& out) {
  switch (link) {
    case LinkType::ethernet: return strip_fixed(bytes, ethernet_length, 12, out);
    case LinkType::linux_sll: return strip_fixed(bytes, cooked_length, 14, out);
    case LinkType::linux_sll2: return strip_fixed(bytes, cooked2_length, 0, out);
    case LinkType::null:
    case LinkType::loop: return strip_loopback(bytes, out);
    case LinkType::raw:
    case LinkType::raw_bsd:
    case LinkType::raw_openbsd: return take_ip_of_any_version(bytes, out);
    case LinkType::ipv4: return take_ip(bytes, 4, out);
    case LinkType::ipv6: return take_ip(bytes, 6, out);
    case LinkType::nflog: return strip_nflog(bytes, out);
    case LinkType::pktap: return strip_pktap(bytes, wrapping, out);
  }
  return Drop::unknown_link;
}

}  // namespace

Drop strip_link(const Packet& packet, IpPacket& out) {
  const std::size_t captured = packet.data.size();
  out.not_captured =
      packet.original_length > captured ? packet.original_length - static_cast<std::uint32_t>(captured) : 0;
  out.vlan = 0;
  return strip(packet.link, packet.data, Wrapping::allowed, out);
}

Drop strip_ethernet(Bytes frame, IpPacket& out) {
  return strip_fixed(frame, ethernet_length, 12, out);
}

Drop strip_ethertype(std::uint16_t type, Bytes bytes, IpPacket& out) {
  return strip_type(type, bytes, out);
}

Drop strip_any_ip(Bytes packet, IpPacket& out) {
  return take_ip_of_any_version(packet, out);
}

// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
LinkPoint link_point(const Packet& packet) {
  constexpr std::size_t interface_at = 4;
  constexpr std::size_t type_at = 10;
  constexpr std::uint8_t type_outgoing = 4;  // PACKET_OUTGOING
  if (packet.link != LinkType::linux_sll2 || packet.data.size() < cooked2_length) return {};
  return {.interface = load_be32(packet.data.data() + interface_at),
          .outgoing = load8(packet.data.data() + type_at) == type_outgoing};
}

}  // namespace wiretape::net
