// SPDX-License-Identifier: Apache-2.0
// The language once more, written to be obviously right: a tree of JSON, and the rules of wiretape-kfl(7) word for word
// over the tree of the statement. Programs must agree with it.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "json/reader.hpp"
#include "json/writer.hpp"
#include "kfl/ast.hpp"

namespace wiretape::kfl::naive {

struct Json {
  enum class Kind { null, boolean, number, text, array, object } kind = Kind::null;
  bool flag = false;
  double number = 0;
  std::string text;
  std::vector<Json> items;         // elements of an array, values of an object's members
  std::vector<std::string> names;  // of the members
};

inline Json read(const json::Reader& reader, json::Reader::Token token) {
  Json out;
  switch (reader.kind(token)) {
    case json::Reader::Kind::null: break;
    case json::Reader::Kind::boolean:
      out.kind = Json::Kind::boolean;
      out.flag = reader.boolean(token);
      break;
    case json::Reader::Kind::number:
      out.kind = Json::Kind::number;
      out.number = json::parse_number(reader.raw(token)).as_double();
      break;
    case json::Reader::Kind::text:
      out.kind = Json::Kind::text;
      json::append_decoded(out.text, reader.raw_text(token));
      break;
    case json::Reader::Kind::array:
      out.kind = Json::Kind::array;
      for (auto item = reader.first(token); item != reader.end(token); item = reader.next(token, item)) {
        out.items.push_back(read(reader, item));
      }
      break;
    case json::Reader::Kind::object:
      out.kind = Json::Kind::object;
      for (auto key = reader.first(token); key != reader.end(token); key = reader.next(token, reader.member(key))) {
        std::string name;
        json::append_decoded(name, reader.raw_text(key));
        const auto earlier = std::find(out.names.begin(), out.names.end(), name);
        if (earlier != out.names.end()) {
          out.items.erase(out.items.begin() + (earlier - out.names.begin()));
          out.names.erase(earlier);
        }
        out.names.push_back(name);
        out.items.push_back(read(reader, reader.member(key)));
      }
  }
  return out;
}

inline Json number(double value) {
  Json out;
  out.kind = Json::Kind::number;
  out.number = value;
  return out;
}

inline Json boolean(bool value) {
  Json out;
  out.kind = Json::Kind::boolean;
  out.flag = value;
  return out;
}

inline Json array(std::vector<Json> items) {
  Json out;
  out.kind = Json::Kind::array;
  out.items = std::move(items);
  return out;
}

inline std::string text(const Json& value) {
  switch (value.kind) {
    case Json::Kind::null: return "null";
    case Json::Kind::boolean: return value.flag ? "true" : "false";
    case Json::Kind::text: return value.text;
    case Json::Kind::number: {
      std::string out;
      json::append_number(out, value.number);
      return out;
    }
    default: return "";
  }
}

inline double order(const Json& value) {
  if (value.kind == Json::Kind::number) return value.number;
  if (value.kind == Json::Kind::boolean) return value.flag ? 1 : 0;
  static const std::regex numeric("[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?");
  if (value.kind != Json::Kind::text || !std::regex_match(value.text, numeric)) return 0;
  return std::stod(value.text);
}

inline bool truth(const Json& value) {
  switch (value.kind) {
    case Json::Kind::null: return false;
    case Json::Kind::boolean: return value.flag;
    case Json::Kind::number: return value.number > 0;
    case Json::Kind::text: return !value.text.empty();
    case Json::Kind::array: return !value.items.empty();
    case Json::Kind::object: return !value.items.empty();
  }
  return false;
}

inline void flatten(const Json& value, std::vector<Json>& out) {
  if (value.kind != Json::Kind::array) return out.push_back(value);
  for (const Json& item : value.items) flatten(item, out);
}

inline std::vector<Json> flat(const Json& value) {
  std::vector<Json> out;
  flatten(value, out);
  return out;
}

inline bool deep_equal(const Json& a, const Json& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Json::Kind::null: return true;
    case Json::Kind::boolean: return a.flag == b.flag;
    case Json::Kind::number: return a.number == b.number;
    case Json::Kind::text: return a.text == b.text;
    case Json::Kind::array:
      return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), deep_equal);
    case Json::Kind::object: break;
  }
  if (a.names.size() != b.names.size()) return false;
  for (std::size_t i = 0; i < a.names.size(); ++i) {
    const auto same = std::find(b.names.begin(), b.names.end(), a.names[i]);
    if (same == b.names.end() || !deep_equal(a.items[i], b.items[static_cast<std::size_t>(same - b.names.begin())]))
      return false;
  }
  return true;
}

