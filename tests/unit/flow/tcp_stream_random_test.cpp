// SPDX-License-Identifier: Apache-2.0
// Reassembly against all orders, and against a naive reassembler over random talks (fixed seeds).
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <vector>

#include "connection.hpp"

namespace wiretape::flow {
namespace {

struct Part {
  std::uint32_t at = 0;
  std::uint32_t length = 0;
};

std::string sample(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 26) % 26);
  return text;
}

// Remembers the first copy of every byte; a byte is told when all before it are there.
class Naive {
 public:
  void add(std::size_t at, Bytes bytes) {
    if (bytes_.size() < at + bytes.size()) bytes_.resize(at + bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (!bytes_[at + i]) bytes_[at + i] = bytes[i];
    }
  }
  [[nodiscard]] std::string readable() const {
    std::string text;
    for (const auto& byte : bytes_) {
      if (!byte) break;
      text += *byte;
    }
    return text;
  }
  [[nodiscard]] std::string whole() const {
    std::string text;
    std::size_t missing = 0;
    for (const auto& byte : bytes_) {
      if (byte && missing > 0) text += "<" + std::to_string(std::exchange(missing, 0)) + ">";
      if (byte) text += *byte;
      missing += byte ? 0 : 1;
    }
    return text;
  }

 private:
  std::vector<std::optional<char>> bytes_;
};

}  // namespace

TEST_SUITE("tcp stream, any order") {
  TEST_CASE("every order of five segments with overlaps gives the same bytes") {
    const std::array<std::array<Part, 5>, 5> rows = {{
        {{{0, 4}, {4, 4}, {8, 4}, {12, 4}, {16, 4}}},
        {{{0, 6}, {4, 6}, {8, 6}, {12, 6}, {16, 4}}},
        {{{0, 20}, {0, 1}, {5, 5}, {19, 1}, {3, 17}}},
        {{{0, 8}, {2, 2}, {6, 10}, {6, 3}, {14, 6}}},
        {{{0, 10}, {10, 10}, {9, 2}, {0, 20}, {4, 12}}},
    }};
    const std::string text = sample(20);
    // Around the end of the sequence numbers too.
    for (const std::uint32_t isn : {1000U, UINT32_MAX, UINT32_MAX - 10U, 0x7FFFFFF5U}) {
      for (const auto& row : rows) {
        std::array<std::size_t, 5> order = {0, 1, 2, 3, 4};
        do {
          Connection talk;
          talk.client_isn = isn;
          talk.shake();
          for (const std::size_t i : order) talk.up(row[i].at, Bytes(text).substr(row[i].at, row[i].length));
          CAPTURE(isn);
          REQUIRE(talk.heard.client() == text);
          REQUIRE(talk.client().gaps == 0);
          REQUIRE(talk.stream.memory() == 0);
          REQUIRE(talk.budget.used == 0);
          REQUIRE(talk.stream.conflicts() == 0);
        } while (std::next_permutation(order.begin(), order.end()));
      }
    }
  }

  TEST_CASE("of overlaps with other data the first copy stays, whatever the order") {
    const std::array<Part, 4> parts = {{{0, 6}, {4, 6}, {8, 6}, {2, 10}}};
    std::array<std::size_t, 4> order = {0, 1, 2, 3};
    do {
      Connection talk;
      Naive naive;
      talk.shake();
      for (const std::size_t i : order) {
        const std::string bytes(parts[i].length, static_cast<char>('A' + i));
        talk.up(parts[i].at, bytes);
        naive.add(parts[i].at, bytes);
        REQUIRE(talk.heard.client() == naive.readable());
      }
    } while (std::next_permutation(order.begin(), order.end()));
  }

  TEST_CASE("random segments, lost, late, twice and lying, come out as a naive reassembler has them") {
    std::mt19937 random(20240604);
    const auto below = [&random](std::uint32_t limit) { return static_cast<std::uint32_t>(random() % limit); };
    for (int round = 0; round < 3000; ++round) {
      Connection talk;
      Naive naive;
      talk.client_isn = static_cast<std::uint32_t>(random());
      talk.pace = Duration{};
      talk.shake();
      const std::uint32_t size = 1 + below(400);
      const std::uint32_t segments = 1 + below(40);
      for (std::uint32_t i = 0; i < segments; ++i) {
        const std::uint32_t at = below(size);
        const std::uint32_t length = std::min(1 + below(60), size - at);
        std::string bytes = sample(size).substr(at, length);
        if (below(8) == 0) bytes.assign(length, '!');
        talk.up(at, bytes);
        naive.add(at, bytes);
        REQUIRE(talk.heard.client() == naive.readable());
      }
      talk.finish();
      CAPTURE(round);
      REQUIRE(talk.heard.client() == naive.whole());
      REQUIRE(talk.budget.used == 0);
    }
  }

  TEST_CASE("a small budget loses no byte that was captured, and is kept to") {
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
      Connection talk;
      talk.budget.per_stream = 2000;
      talk.budget.total = 3000;
      talk.pace = Duration{};
      talk.shake();
      const std::string text = sample(4000);
      std::vector<std::uint32_t> order(40);
      for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i * 100;
      std::shuffle(order.begin(), order.end(), random);
      std::size_t told = 0;
      for (const std::uint32_t at : order) {
        talk.up(at, Bytes(text).substr(at, 100));
        REQUIRE(talk.budget.used <= talk.budget.total);
        REQUIRE(talk.stream.memory() < 4000);
      }
      talk.finish();
      for (const char c : talk.heard.client()) told += c >= 'a' && c <= 'z' ? 1 : 0;
      CHECK(told + talk.client().gap_bytes == 4000);
      CHECK(talk.client().gaps > 0);
      CHECK(talk.budget.used == 0);
    }
  }
}

}  // namespace wiretape::flow
