// SPDX-License-Identifier: Apache-2.0
//   document    := ( operation | fragment )+
//   operation   := [ type [ name ] [ "(" ( variable ":" type [ "=" value ] directive* )+ ")" ] directive* ] selections
//   fragment    := "fragment" name "on" name directive* selections
//   selections  := "{" ( field | "..." name directive* | "..." [ "on" name ] directive* selections )+ "}"
//   field       := [ alias ":" ] name [ arguments ] directive* [ selections ]
//   directive   := "@" name [ arguments ]
//   arguments   := "(" ( name ":" value )+ ")"
#include "proto/graphql/document.hpp"

#include <array>
#include <cstddef>

namespace wiretape::graphql {
namespace {

// Of selections, of values, of types: a person's queries have ten, and recursion must end.
constexpr unsigned deepest = 200;

enum class Token : std::uint8_t { end, name, number, text, dots, punctuation, wrong };

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool goes_on_name(char c) {
  return begins_name(c) || is_digit(c);
}

// One token at a time, the current one in kind() and text().
class Lexer {
 public:
  explicit Lexer(std::string_view text) : rest_(text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (rest_.substr(0, byte_order_mark.size()) == byte_order_mark) rest_.remove_prefix(byte_order_mark.size());
    next();
  }

  [[nodiscard]] Token kind() const { return kind_; }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] bool is(char punctuation) const { return kind_ == Token::punctuation && text_.front() == punctuation; }

  void next() {
    pass_over_ignored();
    if (rest_.empty()) return take(Token::end, 0);
    const char c = rest_.front();
    if (begins_name(c)) return take(Token::name, run_of(goes_on_name, 1));
    if (is_digit(c) || c == '-') return number();
    if (c == '"') return string();
    if (rest_.substr(0, 3) == "...") return take(Token::dots, 3);
    constexpr std::string_view marks = "!$&():=@[]{|}";
    take(marks.find(c) != std::string_view::npos ? Token::punctuation : Token::wrong, 1);
  }

 private:
  void take(Token kind, std::size_t size) {
    kind_ = kind;
    text_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }

  template <class Like>
  [[nodiscard]] std::size_t run_of(Like like, std::size_t from) const {
    while (from < rest_.size() && like(rest_[from])) ++from;
    return from;
  }

  // White space, commas, comments.
  void pass_over_ignored() {
    for (;;) {
      const std::size_t begin = rest_.find_first_not_of(" \t\r\n,");
      rest_.remove_prefix(begin == std::string_view::npos ? rest_.size() : begin);
      if (rest_.empty() || rest_.front() != '#') return;
      const std::size_t end = rest_.find_first_of("\r\n");
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
    }
  }

  void number() {
    std::size_t at = rest_.front() == '-' ? 1 : 0;
    const std::size_t whole = at;
    at = run_of(is_digit, at);
    bool right = at != whole && (rest_[whole] != '0' || at == whole + 1);
    if (right && at < rest_.size() && rest_[at] == '.') right = digits(++at);
    if (right && at < rest_.size() && (rest_[at] == 'e' || rest_[at] == 'E')) {
      ++at;
      if (at < rest_.size() && (rest_[at] == '+' || rest_[at] == '-')) ++at;
      right = digits(at);
    }
    const bool ends = at >= rest_.size() || !(goes_on_name(rest_[at]) || rest_[at] == '.');
    take(right && ends ? Token::number : Token::wrong, at);
  }

  bool digits(std::size_t& at) const {
    const std::size_t begin = at;
    at = run_of(is_digit, at);
    return at != begin;
  }

  void string() {
    constexpr std::string_view quotes = "\"\"\"";
    if (rest_.substr(0, quotes.size()) == quotes) return block_string();
    std::size_t at = 1;
    while (at < rest_.size() && rest_[at] != '"' && rest_[at] != '\n' && rest_[at] != '\r') {
      at += rest_[at] == '\\' ? 2 : 1;
    }
    const bool closed = at < rest_.size() && rest_[at] == '"';
    take(closed ? Token::text : Token::wrong, closed ? at + 1 : rest_.size());
  }

  // Ends with the first three quotes without a backslash before them.
  void block_string() {
    constexpr std::string_view quotes = "\"\"\"";
    std::size_t end = rest_.find(quotes, quotes.size());
    while (end != std::string_view::npos && rest_[end - 1] == '\\') end = rest_.find(quotes, end + quotes.size());
    const bool closed = end != std::string_view::npos;
    take(closed ? Token::text : Token::wrong, closed ? end + quotes.size() : rest_.size());
  }

  std::string_view rest_;
  std::string_view text_;
  Token kind_ = Token::end;
};

// Each function takes what it is named after off the front; false when something else stands there.
class Parser {
 public:
  Parser(std::string_view text, std::string_view wanted) : in_(text), wanted_(wanted) {}

