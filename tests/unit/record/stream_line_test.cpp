// SPDX-License-Identifier: Apache-2.0
#include "record/stream_line.hpp"

#include <doctest/doctest.h>

#include "record/support.hpp"

namespace wiretape::record {
namespace {

StreamFacts some_facts() {
  StreamFacts facts;
  facts.number = 42;
  facts.transport = Transport::tcp;
  facts.state = StreamState::half_open;
  facts.client = {.address = Address::v4_of(std::string_view("\x0A\0\0\1", 4)), .port = 40'000};
  facts.server = {.address = Address::v6_of(std::string_view("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16)),
                  .port = 80};
  facts.vlan = 7;
  facts.first = test::a_morning;
  facts.last = test::a_morning + Duration{1};
  facts.handshake = Duration{123'456};
  facts.sides[0].packets = 3;
  facts.sides[1].gap_bytes = 5;
  facts.dissected = "http";
  return facts;
}

std::string line_of(const StreamFacts& facts, const Loss& loss) {
  std::string out;
  append_stream_line(out, facts, {.calls = 2, .kept_packets = 9, .kept_bytes = 900}, loss);
  return out;
}

TEST_SUITE("record stream lines") {
  TEST_CASE("a line is read back as it was written") {
    Loss loss;
    loss.add_gap({.direction = Direction::to_client, .offset = 1000, .bytes = 60, .time = test::a_morning});
    loss.add_gap({.direction = Direction::to_server, .offset = 5, .bytes = 6});
    loss.backlog_cut_span = {.first = test::a_morning, .last = test::a_morning + Duration{7}};
    loss.backlog_cut_packets = 1;
    loss.backlog_cut_bytes = 2;
    loss.snaplen_cuts = 3;
    loss.conflicts = 4;
    loss.kernel_drops = 5;
    loss.interface_drops = 6;
    loss.midstream = true;
    const std::string json = line_of(some_facts(), loss);
    const auto line = read_stream_line(json);
    REQUIRE(line);
    CHECK(line->id == "000000000042");
    CHECK(line->facts.number == 42);
    CHECK(bool(line->facts.state == StreamState::half_open));
    CHECK(bool(line->facts.client == some_facts().client));
    CHECK(bool(line->facts.server == some_facts().server));
    CHECK(bool(line->facts.last == some_facts().last));
    CHECK(line->facts.vlan == 7);
    CHECK(line->facts.handshake.nanoseconds == 123'456);
    CHECK(line->facts.sides[0].packets == 3);
    CHECK(line->facts.sides[1].gap_bytes == 5);
    CHECK(line->protocol == "http");
    CHECK(line->calls == 2);
    CHECK(line->kept_packets == 9);
    CHECK(line->kept_bytes == 900);
    CHECK(bool(line->loss == loss));
  }

  TEST_CASE("a stream that is whole says so in one word") {
    const std::string json = line_of(some_facts(), {});
    CHECK(json.find(R"("loss":null)") != std::string::npos);
    const auto line = read_stream_line(json);
    REQUIRE(line);
    CHECK(line->loss.none());
  }

  TEST_CASE("a ledger without times, as it was written once, is read") {
    Loss loss;
    loss.add_gap({.direction = Direction::to_client, .offset = 1000, .bytes = 60});
    std::string json = line_of(some_facts(), loss);
    for (const std::string_view added :
         {R"(,"time":null)", R"("backlogCutFirst":null,"backlogCutLast":null,)", R"("interfaceDrops":0,)"}) {
      CAPTURE(added);
      REQUIRE(json.find(added) != std::string::npos);
      json.erase(json.find(added), added.size());
    }
    const auto line = read_stream_line(json);
    REQUIRE(line);
    CHECK(bool(line->loss == loss));
  }

  TEST_CASE("damage is what is missing of the time of the capture") {
    const struct {
      std::string what;
      void (*lose)(Loss&);
      bool damage;
    } rows[] = {
        {"nothing", [](Loss&) {}, false},
        {"a gap", [](Loss& loss) { loss.add_gap({.bytes = 5}); }, true},
        {"the backlog gave way", [](Loss& loss) { loss.backlog_cut_packets = 1; }, true},
        {"a packet cut by the snapshot length", [](Loss& loss) { loss.snaplen_cuts = 1; }, true},
        {"it began before", [](Loss& loss) { loss.midstream = true; }, false},
        {"contradictory bytes", [](Loss& loss) { loss.conflicts = 1; }, false},
        {"somebody's packets were dropped", [](Loss& loss) { loss.kernel_drops = loss.interface_drops = 1; }, false},
        {"what came long after the last match", [](Loss& loss) { loss.let_go_packets = 1; }, false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.what);
      Loss loss;
      row.lose(loss);
      CHECK(loss.damage() == row.damage);
    }
  }

  TEST_CASE("a stream of holes does not fill the disk with its ledger") {
    Loss loss;
    for (std::uint64_t i = 0; i < 100'000; ++i)
      loss.add_gap({.direction = Direction::to_server, .offset = i * 2, .bytes = 1});
    CHECK(loss.gaps == 100'000);
    CHECK(loss.gap_bytes == 100'000);
    CHECK(loss.ranges.size() == Loss::most_ranges);
    const auto line = read_stream_line(line_of(some_facts(), loss));
    REQUIRE(line);
    CHECK(bool(line->loss == loss));
  }

  TEST_CASE("an ICMP stream has no ports") {
    StreamFacts facts = some_facts();
    facts.transport = Transport::icmp;
    facts.client.port = facts.server.port = 0;
    const std::string json = line_of(facts, {});
    CHECK(json.find(R"("id":"000000000042_icmp")") != std::string::npos);
    CHECK(json.find(R"("port":"")") != std::string::npos);
    const auto line = read_stream_line(json);
    REQUIRE(line);
    CHECK(line->facts.client.port == 0);
  }

  TEST_CASE("what is no line of ours is none, wherever it is cut") {
    const std::string json = line_of(some_facts(), {});
    for (std::size_t length = 0; length < json.size(); ++length) {
      CAPTURE(length);
      CHECK_FALSE(read_stream_line(json.substr(0, length)));
    }
    std::string newer = json;
    newer.replace(newer.find(R"("format":1)"), 10, R"("format":2)");
    CHECK_FALSE(read_stream_line(newer));
    std::string longer = json;
    longer.insert(1, R"("added":[1,2,{"later":null}],)");
    CHECK(read_stream_line(longer));
  }
}

}  // namespace
}  // namespace wiretape::record
