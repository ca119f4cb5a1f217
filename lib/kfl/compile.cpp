// SPDX-License-Identifier: Apache-2.0
#include "kfl/compile.hpp"

#include <algorithm>
#include <utility>

#include "kfl/builtins.hpp"
#include "kfl/fold.hpp"
#include "kfl/literal.hpp"

namespace wiretape::kfl {
namespace {

using Kind = Expr::Kind;

// a < b  ->  b > a
Operator mirrored(Operator op) {
  switch (op) {
    case Operator::greater: return Operator::less;
    case Operator::greater_equal: return Operator::less_equal;
    case Operator::less: return Operator::greater;
    case Operator::less_equal: return Operator::greater_equal;
    default: return op;
  }
}

TextTest text_test(std::string_view name) {
  if (name == spelling(TextTest::starts_with)) return TextTest::starts_with;
  return name == spelling(TextTest::ends_with) ? TextTest::ends_with : TextTest::contains;
}

bool is_plain(const Step& step) {
  return step.kind == Step::Kind::name || step.kind == Step::Kind::index;
}

class Compiler {
 public:
  Compiler(const Catalog* catalog, Program& program) : catalog_(catalog), program_(program) {}

  void term(const Expr& expr);   // into the register
  void value(const Expr& expr);  // onto the stack
  std::uint32_t selector(const Path& path, bool absent_is_null);

 private:
  void chain(const Expr& expr);
  void compare_term(const Expr& expr);
  void call(const Expr& expr);
  void invert_term(const Expr& expr);
  void word(const Expr& expr);
  void compare_value(const Expr& expr);
  void general_term(const Expr& expr);
  Instruction& emit(Op op, std::uint32_t a = 0, std::uint32_t b = 0) {
    return program_.code.emplace_back(Instruction{.op = op, .a = a, .b = b});
  }
  std::uint32_t selector(const Expr& expr) { return selector(expr.path, expr.absent_is_null); }
  std::uint32_t constant(const Literal& literal);
  std::uint32_t pattern(const Expr& regex);

