// SPDX-License-Identifier: Apache-2.0
#include "net/decode.hpp"

#include <array>

#include "net/defragment.hpp"
#include "net/ip.hpp"
#include "net/link.hpp"
#include "net/transport.hpp"

namespace wiretape::net {
namespace {

Drop decode_fragment(const Packet& packet, Defragmenter& defragmenter, IpPayload& payload, Segment& segment) {
  if (const Drop drop = defragmenter.add(packet, payload, segment); drop != Drop::none) return drop;
  // What stands in the reassembled part of an IPv6 packet may begin with further headers, but not with a fragment's.
  if (const Drop drop = strip_extensions(payload); drop != Drop::none) return drop;
  return payload.fragment ? Drop::bad_fragment : Drop::none;
}

Drop decode_segment(const Packet& packet, Defragmenter& defragmenter, Segment& segment) {
  IpPacket ip;
  if (const Drop drop = strip_link(packet, ip); drop != Drop::none) return drop;

  IpPayload payload;
  if (const Drop drop = strip_ip(ip, payload, segment); drop != Drop::none) return drop;
  segment.time = packet.time;
  segment.vlan = ip.vlan;
  segment.packets = {&packet, 1};
  if (!payload.fragment) {
    if (const Drop drop = strip_extensions(payload); drop != Drop::none) return drop;
  }
  if (payload.fragment) {
    if (const Drop drop = decode_fragment(packet, defragmenter, payload, segment); drop != Drop::none) return drop;
  }
  return strip_transport(payload, segment);
}

}  // namespace

void decode(const Packet& packet, Defragmenter& defragmenter, Decoded& out) {
  out.drop = decode_segment(packet, defragmenter, out.segment);
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
