// SPDX-License-Identifier: Apache-2.0
// What needs no right to capture: live recordings that do not start.
#include "engine/live_record.hpp"

#include "engine/support.hpp"

namespace wiretape::engine {
namespace {

using namespace test;

LiveControl control(std::size_t& started) {
  return {.descriptor = -1,
          .take = [] { return std::vector<LiveWish>{}; },
          .started = [&started](const std::vector<capture::Interface>&) { ++started; },
          .notice = [](std::string_view) {},
          .report = [](const LiveReport&) {}};
}

TEST_SUITE("engine live record") {
  TEST_CASE("an interface that is not there: one sentence, and no folder remains") {
    const Desk desk;
    std::size_t started = 0;
    const auto refused = record_live(
        {.record = desk.request("x", "http", {}), .interfaces = {{.interface = "no-such-iface"}}, .user = {}},
        control(started));
    REQUIRE_FALSE(refused.has_value());
    CHECK((refused.error().kind == ErrorKind::interface || refused.error().kind == ErrorKind::permission));
    CHECK(contains(refused.error().message, "no-such-iface"));
    CHECK(started == 0);
    CHECK_FALSE(std::filesystem::exists(desk.store() + "/x"));
  }

  TEST_CASE("a user that is not there: one sentence, and no folder remains") {
    const Desk desk;
    std::size_t started = 0;
    const auto refused = record_live(
        {.record = desk.request("x", "http", {}), .interfaces = {{.interface = "lo"}}, .user = "nobody-of-this-name"},
        control(started));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::usage);
    CHECK(contains(refused.error().message, "nobody-of-this-name"));
    CHECK(started == 0);
    CHECK_FALSE(std::filesystem::exists(desk.store() + "/x"));
  }

  TEST_CASE("a name that exists is refused and what stands there is untouched") {
    const Desk desk;
    support::Wire wire;
    talk(wire, 40001, {{"/1", 500}});
    REQUIRE(desk.record("x", "http", {desk.capture("in.pcap", wire)}).has_value());
    std::size_t started = 0;
    const auto refused = record_live(
        {.record = desk.request("x", "http", {}), .interfaces = {{.interface = "lo"}}, .user = {}}, control(started));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::name);
    CHECK(shown(desk.question("record(\"x\")")) == Paths{"/1"});
  }
}

}  // namespace
}  // namespace wiretape::engine
