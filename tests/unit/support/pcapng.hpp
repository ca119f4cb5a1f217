// SPDX-License-Identifier: Apache-2.0
// pcapng files made in memory, for tests: blocks to be strung together.
#pragma once

#include <cstdint>
#include <string>

#include "support/packets.hpp"

namespace wiretape::support {

// Blocks in one byte order: Pcapng{ByteOrder::big}.section() + ...
enum class ByteOrder : std::uint8_t { little, big };

class Pcapng {
 public:
  explicit Pcapng(ByteOrder order = ByteOrder::little) : order_(order) {}

  [[nodiscard]] std::string section() const {
    return block(0x0a0d0d0a, u32(0x1a2b3c4d) + u16(1) + u16(0) + u32(0xffffffff) + u32(0xffffffff));
  }
  // `options`: of option(), one after another.
  [[nodiscard]] std::string interface(net::LinkType link = net::LinkType::ethernet, const std::string& options = "",
                                      std::uint32_t snapshot_length = 0) const {
    return block(1, u16(static_cast<std::uint64_t>(link)) + u16(0) + u32(snapshot_length) + options);
  }
  [[nodiscard]] std::string option(std::uint16_t code, const std::string& value) const {
    return u16(code) + u16(value.size()) + padded(value);
  }
  // `time` in the unit of the interface.
  [[nodiscard]] std::string packet(std::uint32_t interface, std::uint64_t time, const std::string& data,
                                   std::size_t original_length = 0) const {
    return block(6, u32(interface) + u32(time >> 32U) + u32(time) + lengths(data, original_length) + padded(data));
  }
  [[nodiscard]] std::string simple_packet(const std::string& data, std::size_t original_length = 0) const {
    return block(3, u32(original_length != 0 ? original_length : data.size()) + padded(data));
  }
  [[nodiscard]] std::string obsolete_packet(std::uint16_t interface, std::uint64_t time,
                                            const std::string& data) const {
    return block(2, u16(interface) + u16(0) + u32(time >> 32U) + u32(time) + lengths(data, 0) + padded(data));
  }
  // `body` is a multiple of four bytes.
  [[nodiscard]] std::string block(std::uint32_t type, const std::string& body) const {
    return u32(type) + u32(12 + body.size()) + body + u32(12 + body.size());
  }
  [[nodiscard]] std::string u16(std::uint64_t value) const {
    return order_ == ByteOrder::little ? le16(value) : be16(value);
  }
  [[nodiscard]] std::string u32(std::uint64_t value) const {
    return order_ == ByteOrder::little ? le32(value) : be32(value);
  }

 private:
  static std::string padded(std::string bytes) {
    bytes.resize((bytes.size() + 3) & ~std::size_t{3}, '\0');
    return bytes;
  }
  [[nodiscard]] std::string lengths(const std::string& data, std::size_t original_length) const {
    return u32(data.size()) + u32(original_length != 0 ? original_length : data.size());
  }
  ByteOrder order_;
};

}  // namespace wiretape::support
