// SPDX-License-Identifier: Apache-2.0
#include "proto/detect.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace wiretape {
namespace {

// Takes starts that begin with its letter, and cannot tell from "?".
template <char letter>
Guess guess(Direction direction, Bytes start, bool) {
  const char expected = direction == Direction::to_server ? letter : static_cast<char>(letter - 'a' + 'A');
  return start[0] == expected ? Guess::yes : start[0] == '?' ? Guess::maybe : Guess::no;
}
// Takes everything.
Guess lax(Direction, Bytes, bool) {
  return Guess::yes;
}

constexpr std::uint16_t first_ports[] = {1};
constexpr std::uint16_t second_ports[] = {2};
constexpr Protocol first = {
    .name = "first", .title = "", .ports = first_ports, .guess = guess<'f'>, .open = nullptr, .over_udp = true};
constexpr Protocol second = {
    .name = "second", .title = "", .ports = second_ports, .guess = guess<'s'>, .open = nullptr};
constexpr Protocol taker = {.name = "taker", .title = "", .ports = {}, .guess = lax, .open = nullptr};
constexpr Protocol same = {.name = "same", .title = "", .ports = second_ports, .guess = guess<'f'>, .open = nullptr};

std::string found(const std::vector<const Protocol*>& list, const FirstBytes& bytes) {
  const Detection detection = detect(bytes, list);
  switch (detection.verdict) {
    case Detection::Verdict::none: return "none";
    case Detection::Verdict::undecided: return "undecided";
    case Detection::Verdict::found:
      return std::string(detection.protocol->name) + (detection.swapped ? " swapped" : "");
  }
  return "";
}

TEST_SUITE("detect") {
  TEST_CASE("both directions have a say") {
    const struct {
      std::string client, server, verdict;
    } rows[] = {
        {"f", "", "first"},     {"", "F", "first"},  {"s", "S", "second"}, {"f", "S", "none"}, {"x", "", "none"},
        {"?", "", "undecided"}, {"?", "F", "first"}, {"f", "?", "first"},  {"F", "", "none"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.client);
      CAPTURE(row.server);
      CHECK(found({&first, &second}, {.sides = {row.client, row.server}}) == row.verdict);
    }
  }

  TEST_CASE("the earlier one in the list is asked first") {
    CHECK(found({&first, &same}, {.sides = {"f", ""}}) == "first");
    CHECK(found({&same, &first}, {.sides = {"f", ""}}) == "same");
  }

  TEST_CASE("a port only moves a protocol to the front") {
    CHECK(found({&first, &same}, {.sides = {"f", ""}, .ports = {40000, 2}}) == "same");
    CHECK(found({&first, &same}, {.sides = {"s", ""}, .ports = {40000, 2}}) == "none");
  }

  TEST_CASE("a stricter protocol that is not sure yet is waited for") {
    CHECK(found({&first, &taker}, {.sides = {"?", ""}}) == "undecided");
    CHECK(found({&first, &taker}, {.sides = {"x", ""}}) == "taker");
  }

  TEST_CASE("roles that are not sure may turn out exchanged") {
    CHECK(found({&first}, {.sides = {"F", ""}, .roles_are_sure = false}) == "first swapped");
    CHECK(found({&first}, {.sides = {"f", ""}, .roles_are_sure = false}) == "first");
    CHECK(found({&first}, {.sides = {"F", "f"}, .roles_are_sure = false}) == "first swapped");
    CHECK(found({&first}, {.sides = {"?", ""}, .roles_are_sure = false}) == "undecided");
  }

  TEST_CASE("in the middle of a stream one side that is sure is enough") {
    CHECK(found({&first}, {.sides = {"f", "x"}, .starts_are_sure = false}) == "first");
    CHECK(found({&first}, {.sides = {"x", "x"}, .starts_are_sure = false}) == "none");
  }

  TEST_CASE("a datagram is all there is: the port decides what its bytes leave open") {
    CHECK(found({&first}, {.sides = {"?", ""}, .datagram = true, .ports = {40000, 1}}) == "first");
    CHECK(found({&first}, {.sides = {"?", ""}, .datagram = true, .ports = {40000, 3}}) == "none");
    CHECK(found({&second}, {.sides = {"s", ""}, .datagram = true}) == "none");
  }
}

}  // namespace
}  // namespace wiretape
