// SPDX-License-Identifier: Apache-2.0
// The paths of redact(), which stand inside a text and so allow single quotes.
//
//   path := ( name | ".." target | bracket ) step*
//   step := "." name | ".*" | ".json()" | ".xml()" | ".." target | bracket
//   target := name | "[" quoted "]"          bracket := "[" ( index | quoted | "*" ) "]"
#include <cctype>

#include "kfl/parse.hpp"

namespace wiretape::kfl {
namespace {

class PathScanner {
 public:
  explicit PathScanner(std::string_view text) : text_(text) {}

  std::variant<Path, Problem> run() {
    if (peek() != '.' && peek() != '[' && !name(Step::Kind::name)) return malformed();
    while (at_ < text_.size()) {
      if (!step()) return malformed();
    }
    if (path_.empty()) return malformed();
    const Step::Kind last = path_.back().kind;
    if (last == Step::Kind::json || last == Step::Kind::xml) return malformed();
    return std::move(path_);
  }

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  bool step() {
    if (accept("..")) return peek() == '[' ? bracket(Step::Kind::descend) : name(Step::Kind::descend);
    if (peek() == '[') return bracket(Step::Kind::name);
    // A path begins with a name, `..` or a bracket.
    if (path_.empty() || !accept(".")) return false;
    if (accept("*")) return path_.push_back({.kind = Step::Kind::every}), true;
    if (accept("json()")) return path_.push_back({.kind = Step::Kind::json}), true;
    if (accept("xml()")) return path_.push_back({.kind = Step::Kind::xml}), true;
    return name(Step::Kind::name);
  }

  bool name(Step::Kind kind) {
    const std::size_t begin = at_;
    while (std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '_') ++at_;
    if (at_ == begin || std::isdigit(static_cast<unsigned char>(text_[begin])) != 0) return false;
    path_.push_back({.kind = kind, .name = std::string(text_.substr(begin, at_ - begin))});
    return true;
  }

  // `kind` is that of a name between the brackets.
  bool bracket(Step::Kind kind) {
    ++at_;
    if (peek() == '\'' || peek() == '"') {
      const std::size_t close = text_.find(peek(), at_ + 1);
      if (close == std::string_view::npos) return false;
      path_.push_back({.kind = kind, .name = std::string(text_.substr(at_ + 1, close - at_ - 1))});
      at_ = close + 1;
      return accept("]");
    }
    if (kind == Step::Kind::descend) return false;
    if (accept("*]")) return path_.push_back({.kind = Step::Kind::every}), true;
    return index() && accept("]");
  }

  bool index() {
    constexpr std::size_t most_digits = 9;
    const std::size_t begin = at_;
    std::uint32_t value = 0;
    while (std::isdigit(static_cast<unsigned char>(peek())) != 0 && at_ - begin < most_digits) {
      value = value * 10 + static_cast<std::uint32_t>(peek() - '0');
      ++at_;
    }
    if (at_ == begin) return false;
    path_.push_back({.kind = Step::Kind::index, .index = value});
    return true;
  }

  [[nodiscard]] Problem malformed() const {
    return {at_, "this is not a path for redact()",
            "a path is written like request.headers['X'], ..password or response.content.text.json()..key"};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Path path_;
};

}  // namespace

std::variant<Path, Problem> parse_redact_path(std::string_view text) {
  return PathScanner(text).run();
}

}  // namespace wiretape::kfl
