// SPDX-License-Identifier: Apache-2.0
#include "proto/grpc/framing.hpp"

#include <array>

namespace wiretape::grpc {
namespace {

constexpr std::uint8_t no_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> base64_digits = [] {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> digits{};
  digits.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    digits[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}();

}  // namespace

bool next_frame(Bytes& rest, Frame& frame) {
  constexpr std::uint8_t compressed = 0x01, trailers = 0x80;
  Cursor in(rest);
  const std::uint8_t flags = in.u8();
  const std::uint32_t size = in.be32();
  if (!in.ok() || (flags & ~(compressed | trailers)) != 0) return false;
  rest = in.rest();
  frame = {.size = size,
           .compressed = (flags & compressed) != 0,
           .trailers = (flags & trailers) != 0,
           .bytes = rest.substr(0, size)};
  rest.remove_prefix(frame.bytes.size());
  return true;
}

void append_decoded_base64(std::string& out, Bytes text) {
  std::uint32_t bits = 0;
  unsigned count = 0;  // of bits that wait
  for (const char c : text) {
    const std::uint8_t digit = base64_digits[static_cast<std::uint8_t>(c)];
    if (digit == no_digit) {
      if (c != '=' && c != '\r' && c != '\n') return;
      if (c == '=') count = 0;
      continue;
    }
    bits = bits << 6U | digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFFU);
  }
}

}  // namespace wiretape::grpc