  const Catalog* catalog_;
  Program& program_;
};

std::uint32_t Compiler::selector(const Path& path, bool absent_is_null) {
  auto& all = program_.selectors;
  const auto found = std::find_if(all.begin(), all.end(), [&](const SelectorEntry& entry) {
    return entry.path == path && entry.absent_is_null == absent_is_null;
  });
  if (found != all.end()) return static_cast<std::uint32_t>(found - all.begin());
  SelectorEntry& entry = all.emplace_back();
  entry.path = path;
  entry.name = print(path);
  entry.absent_is_null = absent_is_null;
  entry.is_record = entry.name == "record";
  entry.decodes = std::any_of(path.begin(), path.end(),
                              [](const Step& s) { return s.kind == Step::Kind::json || s.kind == Step::Kind::xml; });
  entry.plain = static_cast<std::uint32_t>(std::find_if_not(path.begin(), path.end(), is_plain) - path.begin());
  entry.slot = program_.trie.add(path, entry.plain);
  if (catalog_ != nullptr) {
    for (const Schema* schema : catalog_->schemas) entry.bindings.push_back(bind(path, *schema));
  }
  entry.bindings.push_back(bind(path, Schema{}));
  return static_cast<std::uint32_t>(all.size() - 1);
}

// Numbers carry their text, so that comparing them to a text writes none.
std::uint32_t Compiler::constant(const Literal& literal) {
  Value value = value_of(literal);
  NumberBuffer buffer;
  value.text = program_.texts.emplace_back(text_of(value, buffer));
  program_.constants.push_back(value);
  return static_cast<std::uint32_t>(program_.constants.size() - 1);
}

std::uint32_t Compiler::pattern(const Expr& regex) {
  program_.patterns.push_back(regex.pattern);
  return static_cast<std::uint32_t>(program_.patterns.size() - 1);
}

void Compiler::term(const Expr& expr) {
  switch (expr.kind) {
    case Kind::constant: emit(truth(value_of(expr.literal)) == Verdict::yes ? Op::always : Op::never); return;
    case Kind::selector: emit(Op::test, selector(expr)); return;
    case Kind::word: return word(expr);
    case Kind::call: return call(expr);
    case Kind::group: return term(expr.operands[0]);
    case Kind::invert: return invert_term(expr);
    case Kind::compare: return compare_term(expr);
    case Kind::chain: return chain(expr);
    case Kind::negate:
    case Kind::regex: return general_term(expr);
  }
}

void Compiler::general_term(const Expr& expr) {
  value(expr);
  emit(Op::pop_truth);
}

void Compiler::word(const Expr& expr) {
  const std::size_t before = program_.code.size();
  term(expr.operands[0]);
  if (program_.code.size() != before + 1 || find_word(expr.name) == nullptr) return;
  auto& words = program_.words;
  auto found = std::find(words.begin(), words.end(), expr.name);
  if (found == words.end()) found = words.insert(words.end(), expr.name);
  program_.code.back().word = static_cast<std::uint8_t>(found - words.begin() + 1);
}

// All jumps of a chain that is grouped to the right lead behind it.
void Compiler::chain(const Expr& expr) {
  std::vector<std::size_t> jumps;
  for (std::size_t i = 0; i < expr.operands.size(); ++i) {
    term(expr.operands[i]);
    if (i == expr.operators.size()) break;
    jumps.push_back(program_.code.size());
    emit(expr.operators[i] == Operator::both ? Op::jump_if_false : Op::jump_if_true);
  }
  for (const std::size_t jump : jumps) program_.code[jump].a = static_cast<std::uint32_t>(program_.code.size());
}

void Compiler::invert_term(const Expr& expr) {
  const Expr& operand = expr.operands[0];
  if (operand.kind == Kind::selector) {
    emit(Op::test_not, selector(operand));
    return;
  }
  const bool never_missing = operand.kind == Kind::group || operand.kind == Kind::constant || is_boolean(operand);
  if (!never_missing) return general_term(expr);
  term(operand);
  emit(Op::invert);
}

void Compiler::compare_term(const Expr& expr) {
  const Expr* left = &expr.operands[0];
  const Expr* right = &expr.operands[1];
  Operator op = expr.operators[0];
  if (right->kind == Kind::selector) {
    std::swap(left, right);
    op = mirrored(op);
  }
  if (left->kind == Kind::selector && right->kind == Kind::constant) {
    const std::uint32_t subject = selector(*left);
    emit(Op::compare, subject, constant(right->literal)).compared = op;
    return;
  }
  if (left->kind == Kind::selector && right->kind == Kind::regex) {
    const std::uint32_t subject = selector(*left);
    emit(op == Operator::equal ? Op::match : Op::match_not, subject, pattern(*right));
    return;
  }
  general_term(expr);
}

void Compiler::call(const Expr& expr) {
  switch (find_helper(expr.name)->kind) {
    case Helper::Kind::text_test: {
      const Expr& argument = expr.operands[0];
      const std::uint32_t subject = selector(expr);
      if (argument.kind == Kind::constant) {
        emit(Op::text_test, subject, constant(argument.literal)).tested = text_test(expr.name);
        return;
      }
      if (argument.kind == Kind::selector) {
        emit(Op::push_subject, selector(argument));
      } else {
        value(argument);
      }
      emit(Op::text_test_values, subject).tested = text_test(expr.name);
      return;
    }
    case Helper::Kind::record: {
      auto& names = program_.record_names;
      const std::string& name = expr.operands[0].literal.text;
      auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) found = names.insert(names.end(), name);
      emit(Op::record, static_cast<std::uint32_t>(found - names.begin()));
      return;
    }
    case Helper::Kind::redact: emit(Op::redact, expr.number); return;
    default: emit(Op::always); return;  // the others are constants once folded
  }
}

void Compiler::value(const Expr& expr) {
  switch (expr.kind) {
    case Kind::constant: emit(Op::push_constant, constant(expr.literal)); return;
    case Kind::selector: emit(Op::push_selector, selector(expr)); return;
    case Kind::compare: return compare_value(expr);
    case Kind::negate:
    case Kind::invert:
      value(expr.operands[0]);
      emit(expr.kind == Kind::negate ? Op::negate : Op::invert_value);
      return;
    case Kind::group:
      value(expr.operands[0]);
      emit(Op::collapse);
      return;
    case Kind::word:
    case Kind::call:
    case Kind::chain:
      term(expr);
      emit(Op::push_verdict);
      return;
    case Kind::regex: return;  // always beside a comparison, which takes it itself
  }
}

void Compiler::compare_value(const Expr& expr) {
  const Expr& left = expr.operands[0];
  const Expr& right = expr.operands[1];
  const Operator op = expr.operators[0];
  if (left.kind == Kind::regex || right.kind == Kind::regex) {
    const bool regex_left = left.kind == Kind::regex;
    value(regex_left ? right : left);
    emit(op == Operator::equal ? Op::match_value : Op::match_value_not, 0, pattern(regex_left ? left : right));
    return;
  }
  value(left);
  value(right);
  emit(Op::compare_values).compared = op;
}

}  // namespace

void compile(const Expr& expr, const Catalog* catalog, Program& program) {
  Compiler(catalog, program).term(expr);
}

void compile_selector(const Path& path, bool absent_is_null, const Catalog* catalog, Program& program) {
  Compiler(catalog, program).selector(path, absent_is_null);
}

}  // namespace wiretape::kfl
