// SPDX-License-Identifier: Apache-2.0
// A statement as a tree, and its two texts: as it would be written, and with its grouping laid open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "json/reader.hpp"

namespace re2 {
class RE2;
}

namespace wiretape::kfl {

// Deepest nesting of a statement: parentheses, arguments, `!`, `-`, comparisons grouped to the right. Walks over the
// tree recurse.
inline constexpr std::size_t max_levels = 200;
// Terms of a statement, those of its own words included: what `and` and `or` join, and what stands in parentheses.
inline constexpr std::size_t max_terms = 10'000;
// Literals, selectors and calls in them.
inline constexpr std::size_t max_operands = 100'000;

// Where something stands in the text of the statement, in bytes.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

//   step := "." name | "[" text "]" | "[" index "]" | ".*" | "[*]" | ".." name | ".json()" | ".xml()"
struct Step {
  enum class Kind : std::uint8_t { name, index, every, descend, json, xml };
  Kind kind = Kind::name;
  bool fold_case = false;  // the name of a header
  std::uint32_t index = 0;
  std::string name{};
  Span place{};

  bool operator==(const Step& other) const { return kind == other.kind && index == other.index && name == other.name; }
};
using Path = std::vector<Step>;

struct Literal {
  enum class Kind : std::uint8_t { null, boolean, number, text };
  Kind kind = Kind::null;
  bool flag = false;
  json::Number number{};
  std::string text{};
};

enum class Operator : std::uint8_t { equal, not_equal, greater, greater_equal, less, less_equal, both, either };
std::string_view spelling(Operator op);

struct Expr {
  enum class Kind : std::uint8_t {
    constant,  // literal
    regex,     // name: the pattern; pattern: compiled, after check
    selector,  // path
    word,      // name; operand 0, after check: what it stands for
    call,      // name; path: its subject, empty without; operands: the arguments; number: of a redact(), its number
    group,     // operand 0, in parentheses
    negate,    // - operand 0
    invert,    // ! operand 0
    compare,   // operand 0, operators[0], operand 1
    chain,     // operands joined by `and` and `or`, grouped to the right: operators.size() + 1 == operands.size()
  };
  Kind kind = Kind::constant;
  bool absent_is_null = false;  // selector: the error field, where it stands beside a comparison
  std::uint32_t number = 0;
  Span place;
  Literal literal;
  std::string name;
  Path path;
  std::vector<Operator> operators;
  std::vector<Expr> operands;
  std::shared_ptr<const re2::RE2> pattern;
};

// The statement as it would be written, in one line and with single blanks. parse(print(x)) gives x again.
std::string print(const Expr& expr);
std::string print(const Path& path);
std::string print(const Literal& literal);
void append_string(std::string& out, std::string_view text);  // in double quotes, as the language writes it

// Prefix form that shows the grouping: (and http (or (== a 1) (== b 2))).
std::string tree(const Expr& expr);

// Calls visit(expr) for every node, parents before children, from left to right.
template <class Visit>
void for_each(const Expr& expr, const Visit& visit) {
  visit(expr);
  for (const Expr& operand : expr.operands) for_each(operand, visit);
}

}  // namespace wiretape::kfl
