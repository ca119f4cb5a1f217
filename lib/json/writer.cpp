// SPDX-License-Identifier: Apache-2.0
#include "json/writer.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
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

// Length of what cannot be read as UTF-8 at the front of `text` and is shown as one replacement: as much as could begin
// a sequence, at least a byte (Unicode 15, section 3.9, "U+FFFD Substitution of Maximal Subparts").
std::size_t broken_sequence(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0xC2 || lead > 0xF4 || text.size() < 2) return 1;
  const auto second = static_cast<unsigned char>(text[1]);
  const unsigned char least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (second < least || second > most) return 1;
  const bool of_four = lead >= 0xF0 && text.size() > 2;
  return of_four && (static_cast<unsigned char>(text[2]) & 0xC0U) == 0x80U ? 3 : 2;
}

constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;

// The top bit of each byte that cannot stand in a JSON string as it is: control characters, quote, backslash, and what
// is not ASCII. Bits above the lowest one that is set may be wrong: a borrow goes upward.
std::uint64_t special(std::uint64_t word) {
  const auto zero = [](std::uint64_t w) { return (w - ones) & ~w; };
  return (word | ((word - ones * 0x20) & ~word) | zero(word ^ (ones * '"')) | zero(word ^ (ones * '\\'))) & tops;
}

// How many of eight bytes, in the order of memory, stand before the first special one.
std::size_t plain_bytes(std::uint64_t specials) {
  return static_cast<std::size_t>(std::countr_zero(specials)) / 8;
}

// Writes the escape of an ASCII character, at most six bytes; returns the place behind it.
char* put_escape(char* to, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  char letter = 0;
  switch (byte) {
    case '"':
    case '\\': letter = static_cast<char>(byte); break;
    case '\n': letter = 'n'; break;
    case '\r': letter = 'r'; break;
    case '\t': letter = 't'; break;
    case '\b': letter = 'b'; break;
    case '\f': letter = 'f'; break;
    default: break;
  }
  *to++ = '\\';
  if (letter != 0) {
    *to++ = letter;
    return to;
  }
  for (const char c : {'u', '0', '0', digits[byte >> 4U], digits[byte & 15U]}) *to++ = c;
  return to;
}

// A block is escaped into a buffer that holds it whatever it is made of, and appended in one go. The room behind is for
// stores of 16 bytes of which fewer count.
constexpr std::size_t block_size = 512;
using Block = std::array<char, (block_size + 32) * 6 + 32>;

#if defined(__SSE2__)
// Bit n: the n-th byte cannot stand in a JSON string as it is.
unsigned specials_of(__m128i bytes) {
  const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  // As signed numbers, control characters and what is not ASCII are below the space.
  const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), low)));
}

void copy_16(char* to, const char* from) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

// Sixteen bytes at a time for as long as what is behind can be read too, up to the first that is not ASCII. Text that
// is JSON itself has a quote every few bytes: after each, what follows is copied again, one place further.
void escape_ascii(const char*& from, const char* enough, const char* end, char*& to) {
  constexpr std::ptrdiff_t step = 16;
  while (from < enough && end - from >= 2 * step) {
    unsigned specials = specials_of(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    copy_16(to, from);
    std::ptrdiff_t done = 0;
    for (; specials != 0; specials &= specials - 1) {
      const std::ptrdiff_t place = std::countr_zero(specials);
      const auto byte = static_cast<unsigned char>(from[place]);
      to += place - done;
      done = place;
      if (byte >= 0x80) {
        from += done;
        return;
      }
      if (byte == '"' || byte == '\\') {
        *to++ = '\\';
        *to++ = static_cast<char>(byte);
      } else {
        to = put_escape(to, byte);
      }
      ++done;
      copy_16(to, from + done);
    }
    to += step - done;
    from += step;
  }
}
#else
void escape_ascii(const char*&, const char*, const char*, char*&) {}
#endif

// Escapes the first block_size bytes of `text`, a little more where a step or a sequence goes on; takes them off its
// front. Returns the place behind what was written.
char* escape_block(std::string_view& text, char* to) {
  const char* from = text.data();
  const char* const end = from + text.size();
  const char* const enough = from + std::min(text.size(), block_size);
  while (from < enough) {
    escape_ascii(from, enough, end, to);
    if (from >= enough) break;
    if constexpr (std::endian::native == std::endian::little) {
      if (end - from >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, from, 8);
        std::memcpy(to, from, 8);
        const std::uint64_t specials = special(word);
        const std::size_t plain = specials == 0 ? 8 : plain_bytes(specials);
        from += plain;
        to += plain;
        if (specials == 0) continue;
        if (from >= enough) break;
      }
    }
    const auto byte = static_cast<unsigned char>(*from);
    if (byte < 0x80) {
      ++from;
      if (byte >= 0x20 && byte != '"' && byte != '\\') {
        *to++ = static_cast<char>(byte);
      } else {
        to = put_escape(to, byte);
      }
      continue;
    }
    const std::string_view rest{from, static_cast<std::size_t>(end - from)};
    const std::size_t length = sequence(rest);
    const std::string_view shown = length != 0 ? rest.substr(0, length) : replacement;
    to = std::copy(shown.begin(), shown.end(), to);
    from += length != 0 ? length : broken_sequence(rest);
  }
  text.remove_prefix(static_cast<std::size_t>(from - text.data()));
  return to;
}

}  // namespace

void append_quoted(std::string& out, std::string_view value) {
  Block block;  // NOLINT(cppcoreguidelines-pro-type-member-init): what is read of it was written before
  char* to = block.data();
  *to++ = '"';
  do {
    to = escape_block(value, to);
    if (value.empty()) *to++ = '"';
    out.append(block.data(), static_cast<std::size_t>(to - block.data()));
    to = block.data();
  } while (!value.empty());
}

void append_number(std::string& out, double value) {
  std::array<char, 32> buffer{};
  const bool whole = std::abs(value) < 9.2e18 && std::trunc(value) == value;
  const auto end = whole ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), static_cast<std::int64_t>(value))
                         : std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end.ptr);
}

std::size_t valid_utf8(std::string_view text) {
  const auto word_at = [&](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    return word;
  };
  std::size_t at = 0;
  while (at < text.size()) {
    if (at + 32 <= text.size() && ((word_at(at) | word_at(at + 8) | word_at(at + 16) | word_at(at + 24)) & tops) == 0) {
      at += 32;
      continue;
    }
    if (at + 8 <= text.size() && (word_at(at) & tops) == 0) {
      at += 8;
      continue;
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
