// SPDX-License-Identifier: Apache-2.0
// Statements that are asked about the same calls.
#include "kfl/group.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/kfl_entries.hpp"

namespace wiretape::kfl {
namespace {

std::vector<Statement> statements(const std::vector<std::string>& texts) {
  std::vector<Statement> out;
  for (const std::string& text : texts) {
    const auto compiled = compile(text, {.catalog = &made_up::catalog, .now = {}});
    REQUIRE_MESSAGE(bool(compiled), text);
    out.push_back(*compiled);
  }
  return out;
}

const std::vector<std::string> of_all_kinds = {
    R"(request.method == "GET" and response.status == 500)",
    R"(request.method == "GET" and response.status == 200)",
    R"(response.status == 500 and request.method == "POST")",
    R"(response.status == 500 or request.method == "GET")",
    R"(!(response.status == 500) and request.method == "GET")",
    R"(request.headers["X"] == "1" and response.status == 200)",
    R"(request.headers["X"] == "1" or response.status == 200)",
    R"(response.status >= 200 and request.method == r"^G")",
    R"(response.status >= 200 and request.method == r"^P")",
    "response.status >= 200",
    "",
    R"(record("a") and response.status == 200)",
    R"(record("a") or response.status == 200)",
};

TEST_SUITE("kfl group") {
  TEST_CASE("nobody who says yes is left out, and a shared term that does not hold leaves out all who have it") {
    made_up::WebCall call;  // GET, 200
    const auto all = statements(of_all_kinds);
    const Group group(all);
    Scratch scratch;
    const std::uint64_t asked = (std::uint64_t{1} << all.size()) - 1;
    const std::uint64_t left = group.candidates(call.entry, asked, scratch);
    for (std::size_t place = 0; place < all.size(); ++place) {
      CAPTURE(of_all_kinds[place]);
      if (all[place].matches(call.entry, scratch)) CHECK((left >> place & 1U) == 1);
    }
    CHECK((left & 1U) == 0);  // 500 is asked for by two
    CHECK((left >> 2U & 1U) == 0);
    CHECK((left >> 3U & 1U) == 1);  // here it need not hold
    CHECK((left >> 4U & 1U) == 1);
  }

  TEST_CASE("who was not asked does not answer") {
    made_up::WebCall call;
    const auto all = statements(of_all_kinds);
    Scratch scratch;
    CHECK(Group(all).candidates(call.entry, 0, scratch) == 0);
    CHECK((Group(all).candidates(call.entry, 0b1010, scratch) & ~0b1010U) == 0);
  }

  TEST_CASE("a statement about the response cannot be decided by the request") {
    made_up::WebCall call;
    const auto all = statements(of_all_kinds);
    const Group group(all);
    Scratch scratch;
    const std::uint64_t asked = (std::uint64_t{1} << all.size()) - 1;
    for (const Stage stage :
         {Stage::stream, Stage::request_head, Stage::request, Stage::response_head, Stage::complete}) {
      call.entry.stage = stage;
      const std::uint64_t decidable = group.decidable(call.entry, asked);
      for (std::size_t place = 0; place < all.size(); ++place) {
        CAPTURE(of_all_kinds[place]);
        if (all[place].decide(call.entry, scratch) == Truth::yes) CHECK((decidable >> place & 1U) == 1);
      }
    }
    call.entry.stage = Stage::request;
    CHECK((group.decidable(call.entry, asked) & 1U) == 0);
    call.entry.stage = Stage::complete;
    CHECK(group.decidable(call.entry, asked) == asked);
  }

  TEST_CASE("a term of one statement alone is left to the statement") {
    made_up::WebCall call;
    const auto all = statements({R"(request.method == "POST")", R"(request.method == "PUT")"});
    Scratch scratch;
    CHECK(Group(all).candidates(call.entry, 0b11, scratch) == 0b11);
  }
}

}  // namespace
}  // namespace wiretape::kfl