inline bool scalars_equal(const Json& a, const Json& b) {
  if (a.kind == Json::Kind::number && b.kind == Json::Kind::number) return a.number == b.number;
  return text(a) == text(b);
}

inline bool holds(Operator op, double a, double b) {
  switch (op) {
    case Operator::greater: return a > b;
    case Operator::greater_equal: return a >= b;
    case Operator::less: return a < b;
    default: return a <= b;
  }
}

inline bool compare(const Json& a, Operator op, const Json& b) {
  const bool arrays = a.kind == Json::Kind::array && b.kind == Json::Kind::array;
  if (op == Operator::equal || op == Operator::not_equal) {
    bool equal = false;
    if (arrays) {
      equal = deep_equal(a, b);
    } else {
      for (const Json& x : flat(a)) {
        for (const Json& y : flat(b)) equal = equal || scalars_equal(x, y);
      }
    }
    return equal == (op == Operator::equal);
  }
  bool any = false, all = true;
  for (const Json& x : flat(a)) {
    for (const Json& y : flat(b)) {
      const bool one = holds(op, order(x), order(y));
      any = any || one;
      all = all && one;
    }
  }
  return arrays ? all : any;
}

inline void descend(const Json& value, const std::string& name, std::vector<Json>& out) {
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (value.kind == Json::Kind::object && value.names[i] == name) out.push_back(value.items[i]);
    descend(value.items[i], name, out);
  }
}

inline std::vector<Json> step(const Json& value, const Step& step) {
  std::vector<Json> out;
  switch (step.kind) {
    case Step::Kind::name:
      for (std::size_t i = 0; i < value.names.size(); ++i) {
        if (value.names[i] == step.name) out.push_back(value.items[i]);
      }
      break;
    case Step::Kind::index:
      if (value.kind == Json::Kind::array && step.index < value.items.size()) out.push_back(value.items[step.index]);
      break;
    case Step::Kind::every: out = value.items; break;
    case Step::Kind::descend: descend(value, step.name, out); break;
    case Step::Kind::json: {
      json::Reader reader;
      std::string decoded;
      if (value.kind != Json::Kind::text) break;
      if (json::decode_base64(value.text, decoded) && reader.open(decoded)) {
        out.push_back(read(reader, json::Reader::root));
      } else if (reader.open(value.text)) {
        out.push_back(read(reader, json::Reader::root));
      }
      break;
    }
    case Step::Kind::xml: break;  // texts of generated documents hold none
  }
  return out;
}

inline std::optional<Json> select(const Json& document, const Path& path) {
  std::vector<Json> current = {document};
  for (const Step& one : path) {
    std::vector<Json> next;
    for (const Json& value : current) {
      for (Json& found : step(value, one)) next.push_back(std::move(found));
    }
    current = std::move(next);
  }
  if (current.empty()) return std::nullopt;
  return current.size() == 1 ? current[0] : array(current);
}

inline bool decodes(const Path& path) {
  return std::any_of(path.begin(), path.end(),
                     [](const Step& one) { return one.kind == Step::Kind::json || one.kind == Step::Kind::xml; });
}

// Nothing: missing. `expr` is checked but neither folded nor compiled.
class Evaluator {
 public:
  explicit Evaluator(const Json& document) : document_(document) {}

