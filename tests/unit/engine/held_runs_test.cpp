// SPDX-License-Identifier: Apache-2.0
#include "engine/held_runs.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

namespace wiretape::engine {
namespace {

// In memory; fails when told to.
class TestSpool final : public flow::Spool {
 public:
  std::optional<Place> put(Bytes bytes) override {
    if (full) return std::nullopt;
    held.emplace(next, bytes);
    return next++;
  }
  std::optional<Place> append(Place, std::size_t, Bytes) override { return std::nullopt; }
  bool get(Place place, std::span<char> into) override {
    if (broken) return false;
    held.at(place).copy(into.data(), into.size());
    return true;
  }
  void give_back(Place place, std::size_t) override { held.erase(place); }

  std::map<Place, std::string> held;
  Place next = 0;
  bool full = false;
  bool broken = false;
};

constexpr std::uint64_t count = 20'000;
const std::string data(1000, 'x');

void fill(HeldRuns& runs, flow::Spool* spool) {
  runs.begin();
  for (std::uint64_t number = 1; number <= count; ++number) {
    runs.append({.time = {static_cast<std::int64_t>(number)}, .data = data, .original_length = 1500, .number = number},
                spool);
  }
}

// Numbers of all packets that come back; fails where one is not as it was.
std::uint64_t drain(HeldRuns& runs, flow::Spool* spool, std::uint64_t& lost) {
  std::uint64_t expected = 1;
  for (std::size_t at = 0; at < runs.size(); ++at) {
    const HeldRuns::Run& run = runs[at];
    const bool given = runs.give(run, spool, [&](const net::Packet& packet) {
      if (packet.number != expected || packet.data != data || packet.original_length != 1500) FAIL("another packet");
      ++expected;
    });
    if (given) continue;
    lost += run.packets;
    expected += run.packets;
  }
  return expected - 1;
}

TEST_SUITE("engine held runs") {
  TEST_CASE("what is too much for memory waits in the spool, and comes back in order") {
    TestSpool spool;
    HeldRuns runs;
    fill(runs, &spool);
    CHECK(spool.held.size() > 50);
    std::uint64_t lost = 0;
    CHECK(drain(runs, &spool, lost) == count);
    CHECK(lost == 0);
    CHECK(spool.held.empty());
  }

  TEST_CASE("without a spool, or with a full one, all stays in memory") {
    TestSpool full;
    full.full = true;
    for (flow::Spool* spool : {static_cast<flow::Spool*>(nullptr), static_cast<flow::Spool*>(&full)}) {
      HeldRuns runs;
      fill(runs, spool);
      std::uint64_t lost = 0;
      CHECK(drain(runs, spool, lost) == count);
      CHECK(lost == 0);
    }
  }

  TEST_CASE("what the spool cannot give back is known to be lost") {
    TestSpool spool;
    HeldRuns runs;
    fill(runs, &spool);
    spool.broken = true;
    std::uint64_t lost = 0;
    CHECK(drain(runs, &spool, lost) == count);
    CHECK(lost > count / 2);
    CHECK(lost < count);
    CHECK(spool.held.empty());
  }

  TEST_CASE("packets that can be read again are their places") {
    HeldRuns runs;
    runs.begin();
    for (std::uint64_t number = 1; number <= 100; ++number) {
      runs.append({.number = number, .position = 24 + number * 100}, nullptr);
    }
    REQUIRE(runs.size() == 1);
    std::vector<std::uint64_t> positions;
    CHECK(runs.give(runs[0], nullptr, [&](const net::Packet& packet) { positions.push_back(packet.position); }));
    REQUIRE(positions.size() == 100);
    CHECK(positions.front() == 124);
    CHECK(positions.back() == 10'024);
  }
}

}  // namespace
}  // namespace wiretape::engine
