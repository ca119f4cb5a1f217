// SPDX-License-Identifier: Apache-2.0
#include "proto/ws/extensions.hpp"

#include <algorithm>
#include <charconv>

namespace wiretape::ws {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// The next piece of a list, taken off its front.
std::string_view next_piece(std::string_view& list, char separator) {
  const std::size_t end = std::min(list.find(separator), list.size());
  const std::string_view piece = trimmed(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return piece;
}

bool same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

void read_window(std::string_view value, Packing& packing) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  std::uint8_t bits = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bits);
  if (error == std::errc{} && end == value.data() + value.size() && bits >= 8 && bits <= 15) packing.window_bits = bits;
}

void read_parameter(std::string_view parameter, Extensions& out) {
  const std::string_view key = next_piece(parameter, '=');
  Packing& client = out.packing[index(Direction::to_server)];
  Packing& server = out.packing[index(Direction::to_client)];
  if (same(key, "client_no_context_takeover")) client.context = Context::fresh;
  if (same(key, "server_no_context_takeover")) server.context = Context::fresh;
  if (same(key, "client_max_window_bits")) read_window(trimmed(parameter), client);
  if (same(key, "server_max_window_bits")) read_window(trimmed(parameter), server);
}

}  // namespace

Extensions read_extensions(std::string_view header) {
  Extensions out;
  while (!header.empty()) {
    std::string_view extension = next_piece(header, ',');
    if (!same(next_piece(extension, ';'), "permessage-deflate")) continue;
    out.deflate = true;
    while (!extension.empty()) read_parameter(next_piece(extension, ';'), out);
    break;
  }
  return out;
}

}  // namespace wiretape::ws
