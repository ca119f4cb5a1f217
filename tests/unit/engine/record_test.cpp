// SPDX-License-Identifier: Apache-2.0
#include "engine/record.hpp"

#include "capture/merge.hpp"
#include "engine/support.hpp"
#include "record/reader.hpp"
#include "support/pcapng.hpp"

namespace wiretape::engine {
namespace {

using namespace test;
using support::Conversation;
using support::Wire;

// Three clients one after the other: the first sees an error among others, the second none, the third only errors.
struct ShopDay {
  ShopDay() {
    talk(wire, 40001, {{"/a1", 200}, {"/a2", 500}, {"/a3", 200}});
    first_ends = wire.size();
    talk(wire, 40002, {{"/b1", 200}});
    second_ends = wire.size();
    talk(wire, 40003, {{"/c1", 500}, {"/c2", 503}});
  }
  Wire wire;
  std::size_t first_ends = 0, second_ends = 0;
};

const std::string errors = "http and response.status >= 500";

// The packets of a segment, by the time of each.
std::vector<std::int64_t> times_in(const std::string& path) {
  auto source = capture::open_files({path}, capture::MergeOrder::as_given);
  REQUIRE_MESSAGE(source.has_value(), outcome(source));
  std::vector<std::int64_t> times;
  for (auto batch = (*source)->next(); batch && !batch->empty(); batch = (*source)->next()) {
    for (const net::Packet& packet : *batch) times.push_back(packet.time.nanoseconds);
  }
  return times;
}

// Everything of one kind in an iteration's folder, segment after segment.
Paths all_calls(const std::string& iteration) {
  Paths paths;
  for (const std::string& name : names_in(iteration)) {
    if (!name.ends_with(".calls.ndjson")) continue;
    for (const std::string& path : paths_in(lines_of(iteration + '/' + name))) paths.push_back(path);
  }
  return paths;
}
std::vector<std::string> all_packets(const std::string& iteration) {
  std::vector<std::string> files;
  for (const std::string& name : names_in(iteration)) {
    if (name.ends_with(".pcap")) files.push_back(iteration + '/' + name);
  }
  return files;
}

TEST_SUITE("engine record") {
  TEST_CASE("the streams with errors are kept whole, in order of time, with exactly the calls that are errors") {
    const Desk desk;
    const ShopDay day;
    const auto stats = desk.record("errors", errors, {desk.capture("day.pcap", day.wire)});
    REQUIRE_MESSAGE(stats.has_value(), outcome(stats));

    const std::string iteration = desk.iteration("errors");
    CHECK(names_in(iteration) ==
          std::vector<std::string>{"000001.calls.ndjson", "000001.pcap", "000001.streams.ndjson", "manifest.json"});
    CHECK(read_file(iteration + "/000001.pcap").substr(24) ==
          pcap_of(day.wire, 1, day.first_ends).substr(24) + pcap_of(day.wire, day.second_ends + 1).substr(24));
    CHECK(paths_in(lines_of(iteration + "/000001.calls.ndjson")) == Paths{"/a2", "/c1", "/c2"});
    CHECK(stats->matched_calls == 3);
    CHECK(stats->matched_streams == 2);
    CHECK(stats->calls == 6);
    CHECK(stats->streams == 3);
    CHECK_FALSE(stats->damage.has_value());
  }

  TEST_CASE("the recording is completed, with its job and its totals") {
    const Desk desk;
    const ShopDay day;
    const std::string input = desk.capture("day.pcap", day.wire);
    REQUIRE(desk.record("errors", errors, {input}).has_value());
    const record::Found found = desk.found("errors");
    CHECK(found.description.state == record::State::completed);
    CHECK(found.description.ended.has_value());
    CHECK(found.description.job.statement == errors);
    CHECK(found.description.job.files == std::vector<std::string>{input});
    CHECK_FALSE(found.locked);
    const std::size_t kept = day.wire.size() - (day.second_ends - day.first_ends);
    const record::Totals totals = found.description.totals();
    CHECK(totals.packets == day.wire.size());
    CHECK(totals.calls == 3);
    CHECK(totals.all_calls == 6);
    CHECK(totals.streams == 2);
    CHECK(totals.all_streams == 3);
    CHECK(totals.kept_packets == kept);
    CHECK(totals.gap_bytes == 0);
    CHECK(totals.dropped_packets == 0);
  }

  TEST_CASE("the streams' lines say how much there is of each") {
    const Desk desk;
    const ShopDay day;
    REQUIRE(desk.record("errors", errors, {desk.capture("day.pcap", day.wire)}).has_value());
    const auto table = record::read_streams(desk.in_iteration("errors", "000001.streams.ndjson"));
    REQUIRE(table.has_value());
    REQUIRE(table->streams.size() == 2);
    CHECK(table->damaged == 0);
    std::vector<std::uint64_t> packets, calls;
    for (const auto& [id, line] : table->streams) {
      CHECK(line.protocol == "http");
      CHECK(line.facts.state == StreamState::closed);
      CHECK(line.loss.none());
      packets.push_back(line.kept_packets);
      calls.push_back(line.calls);
    }
    CHECK(packets == std::vector<std::uint64_t>{day.first_ends, day.wire.size() - day.second_ends});
    CHECK(calls == std::vector<std::uint64_t>{1, 2});
  }

  TEST_CASE("a recording in which nothing matched is completed and holds no packets") {
    const Desk desk;
    const ShopDay day;
    REQUIRE(desk.record("none", "response.status == 418", {desk.capture("day.pcap", day.wire)}).has_value());
    CHECK(desk.found("none").description.state == record::State::completed);
    CHECK(names_in(desk.iteration("none")) == std::vector<std::string>{"manifest.json"});
  }

  TEST_CASE("a capture that is cut is recorded up to the cut, wherever that is, and the damage is reported") {
    const ShopDay day;
    const std::string whole = pcap_of(day.wire);
    std::size_t last_calls = 0;
    for (const std::size_t size : {whole.size() / 3, whole.size() / 2, whole.size() - 1}) {
      CAPTURE(size);
      const Desk desk;
      const auto stats = desk.record("cut", errors, {desk.file("cut.pcap", whole.substr(0, size))});
      REQUIRE_MESSAGE(stats.has_value(), outcome(stats));
      REQUIRE(stats->damage.has_value());
      CHECK(stats->damage->kind == ErrorKind::input);
      CHECK(contains(stats->damage->message, "cut.pcap"));
      CHECK(desk.found("cut").description.state == record::State::completed);
      const Paths calls = all_calls(desk.iteration("cut"));
      CHECK(calls.size() >= last_calls);
      CHECK(calls.size() == stats->matched_calls);
      CHECK(Paths(calls.begin(), calls.end()) == shown(desk.question(errors, all_packets(desk.iteration("cut")))));
      last_calls = calls.size();
    }
    CHECK(last_calls == 3);
  }

  TEST_CASE("an existing name is refused and what stands there is untouched") {
    const Desk desk;
    const ShopDay day;
    const std::string input = desk.capture("day.pcap", day.wire);
    REQUIRE(desk.record("errors", errors, {input}).has_value());
    const std::string folder = desk.store() + "/errors";
    const std::string description = read_file(folder + "/recording.json");
    const auto names = names_in(folder);

    const auto again = desk.record("errors", "http", {input});
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().kind == ErrorKind::name);
    CHECK(contains(again.error().message, "errors"));
    CHECK(read_file(folder + "/recording.json") == description);
    CHECK(names_in(folder) == names);
  }

