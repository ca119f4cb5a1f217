// SPDX-License-Identifier: Apache-2.0
#include "engine/shown.hpp"

#include "engine/support.hpp"

namespace wiretape::engine {
namespace {

using namespace test;

const std::string call = R"({"record":"r","protocol":{"name":"http"},"request":{"path":"/secret"}})";

TEST_SUITE("engine shown") {
  TEST_CASE("calls go on until the count or the limit, whichever is smaller") {
    const struct {
      std::string text;
      std::uint64_t count;
      std::size_t shown;
    } rows[] = {
        {"http", UINT64_MAX, 5},     {"http", 3, 3}, {"http", 0, 0}, {"http and limit(2)", UINT64_MAX, 2},
        {"http and limit(4)", 1, 1},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CAPTURE(row.count);
      Screen screen;
      Shown shown(statement(row.text), row.count, &screen);
      for (int i = 0; i < 5; ++i) shown.call(call);
      CHECK(screen.calls.size() == row.shown);
      CHECK(shown.satisfied() == (row.shown < 5));
      CHECK_FALSE(shown.closed());
    }
  }

  TEST_CASE("where nobody looks, calls are counted all the same") {
    Shown shown(statement("http"), 2, nullptr);
    shown.call(call);
    shown.caught_up();
    CHECK_FALSE(shown.satisfied());
    shown.call(call);
    CHECK(shown.satisfied());
  }

  TEST_CASE("a reader who has gone is shown nothing more") {
    Screen screen;
    screen.closes_after = 1;
    std::size_t rests = 0;
    screen.when_caught_up = [&] { ++rests; };
    Shown shown(statement("http"), UINT64_MAX, &screen);
    shown.call(call);
    shown.call(call);
    shown.caught_up();
    CHECK(screen.calls.size() == 1);
    CHECK(shown.closed());
    CHECK(shown.satisfied());
    CHECK(rests == 0);
  }

  TEST_CASE("a call is shown byte for byte, or redacted") {
    Screen plain, hidden;
    Shown(statement("http"), 1, &plain).call(call);
    Shown(statement("http and redact(\"request.path\")"), 1, &hidden).call(call);
    CHECK(plain.calls == std::vector<std::string>{call});
    REQUIRE(hidden.calls.size() == 1);
    CHECK(contains(hidden.calls[0], "\"record\":\"r\""));
    CHECK_FALSE(contains(hidden.calls[0], "secret"));
  }
}

}  // namespace
}  // namespace wiretape::engine
