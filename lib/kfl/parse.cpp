// SPDX-License-Identifier: Apache-2.0
// The only file that knows PEGTL, with its test: it compiles slowly, and the library moves its parts between versions.
#include "kfl/parse.hpp"

#include <cmath>
#include <string>
#include <tao/pegtl/contrib/limit_depth.hpp>
#include <tao/pegtl/contrib/parse_tree.hpp>
#include <utility>

#include "kfl/suggest.hpp"
#include "kfl_messages.hpp"

namespace wiretape::kfl {
namespace {

namespace g = grammar;
namespace tree_of = tao::pegtl::parse_tree;
using Node = tree_of::node;

constexpr const char* too_deep = "the statement nests deeper than 200 levels";
constexpr const char* too_long = "this selector has more than 200 steps";
constexpr const char* too_large = "the statement has more than 100000 operands";
constexpr const char* too_many = "the statement has more than 10000 terms";

template <class Rule>
using kept = tree_of::selector<
    Rule,
    tree_of::store_content::on<g::number, g::text, g::regex, g::kw_true, g::kw_false, g::kw_nil, g::kw_and, g::kw_or,
                               g::name, g::index, g::every_member, g::every_element, g::descent, g::member, g::bracket,
                               g::arguments, g::path, g::group, g::invert, g::negate, g::order_operator,
                               g::equality_operator>,
    tree_of::fold_one::on<g::comparison, g::equality, g::logical>>;

// Every rule that the grammar comes back to counts as a level; that they are tried inside the deepest one is allowed.
template <class Rule>
struct Action : tao::pegtl::nothing<Rule> {};
template <>
struct Action<g::group> : tao::pegtl::limit_depth<max_levels + 1> {};
template <>
struct Action<g::invert> : tao::pegtl::limit_depth<max_levels + 1> {};
template <>
struct Action<g::negate> : tao::pegtl::limit_depth<max_levels + 1> {};
template <>
struct Action<g::arguments> : tao::pegtl::limit_depth<max_levels + 1> {};

// Long statements are given up before a tree is made of all of them.
struct CountTerm {
  template <class Input>
  static void apply(const Input& in, std::size_t& terms) {
    if (++terms > max_terms) throw tao::pegtl::parse_error(too_many, in);
  }
};
template <>
struct Action<g::equality> : CountTerm {};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool is_escape(std::string_view rest) {
  if (rest[1] != 'u') return std::string_view("\"\\/nrtbf").find(rest[1]) != std::string_view::npos;
  if (rest.size() < 6) return false;
  for (const char c : rest.substr(2, 4)) {
    if (hex_digit(c) < 0) return false;
  }
  return true;
}

// The escapes of JSON; any other backslash stays.
std::string decoded(std::string_view body) {
  std::string out;
  while (!body.empty()) {
    if (body[0] != '\\' || body.size() < 2) {
      const std::size_t plain = std::min(body.find('\\', 1), body.size());
      out += body.substr(0, plain);
      body.remove_prefix(plain);
      continue;
    }
    if (!is_escape(body)) {
      // The character behind it stays too, so that "\\" before a quote is not read twice.
      out += body.substr(0, 1);
      body.remove_prefix(1);
      continue;
    }
    std::size_t length = body[1] == 'u' ? 6 : 2;
    const bool pair = length == 6 && body.substr(6, 2) == "\\u" && is_escape(body.substr(6));
    if (pair && (hex_digit(body[2]) == 13 && hex_digit(body[3]) >= 8)) length = 12;
    json::append_decoded(out, body.substr(0, length));
    body.remove_prefix(length);
  }
  return out;
}

std::string pattern_of(std::string_view body) {
  std::string out;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] != '\\' || i + 1 == body.size()) {
      out += body[i];
      continue;
    }
    ++i;
    if (body[i] != '"') out += '\\';
    out += body[i];
  }
  return out;
}

// What stands between the first and the last quote.
std::string_view body_of(std::string_view quoted) {
  const std::size_t open = quoted.find('"');
  return quoted.substr(open + 1, quoted.size() - open - 2);
}

