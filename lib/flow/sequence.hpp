// SPDX-License-Identifier: Apache-2.0
// Arithmetic of TCP sequence numbers: modulo 2^32 (RFC 9293, section 3.4), and what distance is still believed.
#pragma once

#include <cstdint>

namespace wiretape::flow {

// From `from` forward to `to`; negative when `to` lies behind. Meaningful up to 2 GiB apart.
constexpr std::int32_t distance(std::uint32_t from, std::uint32_t to) {
  return static_cast<std::int32_t>(to - from);
}

constexpr bool before(std::uint32_t left, std::uint32_t right) {
  return distance(left, right) > 0;
}

constexpr std::uint32_t later_of(std::uint32_t left, std::uint32_t right) {
  return before(left, right) ? right : left;
}

// The largest window that TCP knows (RFC 7323): what lies further ahead or behind was not sent by this connection.
inline constexpr std::int32_t furthest_data = 1 << 30;

// RST and ACK change much with one packet, so less is believed: that the capture lost so many bytes, but not more.
inline constexpr std::int32_t furthest_control = 64 << 20;

constexpr bool within(std::int32_t difference, std::int32_t limit) {
  return difference >= -limit && difference <= limit;
}

}  // namespace wiretape::flow
