// SPDX-License-Identifier: Apache-2.0
#include "record/ledger.hpp"

#include <doctest/doctest.h>

#include "record/support.hpp"

namespace wiretape::record {
namespace {

using test::outcome;
using test::TempFolder;

std::string line_of(std::uint64_t number, const Loss& loss, const StreamCounts& counts = {1, 10, 5000}) {
  StreamFacts facts;
  facts.number = number;
  facts.client.address = facts.server.address = Address::v4_of(std::string_view("\x0A\0\0\1", 4));
  facts.first = facts.last = test::a_morning;
  facts.sides[0] = {.packets = 4, .bytes = 400};
  facts.sides[1] = {.packets = 6, .bytes = 600};
  std::string out;
  append_stream_line(out, facts, counts, loss);
  return out + '\n';
}

Loss gap_of(std::uint64_t bytes) {
  Loss loss;
  loss.add_gap({.direction = Direction::to_client, .offset = 7, .bytes = bytes, .time = test::a_morning});
  return loss;
}

// A recording whose (at most two) segments have these lines of streams, and whose totals are these.
class Recorded {
 public:
  explicit Recorded(const std::vector<std::string>& segments, const Totals& totals = {}) {
    const std::string path = test::small_recording(store_, "some");
    iteration_ = path + "/20240604T084500Z";
    for (std::size_t at = 0; at < 2; ++at) {
      test::write_file(iteration_ + "/00000" + std::to_string(at + 1) + ".streams.ndjson",
                       at < segments.size() ? segments[at] : "");
    }
    auto description = read_description(test::read_file(path + "/recording.json"), path);
    REQUIRE(outcome(description) == "ok");
    description->iterations.front().totals = totals;
    test::write_file(path + "/recording.json", to_json(*description));
    path_ = path;
  }

  [[nodiscard]] Ledger ledger() const { return ledger_of(path_); }
  [[nodiscard]] Ledger ledger_of_iteration() const { return ledger_of(iteration_); }

 private:
  static Ledger ledger_of(const std::string& path) {
    const auto files = open_recording(path);
    REQUIRE(outcome(files) == "ok");
    const auto ledger = read_ledger(*files);
    REQUIRE(outcome(ledger) == "ok");
    return *ledger;
  }

