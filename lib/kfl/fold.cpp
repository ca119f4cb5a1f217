// SPDX-License-Identifier: Apache-2.0
#include "kfl/fold.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "kfl/builtins.hpp"
#include "kfl/literal.hpp"
#include "kfl/value.hpp"

namespace wiretape::kfl {
namespace {

using Kind = Expr::Kind;

// Whether only the truth of an expression counts where it stands, a missing one being false.
enum class Use : std::uint8_t { truth, value };

Expr constant(const Literal& literal, Span place) {
  Expr out;
  out.literal = literal;
  out.place = place;
  return out;
}

Expr constant(bool flag, Span place) {
  return constant({.kind = Literal::Kind::boolean, .flag = flag}, place);
}

bool has_redact(const Expr& expr) {
  bool found = false;
  for_each(expr, [&](const Expr& one) { found = found || (one.kind == Kind::call && one.name == "redact"); });
  return found;
}

std::optional<bool> constant_truth(const Expr& expr) {
  if (expr.kind != Kind::constant) return std::nullopt;
  return truth(value_of(expr.literal)) == Verdict::yes;
}

class Folder {
 public:
  explicit Folder(std::vector<Expr>* constants) : constants_(constants) {}

  Expr fold(Expr expr, Use use);

 private:
  Expr term(Expr expr);
  Expr call(Expr expr);
  Expr unary(Expr expr);
  Expr group(Expr expr, Use use);
  Expr compare(Expr expr);
  Expr chain(Expr expr, Use use);

