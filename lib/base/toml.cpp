// SPDX-License-Identifier: Apache-2.0
#include "base/toml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

namespace wiretape {
namespace {

// Every item holds its table's name, so that both are short for memory to stay in proportion.
constexpr std::size_t most_parts = 8, longest_part = 64;

// Thrown where the text is wrong, caught in parse_toml().
struct Wrong {
  std::string message;
  std::string hint = {};
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_key_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

// [+-]? digits ( "." digits )? ( [eE] [+-]? digits )?, with '_' between digits
bool is_number(std::string_view word) {
  const auto sign = [&word] {
    if (word.starts_with('+') || word.starts_with('-')) word.remove_prefix(1);
  };
  const auto digits = [&word] {
    std::size_t end = 0;
    while (end < word.size() && (is_digit(word[end]) || (word[end] == '_' && end > 0))) ++end;
    const bool good = end > 0 && word[end - 1] != '_' && word.substr(0, end).find("__") == std::string_view::npos;
    word.remove_prefix(end);
    return good;
  };
  sign();
  if (!digits()) return false;
  if (word.starts_with('.')) {
    word.remove_prefix(1);
    if (!digits()) return false;
  }
  if (word.starts_with('e') || word.starts_with('E')) {
    word.remove_prefix(1);
    sign();
    if (!digits()) return false;
  }
  return word.empty();
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0U | code >> 6U);
  } else {
    if (code < 0x10000) {
      byte(0xE0U | code >> 12U);
    } else {
      byte(0xF0U | code >> 18U);
      byte(0x80U | (code >> 12U & 0x3FU));
    }
    byte(0x80U | (code >> 6U & 0x3FU));
  }
  byte(0x80U | (code & 0x3FU));
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<TomlItem> items() {
    for (skip_to_content(); !at_end(); skip_to_content()) {
      if (peek() == '[') {
        table();
      } else {
        items_.push_back(item());
      }
      end_of_line();
    }
    return std::move(items_);
  }
  [[nodiscard]] std::size_t line() const { return line_; }

 private:
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
  [[nodiscard]] bool sees(std::string_view word) const { return text_.substr(at_).starts_with(word); }
  bool take(std::string_view word) {
    if (!sees(word)) return false;
    at_ += word.size();
    return true;
  }
  bool newline() {
    if (!take("\n") && !take("\r\n")) return false;
    ++line_;
    return true;
  }
  void blanks() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  void comment() {
    if (peek() != '#') return;
    while (!at_end() && !sees("\n") && !sees("\r\n")) ++at_;
  }
  void skip_to_content() {
    do {
      blanks();
      comment();
    } while (newline());
  }
  void end_of_line() {
    blanks();
    comment();
    if (!at_end() && !newline()) throw Wrong{fmt::format("expected the end of the line, not '{}'", rest_of_line())};
  }
  // For messages.
  [[nodiscard]] std::string_view rest_of_line() const {
    constexpr std::size_t enough = 40;
    const std::string_view rest = text_.substr(at_, enough);
    return rest.substr(0, rest.find_first_of("\r\n"));
  }

