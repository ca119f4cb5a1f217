// SPDX-License-Identifier: Apache-2.0
#include "flow/backlog.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace wiretape::flow {
namespace {

struct Kept {
  std::uint64_t number = 0;
  std::uint64_t position = net::no_position;
  std::int64_t time = 0;
  std::uint32_t original = 0;
  net::LinkType link = net::LinkType::ethernet;
  std::uint32_t interface = 0;
  std::string data = {};

  bool operator==(const Kept&) const = default;
};

Kept kept(const net::Packet& packet) {
  return {packet.number, packet.position,  packet.time.nanoseconds, packet.original_length,
          packet.link,   packet.interface, std::string(packet.data)};
}

std::vector<Kept> released(Backlog& backlog, FlowId flow, Cut* cut = nullptr) {
  std::vector<Kept> all;
  const Cut lost = backlog.release(flow, [&](const net::Packet& packet) { all.push_back(kept(packet)); });
  if (cut != nullptr) *cut = lost;
  return all;
}

net::Packet copy_of(Bytes data, std::uint64_t number) {
  return {.time = {static_cast<std::int64_t>(number) * 1000},
          .data = data,
          .original_length = static_cast<std::uint32_t>(data.size()),
          .number = number};
}

net::Packet at(std::uint64_t position, std::uint64_t number, Bytes data = {}) {
  net::Packet packet = copy_of(data, number);
  packet.position = position;
  return packet;
}

}  // namespace

