// SPDX-License-Identifier: Apache-2.0
#include "json/writer.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace wiretape::json {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// Length of the UTF-8 sequence at the front of `text` (RFC 3629), 0 when it is none.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto follows = [&](std::size_t at) { return at < text.size() && (byte(at) & 0xC0U) == 0x80U; };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return follows(1) ? 2 : 0;
  if (lead < 0xF0) {
    if (!follows(1) || !follows(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;   // overlong
    if (lead == 0xED && byte(1) >= 0xA0) return 0;  // surrogates
    return 3;
  }
  if (lead > 0xF4 || !follows(1) || !follows(2) || !follows(3)) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) >= 0x90) return 0;
  return 4;
}

// Eight bytes that stand in a JSON string as they are: ASCII, no control character, no quote, no backslash.
bool plain(std::uint64_t word) {
  constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t w) { return (w - ones) & ~w & tops; };
  return ((word & tops) | ((word - ones * 0x20) & ~word & tops) | has_zero(word ^ (ones * '"')) |
          has_zero(word ^ (ones * '\\'))) == 0;
}

void append_escape(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (byte) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    default:
      out += "\\u00";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
  }
}

}  // namespace

void append_quoted(std::string& out, std::string_view value) {
  out += '"';
  std::size_t start = 0, at = 0;  // [start, at) is copied as it is
  const auto flush = [&] { out.append(value.data() + start, at - start); };
  while (at < value.size()) {
    if (at + 8 <= value.size()) {
      std::uint64_t word = 0;
      std::memcpy(&word, value.data() + at, 8);
      if (plain(word)) {
        at += 8;
        continue;
      }
    }
    const auto byte = static_cast<unsigned char>(value[at]);
    if (byte >= 0x80) {
      if (const std::size_t length = sequence(value.substr(at)); length != 0) {
        at += length;
        continue;
      }
      flush();
      out += replacement;
      start = ++at;
      continue;
    }
    if (byte < 0x20 || byte == '"' || byte == '\\') {
      flush();
      append_escape(out, byte);
      start = ++at;
      continue;
    }
    ++at;
  }
  flush();
  out += '"';
}

void append_number(std::string& out, double value) {
  std::array<char, 32> buffer{};
  const bool whole = std::abs(value) < 9.2e18 && std::trunc(value) == value;
  const auto end = whole ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), static_cast<std::int64_t>(value))
                         : std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end.ptr);
}

std::size_t valid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (at + 8 <= text.size()) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & 0x8080808080808080) == 0) {
        at += 8;
        continue;
      }
    }
    const std::size_t length = sequence(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return at;
}

void append_base64(std::string& out, std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])); };
  std::size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3) {
    const std::uint32_t group = byte(at) << 16U | byte(at + 1) << 8U | byte(at + 2);
    const std::array<char, 4> four = {alphabet[group >> 18U], alphabet[group >> 12U & 63U], alphabet[group >> 6U & 63U],
                                      alphabet[group & 63U]};
    out.append(four.data(), four.size());
  }
  const std::size_t left = bytes.size() - at;
  if (left == 0) return;
  const std::uint32_t group = byte(at) << 16U | (left == 2 ? byte(at + 1) << 8U : 0U);
  out += alphabet[group >> 18U];
  out += alphabet[group >> 12U & 63U];
  out += left == 2 ? alphabet[group >> 6U & 63U] : '=';
  out += '=';
}

void tell_text(Sink& sink, std::string_view name, std::string_view value) {
  if (is_utf8(value)) return sink.text(name, value);
  std::string encoded;
  append_base64(encoded, value);
  sink.text(name, encoded);
  sink.text("encoding", "base64");
}

void Writer::before_value() {
  if (comma_) out_ += ',';
}

void Writer::begin_object() {
  before_value();
  out_ += '{';
  ++depth_;
  comma_ = false;
}

void Writer::end_object() {
  out_ += '}';
  --depth_;
  after_value();
}

void Writer::begin_array() {
  before_value();
  out_ += '[';
  ++depth_;
  comma_ = false;
}

void Writer::end_array() {
  out_ += ']';
  --depth_;
  after_value();
}

void Writer::key(std::string_view name) {
  before_value();
  append_quoted(out_, name);
  out_ += ':';
  comma_ = false;
}

void Writer::null() {
  before_value();
  out_ += "null";
  after_value();
}

void Writer::boolean(bool value) {
  before_value();
  out_ += value ? "true" : "false";
  after_value();
}

void Writer::integer(std::int64_t value) {
  before_value();
  std::array<char, 24> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out_.append(buffer.data(), end.ptr);
  after_value();
}

void Writer::real(double value) {
  if (!std::isfinite(value)) return null();
  before_value();
  append_number(out_, value);
  after_value();
}

void Writer::text(std::string_view value) {
  before_value();
  append_quoted(out_, value);
  after_value();
}

}  // namespace wiretape::json
