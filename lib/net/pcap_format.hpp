// SPDX-License-Identifier: Apache-2.0
// The classic capture file as it is written here: little-endian, nanoseconds
// (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

#include "net/packet.hpp"

namespace wiretape::net {

inline constexpr std::size_t pcap_file_header_size = 24;
inline constexpr std::size_t pcap_record_header_size = 16;

namespace detail {
inline void put_le32(char* to, std::uint32_t value) {
  const std::array<char, 4> bytes = {static_cast<char>(value), static_cast<char>(value >> 8U),
                                     static_cast<char>(value >> 16U), static_cast<char>(value >> 24U)};
  std::memcpy(to, bytes.data(), bytes.size());
}
}  // namespace detail

inline std::array<char, pcap_file_header_size> pcap_file_header(LinkType link, std::uint32_t snapshot_length) {
  std::array<char, pcap_file_header_size> header{};
  detail::put_le32(header.data(), 0xA1B23C4D);          // nanoseconds
  detail::put_le32(header.data() + 4, 2U | 4U << 16U);  // version 2.4
  detail::put_le32(header.data() + 16, snapshot_length);
  detail::put_le32(header.data() + 20, static_cast<std::uint32_t>(link));
  return header;
}

// Seconds are unsigned 32 bits: times before 1970 or after 2106 are held at the nearest end.
inline std::array<char, pcap_record_header_size> pcap_record_header(const Packet& packet) {
  constexpr std::int64_t last_second = std::numeric_limits<std::uint32_t>::max();
  const std::int64_t time = packet.time.nanoseconds < 0 ? 0 : packet.time.nanoseconds;
  const std::int64_t seconds = time / 1'000'000'000;
  std::array<char, pcap_record_header_size> header{};
  detail::put_le32(header.data(), static_cast<std::uint32_t>(seconds > last_second ? last_second : seconds));
  detail::put_le32(header.data() + 4, static_cast<std::uint32_t>(time % 1'000'000'000));
  detail::put_le32(header.data() + 8, static_cast<std::uint32_t>(packet.data.size()));
  detail::put_le32(header.data() + 12, packet.original_length);
  return header;
}

}  // namespace wiretape::net
