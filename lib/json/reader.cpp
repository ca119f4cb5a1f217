// SPDX-License-Identifier: Apache-2.0
#include "json/reader.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

namespace wiretape::json {
namespace {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Four hexadecimal digits at the front, or -1.
int hex4(std::string_view text) {
  if (text.size() < 4) return -1;
  int value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

//   number := "-"? ( "0" | [1-9] [0-9]* ) ( "." [0-9]+ )? ( [eE] [+-]? [0-9]+ )?
bool is_number(std::string_view text) {
  std::size_t at = 0;
  const auto peek = [&] { return at < text.size() ? text[at] : '\0'; };
  const auto digits = [&] {
    const std::size_t start = at;
    while (is_digit(peek())) ++at;
    return at != start;
  };
  if (peek() == '-') ++at;
  if (peek() == '0') {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (peek() == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at;
    if (peek() == '+' || peek() == '-') ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

}  // namespace

struct Reader::Stage {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
};

Reader::Reader() : stage_(std::make_unique<Stage>()) {}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

bool Reader::open(std::string_view text) {
  text_ = text;
  return find_tokens() && check_grammar();
}

bool Reader::find_tokens() {
  constexpr std::size_t smallest = 4096;
  if (text_.empty() || text_.size() >= std::numeric_limits<std::uint32_t>::max() - 64) return false;
  auto& parser = stage_->parser;
  if (parser == nullptr || parser->capacity() < text_.size()) {
    const std::size_t capacity = std::max(smallest, text_.size() + text_.size() / 2);
    parser.reset();
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, max_depth, parser) !=
        simdjson::SUCCESS) {
      return false;
    }
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text_.data());
  if (parser->stage1(bytes, text_.size(), simdjson::stage1_mode::regular) != simdjson::SUCCESS) return false;
  places_ = parser->structural_indexes.get();
  count_ = parser->n_structural_indexes;
  escapes_ = std::memchr(text_.data(), '\\', text_.size()) != nullptr;
  if (close_.size() < count_ + 1) close_.resize(count_ + 1);
  return count_ != 0;
}

// One pass, without recursion; `open` holds the brackets that are not closed yet.
bool Reader::check_grammar() {
  std::array<Token, max_depth> open;  // NOLINT: filled as far as depth says
  std::size_t depth = 0;
  Token token = 0;
  const auto peek = [&] { return token < count_ ? at(token) : '\0'; };
  const auto key = [&] {
    if (peek() != '"' || !check_text(token)) return false;
    close_[token++] = 0;
    if (peek() != ':') return false;
    ++token;
    return true;
  };
  for (;;) {
    // A value begins here.
    const char first = peek();
    bool complete = true;
    if (first == '{' || first == '[') {
      if (depth == max_depth) return false;
      open[depth++] = token++;
      complete = peek() == (first == '{' ? '}' : ']');
      if (!complete) {
        if (first == '{' && !key()) return false;
        continue;
      }
    } else if (first == '"') {
      if (!check_text(token)) return false;
      close_[token++] = 0;
    } else {
      if (token >= count_ || !check_scalar(token)) return false;
      close_[token++] = 0;
    }
    // A value, or an empty container, ends here: close what is complete.
    for (;;) {
      if (depth == 0) return token == count_;
      const Token container = open[depth - 1];
      const char closing = at(container) == '{' ? '}' : ']';
      if (peek() == closing) {
        close_[container] = token++;
        --depth;
        continue;
      }
      if (peek() != ',') return false;
      ++token;
      if (closing == '}' && !key()) return false;
      break;
    }
  }
}

// Where the token's own characters end: blanks before the next token are not part of it.
std::size_t Reader::scalar_end(Token token) const {
  std::size_t end = token + 1 < count_ ? places_[token + 1] : text_.size();
  while (is_blank(text_[end - 1])) --end;
  return end;
}

std::string_view Reader::raw_text(Token text) const {
  const std::size_t start = places_[text] + 1;
  return text_.substr(start, scalar_end(text) - 1 - start);
}

std::string_view Reader::raw(Token value) const {
  const std::size_t start = places_[value];
  const std::size_t end = close_[value] == 0 ? scalar_end(value) : places_[close_[value]] + 1;
  return text_.substr(start, end - start);
}

Reader::Kind Reader::kind(Token value) const {
  switch (at(value)) {
    case '{': return Kind::object;
    case '[': return Kind::array;
    case '"': return Kind::text;
    case 't':
    case 'f': return Kind::boolean;
    case 'n': return Kind::null;
    default: return Kind::number;
  }
}

bool Reader::check_scalar(Token token) const {
  const std::string_view scalar = text_.substr(places_[token], scalar_end(token) - places_[token]);
  switch (scalar.front()) {
    case 't': return scalar == "true";
    case 'f': return scalar == "false";
    case 'n': return scalar == "null";
    default: return is_number(scalar);
  }
}

// The first stage has seen to it that the text is closed and holds no control characters: escapes are left.
bool Reader::check_text(Token token) const {
  if (!escapes_) return true;
  std::string_view rest = raw_text(token);
  for (;;) {
    const auto* found = static_cast<const char*>(std::memchr(rest.data(), '\\', rest.size()));
    if (found == nullptr) return true;
    rest.remove_prefix(static_cast<std::size_t>(found - rest.data()) + 1);
    if (rest.empty()) return false;
    if (rest.front() == 'u') {
      if (hex4(rest.substr(1)) < 0) return false;
    } else if (std::string_view("\"\\/bfnrt").find(rest.front()) == std::string_view::npos) {
      return false;
    }
    rest.remove_prefix(1);
  }
}

void Reader::tell(Token value, Sink& sink) const {
  if (sink.done()) return;
  std::string decoded;
  const auto text_of = [&](Token token) -> std::string_view {
    const std::string_view raw = raw_text(token);
    if (!escapes_ || raw.find('\\') == std::string_view::npos) return raw;
    decoded.clear();
    append_decoded(decoded, raw);
    return decoded;
  };
  switch (kind(value)) {
    case Kind::object:
      sink.begin_object();
      for (Token key = first(value); key != end(value) && !sink.done(); key = next(value, member(key))) {
        sink.key(text_of(key));
        tell(member(key), sink);
      }
      return sink.end_object();
    case Kind::array:
      sink.begin_array();
      for (Token item = first(value); item != end(value) && !sink.done(); item = next(value, item)) tell(item, sink);
      return sink.end_array();
    case Kind::text: return sink.text(text_of(value));
    case Kind::boolean: return sink.boolean(boolean(value));
    case Kind::null: return sink.null();
    case Kind::number: {
      const Number number = parse_number(raw(value));
      return number.kind == Number::Kind::integer ? sink.integer(number.integer) : sink.real(number.as_double());
    }
  }
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto push = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return push(code);
  if (code < 0x800) {
    push(0xC0U | code >> 6U);
  } else if (code < 0x10000) {
    push(0xE0U | code >> 12U);
    push(0x80U | (code >> 6U & 0x3FU));
  } else {
    push(0xF0U | code >> 18U);
    push(0x80U | (code >> 12U & 0x3FU));
    push(0x80U | (code >> 6U & 0x3FU));
  }
  push(0x80U | (code & 0x3FU));
}

namespace {

// Decodes the four digits behind "\u" and, where they are the first half of a pair, the second half. Returns what was
// consumed.
std::size_t append_code_point(std::string& out, std::string_view digits) {
  constexpr std::uint32_t replacement = 0xFFFD;
  const int high = hex4(digits);
  if (high < 0) return 0;
  const auto code = static_cast<std::uint32_t>(high);
  if (code < 0xD800 || code > 0xDFFF) return append_utf8(out, code), 4;
  const bool pair = code < 0xDC00 && digits.substr(4, 2) == "\\u";
  const int low = pair ? hex4(digits.substr(6)) : -1;
  if (low < 0xDC00 || low > 0xDFFF) return append_utf8(out, replacement), 4;
  append_utf8(out, 0x10000 + ((code - 0xD800) << 10U) + (static_cast<std::uint32_t>(low) - 0xDC00));
  return 10;
}

}  // namespace

void append_decoded(std::string& out, std::string_view raw) {
  for (;;) {
    const std::size_t plain = std::min(raw.find('\\'), raw.size());
    out.append(raw.data(), plain);
    raw.remove_prefix(plain);
    if (raw.size() < 2) return;
    std::size_t used = 2;
    switch (raw[1]) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u': used += append_code_point(out, raw.substr(2)); break;
      default: out += raw[1];
    }
    raw.remove_prefix(used);
  }
}

Number parse_number(std::string_view raw) {
  if (!raw.empty() && raw.front() == '+') raw.remove_prefix(1);
  const char* end = raw.data() + raw.size();
  std::int64_t integer = 0;
  if (const auto [at, error] = std::from_chars(raw.data(), end, integer); error == std::errc{} && at == end) {
    return Number::of(integer);
  }
  std::uint64_t natural = 0;
  if (const auto [at, error] = std::from_chars(raw.data(), end, natural); error == std::errc{} && at == end) {
    return Number::of(natural);
  }
  double real = 0;
  if (std::from_chars(raw.data(), end, real).ec == std::errc::result_out_of_range) {
    // Too large, or too close to zero: the exponent's sign tells.
    const std::size_t exponent = raw.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos ? raw.substr(exponent + 1, 1) == "-"
                                                         : raw.starts_with("0.") || raw.starts_with("-0.");
    real = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    if (raw.front() == '-') real = -real;
  }
  return Number::of(real);
}

bool decode_base64(std::string_view text, std::string& out) {
  static constexpr auto values = [] {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < alphabet.size(); ++i)
      table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return table;
  }();
  if (text.empty() || text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::string_view digits = text.substr(0, text.size() - padding);
  out.clear();
  std::uint32_t bits = 0;
  unsigned held = 0;  // bits that are not written yet
  for (const char c : digits) {
    const int value = values[static_cast<unsigned char>(c)];
    if (value < 0) return false;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xFFU);
  }
  return (bits & ((1U << held) - 1U)) == 0;  // what the padding cut off is zero in the canonical form
}

}  // namespace wiretape::json
