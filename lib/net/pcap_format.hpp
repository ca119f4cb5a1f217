// SPDX-License-Identifier: Apache-2.0
// The classic capture file as it is written here: little-endian, nanoseconds
// (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "net/packet.hpp"

namespace wiretape::net {

inline constexpr std::uint32_t pcap_magic = 0xa1b23c4d;
inline constexpr std::size_t pcap_header_size = 24;
inline constexpr std::size_t pcap_record_header_size = 16;
// Longest packet that readers of pcap accept; what is captured beyond is not written.
inline constexpr std::uint32_t longest_packet = 262144;

// The file holds the seconds in 32 bits, from 1970 to 2106; times outside stand at the nearest end.
struct PcapTime {
  std::uint32_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};
inline PcapTime pcap_time(Timestamp time) {
  constexpr std::int64_t second = 1'000'000'000;
  if (time.nanoseconds < 0) return {};
  const std::int64_t seconds = time.nanoseconds / second;
  if (seconds > UINT32_MAX) return {.seconds = UINT32_MAX, .nanoseconds = second - 1};
  return {.seconds = static_cast<std::uint32_t>(seconds),
          .nanoseconds = static_cast<std::uint32_t>(time.nanoseconds % second)};
}

namespace detail {
inline void put_le32(char* to, std::uint32_t value) {
  const std::array<char, 4> bytes = {static_cast<char>(value), static_cast<char>(value >> 8U),
                                     static_cast<char>(value >> 16U), static_cast<char>(value >> 24U)};
  std::memcpy(to, bytes.data(), bytes.size());
}
}  // namespace detail

inline std::array<char, pcap_header_size> pcap_header(LinkType link) {
  std::array<char, pcap_header_size> header{};
  detail::put_le32(header.data(), pcap_magic);
  detail::put_le32(header.data() + 4, 2U | 4U << 16U);  // version 2.4
  detail::put_le32(header.data() + 16, longest_packet);
  detail::put_le32(header.data() + 20, static_cast<std::uint32_t>(link));
  return header;
}

// `captured` is how much of packet.data is written behind it: at most longest_packet.
inline std::array<char, pcap_record_header_size> pcap_record_header(const Packet& packet, std::size_t captured) {
  const PcapTime time = pcap_time(packet.time);
  const auto length = static_cast<std::uint32_t>(captured);
  std::array<char, pcap_record_header_size> header{};
  detail::put_le32(header.data(), time.seconds);
  detail::put_le32(header.data() + 4, time.nanoseconds);
  detail::put_le32(header.data() + 8, length);
  detail::put_le32(header.data() + 12, std::max(packet.original_length, length));
  return header;
}

}  // namespace wiretape::net
