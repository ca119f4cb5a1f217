// SPDX-License-Identifier: Apache-2.0
// Text from the wire, made harmless.
#include "output/safe_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "json/writer.hpp"

namespace wiretape::cli {
namespace {

constexpr bool plain(char c) {
  return c >= 0x20 && c < 0x7f;
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += "\\x";
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
}

// Length of the UTF-8 sequence that begins with `lead`; the text is known to be valid.
constexpr std::size_t sequence_length(char lead) {
  const auto byte = static_cast<std::uint8_t>(lead);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// C1 controls are U+0080 to U+009F; the marks are those of UAX #9, all below U+FFFF.
bool hostile(std::string_view character) {
  if (character.size() == 1) return !plain(character[0]);
  if (character.size() == 2) return (character[0] == '\xc2' && character[1] < '\xa0') || character == "\u061c";
  const auto between = [character](std::string_view low, std::string_view high) {
    return low <= character && character <= high;
  };
  return between("\u200e", "\u200f") || between("\u2028", "\u202e") || between("\u2066", "\u2069");
}

void append_valid(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto run = std::find_if_not(text.begin(), text.end(), plain) - text.begin();
    out.append(text.substr(0, static_cast<std::size_t>(run)));
    text.remove_prefix(static_cast<std::size_t>(run));
    if (text.empty()) return;

    const std::string_view character = text.substr(0, sequence_length(text[0]));
    if (hostile(character)) {
      append_hex(out, character);
    } else {
      out.append(character);
    }
    text.remove_prefix(character.size());
  }
}

}  // namespace

void append_safe(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t valid = json::valid_utf8(text);
    append_valid(out, text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) return;
    append_hex(out, text.substr(0, 1));
    text.remove_prefix(1);
  }
}

void append_safe_lines(std::string& out, std::string_view text) {
  while (true) {
    const std::size_t newline = text.find('\n');
    append_safe(out, text.substr(0, newline));
    if (newline == std::string_view::npos) return;
    out += '\n';
    text.remove_prefix(newline + 1);
  }
}

}  // namespace wiretape::cli