TEST_SUITE("backlog") {
  TEST_CASE("copies come back as they were held, in order, once") {
    Backlog backlog(1 << 20);
    std::vector<Kept> expected;
    const std::vector<net::LinkType> links = {net::LinkType::ethernet, net::LinkType::linux_sll2};
    for (std::uint64_t i = 0; i < 300; ++i) {
      const std::string data(i * 7 % 400, static_cast<char>('a' + i % 26));
      net::Packet packet = copy_of(data, 1000 - i);
      packet.time = {static_cast<std::int64_t>(i % 2 == 0 ? i : 5'000'000'000'000'000'000 - i)};
      packet.original_length = static_cast<std::uint32_t>(i % 3 == 0 ? data.size() + 1000 : data.size());
      packet.link = links[i % 2];
      packet.interface = static_cast<std::uint32_t>(i * i * 1000);
      backlog.hold(3, packet);
      expected.push_back(kept(packet));
    }
    CHECK(backlog.holds(3));
    CHECK(released(backlog, 3) == expected);
    CHECK_FALSE(backlog.holds(3));
    CHECK(released(backlog, 3).empty());
  }

  TEST_CASE("positions come back with their numbers and nothing else") {
    Backlog backlog(1 << 20);
    std::vector<Kept> expected;
    std::uint64_t position = 24;
    for (std::uint64_t i = 1; i < 5000; ++i) {
      position += i % 11 == 0 ? 3'000'000'000 : 90;
      backlog.hold(0, at(position, i * 3, "a packet's bytes"));
      expected.push_back({.number = i * 3, .position = position});
    }
    backlog.hold(0, at(100, 1));  // a fragment that was held for a while
    expected.push_back({.number = 1, .position = 100});
    backlog.hold(0, at(UINT64_MAX - 1, UINT64_MAX));
    expected.push_back({.number = UINT64_MAX, .position = UINT64_MAX - 1});
    CHECK(released(backlog, 0) == expected);
  }

  TEST_CASE("a stream may hold both positions and copies") {
    Backlog backlog(1 << 20);
    backlog.hold(1, at(24, 1));
    backlog.hold(1, copy_of("live", 2));
    backlog.hold(1, at(99, 3));
    const auto all = released(backlog, 1);
    REQUIRE(all.size() == 3);
    CHECK(all[0].position == 24);
    CHECK(all[1].data == "live");
    CHECK(all[2].position == 99);
  }

  TEST_CASE("a stream can be looked at without being forgotten") {
    Backlog backlog(300'000);
    const std::string data(1000, 'x');
    for (std::uint64_t i = 0; i < 1000; ++i) backlog.hold(1, copy_of(data, i));
    std::size_t seen = 0;
    const Cut cut = backlog.visit(1, [&seen](const net::Packet&) { ++seen; });
    CHECK(seen + cut.packets == 1000);
    CHECK(backlog.cut(1).packets == cut.packets);
    CHECK(backlog.holds(1));
    CHECK(released(backlog, 1).size() == seen);
    CHECK(backlog.cut(1).packets == 0);
  }

  TEST_CASE("packets larger than any block come back whole") {
    Backlog backlog(8 << 20);
    for (const std::size_t size : {0UL, 1UL, 60UL, 32'700UL, 65'549UL, 131'000UL, 131'072UL, 1'000'000UL}) {
      const std::string data(size, 'x');
      backlog.hold(0, copy_of("before", 1));
      backlog.hold(0, copy_of(data, 2));
      backlog.hold(0, copy_of("after", 3));
      const auto all = released(backlog, 0);
      CAPTURE(size);
      REQUIRE(all.size() == 3);
      CHECK(all[1].data == data);
      CHECK(all[2].data == "after");
    }
  }

  TEST_CASE("a short stream of positions costs one small block") {
    Backlog backlog(1 << 20);
    backlog.hold(0, at(24, 1));
    const std::size_t before = backlog.memory();
    backlog.hold(1, at(24, 1));
    const std::size_t one = backlog.memory();
    for (std::uint64_t i = 2; i < 12; ++i) backlog.hold(1, at(24 + i * 100, i));
    CHECK(backlog.memory() == one);
    CHECK(one - before < 400);
  }

  TEST_CASE("what a dropped stream took is used again") {
    Backlog backlog(64 << 20);
    const std::string data(1000, 'x');
    std::size_t settled = 0;
    for (int round = 0; round < 20; ++round) {
      for (FlowId flow = 0; flow < 50; ++flow) {
        for (std::uint64_t i = 0; i < 100; ++i) backlog.hold(flow, copy_of(data, i));
      }
      if (round == 1) settled = backlog.memory();
      CHECK((round < 1 || backlog.memory() == settled));
      for (FlowId flow = 0; flow < 50; ++flow) backlog.drop(flow);
    }
    CHECK(backlog.total_cut().packets == 0);
  }

  TEST_CASE("over the limit the heaviest stream loses its middle, and only that") {
    constexpr std::size_t limit = 2 << 20;
    Backlog backlog(limit);
    const std::string data(1000, 'x');
    for (std::uint64_t i = 0; i < 200; ++i) backlog.hold(1, copy_of(data, i));
    for (std::uint64_t i = 0; i < 10'000; ++i) {
      backlog.hold(2, copy_of(data, i));
      REQUIRE(backlog.memory() <= limit);
    }
    Cut cut;
    CHECK(released(backlog, 1, &cut).size() == 200);
    CHECK(cut.packets == 0);

    const auto heavy = released(backlog, 2, &cut);
    CHECK(cut.packets + heavy.size() == 10'000);
    CHECK(cut.bytes == cut.packets * 1000);
    CHECK(cut.packets == backlog.total_cut().packets);
    std::size_t head = 0;
    while (head < heavy.size() && heavy[head].number == head) ++head;
    CHECK(head * 1000 >= 64 << 10);
    CHECK(heavy.back().number == 9999);
    // One cut, and the ledger says when: from the first packet that is missing to the last.
    std::size_t holes = 0;
    for (std::size_t i = 1; i < heavy.size(); ++i) {
      if (heavy[i].number == heavy[i - 1].number + 1) continue;
      ++holes;
      CHECK(cut.first.nanoseconds == heavy[i - 1].time + 1000);
      CHECK(cut.last.nanoseconds == heavy[i].time - 1000);
    }
    CHECK(holes == 1);
  }

  TEST_CASE("where no stream has a middle to lose, the newest packets are let go and counted") {
    constexpr std::size_t limit = 1 << 20;
    Backlog backlog(limit);
    const std::string data(200, 'x');
    std::uint64_t held = 0;
    for (FlowId flow = 0; flow < 10'000; ++flow) {
      backlog.hold(flow, copy_of(data, 1));
      REQUIRE(backlog.memory() <= limit + 10'000 * 70);
    }
    for (FlowId flow = 0; flow < 10'000; ++flow) {
      Cut cut;
      const std::size_t count = released(backlog, flow, &cut).size();
      REQUIRE(count + cut.packets == 1);
      held += count;
    }
    CHECK(held > 500);
    CHECK(held + backlog.total_cut().packets == 10'000);
  }

  TEST_CASE("a stream that gave way and ended leaves nothing behind for the next one in its place") {
    Backlog backlog(300'000);
    const std::string data(1000, 'x');
    for (std::uint64_t i = 0; i < 1000; ++i) backlog.hold(5, copy_of(data, i));
    CHECK(backlog.drop(5).packets > 0);
    CHECK(backlog.drop(5).packets == 0);
    backlog.hold(5, copy_of("new", 1));
    Cut cut;
    CHECK(released(backlog, 5, &cut).size() == 1);
    CHECK(cut.packets == 0);
  }

  TEST_CASE("random talk of many streams comes back as a plain list has it") {
    std::mt19937 random(11);
    Backlog backlog(256 << 20);
    std::map<FlowId, std::vector<Kept>> expected;
    std::uint64_t position = 24;
    const std::string noise(70'000, 'n');
    for (std::uint64_t i = 0; i < 30'000; ++i) {
      const FlowId flow = random() % 64;
      const std::size_t size = random() % 100 == 0 ? random() % 70'000 : random() % 1500;
      net::Packet packet = copy_of(Bytes(noise).substr(0, size), i);
      if (flow % 2 == 0) packet.position = position += size + 16;
      backlog.hold(flow, packet);
      if (flow % 2 == 0) {
        expected[flow].push_back({.number = i, .position = packet.position});
      } else {
        expected[flow].push_back(kept(packet));
      }
      if (random() % 500 == 0) {
        const FlowId done = random() % 64;
        REQUIRE(released(backlog, done) == expected[done]);
        expected.erase(done);
      }
    }
    for (const auto& [flow, packets] : expected) REQUIRE(released(backlog, flow) == packets);
  }
}

}  // namespace wiretape::flow