class Converter {
 public:
  Expr expr(const Node& node);

 private:
  Expr path(const Node& node);
  Expr number(const Node& node);
  Expr compare(const Node& node);
  Expr chain(const Node& node);
  Expr unary(const Node& node, Expr::Kind kind);
  void add_member(Expr& out, const Node& node);
  void arguments(Expr& call, const Node& node);
  Step step(const Node& node);
  Expr operand(const Node& node, Expr::Kind kind);

  std::size_t operands_ = 0;
  std::size_t level_ = 0;
};

Span span_of(const Node& node) {
  return {static_cast<std::uint32_t>(node.begin().byte), static_cast<std::uint32_t>(node.end().byte)};
}

Expr made(const Node& node, Expr::Kind kind) {
  Expr expr;
  expr.kind = kind;
  expr.place = span_of(node);
  return expr;
}

Expr Converter::operand(const Node& node, Expr::Kind kind) {
  if (++operands_ > max_operands) throw Problem{node.begin().byte, too_large, ""};
  return made(node, kind);
}

Expr Converter::expr(const Node& node) {
  if (node.is_type<g::logical>()) return chain(node);
  if (node.is_type<g::equality>() || node.is_type<g::comparison>()) return compare(node);
  if (node.is_type<g::invert>()) return unary(node, Expr::Kind::invert);
  if (node.is_type<g::negate>()) return unary(node, Expr::Kind::negate);
  if (node.is_type<g::group>()) return unary(node, Expr::Kind::group);
  if (node.is_type<g::path>()) return path(node);
  if (node.is_type<g::number>()) return number(node);
  if (node.is_type<g::regex>()) {
    Expr out = operand(node, Expr::Kind::regex);
    out.name = pattern_of(body_of(node.string_view()));
    return out;
  }
  Expr out = operand(node, Expr::Kind::constant);
  if (node.is_type<g::text>()) {
    out.literal = {.kind = Literal::Kind::text, .text = decoded(body_of(node.string_view()))};
  } else if (!node.is_type<g::kw_nil>()) {
    out.literal = {.kind = Literal::Kind::boolean, .flag = node.is_type<g::kw_true>()};
  }
  return out;
}

Expr Converter::unary(const Node& node, Expr::Kind kind) {
  Expr out = made(node, kind);
  out.operands.push_back(expr(*node.children.front()));
  return out;
}

Expr Converter::number(const Node& node) {
  Expr out = operand(node, Expr::Kind::constant);
  std::string digits;
  for (const char c : node.string_view()) {
    if (c != '_') digits += c;
  }
  if (digits.front() == '.') digits.insert(0, 1, '0');
  out.literal = {.kind = Literal::Kind::number, .number = json::parse_number(digits)};
  if (!std::isfinite(out.literal.number.as_double())) throw Problem{node.begin().byte, "this number is too large", ""};
  return out;
}

Operator operator_of(const Node& node) {
  if (node.is_type<g::kw_and>()) return Operator::both;
  if (node.is_type<g::kw_or>()) return Operator::either;
  const std::string_view text = node.string_view();
  if (text == "==") return Operator::equal;
  if (text == "!=") return Operator::not_equal;
  if (text == ">") return Operator::greater;
  if (text == ">=") return Operator::greater_equal;
  return text == "<" ? Operator::less : Operator::less_equal;
}

Expr Converter::chain(const Node& node) {
  Expr out = made(node, Expr::Kind::chain);
  for (const auto& child : node.children) {
    if (child->is_type<g::kw_and>() || child->is_type<g::kw_or>()) {
      out.operators.push_back(operator_of(*child));
    } else {
      out.operands.push_back(expr(*child));
    }
  }
  return out;
}

// a == b == c  ->  a == (b == c)
Expr Converter::compare(const Node& node) {
  const auto& children = node.children;
  if (children.size() / 2 + level_ > max_levels) throw Problem{node.begin().byte, too_deep, ""};
  level_ += children.size() / 2;
  Expr right = expr(*children.back());
  for (std::size_t i = children.size() - 1; i >= 2; i -= 2) {
    Expr out = made(*children[i - 2], Expr::Kind::compare);
    out.place.end = right.place.end;
    out.operators.push_back(operator_of(*children[i - 1]));
    out.operands.push_back(expr(*children[i - 2]));
    out.operands.push_back(std::move(right));
    right = std::move(out);
  }
  level_ -= children.size() / 2;
  return right;
}

