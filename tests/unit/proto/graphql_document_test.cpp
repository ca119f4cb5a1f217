// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "proto/graphql/document.hpp"

using namespace wiretape::graphql;

namespace {

// "query Name" of what was found, "-" where that is not to be told, "no" where the text does not parse.
std::string found(const std::string& text, const std::string& wanted = "") {
  Operation operation;
  if (!read_document(text, wanted, operation)) return "no";
  if (operation.type == OperationType::none) return "-";
  const std::string type(name(operation.type));
  return operation.name.empty() ? type : type + ' ' + std::string(operation.name);
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

const std::string everything =
    "\xEF\xBB\xBF# a comment, with \"quotes\" { and braces\n"
    "query Cart($id: ID!, $n: Int = 10 @max(of: 3), $tags: [[String!]!] = [\"a\", \"b\"], $box: Box = {w: 1.5e-3, h: "
    "-0}) "
    "@cached(ttl: 60) {\n"
    "  me: user(id: $id, filter: {active: true, name: \"A \\\"B\\\" \\u00e4\", note: \"\"\"block \\\"\"\" \"text\" "
    "\"\"\"}) "
    "@include(if: $yes) { ...parts @skip(if: false), ... on Admin { rights }, ... { id }, ... @include(if: true) { x } "
    "}\n"
    "  list(of: [1 2, 3], kind: ENUM, none: null, empty: [], nothing: {})\n"
    "  on query fragment type\n"
    "}\n"
    "fragment parts on User @x { id name }\n";

}  // namespace

TEST_SUITE("graphql") {
  TEST_CASE("documents of operations and fragments parse") {
    const struct {
      std::string text, told;
    } rows[] = {
        {"{a}", "query"},
        {"{ a b,c\td }", "query"},
        {"query{a}", "query"},
        {"query Q { a }", "query Q"},
        {"mutation M($x:Int){a(x:$x)}", "mutation M"},
        {"subscription { ticks }", "subscription"},
        {"query query { a }", "query query"},
        {"fragment F on T { a } query Q { ...F }", "query Q"},
        {"{ a: b c(d: \"\") }", "query"},
        {everything, "query Cart"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(found(row.text) == row.told);
    }
  }

  TEST_CASE("what people search for, other languages, and what servers refuse do not") {
    const std::string rows[] = {
        "",
        " ",
        "shoes",
        "red shoes size 42",
        "query",
        "query: shoes",
        "SELECT name FROM users WHERE id = 1",
        "MATCH (n) RETURN n",
        "up{job=\"x\"}",
        "{job=\"x\"}",
        "{\"match_all\": {}}",
        "{}",
        "{a",
        "a}",
        "{a}}",
        "{a} b",
        "{a{}}",
        "query Q",
        "query Q()  {a}",
        "query Q($a) {a}",
        "query Q($a: ) {a}",
        "query Q($a: [Int) {a}",
        "query Q(a: Int) {a}",
        "{a()}",
        "{a(b)}",
        "{a(b:)}",
        "{a(b: [1)}",
        "{a(b: {c})}",
        "{a(b: \"open)}",
        "{a(b: \"line\nfeed\")}",
        "{a(b: \"\"\"open)}",
        "{a(b: 01)}",
        "{a(b: 1.)}",
        "{a(b: 1e)}",
        "{a(b: 1x)}",
        "{a(b: -)}",
        "{a(b: .5)}",
        "{a(b: $)}",
        "{a @}",
        "{... }",
        "{...on}",
        "{... on {a}}",
        "{a: }",
        "{a; b}",
        "fragment F on T { a }",
        "fragment on on T { a } {a}",
        "fragment F { a } {a}",
        "type T { a: Int }",
        "schema { query: Q }",
        std::string("{a\0}", 4),
        "{\xC3\xA4}",
    };
    for (const auto& text : rows) {
      CAPTURE(text);
      CHECK(found(text) == "no");
    }
  }

  TEST_CASE("no proper prefix of a document parses, but where a definition ends") {
    const std::size_t first = everything.find("fragment parts");
    for (std::size_t size = 0; size < everything.size() - 1; ++size) {
      CAPTURE(size);
      const bool between = size >= first - 1 && size <= first;
      CHECK(found(everything.substr(0, size)) == (between ? "query Cart" : "no"));
    }
  }

  TEST_CASE("of several operations the wanted one is told, and none without a wish") {
    const std::string several = "query A {a} mutation B {b} subscription C {c}";
    CHECK(found(several, "A") == "query A");
    CHECK(found(several, "B") == "mutation B");
    CHECK(found(several, "C") == "subscription C");
    CHECK(found(several) == "-");
    CHECK(found(several, "D") == "-");
    CHECK(found("query A {a}", "D") == "-");
  }

  TEST_CASE("nesting is bounded, and length is not") {
    CHECK(found(repeated("{a", 200) + repeated("}", 200)) == "query");
    CHECK(found(repeated("{a", 201) + repeated("}", 201)) == "no");
    CHECK(found(repeated("{a", 1'000'000)) == "no");
    CHECK(found("{a(b:" + repeated("[", 1'000'000)) == "no");
    CHECK(found("{a(b:" + repeated("{c:", 1'000'000)) == "no");
    CHECK(found("query($a:" + repeated("[", 1'000'000)) == "no");
    CHECK(found("{a(b: \"\"\"" + repeated("\\\"\"\"", 500'000) + "\"\"\")}") == "query");
    CHECK(found("{" + repeated("a ", 1'000'000) + "}") == "query");
    CHECK(found(repeated("#\n", 1'000'000) + "{a}") == "query");
    CHECK(found("{a" + repeated(" @b", 500'000) + "}") == "query");
  }
}
