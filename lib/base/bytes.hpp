// SPDX-License-Identifier: Apache-2.0
// Bytes from the wire, and a reader over them that checks once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wiretape {

// A view of bytes. Text protocols are half of what we read, so it is a string_view; numbers come through Cursor only.
using Bytes = std::string_view;

// Reads from the front of a view. Past the end every read gives 0 (or an empty view) and `ok()` turns false for good,
// so that a header is read straight through and checked once.
class Cursor {
 public:
  constexpr explicit Cursor(Bytes bytes) : rest_(bytes), size_(bytes.size()) {}

  [[nodiscard]] constexpr bool ok() const { return ok_; }
  [[nodiscard]] constexpr Bytes rest() const { return rest_; }
  [[nodiscard]] constexpr std::size_t left() const { return rest_.size(); }
  [[nodiscard]] constexpr std::size_t position() const { return size_ - rest_.size(); }

  constexpr std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian<1>()); }
  constexpr std::uint16_t be16() { return static_cast<std::uint16_t>(big_endian<2>()); }
  constexpr std::uint32_t be24() { return static_cast<std::uint32_t>(big_endian<3>()); }
  constexpr std::uint32_t be32() { return static_cast<std::uint32_t>(big_endian<4>()); }
  constexpr std::uint64_t be64() { return big_endian<8>(); }
  constexpr std::uint16_t le16() { return static_cast<std::uint16_t>(little_endian<2>()); }
  constexpr std::uint32_t le32() { return static_cast<std::uint32_t>(little_endian<4>()); }
  constexpr std::uint64_t le64() { return little_endian<8>(); }

  constexpr Bytes take(std::size_t count) {
    if (!has(count)) return {};
    const Bytes taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  constexpr void skip(std::size_t count) {
    if (has(count)) rest_.remove_prefix(count);
  }

 private:
  constexpr bool has(std::size_t count) {
    if (count <= rest_.size()) return true;
    ok_ = false;
    rest_ = {};
    size_ = 0;
    return false;
  }
  template <std::size_t count>
  constexpr std::uint64_t big_endian() {
    if (!has(count)) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8U | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(count);
    return value;
  }
  template <std::size_t count>
  constexpr std::uint64_t little_endian() {
    if (!has(count)) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = count; i-- > 0;) value = value << 8U | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(count);
    return value;
  }

  Bytes rest_;
  std::size_t size_;
  bool ok_ = true;
};

}  // namespace wiretape