  TEST_CASE("what is refused before the start leaves no folder") {
    const ShopDay day;
    const struct {
      std::string what;
      std::string name, filter, content;
      ErrorKind kind;
    } rows[] = {
        {"a wrong packet filter", "x", "tcp port nonsense!", pcap_of(day.wire), ErrorKind::statement},
        {"a file that is no capture", "x", "", "once upon a time there was a text of some length", ErrorKind::input},
        {"an empty file", "x", "", "", ErrorKind::input},
        {"a bad name", "../x", "", pcap_of(day.wire), ErrorKind::usage},
    };
    for (const auto& row : rows) {
      CAPTURE(row.what);
      const Desk desk;
      RecordRequest request = desk.request(row.name, errors, {desk.file("in", row.content)});
      request.job.packet_filter = row.filter;
      const auto refused = desk.record(request);
      REQUIRE_FALSE(refused.has_value());
      CHECK(refused.error().kind == row.kind);
      CHECK_FALSE(refused.error().message.empty());
      CHECK_FALSE(std::filesystem::exists(desk.store()));
    }
  }

  TEST_CASE("of two inputs one is missing: the sentence names it and nothing is recorded") {
    const Desk desk;
    const ShopDay day;
    const auto refused = desk.record("x", errors, {desk.capture("day.pcap", day.wire), desk.path("not-there.pcap")});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::input);
    CHECK(contains(refused.error().message, "not-there.pcap"));
    CHECK_FALSE(std::filesystem::exists(desk.store()));
  }

