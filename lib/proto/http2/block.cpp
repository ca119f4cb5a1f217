// SPDX-License-Identifier: Apache-2.0
#include "proto/http2/block.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace wiretape::http2 {
namespace {

// What may stand in a name (RFC 9113 section 8.2.1) and leaves a line what it is. Capitals are wrong, and shown.
constexpr std::array<bool, 256> name_characters = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = '!'; c < 0x7F; ++c) table[c] = c != ':';
  return table;
}();
constexpr bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_clean_name(Bytes name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return name_characters[static_cast<unsigned char>(c)] && !is_capital(c);
  });
}

constexpr bool is_forbidden(char c) {
  return c == '\0' || c == '\n' || c == '\r';
}

}  // namespace

void HeaderBlock::clear() {
  constexpr std::size_t most_idle = 2 * most_text;
  if (text_.capacity() > most_idle) text_ = {};
  text_.clear();
  cookie_.clear();
  head_ = {};
  head_.major = 2;
  head_.minor = 0;
  authority_ = media_type_ = {};
  flaw_ = {};
  has_pseudo_ = unknown_ = false;
}

void HeaderBlock::field(Bytes name, Bytes value) {
  constexpr std::size_t around = 4;  // ": " and the line's end
  if (text_.size() + cookie_.size() + name.size() + value.size() + around > most_text) {
    flaw_ = "header fields beyond 64 KiB are left out";
    return;
  }
  if (name == "cookie") {
    if (!cookie_.empty()) cookie_ += "; ";
    cookie_ += value;
    return;
  }
  note(name, add_line(name, value));
}

http::Slice HeaderBlock::add_line(Bytes name, Bytes value) {
  append_name(name);
  text_ += ": ";
  const auto at = static_cast<std::uint32_t>(text_.size());
  append_value(value);
  const auto size = static_cast<std::uint32_t>(text_.size() - at);
  text_ += "\r\n";
  return {at, size};
}

// A character that would make another line of it gives way.
void HeaderBlock::append_name(Bytes name) {
  const bool pseudo = name.starts_with(':');
  const Bytes rest = name.substr(pseudo ? 1 : 0);
  if (pseudo) text_ += ':';
  const std::size_t at = text_.size();
  text_ += rest;
  if (is_clean_name(rest)) return;
  flaw_ = "malformed header name";
  for (std::size_t i = at; i < text_.size(); ++i) {
    if (!name_characters[static_cast<unsigned char>(text_[i])]) text_[i] = '?';
  }
}

void HeaderBlock::append_value(Bytes value) {
  const std::size_t at = text_.size();
  text_ += value;
  if (std::none_of(value.begin(), value.end(), is_forbidden)) return;
  flaw_ = "NUL, CR or LF in a header value";
  std::replace(text_.begin() + static_cast<std::ptrdiff_t>(at), text_.end(), '\n', ' ');
}

void HeaderBlock::note(Bytes name, http::Slice value) {
  if (name.starts_with(':')) return note_pseudo(name, value);
  if (name == "content-type") media_type_ = value;
  if (name == "content-encoding") http::note_content_encoding(value.of(text_), head_);
}

void HeaderBlock::note_pseudo(Bytes name, http::Slice value) {
  has_pseudo_ = true;
  if (name == ":method") head_.method = value;
  if (name == ":path") head_.target = value;
  if (name == ":authority") authority_ = value;
  if (name != ":status") return;
  const Bytes digits = value.of(text_);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), head_.status);
  if (error == std::errc{} && end == digits.data() + digits.size() && digits.size() == 3) return;
  head_.status = 0;
  if (digits != unknown_text) flaw_ = "malformed :status";
}

void HeaderBlock::settle(HeaderDecoder::Result result) {
  if (!cookie_.empty()) static_cast<void>(add_line("cookie", cookie_));
  unknown_ = result == HeaderDecoder::Result::unknown;
  if (result == HeaderDecoder::Result::malformed) flaw_ = "malformed header compression";
  const auto size = static_cast<std::uint32_t>(text_.size());
  head_.lines = {0, size};
  if (head_.target.empty()) head_.target = authority_;
  if (result == HeaderDecoder::Result::whole || head_.status != 0) return;
  // Behind the lines, so that it is none of them.
  text_ += unknown_text;
  const http::Slice unknown = {size, static_cast<std::uint32_t>(unknown_text.size())};
  if (head_.method.empty()) head_.method = unknown;
  if (head_.target.empty()) head_.target = unknown;
}

}  // namespace wiretape::http2