  TempFolder store_;
  std::string path_;
  std::string iteration_;
};

TEST_SUITE("record ledger") {
  TEST_CASE("a recording of whole streams is complete") {
    const Ledger ledger = Recorded({line_of(0, {}) + line_of(1, {}), line_of(2, {})}).ledger();
    CHECK(ledger.complete());
    CHECK(ledger.streams == 3);
    CHECK(ledger.damaged_streams == 0);
    CHECK(ledger.held_packets == 30);
    CHECK(ledger.held_bytes == 15'000);
    CHECK(ledger.lost_bytes() == 0);
    CHECK(ledger.lost_percent() == 0);
  }

  TEST_CASE("of several lines about a stream the last counts, in whichever segment it stands") {
    const Ledger ledger =
        Recorded({line_of(0, gap_of(5)) + line_of(1, {}) + line_of(0, gap_of(70)), line_of(1, gap_of(30))}).ledger();
    CHECK_FALSE(ledger.complete());
    CHECK(ledger.streams == 2);
    CHECK(ledger.damaged_streams == 2);
    CHECK(ledger.gaps == 2);
    CHECK(ledger.gap_bytes == 100);
    REQUIRE(ledger.listed.size() == 2);
    CHECK(ledger.listed[0].id == "000000000000");
    CHECK(ledger.listed[0].iteration == "20240604T084500Z");
    CHECK(bool(ledger.listed[0].loss == gap_of(70)));
    CHECK(ledger.lost_bytes() == 100);
  }

  TEST_CASE("what is no damage: streams that had begun before, and contradictory bytes") {
    Loss loss;
    loss.midstream = true;
    loss.conflicts = 3;
    loss.let_go_packets = 4;
    loss.let_go_bytes = 500;
    const Ledger ledger = Recorded({line_of(0, loss)}).ledger();
    CHECK(ledger.complete());
    CHECK(ledger.midstream_streams == 1);
    CHECK(ledger.conflicts == 3);
    CHECK(ledger.let_go_packets == 4);
    CHECK(ledger.let_go_bytes == 500);
    CHECK(ledger.lost_bytes() == 0);
  }

  TEST_CASE("damage of every kind") {
    Loss cut;
    cut.backlog_cut_packets = 3;
    cut.backlog_cut_bytes = 900;
    Loss short_packets;
    short_packets.snaplen_cuts = 2;
    const struct {
      std::string what;
      Recorded recorded;
      std::uint64_t lost;
    } rows[] = {
        {"a gap", Recorded({line_of(0, gap_of(60))}), 60},
        {"the backlog", Recorded({line_of(0, cut)}), 900},
        {"packets cut, nobody knows by how much", Recorded({line_of(0, short_packets)}), 1},
        {"dropped packets are as large as those that are there", Recorded({line_of(0, {})}, {.dropped_packets = 4}),
         2000},
        {"dropped packets where there are none", Recorded({""}, {.dropped_packets = 4}), 4000},
        {"a line that cannot be read", Recorded({line_of(0, {}) + "{\"format\":1,\n"}), 1},
    };
    for (const auto& row : rows) {
      CAPTURE(row.what);
      const Ledger ledger = row.recorded.ledger();
      CHECK_FALSE(ledger.complete());
      CHECK(ledger.lost_bytes() == row.lost);
    }
  }

  TEST_CASE("what was lost is a share of what would be there") {
    CHECK(Recorded({line_of(0, gap_of(5000))}).ledger().lost_percent() == 50);
    CHECK(Recorded({""}, {.dropped_packets = 1}).ledger().lost_percent() == 100);
  }

  TEST_CASE("where packets were not to be kept their payload counts") {
    const Ledger ledger = Recorded({line_of(0, gap_of(250), {.calls = 1})}).ledger();
    CHECK(ledger.held_packets == 10);
    CHECK(ledger.held_bytes == 1000);
    CHECK(ledger.lost_percent() == 20);
  }

  TEST_CASE("an iteration by itself knows its own drops") {
    const Recorded recorded({line_of(0, {})}, {.dropped_packets = 4, .interface_dropped_packets = 1});
    CHECK(recorded.ledger_of_iteration().dropped_packets == 4);
    CHECK(recorded.ledger_of_iteration().interface_dropped_packets == 1);
  }

  TEST_CASE("more damaged streams than are listed") {
    std::string lines;
    for (std::uint64_t number = 0; number < Ledger::most_listed + 5; ++number) lines += line_of(number, gap_of(1));
    Ledger ledger = Recorded({lines}).ledger();
    CHECK(ledger.damaged_streams == Ledger::most_listed + 5);
    CHECK(ledger.listed.size() == Ledger::most_listed);
    ledger += ledger;
    CHECK(ledger.damaged_streams == 2 * (Ledger::most_listed + 5));
    CHECK(ledger.listed.size() == Ledger::most_listed);
  }

  TEST_CASE("numbers of a hostile side file do not come round to small ones") {
    Loss huge;
    huge.gaps = huge.gap_bytes = huge.snaplen_cuts = huge.backlog_cut_packets = huge.backlog_cut_bytes = INT64_MAX;
    const Ledger ledger =
        Recorded({line_of(0, huge) + line_of(1, huge) + line_of(2, huge)}, {.dropped_packets = INT64_MAX}).ledger();
    CHECK_FALSE(ledger.complete());
    CHECK(ledger.lost_bytes() == UINT64_MAX);
  }
}

}  // namespace
}  // namespace wiretape::record
