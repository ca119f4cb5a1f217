// SPDX-License-Identifier: Apache-2.0
#include "net/decode.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "net/defragment.hpp"
#include "net/ip.hpp"
#include "net/link.hpp"
#include "net/load.hpp"
#include "net/transport.hpp"
#include "net/tunnel.hpp"

namespace wiretape::net {
namespace {

// What tunnels in tunnels are opened to. Deeper nesting is somebody's attempt to keep us busy.
constexpr int most_tunnels = 4;

Drop put_together(Defragmenter* defragmenter, IpPayload& payload, Segment& segment) {
  if (defragmenter == nullptr) return Drop::bad_fragment;
  if (const Drop drop = defragmenter->add(payload, segment); drop != Drop::none) return drop;
  // What stands in the reassembled part of an IPv6 packet may begin with further headers, but not with a fragment's.
  if (const Drop drop = strip_extensions(payload); drop != Drop::none) return drop;
  return payload.fragment ? Drop::bad_fragment : Drop::none;
}

// Without a defragmenter a fragment is refused. `inline` here and cold below keep the usual packet, which is no tunnel,
// as fast as if there were none.
inline Drop decode_ip(const IpPacket& ip, Defragmenter* defragmenter, IpPayload& payload, Segment& segment) {
  if (const Drop drop = strip_ip(ip, payload, segment); drop != Drop::none) return drop;
  if (!payload.fragment) {
    if (const Drop drop = strip_extensions(payload); drop != Drop::none) return drop;
  }
  if (payload.fragment) {
    if (const Drop drop = put_together(defragmenter, payload, segment); drop != Drop::none) return drop;
  }
  return strip_transport(payload, segment);
}

// By what strip_transport made of a packet.
inline bool may_be_tunnel(Drop drop, const IpPayload& payload, const Segment& segment) {
  if (drop == Drop::none) return segment.transport == Transport::udp && is_tunnel_port(segment.destination.port);
  return drop == Drop::unknown_transport && is_tunnel_protocol(payload.protocol);
}

// From packet to packet inwards, as long as one carries another. A datagram whose inside cannot be decoded is itself
// the segment.
[[gnu::noinline, gnu::cold]] Drop open_tunnels(Defragmenter* defragmenter, IpPayload& payload, Segment& segment,
                                               Drop drop) {
  std::optional<Segment> datagram;
  for (int depth = 0; depth < most_tunnels && may_be_tunnel(drop, payload, segment); ++depth) {
    IpPacket inner;
    if (drop == Drop::none) {
      datagram = segment;
      drop = open_udp_tunnel(segment, inner);
    } else {
      drop = open_ip_tunnel(payload, inner);
    }
    if (drop != Drop::none) break;
    payload = {};
    drop = decode_ip(inner, defragmenter, payload, segment);
    // It belongs to a datagram inside now, and that one may have taken the place of the bytes around it.
    if (drop == Drop::fragment_held || payload.reassembled) datagram.reset();
  }
  if (drop == Drop::none || !datagram) return drop;
  segment = *datagram;
  return Drop::none;
}

Drop decode_segment(const Packet& packet, Defragmenter& defragmenter, Segment& segment) {
  IpPacket ip;
  if (const Drop drop = strip_link(packet, ip); drop != Drop::none) return drop;

  segment.time = packet.time;
  segment.vlan = ip.vlan;
  segment.packets = {&packet, 1};
  IpPayload payload;
  const Drop drop = decode_ip(ip, &defragmenter, payload, segment);
  if (!may_be_tunnel(drop, payload, segment)) return drop;
  return open_tunnels(&defragmenter, payload, segment, drop);
}

// A datagram without its end: only UDP says in its own header how long it is.
void take_udp_length(IpPayload& payload) {
  constexpr std::size_t length_at = 4;
  if (payload.protocol != IpProtocol::udp || payload.bytes.size() < length_at + 2) return;
  payload.length = std::max(payload.length, std::uint32_t{load_be16(payload.bytes.data() + length_at)});
}

Drop decode_given_up(const GivenUp& datagram, Segment& segment) {
  if (datagram.payload.bytes.empty()) return Drop::bad_fragment;
  segment.time = datagram.packets.back().time;
  segment.vlan = datagram.vlan;
  segment.packets = datagram.packets;
  segment.source.address = datagram.source;
  segment.destination.address = datagram.destination;

  IpPayload payload = datagram.payload;
  payload.fragment = false;
  if (const Drop drop = strip_extensions(payload); drop != Drop::none) return drop;
  if (payload.fragment) return Drop::bad_fragment;
  if (datagram.payload.more_fragments) take_udp_length(payload);
  const Drop drop = strip_transport(payload, segment);
  // No defragmenter: it is in the midst of giving up.
  return open_tunnels(nullptr, payload, segment, drop);
}

}  // namespace

void decode(const Packet& packet, Defragmenter& defragmenter, Decoded& out) {
  out.drop = decode_segment(packet, defragmenter, out.segment);
}

bool decode_partial(const GivenUp& datagram, Decoded& out) {
  out.drop = decode_given_up(datagram, out.segment);
  return out.drop == Drop::none;
}

std::string_view name(Drop drop) {
  static constexpr std::array<std::string_view, static_cast<std::size_t>(Drop::count_)> names = {
      "none",
      "fragment of a datagram that is not whole yet",
      "unknown link type",
      "not IP",
      "header cut off",
      "contradictory header",
      "unknown transport protocol",
      "bad fragment",
  };
  const auto index = static_cast<std::size_t>(drop);
  return index < names.size() ? names[index] : "unknown reason";
}

}  // namespace wiretape::net