  bool document() {
    if (in_.kind() == Token::end) return false;
    while (in_.kind() != Token::end) {
      if (!definition()) return false;
    }
    return operations_ != 0;
  }

  [[nodiscard]] Operation chosen() const { return wanted_.empty() && operations_ != 1 ? Operation{} : chosen_; }

 private:
  // A level deeper for as long as it lives.
  class Level {
   public:
    explicit Level(unsigned& depth) : depth_(depth) { ++depth_; }
    ~Level() { --depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    [[nodiscard]] bool is_too_deep() const { return depth_ > deepest; }

   private:
    unsigned& depth_;
  };

  bool take(char punctuation) {
    if (!in_.is(punctuation)) return false;
    in_.next();
    return true;
  }

  bool take_name(std::string_view& name) {
    if (in_.kind() != Token::name) return false;
    name = in_.text();
    in_.next();
    return true;
  }
  bool take_name() {
    std::string_view name;
    return take_name(name);
  }
  bool take_word(std::string_view word) {
    if (in_.kind() != Token::name || in_.text() != word) return false;
    in_.next();
    return true;
  }

  bool definition() {
    if (take_word("fragment")) {
      std::string_view name;
      return take_name(name) && name != "on" && take_word("on") && take_name() && directives() && selections();
    }
    Operation operation;
    operation.type = operation_type();
    if (operation.type == OperationType::none) {
      operation.type = OperationType::query;
      note(operation);
      return selections();
    }
    if (in_.kind() == Token::name) static_cast<void>(take_name(operation.name));
    note(operation);
    return variables() && directives() && selections();
  }

  OperationType operation_type() {
    for (const OperationType type : {OperationType::query, OperationType::mutation, OperationType::subscription}) {
      if (take_word(name(type))) return type;
    }
    return OperationType::none;
  }

  void note(const Operation& operation) {
    ++operations_;
    if (wanted_.empty() ? operations_ == 1 : operation.name == wanted_) chosen_ = operation;
  }

  bool variables() {
    if (!take('(')) return true;
    do {
      if (!variable() || !take(':') || !type()) return false;
      if (take('=') && !value()) return false;
      if (!directives()) return false;
    } while (!in_.is(')'));
    return take(')');
  }

  bool variable() { return take('$') && take_name(); }

  bool type() {
    const Level level(depth_);
    if (level.is_too_deep()) return false;
    const bool right = take('[') ? type() && take(']') : take_name();
    if (right) static_cast<void>(take('!'));
    return right;
  }

  bool directives() {
    while (take('@')) {
      if (!take_name() || !arguments()) return false;
    }
    return true;
  }

  bool arguments() {
    if (!take('(')) return true;
    do {
      if (!take_name() || !take(':') || !value()) return false;
    } while (!in_.is(')'));
    return take(')');
  }

  bool selections() {
    const Level level(depth_);
    if (level.is_too_deep() || !take('{')) return false;
    do {
      if (!selection()) return false;
    } while (!in_.is('}'));
    return take('}');
  }

  bool selection() {
    if (in_.kind() == Token::dots) {
      in_.next();
      const bool is_spread = in_.kind() == Token::name && in_.text() != "on";
      if (is_spread) return take_name() && directives();
      if (take_word("on") && !take_name()) return false;
      return directives() && selections();
    }
    if (!take_name()) return false;
    if (take(':') && !take_name()) return false;
    if (!arguments() || !directives()) return false;
    return !in_.is('{') || selections();
  }

  bool value() {
    const Level level(depth_);
    if (level.is_too_deep()) return false;
    switch (in_.kind()) {
      case Token::name:  // true, false, null, a word of an enumeration
      case Token::number:
      case Token::text: in_.next(); return true;
      default: break;
    }
    if (in_.is('$')) return variable();
    return take('[') ? list() : take('{') && object();
  }

  bool list() {
    while (!in_.is(']')) {
      if (!value()) return false;
    }
    return take(']');
  }

  bool object() {
    while (!in_.is('}')) {
      if (!take_name() || !take(':') || !value()) return false;
    }
    return take('}');
  }

  Lexer in_;
  std::string_view wanted_;
  Operation chosen_;
  std::size_t operations_ = 0;
  unsigned depth_ = 0;
};

constexpr std::array<std::string_view, 4> type_names = {"", "query", "mutation", "subscription"};

}  // namespace

std::string_view name(OperationType type) {
  return type_names[static_cast<std::size_t>(type)];
}

bool read_document(std::string_view text, std::string_view wanted, Operation& found) {
  Parser parser(text, wanted);
  if (!parser.document()) return false;
  found = parser.chosen();
  return true;
}

}  // namespace wiretape::graphql
