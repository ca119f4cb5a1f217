// SPDX-License-Identifier: Apache-2.0
#include "kfl/compile.hpp"

#include <doctest/doctest.h>

#include <string>

#include "kfl/check.hpp"
#include "kfl/fold.hpp"
#include "kfl/parse.hpp"

namespace wiretape::kfl {
namespace {

Expr folded(std::string_view text) {
  auto parsed = std::get<std::optional<Expr>>(parse(text));
  return fold(std::get<Checked>(check(std::move(*parsed), {})).expr);
}

std::string program_of(std::string_view text) {
  Program program;
  compile(folded(text), nullptr, program);
  std::string out = dump(program);
  for (char& c : out) {
    if (c == '\n') c = ';';
  }
  return out;
}

TEST_SUITE("kfl compile") {
  TEST_CASE("fold: before -> what is left to decide") {
    const struct {
      std::string before, after;
    } rows[] = {
        {"1 < 2", "true"},
        {"redis and 1 == 1", "redis"},
        {"2 > 1 or redis", "true"},
        {"redis and 1 == 2", "false"},
        {"redis or 1 == 2", "redis"},
        {"1 == 2 or redis or a", "redis or a"},
        {"a and (b or true)", "a"},
        {"a and (b and false)", "false"},
        {"(a)", "a"},
        {"((a == 1))", "a == 1"},
        {"!(a)", "!(a)"},
        {"!(1 == 1)", "false"},
        {"-(-5) == 5", "true"},
        {"(a and true) == 1", "(a and true) == 1"},
        {"(a == 1) == true", "(a == 1) == true"},
        {"\"abc\" == r\"b\"", "true"},
        {"r\"z\" != \"abc\"", "true"},
        {"seconds(0) > 1", "false"},
        {"limit(3) and a", "a"},
        {"redact(\"a\") or true", "redact(\"a\") or true"},
        {"redact(\"a\") and true", "redact(\"a\")"},
        {"nil == \"null\"", "true"},
        {"a and b or c and d", "a and b or c and d"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.before);
      CHECK(print(folded(row.before)) == row.after);
    }
  }

  TEST_CASE("statement -> instructions") {
    const struct {
      std::string statement, program;
    } rows[] = {
        {"a", "0: test a;"},
        {"!a", "0: test_not a;"},
        {"!(a)", "0: test a;1: invert;"},
        {"true", "0: always;"},
        {"redis and elapsedTime >= 10", "0: flag redis;1: jump_if_false -> 3;2: compare elapsedTime >= 10;"},
        {"10 < a", "0: compare a > 10;"},
        {"\"x\" != a", "0: compare a != \"x\";"},
        {"a == r\"b\"", "0: match a r\"b\";"},
        {"r\"b\" != a", "0: match_not a r\"b\";"},
        {"a and b or c", "0: test a;1: jump_if_false -> 5;2: test b;3: jump_if_true -> 5;4: test c;"},
        {"(a or b) and c", "0: test a;1: jump_if_true -> 3;2: test b;3: jump_if_false -> 5;4: test c;"},
        {"a == b", "0: push a;1: push b;2: compare_values ==;3: pop_truth;"},
        {"(a) == 1 == b",
         "0: push a;1: collapse;2: push 1;3: push b;4: compare_values ==;5: compare_values ==;6: pop_truth;"},
        {"-a", "0: push a;1: negate;2: pop_truth;"},
        {"a.contains(\"x\")", "0: contains a \"x\";"},
        {"a.startsWith(b)", "0: push b;1: startsWith_values a;"},
        {"!a.endsWith(1)", "0: endsWith a 1;1: invert;"},
        {"record(\"x\") and redact(\"y\")", "0: record \"x\";1: jump_if_false -> 3;2: redact 0;"},
        {"error", "0: flag error;"},
        {"error == nil", "0: compare error == nil;"},
        {"!http", "0: flag http;1: invert;"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.statement);
      CHECK(program_of(row.statement) == row.program);
    }
  }
}

}  // namespace
}  // namespace wiretape::kfl
