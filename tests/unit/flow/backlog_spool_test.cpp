// SPDX-License-Identifier: Apache-2.0
// The backlog when memory is short: what goes to the spool, what comes back, and what several of them share.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "flow/backlog.hpp"
#include "support/memory_spool.hpp"

namespace wiretape::flow {
namespace {

using support::MemorySpool;

net::Packet copy_of(Bytes data, std::uint64_t number) {
  return {.time = {static_cast<std::int64_t>(number) * 1000},
          .data = data,
          .original_length = static_cast<std::uint32_t>(data.size()),
          .number = number};
}

net::Packet at(std::uint64_t position, std::uint64_t number, Bytes data) {
  net::Packet packet = copy_of(data, number);
  packet.position = position;
  return packet;
}

std::vector<std::uint64_t> numbers(Backlog& backlog, FlowId flow, Cut* cut = nullptr) {
  std::vector<std::uint64_t> all;
  const Cut lost = backlog.release(flow, [&](const net::Packet& packet) { all.push_back(packet.number); });
  if (cut != nullptr) *cut = lost;
  return all;
}

std::vector<std::uint64_t> up_to(std::uint64_t count) {
  std::vector<std::uint64_t> all(count);
  for (std::uint64_t i = 0; i < count; ++i) all[i] = i;
  return all;
}

// Holds packets of one stream, numbered from 0.
void hold_many(Backlog& backlog, FlowId flow, std::uint64_t count, std::size_t size) {
  const std::string data(size, 'x');
  for (std::uint64_t i = 0; i < count; ++i) backlog.hold(flow, copy_of(data, i));
}

}  // namespace

TEST_SUITE("backlog spool") {
  TEST_CASE("over the budget nothing is lost while the spool has room") {
    constexpr std::size_t limit = 1 << 20;
    const struct {
      std::string name;
      std::uint64_t position;
    } rows[] = {{"copies", net::no_position}, {"positions", 24}};
    for (const auto& row : rows) {
      CAPTURE(row.name);
      MemorySpool spool;
      BacklogBudget budget(limit, 1);
      Backlog backlog(budget, &spool);
      const std::string data(900, 'x');
      std::size_t most = 0;
      const std::uint64_t each = row.position == net::no_position ? 200 : 20'000;
      for (std::uint64_t i = 0; i < each; ++i) {
        for (FlowId flow = 0; flow < 40; ++flow) {
          net::Packet packet = copy_of(data, i);
          if (row.position != net::no_position) packet.position = (i * 40 + flow) * 100'000;
          backlog.hold(flow, packet);
          most = std::max(most, backlog.memory());
        }
      }
      CHECK(most <= limit);
      CHECK(most > limit / 2);
      CHECK(backlog.spooled() > 0);
      CHECK(backlog.spooled() == spool.size());
      const auto expected = up_to(each);
      for (FlowId flow = 0; flow < 40; ++flow) {
        Cut cut;
        CHECK(numbers(backlog, flow, &cut) == expected);
        CHECK(cut.packets == 0);
      }
      CHECK(backlog.total_cut().packets == 0);
      CHECK(backlog.spooled() == 0);
      CHECK(spool.places() == 0);
    }
  }

  TEST_CASE("what comes back from the spool is what was held, to the last bit") {
    MemorySpool spool;
    BacklogBudget budget(64 << 10, 1);
    Backlog backlog(budget, &spool);
    std::vector<net::Packet> expected;
    std::deque<std::string> bytes;
    for (std::uint64_t i = 0; i < 500; ++i) {
      net::Packet packet = copy_of(bytes.emplace_back(i * 7 % 1500, static_cast<char>('a' + i % 26)), 1000 - i);
      packet.time = {static_cast<std::int64_t>(i % 2 == 0 ? i : 5'000'000'000'000'000'000 - i)};
      packet.original_length = static_cast<std::uint32_t>(i * 100);
      packet.link = net::LinkType::linux_sll2;
      packet.interface = static_cast<std::uint32_t>(i);
      backlog.hold(9, packet);
      expected.push_back(packet);
    }
    REQUIRE(backlog.spooled() > 100'000);
    std::size_t seen = 0;
    bool same = true;
    backlog.release(9, [&](const net::Packet& packet) {
      const net::Packet& was = expected[seen++];
      same = same && packet.time == was.time && packet.data == was.data && packet.number == was.number &&
             packet.original_length == was.original_length && packet.link == was.link &&
             packet.interface == was.interface && packet.position == net::no_position;
    });
    CHECK(seen == expected.size());
    CHECK(same);
  }

  TEST_CASE("a stream still has its first packet after an hour and 100,000 packets of others") {
    MemorySpool spool;
    BacklogBudget budget(2 << 20, 1);
    Backlog backlog(budget, &spool);
    const std::string first = "GET /report HTTP/1.1";
    backlog.hold(0, copy_of(first, 1));
    const std::string data(700, 'x');
    for (std::uint64_t i = 0; i < 100'000; ++i) {
      const auto flow = static_cast<FlowId>(1 + i % 500);
      if (i % 5000 < 500) backlog.drop(flow);
      backlog.hold(flow, copy_of(data, 2 + i));
    }
    net::Packet late = copy_of("HTTP/1.1 500 Sorry", 200'000);
    late.time = late.time + Duration::seconds(3600);
    backlog.hold(0, late);
    std::vector<std::string> all;
    const Cut cut = backlog.release(0, [&](const net::Packet& packet) { all.emplace_back(packet.data); });
    CHECK(cut.packets == 0);
    CHECK(all == std::vector<std::string>{first, "HTTP/1.1 500 Sorry"});
  }

  TEST_CASE("a long stream in the spool costs less than a hundredth of its bytes, however slowly it came") {
    const std::string data(400, 'x');
    for (const std::uint64_t together : {1U, 5U, 1000U}) {
      CAPTURE(together);
      MemorySpool spool;
      BacklogBudget budget(256 << 10, 1);
      Backlog backlog(budget, &spool);
      const std::uint64_t packets = 300 * together;
      const auto push_out = [&backlog] {
        for (FlowId other = 1; other <= 10; ++other) hold_many(backlog, other, 1, 30'000);
        for (FlowId other = 1; other <= 10; ++other) backlog.drop(other);
      };
      for (std::uint64_t i = 0; i < packets; ++i) {
        backlog.hold(0, copy_of(data, i));
        if (i % together == 0) push_out();
      }
      push_out();
      CHECK(backlog.spooled() > packets * data.size() * 3 / 4);
      // Of each place memory keeps an extent.
      CHECK(spool.places() * 48 <= 48 + packets * data.size() / 100);
      CHECK(numbers(backlog, 0) == up_to(packets));
    }
  }

  TEST_CASE("many streams of one packet fit into little more than what the spool needs to know of them") {
    constexpr FlowId streams = 100'000;
    constexpr std::size_t limit = (64U << 20U) / 10;
    MemorySpool spool;
    BacklogBudget budget(limit, 1);
    Backlog backlog(budget, &spool);
    const std::string data(60, 's');
    std::size_t most = 0;
    for (FlowId flow = 0; flow < streams; ++flow) {
      backlog.hold(flow, copy_of(data, flow));
      most = std::max(most, backlog.memory());
    }
    CHECK(most <= limit);
    CHECK(backlog.total_cut().packets == 0);
    std::size_t wrong = 0;
    for (FlowId flow = 0; flow < streams; ++flow) {
      wrong += numbers(backlog, flow) == std::vector<std::uint64_t>{flow} ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(spool.places() == 0);

    // And when they are gone, so is what they took.
    hold_many(backlog, 0, 4000, 1000);
    CHECK(backlog.total_cut().packets == 0);
    CHECK(backlog.memory() > limit / 2);
    CHECK(backlog.spooled() == 0);
  }

  TEST_CASE("a full spool: the heaviest stream loses its middle, and the ledger has it") {
    constexpr std::size_t limit = 1 << 20;
    MemorySpool spool(500'000);
    BacklogBudget budget(limit, 1);
    Backlog backlog(budget, &spool);
    hold_many(backlog, 1, 50, 1000);
    hold_many(backlog, 2, 10'000, 1000);
    CHECK(backlog.memory() <= limit);
    CHECK(spool.size() <= 500'000);
    CHECK(spool.size() > 400'000);
    Cut cut;
    CHECK(numbers(backlog, 1, &cut) == up_to(50));
    CHECK(cut.packets == 0);
    const auto heavy = numbers(backlog, 2, &cut);
    CHECK(cut.packets + heavy.size() == 10'000);
    CHECK(cut.bytes == cut.packets * 1000);
    CHECK(cut.packets == backlog.total_cut().packets);
    // What was first is in the spool, what was last in memory, and there is one hole.
    std::size_t holes = 0;
    for (std::size_t i = 1; i < heavy.size(); ++i) holes += heavy[i] == heavy[i - 1] + 1 ? 0 : 1;
    CHECK(holes == 1);
    CHECK(heavy.front() == 0);
    CHECK(heavy.back() == 9999);
  }

  TEST_CASE("a full spool takes again when something in it is not needed any more") {
    MemorySpool spool(600'000);
    BacklogBudget budget(512 << 10, 1);
    Backlog backlog(budget, &spool);
    hold_many(backlog, 1, 800, 1000);
    REQUIRE(backlog.total_cut().packets == 0);
    backlog.drop(1);
    hold_many(backlog, 2, 800, 1000);
    CHECK(numbers(backlog, 2) == up_to(800));
  }

  TEST_CASE("a spool that refuses is as good as none, and what it has comes back") {
    MemorySpool spool;
    BacklogBudget budget(512 << 10, 1);
    Backlog backlog(budget, &spool);
    hold_many(backlog, 1, 1000, 1000);
    REQUIRE(backlog.total_cut().packets == 0);
    REQUIRE(backlog.spooled() > 0);
    spool.refuse();
    const std::string data(1000, 'x');
    for (std::uint64_t i = 1000; i < 5000; ++i) backlog.hold(1, copy_of(data, i));
    Cut cut;
    const auto all = numbers(backlog, 1, &cut);
    CHECK(all.size() + cut.packets == 5000);
    CHECK(cut.packets > 3000);
    CHECK(all.front() == 0);
    CHECK(all.back() == 4999);
  }

  TEST_CASE("what cannot be read back is counted as cut, once, and the rest is there") {
    MemorySpool spool;
    BacklogBudget budget(512 << 10, 1);
    Backlog backlog(budget, &spool);
    hold_many(backlog, 1, 2000, 1000);
    spool.forget_next(2);
    std::vector<std::uint64_t> seen;
    const auto look = [&seen](const net::Packet& packet) { seen.push_back(packet.number); };
    const Cut first = backlog.visit(1, look);
    CHECK(first.packets > 20);
    CHECK(first.packets < 100);
    CHECK(first.bytes == first.packets * 1000);
    CHECK(first.first.nanoseconds == 0);
    CHECK(first.last.nanoseconds == static_cast<std::int64_t>(first.packets - 1) * 1000);
    CHECK(seen.size() + first.packets == 2000);
    CHECK(seen.front() == first.packets);

    seen.clear();
    CHECK(backlog.visit(1, look).packets == first.packets);
    CHECK(seen.size() + first.packets == 2000);

    const std::string data(1000, 'x');
    for (std::uint64_t i = 2000; i < 3000; ++i) backlog.hold(1, copy_of(data, i));
    Cut cut;
    CHECK(numbers(backlog, 1, &cut).size() + first.packets == 3000);
    CHECK(cut.packets == first.packets);
    CHECK(backlog.total_cut().packets == first.packets);
    CHECK(backlog.drop(1).packets == 0);
    CHECK(spool.places() == 0);
  }

  TEST_CASE("a stream that ends unwanted leaves the spool") {
    MemorySpool spool;
    BacklogBudget budget(128 << 10, 1);
    {
      Backlog backlog(budget, &spool);
      for (FlowId flow = 0; flow < 300; ++flow) hold_many(backlog, flow, 3, 500);
      CHECK(spool.places() > 0);
      for (FlowId flow = 0; flow < 300; flow += 2) backlog.drop(flow);
      for (FlowId flow = 0; flow < 300; flow += 2) CHECK_FALSE(backlog.holds(flow));
      for (FlowId flow = 1; flow < 300; flow += 2) CHECK(backlog.holds(flow));
      for (FlowId flow = 0; flow < 300; flow += 2) hold_many(backlog, flow, 1, 10);
      CHECK(numbers(backlog, 0) == up_to(1));
      CHECK(numbers(backlog, 1) == up_to(3));
    }
    CHECK(spool.places() == 0);
  }

  TEST_CASE("packets larger than any block go to the spool too") {
    MemorySpool spool;
    BacklogBudget budget(300'000, 1);
    Backlog backlog(budget, &spool);
    hold_many(backlog, 4, 50, 65'500);
    CHECK(backlog.memory() <= 300'000);
    Cut cut;
    CHECK(numbers(backlog, 4, &cut) == up_to(50));
    CHECK(cut.packets == 0);
  }

  TEST_CASE("a busy backlog takes what others do not need, and gives it back") {
    constexpr std::size_t limit = 16 << 20;
    BacklogBudget budget(limit, 4);
    Backlog busy(budget, nullptr);
    Backlog quiet(budget, nullptr);
    CHECK(budget.share() == limit / 8);
    hold_many(busy, 1, 9000, 1000);
    CHECK(busy.total_cut().packets == 0);
    CHECK(busy.memory() > 4 * budget.share());
    hold_many(busy, 1, 9000, 1000);
    CHECK(busy.total_cut().packets > 0);
    // However busy the one is, the other has its share.
    hold_many(quiet, 1, 1000, 1000);
    CHECK(quiet.total_cut().packets == 0);
    busy.drop(1);
    CHECK(budget.common() == limit / 2);
    hold_many(quiet, 1, 7000, 1000);
    CHECK(quiet.total_cut().packets == 0);
  }

  TEST_CASE("a backlog that goes away gives back what it had drawn") {
    BacklogBudget budget(8 << 20, 2);
    const std::size_t common = budget.common();
    {
      Backlog backlog(budget, nullptr);
      hold_many(backlog, 1, 5000, 1000);
      CHECK(budget.common() < common);
    }
    CHECK(budget.common() == common);
  }

  TEST_CASE("backlogs of several threads share a budget and a spool without losing anything") {
    constexpr std::size_t limit = 2 << 20;
    constexpr std::size_t workers = 3;
    BacklogBudget budget(limit, workers);
    MemorySpool spool;
    std::vector<std::thread> threads;
    std::array<std::uint64_t, workers> wrong{};
    for (std::size_t worker = 0; worker < workers; ++worker) {
      threads.emplace_back([&, worker] {
        Backlog backlog(budget, &spool);
        const std::string data(600, static_cast<char>('a' + worker));
        for (int round = 0; round < 3; ++round) {
          for (std::uint64_t i = 0; i < 100; ++i) {
            for (FlowId flow = 0; flow < 30; ++flow) backlog.hold(flow, copy_of(data, i));
            if (backlog.memory() > limit - limit / workers) ++wrong[worker];
          }
          for (FlowId flow = 0; flow < 30; ++flow) {
            std::uint64_t next = 0;
            backlog.release(flow, [&](const net::Packet& packet) {
              if (packet.number != next++ || packet.data != data) ++wrong[worker];
            });
            if (next != 100) ++wrong[worker];
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::uint64_t count : wrong) CHECK(count == 0);
    CHECK(spool.places() == 0);
    CHECK(budget.common() == limit - workers * budget.share());
  }

  TEST_CASE("random talk within tiny budgets comes back as a plain list has it, or is counted") {
    const std::string noise(70'000, 'n');
    for (unsigned seed = 0; seed < 60; ++seed) {
      CAPTURE(seed);
      std::mt19937 random(seed);
      const std::size_t limit = (8U << 10U) << random() % 6;
      const bool roomy = seed % 3 == 0;
      MemorySpool spool(roomy ? SIZE_MAX : 1U << (12 + random() % 8));
      BacklogBudget budget(limit, 1 + seed % 2);
      Backlog backlog(budget, &spool);
      std::map<FlowId, std::deque<net::Packet>> model;
      bool same = true;
      const auto take_back = [&](FlowId flow, bool forget) {
        auto rest = model[flow];
        std::size_t told = 0;
        const auto take = [&](const net::Packet& packet) {
          ++told;
          while (!rest.empty() && rest.front().number != packet.number) rest.pop_front();
          same = same && !rest.empty() && rest.front().position == packet.position &&
                 (packet.position != net::no_position || rest.front().data.size() == packet.data.size());
        };
        const Cut cut = forget ? backlog.release(flow, take) : backlog.visit(flow, take);
        same = same && told + cut.packets == model[flow].size();
        if (forget) model.erase(flow);
      };
      for (std::uint64_t i = 1; i < 3000 && same; ++i) {
        const auto flow = static_cast<FlowId>(random() % 8 == 0 ? random() % 400 : random() % 8);
        const std::size_t size = random() % 200 == 0 ? random() % 70'000 : random() % 1500;
        const net::Packet packet =
            flow % 2 == 0 ? at(i * 1000, i, Bytes(noise).substr(0, size)) : copy_of(Bytes(noise).substr(0, size), i);
        backlog.hold(flow, packet);
        model[flow].push_back(packet);
        if (random() % 1000 == 0) spool.forget_next(1);
        const auto what = random() % 300;
        if (what < 3) take_back(static_cast<FlowId>(random() % 8), what == 0);
        same = same && backlog.memory() <= limit + 40'000 && backlog.spooled() == spool.size();
      }
      while (!model.empty() && same) take_back(model.begin()->first, true);
      CHECK(same);
      CHECK(spool.places() == 0);
    }
  }
}

}  // namespace wiretape::flow