  std::vector<Expr>* constants_;
  Arena arena_;
};

Expr Folder::fold(Expr expr, Use use) {
  switch (expr.kind) {
    case Kind::word:
      expr.operands[0] = fold(std::move(expr.operands[0]), Use::truth);
      if (const auto truth = constant_truth(expr.operands[0])) return constant(*truth, expr.place);
      return expr;
    case Kind::call: return call(std::move(expr));
    case Kind::group: return group(std::move(expr), use);
    case Kind::negate:
    case Kind::invert: return unary(std::move(expr));
    case Kind::compare: return compare(std::move(expr));
    case Kind::chain: return chain(std::move(expr), use);
    default: return expr;
  }
}

Expr Folder::call(Expr expr) {
  const Helper* helper = find_helper(expr.name);
  switch (helper->kind) {
    case Helper::Kind::moment:
    case Helper::Kind::span:
    case Helper::Kind::datetime: return constant(expr.literal, expr.place);
    case Helper::Kind::limit: return constant(true, expr.place);
    case Helper::Kind::text_test: expr.operands[0] = fold(std::move(expr.operands[0]), Use::value); return expr;
    default: return expr;
  }
}

Expr Folder::unary(Expr expr) {
  const bool invert = expr.kind == Kind::invert;
  expr.operands[0] = fold(std::move(expr.operands[0]), Use::value);
  const Expr& operand = expr.operands[0];
  if (operand.kind != Kind::constant) return expr;
  if (invert) return constant(!*constant_truth(operand), expr.place);
  return constant({.kind = Literal::Kind::number, .number = negated(value_of(operand.literal), arena_).number},
                  expr.place);
}

// Parentheses end a term. Where only the truth counts that is so without them.
Expr Folder::group(Expr expr, Use use) {
  expr.operands[0] = fold(std::move(expr.operands[0]), use == Use::truth ? Use::truth : Use::value);
  Expr& inner = expr.operands[0];
  const bool removable =
      inner.kind == Kind::constant || inner.kind == Kind::group || is_boolean(inner) || use == Use::truth;
  if (!removable || inner.kind == Kind::chain) return expr;
  Expr out = std::move(inner);
  out.place = expr.place;
  return out;
}

Expr Folder::compare(Expr expr) {
  for (Expr& operand : expr.operands) operand = fold(std::move(operand), Use::value);
  const Expr& left = expr.operands[0];
  const Expr& right = expr.operands[1];
  const Operator op = expr.operators[0];
  const auto decided = [&](Verdict verdict, bool inverted) {
    return constant((verdict == Verdict::yes) != inverted, expr.place);
  };
  if (left.kind == Kind::constant && right.kind == Kind::constant) {
    return decided(kfl::compare(value_of(left.literal), op, value_of(right.literal), arena_), false);
  }
  if (left.kind == Kind::constant && right.kind == Kind::regex) {
    return decided(match(value_of(left.literal), *right.pattern, arena_), op == Operator::not_equal);
  }
  if (left.kind == Kind::regex && right.kind == Kind::constant) {
    return decided(match(value_of(right.literal), *left.pattern, arena_), op == Operator::not_equal);
  }
  return expr;
}

Expr Folder::term(Expr expr) {
  Expr out = fold(expr, Use::truth);
  const bool says_so = expr.kind == Kind::call && (expr.name == "limit" || expr.name == "redact");
  if (out.kind == Kind::constant && !says_so && constants_ != nullptr) constants_->push_back(std::move(expr));
  return out;
}

// From the right: what is joined on the left sees one operand, or a chain that could not be decided.
Expr Folder::chain(Expr expr, Use use) {
  for (Expr& operand : expr.operands) operand = term(std::move(operand));
  std::vector<Expr> operands;  // reversed
  std::vector<Operator> operators;
  operands.push_back(std::move(expr.operands.back()));
  for (std::size_t i = expr.operators.size(); i-- > 0;) {
    Expr& left = expr.operands[i];
    const bool both = expr.operators[i] == Operator::both;
    if (const auto left_truth = constant_truth(left)) {
      if (*left_truth == both) continue;  // true and x, false or x
      operands.clear();
      operators.clear();
      operands.push_back(constant(*left_truth, left.place));
      continue;
    }
    const auto rest = operands.size() == 1 ? constant_truth(operands[0]) : std::nullopt;
    if (rest && *rest == both) {  // x and true, x or false
      operands[0] = std::move(left);
      continue;
    }
    // What is reached is redacted, whatever follows.
    if (rest && !has_redact(left)) {
      operands[0] = constant(*rest, expr.place);
      continue;
    }
    operands.push_back(std::move(left));
    operators.push_back(expr.operators[i]);
  }
  if (operands.size() == 1) {
    Expr& only = operands[0];
    if (const auto truth = constant_truth(only)) return constant(*truth, expr.place);
    if (use == Use::truth || is_boolean(only)) return std::move(only);
    // `x and true` is true or false, x need not be.
    operands.insert(operands.begin(), constant(true, expr.place));
    operators.push_back(Operator::both);
  }
  std::reverse(operands.begin(), operands.end());
  std::reverse(operators.begin(), operators.end());
  expr.operands = std::move(operands);
  expr.operators = std::move(operators);
  return expr;
}

}  // namespace

bool is_boolean(const Expr& expr) {
  switch (expr.kind) {
    case Kind::constant: return expr.literal.kind == Literal::Kind::boolean;
    case Kind::word:
    case Kind::call:
    case Kind::chain: return true;
    case Kind::group:
    case Kind::invert: return is_boolean(expr.operands[0]);
    default: return false;
  }
}

Expr fold(Expr expr, std::vector<Expr>* constants) {
  const bool literal = expr.kind == Kind::constant;
  const bool chain = expr.kind == Kind::chain;
  const bool says_so = expr.kind == Kind::call && (expr.name == "limit" || expr.name == "redact");
  Expr copy = constants != nullptr && !literal && !chain ? expr : Expr{};
  Expr out = Folder(constants).fold(std::move(expr), Use::truth);
  if (constants != nullptr && out.kind == Kind::constant && !chain && !says_so)
    constants->push_back(literal ? out : std::move(copy));
  return out;
}

}  // namespace wiretape::kfl