  void table();
  TomlItem item();
  std::vector<std::string> dotted_key();
  std::string key_part();
  void value(TomlItem& item);
  void array(TomlItem& item);
  void bare_value(TomlItem& item);
  std::string text_value();
  std::string literal(std::string_view quote, bool lines);
  std::string basic(std::string_view quote, bool lines);
  void character(std::string& out, std::string_view quote, bool lines);
  void escape(std::string& out, bool lines);
  std::uint32_t code_point(std::size_t digits);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::vector<std::string> table_;
  std::vector<TomlItem> items_;
  std::set<std::vector<std::string>> tables_, keys_;
};

void Parser::table() {
  if (take("[[")) throw Wrong{"an array of tables is not understood here", "a table is named as in [record.create]"};
  take("[");
  table_ = dotted_key();
  blanks();
  if (!take("]")) throw Wrong{"expected ']' behind the table's name"};
  if (!tables_.insert(table_).second) {
    throw Wrong{fmt::format("the table [{}] is there already", fmt::join(table_, "."))};
  }
}

TomlItem Parser::item() {
  TomlItem item;
  item.line = line_;
  item.path = table_;
  const auto key = dotted_key();
  item.path.insert(item.path.end(), key.begin(), key.end());
  blanks();
  if (!take("=")) throw Wrong{fmt::format("expected '=' behind '{}'", fmt::join(key, "."))};
  if (!keys_.insert(item.path).second) throw Wrong{fmt::format("'{}' is there already", fmt::join(key, "."))};
  blanks();
  value(item);
  return item;
}

std::vector<std::string> Parser::dotted_key() {
  std::vector<std::string> parts;
  do {
    blanks();
    parts.push_back(key_part());
    if (parts.size() > most_parts) throw Wrong{"a key of more than 8 parts"};
    if (parts.back().size() > longest_part) throw Wrong{"a key of more than 64 bytes"};
    blanks();
  } while (take("."));
  return parts;
}

std::string Parser::key_part() {
  if (peek() == '"' || peek() == '\'') {
    if (sees("\"\"\"") || sees("'''")) throw Wrong{"a key stands on one line"};
    return text_value();
  }
  const std::size_t begin = at_;
  while (is_key_character(peek())) ++at_;
  if (at_ == begin) throw Wrong{fmt::format("expected a key, not '{}'", rest_of_line())};
  return std::string(text_.substr(begin, at_ - begin));
}

void Parser::value(TomlItem& item) {
  if (peek() == '[') return array(item);
  if (peek() == '"' || peek() == '\'') {
    item.kind = TomlItem::Kind::text;
    item.values.push_back(text_value());
    return;
  }
  bare_value(item);
}

void Parser::array(TomlItem& item) {
  take("[");
  for (;;) {
    skip_to_content();
    if (take("]")) break;
    if (peek() == '[') throw Wrong{"an array in an array is not understood here"};
    value(item);
    skip_to_content();
    if (take(",")) continue;
    if (!take("]")) throw Wrong{"expected ',' or ']' in the array"};
    break;
  }
  item.kind = TomlItem::Kind::array;
}

void Parser::bare_value(TomlItem& item) {
  const std::size_t begin = at_;
  while (is_key_character(peek()) || peek() == '+' || peek() == '.' || peek() == ':') ++at_;
  std::string word(text_.substr(begin, at_ - begin));
  if (word == "true" || word == "false") {
    item.kind = TomlItem::Kind::boolean;
  } else if (is_number(word)) {
    item.kind = TomlItem::Kind::number;
    std::erase(word, '_');
  } else {
    at_ = begin;
    throw Wrong{at_end() || rest_of_line().empty() ? "a value is missing"
                                                   : fmt::format("expected a value, not '{}'", rest_of_line()),
                "a text stands in quotes, a statement best in single ones"};
  }
  item.values.push_back(std::move(word));
}

std::string Parser::text_value() {
  for (const std::string_view quote : {"'''", "\"\"\""}) {
    if (!take(quote)) continue;
    newline();  // a first line that is empty is no part of the text
    return quote[0] == '\'' ? literal(quote, true) : basic(quote, true);
  }
  if (take("'")) return literal("'", false);
  take("\"");
  return basic("\"", false);
}

// Quotes that are part of the text may stand directly before the last three.
bool closes(std::string_view rest, std::string_view quote) {
  return rest.starts_with(quote) && !(quote.size() == 3 && rest.size() > 3 && rest[3] == quote[0]);
}

// One that stands for itself.
void Parser::character(std::string& out, std::string_view quote, bool lines) {
  const std::size_t begin = at_;
  if (at_end() || (!lines && (sees("\n") || sees("\r\n")))) throw Wrong{fmt::format("a closing {} is missing", quote)};
  if (!newline()) {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if ((byte < ' ' && byte != '\t') || byte == 0x7F) throw Wrong{"a control character in a text"};
    ++at_;
  }
  out += text_.substr(begin, at_ - begin);
}

std::string Parser::literal(std::string_view quote, bool lines) {
  std::string out;
  while (!closes(text_.substr(at_), quote)) {
    character(out, quote, lines);
  }
  take(quote);
  return out;
}

std::string Parser::basic(std::string_view quote, bool lines) {
  std::string out;
  while (!closes(text_.substr(at_), quote)) {
    if (take("\\")) {
      escape(out, lines);
    } else {
      character(out, quote, lines);
    }
  }
  take(quote);
  return out;
}

// Behind the backslash.
void Parser::escape(std::string& out, bool lines) {
  constexpr std::string_view letters = "btnfr\"\\", meant = "\b\t\n\f\r\"\\";
  const std::size_t begin = at_;
  blanks();
  if (lines && newline()) {
    do blanks();
    while (newline());
    return;
  }
  at_ = begin;
  const char letter = peek();
  if (const std::size_t found = letters.find(letter); letter != '\0' && found != std::string_view::npos) {
    ++at_;
    out += meant[found];
  } else if (take("u")) {
    append_utf8(out, code_point(4));
  } else if (take("U")) {
    append_utf8(out, code_point(8));
  } else {
    throw Wrong{fmt::format("'\\{}' is no escape", rest_of_line().substr(0, 1)),
                "in single quotes a backslash stands for itself"};
  }
}

std::uint32_t Parser::code_point(std::size_t digits) {
  const std::string_view word = text_.substr(at_, digits);
  constexpr std::string_view hexadecimal = "0123456789abcdef";
  std::uint32_t code = 0;
  for (const char c : word) {
    const std::size_t digit = hexadecimal.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    if (digit == std::string_view::npos) throw Wrong{fmt::format("'\\u' wants {} hexadecimal digits", digits)};
    code = code << 4U | static_cast<std::uint32_t>(digit);
  }
  if (word.size() != digits || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    throw Wrong{fmt::format("'\\u{}' is no character", word)};
  }
  at_ += digits;
  return code;
}

}  // namespace

Result<std::vector<TomlItem>> parse_toml(std::string_view text, std::string_view file) {
  Parser parser(text);
  try {
    return parser.items();
  } catch (const Wrong& wrong) {
    return Error{.message = fmt::format("{}:{}: {}", file, parser.line(), wrong.message), .hint = wrong.hint};
  }
}

}  // namespace wiretape
