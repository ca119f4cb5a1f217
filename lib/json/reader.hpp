// SPDX-License-Identifier: Apache-2.0
// JSON text (RFC 8259) read without building a tree: its tokens, and what stands between two brackets skipped in one
// step.
//
// simdjson's first stage finds every structural character with SIMD and proves the text UTF-8; the grammar is checked
// here in one pass over those places. So a text is accepted or refused whole, no padding behind it is needed, integers
// may be of any length, and any value can be visited afterwards, in any order and any number of times.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "json/sink.hpp"

namespace wiretape::json {

class Reader {
 public:
  // The place of a value, a key or a punctuation character, counted in tokens. A value's token is its first one.
  using Token = std::uint32_t;
  static constexpr Token root = 0;
  // Deepest nesting of arrays and objects that is accepted: who walks a document may recurse.
  static constexpr std::size_t max_depth = 256;

  enum class Kind : std::uint8_t { object, array, text, number, boolean, null };

  Reader();
  ~Reader();
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;

  // True when `text` is exactly one JSON value. The view must stay valid for as long as anything else here is called.
  // Memory grows with the longest text seen and is kept.
  [[nodiscard]] bool open(std::string_view text);

  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] Kind kind(Token value) const;
  [[nodiscard]] bool boolean(Token value) const { return at(value) == 't'; }
  // The value as it stands in the document; texts with their quotes.
  [[nodiscard]] std::string_view raw(Token value) const;
  // What stands between the quotes of a text or a key, escapes undecoded.
  [[nodiscard]] std::string_view raw_text(Token text) const;
  // The token behind a value.
  [[nodiscard]] Token after(Token value) const { return close_[value] == 0 ? value + 1 : close_[value] + 1; }
  [[nodiscard]] bool empty(Token container) const { return close_[container] == container + 1; }
  [[nodiscard]] Token end(Token container) const { return close_[container]; }  // the closing bracket

  // for (Token key = r.first(object); key != r.end(object); key = r.next(object, r.member(key))) ... r.member(key) ...
  // for (Token item = r.first(array); item != r.end(array); item = r.next(array, item)) ...
  [[nodiscard]] Token first(Token container) const { return container + 1; }
  [[nodiscard]] Token member(Token key) const { return key + 2; }
  [[nodiscard]] Token next(Token container, Token value) const {
    const Token behind = after(value);
    return behind == close_[container] ? behind : behind + 1;
  }

  // Tells the value to a sink.
  void tell(Token value, Sink& sink) const;

 private:
  struct Stage;
  [[nodiscard]] char at(Token token) const { return text_[places_[token]]; }
  bool find_tokens();
  bool check_grammar();
  bool check_scalar(Token token) const;
  bool check_text(Token token) const;
  std::size_t scalar_end(Token token) const;

  std::unique_ptr<Stage> stage_;
  std::string_view text_;
  const std::uint32_t* places_ = nullptr;  // where each token begins
  std::uint32_t count_ = 0;
  bool escapes_ = false;      // there is a backslash somewhere
  std::vector<Token> close_;  // by token: of an opening bracket its closing one, 0 for all others
};

// Appends a raw text with its escapes decoded. Halves of surrogate pairs that stand alone become U+FFFD.
void append_decoded(std::string& out, std::string_view raw);

// Appends a Unicode code point as UTF-8.
void append_utf8(std::string& out, std::uint32_t code_point);

// A number as it is written: exact where it is an integer of 64 bits.
struct Number {
  enum class Kind : std::uint8_t { integer, natural, real };  // natural: from 2^63 to 2^64 - 1
  Kind kind = Kind::integer;
  union {
    std::int64_t integer = 0;
    std::uint64_t natural;
    double real;
  };

  static constexpr Number of(std::int64_t value) { return {.kind = Kind::integer, .integer = value}; }
  static constexpr Number of(std::uint64_t value) {
    return value <= INT64_MAX ? of(static_cast<std::int64_t>(value)) : Number{.kind = Kind::natural, .natural = value};
  }
  static constexpr Number of(double value) { return {.kind = Kind::real, .real = value}; }
  [[nodiscard]] constexpr double as_double() const {
    return kind == Kind::integer   ? static_cast<double>(integer)
           : kind == Kind::natural ? static_cast<double>(natural)
                                   : real;
  }
};

// `raw` is a number by the grammar of JSON (a leading + is accepted too). Beyond the range of double it is infinite.
Number parse_number(std::string_view raw);

// Standard base64 (RFC 4648 section 4), padded, without line breaks. False when `text` is anything else; then `out` is
// unspecified.
bool decode_base64(std::string_view text, std::string& out);

}  // namespace wiretape::json
