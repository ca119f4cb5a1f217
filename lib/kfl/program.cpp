// SPDX-License-Identifier: Apache-2.0
#include "kfl/program.hpp"

#include <re2/re2.h>

namespace wiretape::kfl {
namespace {

std::string constant_text(const Value& value) {
  if (value.kind == Value::Kind::null) return "nil";
  if (value.kind != Value::Kind::text) return std::string(value.text);
  std::string out;
  append_string(out, value.text);
  return out;
}

std::string line(const Program& program, const Instruction& i) {
  const auto selector = [&] { return program.selectors[i.a].name; };
  const auto constant = [&] { return constant_text(program.constants[i.b]); };
  const auto pattern = [&] { return "r\"" + program.patterns[i.b]->pattern() + "\""; };
  if (i.word != 0) return "flag " + program.words[i.word - 1U];
  switch (i.op) {
    case Op::always: return "always";
    case Op::never: return "never";
    case Op::test: return "test " + selector();
    case Op::test_not: return "test_not " + selector();
    case Op::compare: return "compare " + selector() + " " + std::string(spelling(i.compared)) + " " + constant();
    case Op::match: return "match " + selector() + " " + pattern();
    case Op::match_not: return "match_not " + selector() + " " + pattern();
    case Op::text_test: return std::string(spelling(i.tested)) + " " + selector() + " " + constant();
    case Op::record: return "record \"" + program.record_names[i.a] + "\"";
    case Op::redact: return "redact " + std::to_string(i.a);
    case Op::invert: return "invert";
    case Op::jump_if_false: return "jump_if_false -> " + std::to_string(i.a);
    case Op::jump_if_true: return "jump_if_true -> " + std::to_string(i.a);
    case Op::push_constant: return "push " + constant_text(program.constants[i.a]);
    case Op::push_selector:
    case Op::push_subject: return "push " + selector();
    case Op::push_verdict: return "push_verdict";
    case Op::pop_truth: return "pop_truth";
    case Op::collapse: return "collapse";
    case Op::negate: return "negate";
    case Op::invert_value: return "invert_value";
    case Op::compare_values: return "compare_values " + std::string(spelling(i.compared));
    case Op::match_value: return "match_value " + pattern();
    case Op::match_value_not: return "match_value_not " + pattern();
    case Op::text_test_values: return std::string(spelling(i.tested)) + "_values " + selector();
  }
  return "";
}

}  // namespace

std::string dump(const Program& program) {
  std::string out;
  for (std::size_t i = 0; i < program.code.size(); ++i)
    out += std::to_string(i) + ": " + line(program, program.code[i]) + "\n";
  return out;
}

std::string dump(const Program& program, std::uint32_t at) {
  Instruction plain = program.code[at];
  plain.word = 0;
  return line(program, plain);
}

}  // namespace wiretape::kfl