  TEST_CASE("a packet filter hides what it does not pass") {
    const Desk desk;
    const ShopDay day;
    RecordRequest request = desk.request("one", errors, {desk.capture("day.pcap", day.wire)});
    request.job.packet_filter = "tcp port 40003";
    const auto stats = desk.record(request);
    REQUIRE(stats.has_value());
    CHECK(stats->packets == day.wire.size() - day.second_ends);
    CHECK(all_calls(desk.iteration("one")) == Paths{"/c1", "/c2"});
  }

  TEST_CASE("after the packet count nothing more is read") {
    const Desk desk;
    const ShopDay day;
    RecordRequest request = desk.request("some", errors, {desk.capture("day.pcap", day.wire)});
    request.job.packet_count = day.first_ends;
    const auto stats = desk.record(request);
    REQUIRE(stats.has_value());
    CHECK(stats->packets == day.first_ends);
    CHECK(all_calls(desk.iteration("some")) == Paths{"/a2"});
    CHECK(desk.found("some").description.totals().packets == day.first_ends);
  }

  TEST_CASE("a recording that is stopped before it read anything is there, in good order") {
    const Desk desk;
    const ShopDay day;
    const std::atomic<bool> stop = true;
    const auto stats = record_files(desk.request("early", errors, {desk.capture("day.pcap", day.wire)}), stop);
    REQUIRE(stats.has_value());
    CHECK(stats->packets == 0);
    CHECK(desk.found("early").description.state == record::State::completed);
  }

  TEST_CASE("a statement that redacts stores its calls redacted and no packet, and no line says otherwise") {
    const Desk desk;
    const ShopDay day;
    const auto stats =
        desk.record("hidden", errors + " and redact(\"request.path\")", {desk.capture("day.pcap", day.wire)});
    REQUIRE_MESSAGE(stats.has_value(), outcome(stats));
    const std::string iteration = desk.iteration("hidden");
    CHECK(names_in(iteration) ==
          std::vector<std::string>{"000001.calls.ndjson", "000001.streams.ndjson", "manifest.json"});
    const std::vector<std::string> calls = lines_of(iteration + "/000001.calls.ndjson");
    CHECK(calls.size() == 3);
    CHECK(paths_in(calls) == Paths(3, "[REDACTED]"));
    CHECK(stats->kept_packets == 0);
    CHECK(desk.found("hidden").description.totals().kept_packets == 0);
    const auto table = record::read_streams(iteration + "/000001.streams.ndjson");
    REQUIRE(table.has_value());
    CHECK(table->streams.size() == 2);
    for (const auto& [id, line] : table->streams) {
      CHECK(line.kept_packets == 0);
      CHECK(line.kept_bytes == 0);
    }
  }

  TEST_CASE("who asks for the packets in clear gets them beside the redacted calls") {
    const Desk desk;
    const ShopDay day;
    RecordRequest request =
        desk.request("clear", errors + " and redact(\"request.path\")", {desk.capture("day.pcap", day.wire)});
    request.job.keep_clear_packets = true;
    REQUIRE(desk.record(request).has_value());
    const std::string iteration = desk.iteration("clear");
    CHECK(times_in(iteration + "/000001.pcap").size() == day.wire.size() - (day.second_ends - day.first_ends));
    CHECK(all_calls(iteration) == Paths(3, "[REDACTED]"));
  }

  TEST_CASE("limit(1) records one call and its stream whole") {
    const Desk desk;
    const ShopDay day;
    REQUIRE(desk.record("one", errors + " and limit(1)", {desk.capture("day.pcap", day.wire)}).has_value());
    const std::string iteration = desk.iteration("one");
    CHECK(all_calls(iteration) == Paths{"/a2"});
    CHECK(times_in(iteration + "/000001.pcap").size() == day.first_ends);
  }

  TEST_CASE("an empty statement keeps every packet as it was") {
    const Desk desk;
    ShopDay day;
    day.wire.send("noise");
    REQUIRE(desk.record("all", "", {desk.capture("day.pcap", day.wire)}).has_value());
    CHECK(read_file(desk.in_iteration("all", "000001.pcap")) == pcap_of(day.wire));
    CHECK(all_calls(desk.iteration("all")).size() == 6);
  }

