// SPDX-License-Identifier: Apache-2.0
#include "engine/positions.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

namespace wiretape::engine {
namespace {

std::vector<std::uint64_t> all_of(Positions& positions) {
  std::vector<std::uint64_t> out;
  auto reader = positions.read();
  for (std::uint64_t position = 0; reader.next(position);) out.push_back(position);
  return out;
}

TEST_SUITE("engine positions") {
  TEST_CASE("positions come back in order, each once, whatever order they came in") {
    std::mt19937_64 random(20240604);
    Positions positions;
    std::set<std::uint64_t> expected;
    for (int i = 0; i < 700'000; ++i) {
      const std::uint64_t position = random() % 3'000'000 * 76 + 24;
      positions.add(position);
      expected.insert(position);
    }
    CHECK(all_of(positions) == std::vector<std::uint64_t>(expected.begin(), expected.end()));
  }

  TEST_CASE("the packets of one file take three bytes each at most") {
    Positions positions;
    for (std::uint64_t i = 0; i < 1'000'000; ++i) positions.add(24 + i * 750);
    CHECK(positions.size() == 1'000'000);
    CHECK(all_of(positions).size() == 1'000'000);
    CHECK(positions.memory() < 3'000'000 + (4U << 20U));
  }

  TEST_CASE("the largest positions there are survive") {
    Positions positions;
    for (const std::uint64_t position : {UINT64_MAX - 1, std::uint64_t{0}, std::uint64_t{1} << 63U})
      positions.add(position);
    CHECK(all_of(positions) == std::vector<std::uint64_t>{0, std::uint64_t{1} << 63U, UINT64_MAX - 1});
  }

  TEST_CASE("a cleared set is empty and can be filled again") {
    Positions positions;
    positions.add(5);
    positions.clear();
    CHECK(positions.empty());
    CHECK(all_of(positions).empty());
    positions.add(7);
    CHECK(all_of(positions) == std::vector<std::uint64_t>{7});
  }

  TEST_CASE("a great many take little memory, and come back each once") {
    constexpr std::uint64_t count = 1'000'000;
    Positions positions;
    for (std::uint64_t i = 0; i < count; ++i) positions.add(24 + 1500 * (i * 7919 % count));
    for (std::uint64_t i = 0; i < count; i += 10) positions.add(24 + 1500 * i);
    CHECK(positions.memory() < 1'200'000);
    auto reader = positions.read();
    std::uint64_t position = 0, expected = 0;
    while (reader.next(position)) {
      if (position != 24 + 1500 * expected) FAIL("another position");
      ++expected;
    }
    CHECK(expected == count);
    CHECK_FALSE(reader.failed());
  }
}

}  // namespace
}  // namespace wiretape::engine
