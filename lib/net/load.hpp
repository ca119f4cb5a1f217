// SPDX-License-Identifier: Apache-2.0
// Numbers out of headers whose length has been checked once. Unlike Cursor there is no check per read: a packet costs
// 10 to 20 ns here, and a header is a handful of fixed places.
#pragma once

#include <cstdint>
#include <cstring>

namespace wiretape::net {

inline std::uint8_t load8(const char* at) {
  return static_cast<std::uint8_t>(*at);
}

// In network byte order.
inline std::uint16_t load_be16(const char* at) {
  std::uint16_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(value) : value;
}
inline std::uint32_t load_be32(const char* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(value) : value;
}
inline std::uint16_t load_le16(const char* at) {
  return __builtin_bswap16(load_be16(at));
}
inline std::uint32_t load_le32(const char* at) {
  return __builtin_bswap32(load_be32(at));
}

}  // namespace wiretape::net
