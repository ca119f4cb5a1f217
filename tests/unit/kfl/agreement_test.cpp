// SPDX-License-Identifier: Apache-2.0
// Programs against the naive walk of the tree, on statements and documents made at random with a fixed seed.
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "kfl/check.hpp"
#include "kfl/fold.hpp"
#include "kfl/parse.hpp"
#include "kfl/statement.hpp"
#include "support/kfl_generator.hpp"
#include "support/kfl_walk.hpp"

namespace wiretape::kfl {
namespace {

TEST_SUITE("kfl agreement") {
  TEST_CASE("a program says what the tree says") {
    std::mt19937 random(20240604);
    const auto choose = [&random](std::size_t count) { return static_cast<std::size_t>(random() % count); };
    Generator generator(choose);
    std::size_t matched = 0;
    Scratch scratch;
    json::Reader reader;
    for (int i = 0; i < 400; ++i) {
      const std::string text = generator.statement();
      CAPTURE(text);
      const auto compiled = compile(text, {});
      REQUIRE(bool(compiled));
      auto parsed = std::get<std::optional<Expr>>(parse(text));
      REQUIRE(bool(parsed));
      const std::string printed = print(*parsed);
      CHECK(print(*std::get<std::optional<Expr>>(parse(printed))) == printed);
      const Expr checked = std::get<Checked>(check(std::move(*parsed), {})).expr;
      const Expr folded = fold(checked);
      for (int j = 0; j < 4; ++j) {
        const std::string document = generator.document();
        CAPTURE(document);
        REQUIRE(reader.open(document));
        const naive::Json tree = naive::read(reader, json::Reader::root);
        const bool expected = naive::Evaluator(tree).term(checked);
        CHECK(naive::Evaluator(tree).term(folded) == expected);
        const auto said = compiled->matches(document, "", scratch);
        REQUIRE(bool(said));
        CHECK(*said == expected);
        matched += expected ? 1U : 0U;
      }
    }
    // Neither all nor nothing, or nothing would be proved.
    CHECK(matched > 100);
    CHECK(matched < 1500);
  }
}

}  // namespace
}  // namespace wiretape::kfl