void Converter::arguments(Expr& call, const Node& node) {
  call.kind = Expr::Kind::call;
  if (++level_ > max_levels) throw Problem{node.begin().byte, too_deep, ""};
  for (const auto& child : node.children) call.operands.push_back(expr(*child));
  --level_;
}

Step Converter::step(const Node& node) {
  Step step{.place = span_of(node)};
  if (node.is_type<g::every_member>()) {
    step.kind = Step::Kind::every;
    return step;
  }
  const Node& inner = *node.children.front();
  if (inner.is_type<g::every_element>()) {
    step.kind = Step::Kind::every;
  } else if (inner.is_type<g::index>()) {
    step.kind = Step::Kind::index;
    const json::Number index = json::parse_number(inner.string_view());
    if (index.kind != json::Number::Kind::integer || index.integer > INT32_MAX) {
      throw Problem{inner.begin().byte, "this index is too large", ""};
    }
    step.index = static_cast<std::uint32_t>(index.integer);
  } else {
    step.kind = node.is_type<g::descent>() ? Step::Kind::descend : Step::Kind::name;
    step.name = inner.is_type<g::text>() ? decoded(body_of(inner.string_view())) : std::string(inner.string_view());
  }
  return step;
}

// ".name", ".json()", ".helper(arguments)"
void Converter::add_member(Expr& out, const Node& node) {
  const bool call = node.children.size() == 2;
  if (!call) return out.path.push_back(step(node));
  const std::string name(node.children[0]->string_view());
  if (name != "json" && name != "xml") {
    out.name = name;
    return arguments(out, *node.children[1]);
  }
  if (!node.children[1]->children.empty())
    throw Problem{node.children[1]->begin().byte, name + "() takes no argument", ""};
  out.path.push_back({.kind = name == "json" ? Step::Kind::json : Step::Kind::xml, .place = span_of(node)});
}

Expr Converter::path(const Node& node) {
  Expr out = operand(node, Expr::Kind::selector);
  if (node.children.size() > max_levels) throw Problem{node.begin().byte, too_long, ""};
  const Node& head = *node.children.front();
  if (node.children.size() == 2 && node.children[1]->is_type<g::arguments>()) {
    out.name = head.string_view();
    arguments(out, *node.children[1]);
    return out;
  }
  out.path.push_back({.name = std::string(head.string_view()), .place = span_of(head)});
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    const Node& child = *node.children[i];
    if (out.kind == Expr::Kind::call) {
      throw Problem{child.begin().byte, out.name + "() gives true or false, which has no members", ""};
    }
    if (child.is_type<g::member>()) {
      add_member(out, child);
    } else {
      out.path.push_back(step(child));
    }
  }
  return out;
}

}  // namespace

Parsed parse(std::string_view text) {
  // Places are counted in 32 bits.
  if (text.size() >= UINT32_MAX) return Problem{0, "the statement is longer than 4 GiB", ""};
  tao::pegtl::memory_input<> in(text.data(), text.data() + text.size(), "");
  try {
    std::size_t terms = 0;
    const auto root = tree_of::parse<g::statement, Node, kept, Action, g::control>(in, terms);
    if (root->children.empty()) return std::nullopt;
    return Converter().expr(*root->children.front());
  } catch (const tao::pegtl::parse_error& error) {
    const std::size_t place = error.positions().front().byte;
    const std::string message(error.message());
    if (message.starts_with("maximum parser rule nesting")) return Problem{place, too_deep, ""};
    if (message == too_many)
      return Problem{place, message, "write it as several statements, or as a regular expression"};
    return explained(text, {place, message, ""});
  } catch (const Problem& problem) {
    return problem;
  }
}

}  // namespace wiretape::kfl