  TEST_CASE("small segments: each is a capture in order of time, nothing is lost or there twice") {
    const Desk desk;
    Wire wire;
    for (int client = 0; client < 40; ++client) {
      talk(wire, 41000 + client, {{"/" + std::to_string(client), client % 2 == 0 ? 500 : 200}});
    }
    RecordRequest request = desk.request("small", errors, {desk.capture("day.pcap", wire)});
    request.job.segment_size = 1500;
    const auto stats = desk.record(request);
    REQUIRE(stats.has_value());
    const std::string iteration = desk.iteration("small");
    const auto segments = all_packets(iteration);
    CHECK(segments.size() > 3);
    std::vector<std::int64_t> all;
    for (const std::string& segment : segments) {
      const auto times = times_in(segment);
      CHECK(std::is_sorted(times.begin(), times.end()));
      all.insert(all.end(), times.begin(), times.end());
    }
    CHECK(all.size() == stats->kept_packets);
    CHECK(std::set<std::int64_t>(all.begin(), all.end()).size() == all.size());
    CHECK(all_calls(iteration).size() == 20);
  }

  TEST_CASE("two captures of the two directions of one connection are one connection") {
    Wire wire;
    talk(wire, 40001, {{"/a1", 200}, {"/a2", 500}});
    std::vector<support::Record> sent, received;
    for (const net::Packet& packet : wire.packets()) {
      const bool by_client = packet.data.substr(26, 4) == support::bytes_of({10, 0, 0, 1});
      (by_client ? sent : received).push_back({.time = packet.time, .data = std::string(packet.data)});
    }
    const Desk desk;
    const auto stats =
        desk.record("both", errors,
                    {desk.file("sent.pcap", support::pcap(sent)), desk.file("received.pcap", support::pcap(received))});
    REQUIRE(stats.has_value());
    CHECK(stats->streams == 1);
    CHECK(all_calls(desk.iteration("both")) == Paths{"/a2"});
    CHECK(read_file(desk.in_iteration("both", "000001.pcap")) == pcap_of(wire));
  }

  TEST_CASE("the calls of a pcapng name the interface they were seen on") {
    Wire wire;
    talk(wire, 40001, {{"/a1", 500}});
    const support::Pcapng ng;
    std::string content = ng.section() + ng.interface(net::LinkType::ethernet, ng.option(2, "eth7") + ng.option(0, ""));
    for (const net::Packet& packet : wire.packets()) {
      content += ng.packet(0, static_cast<std::uint64_t>(packet.time.nanoseconds / 1000), std::string(packet.data));
    }
    const Desk desk;
    REQUIRE(desk.record("ng", errors, {desk.file("in.pcapng", content)}).has_value());
    const auto table = record::read_streams(desk.in_iteration("ng", "000001.streams.ndjson"));
    REQUIRE(table.has_value());
    REQUIRE(table->streams.size() == 1);
    CHECK(table->streams.begin()->second.interface == "eth7");
  }

  TEST_CASE("a full store ends the recording as failed; no call is there without its packets") {
    const ShopDay day;
    std::size_t failed = 0;
    for (std::uint64_t limit = 200; limit < 12'000; limit += 450) {
      CAPTURE(limit);
      const Desk desk;
      RecordRequest request = desk.request("full", errors, {desk.capture("day.pcap", day.wire)});
      request.job.storage_limit = limit;
      const auto stats = desk.record(request);
      if (!stats) {
        ++failed;
        CHECK(stats.error().kind == ErrorKind::write);
        CHECK(desk.found("full").description.state == record::State::failed);
        CHECK(desk.found("full").description.reason == stats.error().message);
      }
      const std::string iteration = desk.iteration("full");
      const auto packets = all_packets(iteration);
      const Paths there = packets.empty() ? Paths{} : shown(desk.question(errors, packets));
      for (const std::string& path : all_calls(iteration)) {
        CHECK(std::count(there.begin(), there.end(), path) == 1);
      }
    }
    CHECK(failed > 3);
  }

  TEST_CASE("packets read again with the job's statement give the calls that were recorded") {
    const std::string shop = WIRETAPE_TESTS_DIR "/../examples/shop.pcap";
    for (const std::string text : {"http and response.status >= 500", "http", "http or dns", "dns"}) {
      CAPTURE(text);
      const Desk desk;
      RecordRequest request = desk.request("shop", text, {shop});
      request.job.segment_size = 4000;
      REQUIRE(desk.record(request).has_value());
      AnalyzeRequest stored = desk.question(text), again = desk.question(text);
      again.redissect = true;
      Paths by_lines = shown(stored), by_packets = shown(again);
      std::sort(by_lines.begin(), by_lines.end());
      std::sort(by_packets.begin(), by_packets.end());
      CHECK(by_lines == by_packets);
    }
  }
}

}  // namespace
}  // namespace wiretape::engine
