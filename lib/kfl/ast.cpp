// SPDX-License-Identifier: Apache-2.0
#include "kfl/ast.hpp"

#include "json/writer.hpp"

namespace wiretape::kfl {
namespace {

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || !letter(text.front())) return false;
  for (const char c : text) {
    if (!letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

void append(std::string& out, const Literal& literal) {
  switch (literal.kind) {
    case Literal::Kind::null: out += "nil"; return;
    case Literal::Kind::boolean: out += literal.flag ? "true" : "false"; return;
    case Literal::Kind::text: append_string(out, literal.text); return;
    case Literal::Kind::number: break;
  }
  switch (literal.number.kind) {
    case json::Number::Kind::integer: out += std::to_string(literal.number.integer); return;
    case json::Number::Kind::natural: out += std::to_string(literal.number.natural); return;
    case json::Number::Kind::real: json::append_number(out, literal.number.real); return;
  }
}

void append(std::string& out, const Path& path) {
  for (const Step& step : path) {
    switch (step.kind) {
      case Step::Kind::name:
        if (!is_name(step.name)) {
          out += '[';
          append_string(out, step.name);
          out += ']';
          break;
        }
        if (&step != &path.front()) out += '.';
        out += step.name;
        break;
      case Step::Kind::index: out += "[" + std::to_string(step.index) + "]"; break;
      case Step::Kind::every: out += ".*"; break;
      case Step::Kind::descend:
        out += ".." + (is_name(step.name) ? step.name
                                          : "[" + print(Literal{.kind = Literal::Kind::text, .text = step.name}) + "]");
        break;
      case Step::Kind::json: out += ".json()"; break;
      case Step::Kind::xml: out += ".xml()"; break;
    }
  }
}

void append(std::string& out, const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::constant: return append(out, expr.literal);
    case Expr::Kind::regex: {
      // Only \" is an escape in a pattern.
      out += "r\"";
      for (const char c : expr.name) {
        if (c == '"') out += '\\';
        out += c;
      }
      out += '"';
      return;
    }
    case Expr::Kind::selector: return append(out, expr.path);
    case Expr::Kind::word: out += expr.name; return;
    case Expr::Kind::call:
      append(out, expr.path);
      if (!expr.path.empty()) out += '.';
      out += expr.name;
      out += '(';
      for (const Expr& argument : expr.operands) {
        if (&argument != &expr.operands.front()) out += ", ";
        append(out, argument);
      }
      out += ')';
      return;
    case Expr::Kind::group:
      out += '(';
      append(out, expr.operands[0]);
      out += ')';
      return;
    case Expr::Kind::negate:
    case Expr::Kind::invert: out += expr.kind == Expr::Kind::negate ? '-' : '!'; return append(out, expr.operands[0]);
    case Expr::Kind::compare:
    case Expr::Kind::chain:
      append(out, expr.operands[0]);
      for (std::size_t i = 0; i < expr.operators.size(); ++i) {
        out += ' ';
        out += spelling(expr.operators[i]);
        out += ' ';
        append(out, expr.operands[i + 1]);
      }
  }
}

void append_tree(std::string& out, const Expr& expr);

void append_list(std::string& out, std::string_view head, const Expr& expr) {
  out += '(';
  out += head;
  for (const Expr& operand : expr.operands) {
    out += ' ';
    append_tree(out, operand);
  }
  out += ')';
}

void append_tree(std::string& out, const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::group: return append_list(out, "group", expr);
    case Expr::Kind::negate: return append_list(out, "-", expr);
    case Expr::Kind::invert: return append_list(out, "!", expr);
    case Expr::Kind::compare: return append_list(out, spelling(expr.operators[0]), expr);
    case Expr::Kind::call:
      if (expr.operands.empty()) return append(out, expr);
      return append_list(out, expr.path.empty() ? expr.name : print(expr.path) + "." + expr.name, expr);
    case Expr::Kind::chain: break;
    default: return append(out, expr);
  }
  // An operator opens a parenthesis only where it differs from the one before: (and a b c).
  std::size_t open = 0;
  for (std::size_t i = 0; i < expr.operands.size(); ++i) {
    const bool last = i == expr.operators.size();
    if (!last && (i == 0 || expr.operators[i] != expr.operators[i - 1])) {
      if (i != 0) out += ' ';
      out += '(';
      out += spelling(expr.operators[i]);
      ++open;
    }
    out += ' ';
    append_tree(out, expr.operands[i]);
  }
  out.append(open, ')');
}

}  // namespace

std::string_view spelling(Operator op) {
  switch (op) {
    case Operator::equal: return "==";
    case Operator::not_equal: return "!=";
    case Operator::greater: return ">";
    case Operator::greater_equal: return ">=";
    case Operator::less: return "<";
    case Operator::less_equal: return "<=";
    case Operator::both: return "and";
    case Operator::either: return "or";
  }
  return "";
}

// Backslashes are doubled only where what follows would be read as an escape.
void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view escapes = "\"\\/nrtbfu\n\r\t";
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool last = i + 1 == text.size();
    if (c == '"' || (c == '\\' && (last || escapes.find(text[i + 1]) != std::string_view::npos))) out += '\\';
    switch (c) {
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out += c;
    }
  }
  out += '"';
}

std::string print(const Expr& expr) {
  std::string out;
  append(out, expr);
  return out;
}

std::string print(const Path& path) {
  std::string out;
  append(out, path);
  return out;
}

std::string print(const Literal& literal) {
  std::string out;
  append(out, literal);
  return out;
}

std::string tree(const Expr& expr) {
  std::string out;
  append_tree(out, expr);
  return out;
}

}  // namespace wiretape::kfl
