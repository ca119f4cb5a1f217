// SPDX-License-Identifier: Apache-2.0
#include "kfl/parse.hpp"

#include <doctest/doctest.h>

#include <string>

#include "kfl/ast.hpp"

namespace wiretape::kfl {
namespace {

std::string tree_of(std::string_view text) {
  const Parsed parsed = parse(text);
  if (const auto* problem = std::get_if<Problem>(&parsed)) {
    return std::to_string(problem->place) + ": " + problem->message +
           (problem->hint.empty() ? "" : "; " + problem->hint);
  }
  const auto& expr = std::get<std::optional<Expr>>(parsed);
  return expr ? tree(*expr) : "";
}

std::string printed(std::string_view text) {
  return print(*std::get<std::optional<Expr>>(parse(text)));
}

TEST_SUITE("kfl parse") {
  TEST_CASE("statement -> tree") {
    const struct {
      std::string statement, tree;
    } rows[] = {
        {"", ""},
        {"  // nothing\n/* at all */ ", ""},
        {"a", "a"},
        {"a and b", "(and a b)"},
        {"a and b and c", "(and a b c)"},
        {"a and b or c", "(and a (or b c))"},
        {"a or b and c or d", "(or a (and b (or c d)))"},
        {"(a or b) and c", "(and (group (or a b)) c)"},
        {"3 > 2 > 1", "(> 3 (> 2 1))"},
        {"a == b != c", "(== a (!= b c))"},
        {"a < 1 == b > 2", "(== (< a 1) (> b 2))"},
        {"!a == -b", "(== (! a) (- b))"},
        {"!!-a", "(! (! (- a)))"},
        {"a.b[0][\"c d\"].*..e[*]", "a.b[0][\"c d\"].*..e.*"},
        {"x.json().a.xml().b == \"1\"", "(== x.json().a.xml().b \"1\")"},
        {"a.startsWith(\"x\")", "(a.startsWith \"x\")"},
        {"seconds(-5)", "(seconds (- 5))"},
        {"redact(\"a\", \"b\")", "(redact \"a\" \"b\")"},
        {"now()", "now()"},
        {"x == r\"a\\d\\\"\"", "(== x r\"a\\d\\\"\")"},
        {"1_000.5e-1", "100.05"},
        {"nil == true", "(== nil true)"},
        {"a\n. b\t[ 1 ]", "a.b[1]"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.statement);
      CHECK(tree_of(row.statement) == row.tree);
    }
  }

  TEST_CASE("what is printed is read back as the same") {
    for (const std::string text :
         {"a and (b or !c) and x.y[\"z w\"]..q == \"a\\\"b\\\\c\\nd\\d\"", "a.contains(b == 1, 2)",
          "x == r\"\\\"\\\\\" and y", "-(1) < 2 < 3", "x == \"\\\\u0041 \\\\ \\t\"", "x == \"ends with \\\\\"",
          "a[\"\"] or a[\"\\\\n\"]"}) {
      CAPTURE(text);
      const std::string once = printed(text);
      CHECK(printed(once) == once);
      CHECK(tree_of(once) == tree_of(text));
    }
  }

  TEST_CASE("statement -> what is wrong, and where") {
    const struct {
      std::string statement, problem;
    } rows[] = {
        {"a and", "5: expected a condition after 'and'"},
        {"a or or", "5: expected a condition after 'or'"},
        {"and a", "0: expected a condition"},
        {"a ==", "4: expected a value after '==' or '!='"},
        {"a >", "3: expected a value after the comparison"},
        {"(a", "2: expected 'and', 'or' or ')'"},
        {"()", "1: expected a condition after '('; there is no '(' for this"},
        {"a)", "1: expected 'and', 'or' or the end of the statement; there is no '(' for this"},
        {"!", "1: expected a condition after '!'"},
        {"-", "1: expected a value after '-'"},
        {"a.", "2: expected a name after '.'"},
        {"a..", "3: expected a name after '..'"},
        {"a[", "2: expected an index, a text or * after '['"},
        {"a[1", "3: expected ']'"},
        {"f(", "2: expected an argument or ')'"},
        {"f(1,", "4: expected an argument after ','"},
        {"f(1", "3: expected ',' or ')' after the argument"},
        {"a == \"b", "5: this text is not closed"},
        {"a /* b", "2: this comment is not closed"},
        {"5. == a", "0: this is not a number; digits stand on both sides of the point: 5.0"},
        {"a == 0x10", "5: this is not a number; numbers are decimal"},
        {"src.ip == 10.0.0.1", "10: this is not a number; addresses stand in double quotes: \"10.0.0.1\""},
        {"1e999", "0: this number is too large"},
        {"a[99999999999]", "2: this index is too large"},
        {"a.startsWith(\"b\").c", "17: startsWith() gives true or false, which has no members"},
        {"a.json(1).b", "6: json() takes no argument"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.statement);
      CHECK(tree_of(row.statement) == row.problem);
    }
  }

  TEST_CASE("habits of other languages are understood, and refused with the word that is meant") {
    const std::string end = "expected 'and', 'or' or the end of the statement; ";
    const struct {
      std::string statement, problem;
    } rows[] = {
        {"a && b", "2: " + end + "did you mean 'and'?"},
        {"a || b", "2: " + end + "did you mean 'or'?"},
        {"a AND b", "2: " + end + "did you mean 'and'?"},
        {"a OR b", "2: " + end + "did you mean 'or'?"},
        {"not a", "0: unknown word 'not'; did you mean '!'?"},
        {"a and NOT b", "6: unknown word 'NOT'; did you mean '!'?"},
        {"a = 1", "2: " + end + "did you mean '=='?"},
        {"a === 1", "4: expected a value after '==' or '!='; did you mean '=='?"},
        {"a =~ \"b\"", "2: " + end + "did you mean '== r\"...\"'?"},
        {"a ==~ \"b\"", "4: expected a value after '==' or '!='; did you mean '== r\"...\"'?"},
        {"a ~ \"b\"", "2: " + end + "did you mean '== r\"...\"'?"},
        {"a matches \"b\"", "2: " + end + "did you mean '== r\"...\"'?"},
        {"a contains \"b\"", "2: " + end + "did you mean '.contains(\"...\")'?"},
        {"a in (1, 2)", "2: " + end + "there is no 'in': write x == 1 or x == 2, or x == r\"^(1|2)$\""},
        {"a eq 1", "2: " + end + "did you mean '=='?"},
        {"a <> 1", "3: expected a value after the comparison; did you mean '!='?"},
        {"a => 1", "2: " + end + "did you mean '>='?"},
        {"a == 'b'", "5: expected a value after '==' or '!='; texts stand in double quotes: \"...\""},
        {"a == /b/", "5: expected a value after '==' or '!='; a regular expression is written r\"...\""},
        {"a + 1", "2: " + end + "there is no arithmetic"},
        {".request", "0: expected a condition; a selector begins with a name: request.method"},
        {"$.request", "0: expected a condition; a selector begins with a name: request.method"},
        {"a; b", "1: " + end + "a statement is one condition: join conditions with 'and'"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.statement);
      CHECK(tree_of(row.statement) == row.problem);
    }
  }

  TEST_CASE("limits have a sentence each, and long statements take linear time") {
    const std::string too_deep = "the statement nests deeper than 200 levels";
    const auto repeated = [](std::string_view piece, std::size_t count) {
      std::string out;
      for (std::size_t i = 0; i < count; ++i) out += piece;
      return out;
    };
    const auto message = [](const std::string& text) {
      const Parsed parsed = parse(text);
      const auto* problem = std::get_if<Problem>(&parsed);
      return problem == nullptr ? std::string() : problem->message;
    };
    CHECK(message(repeated("(", 200) + "a" + repeated(")", 200)).empty());
    CHECK(message(repeated("(", 201) + "a" + repeated(")", 201)) == too_deep);
    CHECK(message(repeated("!", 201) + "a") == too_deep);
    CHECK(message(repeated("-", 201) + "a") == too_deep);
    CHECK(message(repeated("f(", 201) + "a" + repeated(")", 201)) == too_deep);
    CHECK(message("a" + repeated(" == a", 200)).empty());
    CHECK(message("a" + repeated(" == a", 201)) == too_deep);
    CHECK(message("a" + repeated(".b", 300)) == "this selector has more than 200 steps");
    CHECK(message("a" + repeated(" and a", 9'999)).empty());
    CHECK(message("a == 1" + repeated(" or a == 1", 9'999)).empty());
    CHECK(message("a" + repeated(" == a", 199) + repeated(" or a" + repeated(" == a", 199), 600)) ==
          "the statement has more than 100000 operands");
    CHECK(message("a" + repeated(" or a", 10'000)) == "the statement has more than 10000 terms");
    CHECK(message("a" + repeated(" or a", 150'000)) == "the statement has more than 10000 terms");
    CHECK(message("a == \"" + std::string(200'000, 'x') + "\"").empty());
    CHECK(message("/*" + std::string(200'000, '*') + "*/ a").empty());
    CHECK(message(std::string(200'000, '(')) == too_deep);
  }
}

}  // namespace
}  // namespace wiretape::kfl