  bool term(const Expr& expr) {
    const auto found = value(expr);
    return found && truth(*found);
  }

 private:
  std::optional<Json> value(const Expr& expr) {
    switch (expr.kind) {
      case Expr::Kind::constant: return literal(expr.literal);
      case Expr::Kind::selector: return selector(expr);
      case Expr::Kind::word: return boolean(term(expr.operands[0]));
      case Expr::Kind::call: return call(expr);
      case Expr::Kind::group: return value(expr.operands[0]).value_or(boolean(false));
      case Expr::Kind::invert: {
        const auto operand = value(expr.operands[0]);
        return operand ? std::optional(boolean(!truth(*operand))) : std::nullopt;
      }
      case Expr::Kind::negate: {
        const auto operand = value(expr.operands[0]);
        if (!operand) return std::nullopt;
        if (operand->kind != Json::Kind::array) return number(0 - order(*operand));
        std::vector<Json> items;
        for (const Json& item : flat(*operand)) items.push_back(number(0 - order(item)));
        return array(items);
      }
      case Expr::Kind::compare: return comparison(expr);
      case Expr::Kind::chain: return boolean(chain(expr, 0));
      case Expr::Kind::regex: break;
    }
    return std::nullopt;
  }

  bool chain(const Expr& expr, std::size_t at) {
    const bool first = term(expr.operands[at]);
    if (at == expr.operators.size()) return first;
    return expr.operators[at] == Operator::both ? first && chain(expr, at + 1) : first || chain(expr, at + 1);
  }

  static Json literal(const Literal& literal) {
    Json out;
    if (literal.kind == Literal::Kind::boolean) return boolean(literal.flag);
    if (literal.kind == Literal::Kind::number) return number(literal.number.as_double());
    if (literal.kind != Literal::Kind::text) return out;
    out.kind = Json::Kind::text;
    out.text = literal.text;
    return out;
  }

  std::optional<Json> selector(const Expr& expr) {
    auto found = select(document_, expr.path);
    if (!found && decodes(expr.path)) return boolean(false);
    if (!found && expr.absent_is_null) return Json{};
    return found;
  }

  std::optional<Json> call(const Expr& expr) {
    if (expr.name == "limit" || expr.name == "redact") return boolean(true);
    if (expr.name == "record") return boolean(false);
    if (expr.path.empty()) return literal(expr.literal);
    const auto subject = select(document_, expr.path);
    const Expr& argument = expr.operands[0];
    const auto part = argument.kind == Expr::Kind::selector ? select(document_, argument.path) : value(argument);
    if (!subject || !part) return boolean(false);
    bool any = false;
    for (const Json& x : flat(*subject)) {
      for (const Json& y : flat(*part)) any = any || test(expr.name, text(x), text(y));
    }
    return boolean(any);
  }

  static bool test(const std::string& name, const std::string& text, const std::string& part) {
    if (name == "startsWith") return text.starts_with(part);
    if (name == "endsWith") return text.ends_with(part);
    return text.find(part) != std::string::npos;
  }

  std::optional<Json> comparison(const Expr& expr) {
    const Expr& left = expr.operands[0];
    const Expr& right = expr.operands[1];
    const bool regex_left = left.kind == Expr::Kind::regex;
    if (regex_left || right.kind == Expr::Kind::regex) {
      const auto other = value(regex_left ? right : left);
      if (!other) return std::nullopt;
      const std::regex pattern(regex_left ? left.name : right.name);
      bool any = false;
      for (const Json& item : flat(*other)) any = any || std::regex_search(text(item), pattern);
      return boolean(any == (expr.operators[0] == Operator::equal));
    }
    const auto a = value(left);
    const auto b = value(right);
    if (!a || !b) return std::nullopt;
    return boolean(compare(*a, expr.operators[0], *b));
  }

  const Json& document_;
};

}  // namespace wiretape::kfl::naive
