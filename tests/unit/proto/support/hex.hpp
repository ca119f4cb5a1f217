// SPDX-License-Identifier: Apache-2.0
// Bytes written for people: "12 34 | 'GET' 0d0a".
#pragma once

#include <string>
#include <string_view>

namespace wiretape::test {

// Hex digits in pairs, texts in single quotes; blanks and bars are for the eye.
inline std::string bytes_of(std::string_view text) {
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); };
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == '|' || text[at] == '\n') {
      ++at;
    } else if (text[at] == '\'') {
      const std::size_t end = text.find('\'', at + 1);
      out += text.substr(at + 1, end - at - 1);
      at = end + 1;
    } else {
      out += static_cast<char>(digit(text[at]) << 4U | digit(text[at + 1]));
      at += 2;
    }
  }
  return out;
}

}  // namespace wiretape::test
