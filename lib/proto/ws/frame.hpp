// SPDX-License-Identifier: Apache-2.0
// WebSocket frames as bytes (RFC 6455 section 5.2).
//
//   frame  := fin:1 reserved:3 opcode:4 masked:1 length:7 longer* key* payload*length
//   longer := 2 bytes when length is 126, 8 bytes when it is 127
//   key    := 4 bytes when masked
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/chunk.hpp"

namespace wiretape::ws {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// "text", "ping"; "reserved" for a number without a meaning.
std::string_view name(Opcode opcode);
bool is_known(Opcode opcode);
constexpr bool is_control(Opcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 8;
}

inline constexpr std::uint8_t reserved_1 = 4, reserved_2 = 2, reserved_3 = 1;

// The most that a control frame may carry, and the most that any frame may (section 5.2: the first bit is 0).
inline constexpr std::uint64_t longest_control = 125;
inline constexpr std::uint64_t longest_payload = INT64_MAX;

struct Frame {
  Opcode opcode = Opcode::continuation;
  std::uint8_t reserved = 0;  // reserved_1 | reserved_2 | reserved_3
  bool fin = false;
  bool masked = false;
  bool minimal = true;       // the length is in as few bytes as it can be
  std::uint8_t size = 0;     // of the head: 2 to 14 bytes
  std::uint64_t length = 0;  // of the payload, as it says: may be more than the longest
  std::array<char, 4> key{};

  [[nodiscard]] bool is_control() const { return ws::is_control(opcode); }
};

// Reads a frame's head; false while it is not whole.
bool read_head(Bytes bytes, Frame& frame);

// The mask is taken off in place, or put on. `at` is where in the payload `bytes` begin.
void unmask(char* bytes, std::size_t size, const std::array<char, 4>& key, std::uint64_t at);

// May stand in a close frame (section 7.4 and the IANA registry: 1000 to 1003, 1007 to 1014, 3000 to 4999).
bool may_be_sent(std::uint16_t close_code);

// How much the front of `bytes` looks like frames of this direction, which say no more than `reserved` bits.
enum class Likeness : std::uint8_t {
  none,
  frames,  // several whole ones, or one that ends where the bytes end
  text,    // the same, and one of them is a text that can be read
};
Likeness likeness(Direction direction, Bytes bytes, std::uint8_t reserved);

}  // namespace wiretape::ws
