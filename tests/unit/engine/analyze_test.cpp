// SPDX-License-Identifier: Apache-2.0
#include "engine/analyze.hpp"

#include "engine/support.hpp"

namespace wiretape::engine {
namespace {

using namespace test;
using support::Conversation;
using support::Wire;

const std::string errors = "http and response.status >= 500";

// Two clients, one of whom sees an error in the middle.
Wire monday() {
  Wire wire;
  talk(wire, 40001, {{"/m1", 200}, {"/m2", 500}, {"/m3", 200}});
  talk(wire, 40002, {{"/m4", 200}});
  return wire;
}
// A day later: one client, errors only.
Wire tuesday() {
  Wire wire;
  wire.pause(Duration::seconds(86400));
  talk(wire, 40001, {{"/t1", 500}, {"/t2", 503}});
  return wire;
}

// A recording as it is while it is being made: one whole call of monday, flushed.
class Growing {
 public:
  explicit Growing(const Desk& desk, const std::string& name = "growing") : recording_(begin(desk, name)) {
    auto writer = recording_->start_iteration({0}, {0});
    REQUIRE(writer.has_value());
    writer_ = *writer;
  }
  void call(const std::string& path) {
    static const std::string frame = support::udp_frame({.payload = "packet"});
    REQUIRE(writer_->packet(support::captured(frame)).has_value());
    REQUIRE(writer_->call(R"({"protocol":{"name":"http"},"request":{"path":")" + path + R"("}})").has_value());
    REQUIRE(writer_->flush().has_value());
  }
  void close_segment() { REQUIRE(writer_->close_segment().has_value()); }
  // The process that wrote it ends.
  void finish() {
    REQUIRE(recording_->finish({.state = record::State::completed, .reason = {}, .at = {1}}, {}).has_value());
    recording_.reset();
  }

 private:
  static record::Recording begin(const Desk& desk, const std::string& name) {
    record::Job job;
    job.name = name;
    auto made = record::Store(desk.store()).create(job, {0});
    REQUIRE_MESSAGE(made.has_value(), outcome(made));
    return *std::move(made);
  }
  std::optional<record::Recording> recording_;
  record::IterationWriter* writer_ = nullptr;
};

TEST_SUITE("engine analyze") {
  TEST_CASE("a capture file shows the calls that match, in the order in which they were over") {
    const Desk desk;
    const std::string input = desk.capture("monday.pcap", monday());
    CHECK(shown(desk.question("http", {input})) == Paths{"/m1", "/m2", "/m3", "/m4"});
    CHECK(shown(desk.question(errors, {input})) == Paths{"/m2"});
    CHECK(shown(desk.question("dns", {input})).empty());
  }

  TEST_CASE("captures of two days are one story whatever order they are named in") {
    const Desk desk;
    const std::string first = desk.capture("monday.pcap", monday()), second = desk.capture("tuesday.pcap", tuesday());
    CHECK(shown(desk.question(errors, {second, first})) == Paths{"/m2", "/t1", "/t2"});
  }

  TEST_CASE("a recording is read by its folder, its iteration's folder and its name") {
    const Desk desk;
    REQUIRE(desk.record("errors", errors, {desk.capture("monday.pcap", monday())}).has_value());
    CHECK(shown(desk.question("http", {desk.store() + "/errors"})) == Paths{"/m2"});
    CHECK(shown(desk.question("http", {desk.iteration("errors")})) == Paths{"/m2"});
    CHECK(shown(desk.question("record(\"errors\")")) == Paths{"/m2"});
    CHECK(shown(desk.question("record(\"errors\") and response.status == 200")).empty());
  }

  TEST_CASE("what is shown of a recording names it") {
    const Desk desk;
    REQUIRE(desk.record("errors", errors, {desk.capture("monday.pcap", monday())}).has_value());
    Screen screen;
    REQUIRE(analyze(desk.question("http"), &screen).has_value());
    REQUIRE(screen.calls.size() == 1);
    CHECK(screen.calls[0].starts_with("{\"record\":\"errors\","));
  }

  TEST_CASE("an unknown recording is said to be unknown") {
    const Desk desk;
    REQUIRE(desk.record("errors", errors, {desk.capture("monday.pcap", monday())}).has_value());
    Screen screen;
    const auto refused = analyze(desk.question("record(\"eros\")"), &screen);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::name);
    CHECK(contains(refused.error().message, "eros"));
    CHECK(screen.calls.empty());
  }

  TEST_CASE("where nothing is named every recording of the store is read, and an empty store shows nothing") {
    const Desk desk;
    CHECK(shown(desk.question("http")).empty());
    REQUIRE(desk.record("b", errors, {desk.capture("tuesday.pcap", tuesday())}).has_value());
    REQUIRE(desk.record("a", errors, {desk.capture("monday.pcap", monday())}).has_value());
    CHECK(shown(desk.question("http")) == Paths{"/m2", "/t1", "/t2"});
  }

  TEST_CASE("a recording and a capture are asked at once") {
    const Desk desk;
    REQUIRE(desk.record("errors", errors, {desk.capture("monday.pcap", monday())}).has_value());
    const std::string input = desk.capture("tuesday.pcap", tuesday());
    CHECK(shown(desk.question("http", {input, desk.store() + "/errors"})) == Paths{"/m2", "/t1", "/t2"});
  }

  TEST_CASE("a file that is no capture and a folder that is no recording are refused by name") {
    const Desk desk;
    for (const std::string& input :
         {desk.file("letter.txt", "dear reader, this is no capture at all"), desk.path("")}) {
      CAPTURE(input);
      Screen screen;
      const auto refused = analyze(desk.question("http", {input}), &screen);
      REQUIRE_FALSE(refused.has_value());
      CHECK(refused.error().kind == ErrorKind::input);
      CHECK(contains(refused.error().message, input));
    }
  }

  TEST_CASE("a count, a limit and a reader who has gone each end it, and no torn line is seen where none is") {
    const Desk desk;
    const std::string input = desk.capture("monday.pcap", monday());
    REQUIRE(desk.record("all", "http", {input}).has_value());
    const std::string folder = desk.store() + "/all";
    for (const std::string& from : {input, folder}) {
      CAPTURE(from);
      AnalyzeRequest counted = desk.question("http", {from});
      counted.count = 2;
      Screen screen, one;
      const auto stats = analyze(counted, &screen);
      REQUIRE(stats.has_value());
      CHECK(screen.paths() == Paths{"/m1", "/m2"});
      CHECK(stats->notices.empty());
      CHECK_FALSE(stats->damage.has_value());
      CHECK(shown(desk.question("http and limit(3)", {from})).size() == 3);
      one.closes_after = 1;
      REQUIRE(analyze(desk.question("http", {from}), &one).has_value());
      CHECK(one.calls.size() == 1);
    }
  }

  TEST_CASE("-w writes the packets of the matching calls' streams, from a capture and from its recording alike") {
    const Desk desk;
    const Wire wire = monday();
    const std::string input = desk.capture("monday.pcap", wire), out = desk.path("out.pcap");
    REQUIRE(desk.record("all", "http", {input}).has_value());
    for (const std::string& from : {input, desk.store() + "/all"}) {
      CAPTURE(from);
      AnalyzeRequest request = desk.question(errors, {from});
      request.write = out;
      request.show_calls = false;
      const auto stats = analyze(request, nullptr);
      REQUIRE_MESSAGE(stats.has_value(), outcome(stats));
      // Three calls of two packets each, three to begin and three to end.
      CHECK(stats->kept_packets == 12);
      CHECK(read_file(out) == pcap_of(wire, 1, 12));
    }
  }

  TEST_CASE("-w of several recordings is one capture in order of time") {
    const Desk desk;
    const Wire first = monday(), second = tuesday();
    REQUIRE(desk.record("z-first", errors, {desk.capture("monday.pcap", first)}).has_value());
    REQUIRE(desk.record("a-second", errors, {desk.capture("tuesday.pcap", second)}).has_value());
    AnalyzeRequest request = desk.question(errors);
    request.write = desk.path("out.pcap");
    request.show_calls = false;
    REQUIRE(analyze(request, nullptr).has_value());
    CHECK(read_file(request.write) == pcap_of(first, 1, 12) + pcap_of(second).substr(24));
  }

  TEST_CASE("-w with a count writes the streams of so many calls and no other, over several recordings too") {
    const Desk desk;
    const Wire first = monday();
    REQUIRE(desk.record("a", errors, {desk.capture("monday.pcap", first)}).has_value());
    REQUIRE(desk.record("b", errors, {desk.capture("tuesday.pcap", tuesday())}).has_value());
    AnalyzeRequest request = desk.question(errors);
    request.write = desk.path("out.pcap");
    request.show_calls = false;
    request.count = 1;
    REQUIRE(analyze(request, nullptr).has_value());
    CHECK(read_file(request.write) == pcap_of(first, 1, 12));
  }

  TEST_CASE("of a recording only the calls it was made for are its calls, with -w too; --redissect shows the others") {
    const Desk desk;
    REQUIRE(desk.record("errors", errors, {desk.capture("monday.pcap", monday())}).has_value());
    AnalyzeRequest request = desk.question("response.status == 200", {desk.store() + "/errors"});
    request.write = desk.path("out.pcap");
    request.show_calls = false;
    auto stats = analyze(request, nullptr);
    REQUIRE_MESSAGE(stats.has_value(), outcome(stats));
    CHECK(stats->kept_packets == 0);
    request.redissect = true;
    stats = analyze(request, nullptr);
    REQUIRE(stats.has_value());
    CHECK(stats->kept_packets == 12);

    AnalyzeRequest again = desk.question("http", {desk.store() + "/errors"});
    again.redissect = true;
    CHECK(shown(again) == Paths{"/m1", "/m2", "/m3"});
    CHECK(shown(desk.question("http", {desk.store() + "/errors"})) == Paths{"/m2"});
  }

  TEST_CASE("a recording folder that somebody renamed or took out of its recording can still be read, with -w too") {
    const Desk desk;
    REQUIRE(desk.record("errors", errors, {desk.capture("monday.pcap", monday())}).has_value());
    const std::string odd = desk.path("my \"saved\" errors"), alone = desk.path("20240604T084500Z");
    std::filesystem::copy(desk.iteration("errors"), alone);
    std::filesystem::copy(desk.store() + "/errors", odd, std::filesystem::copy_options::recursive);
    for (const std::string& from : {odd, alone}) {
      CAPTURE(from);
      Screen screen;
      REQUIRE(analyze(desk.question("http", {from}), &screen).has_value());
      CHECK(screen.paths() == Paths{"/m2"});
      kfl::Scratch scratch;
      const auto read_back = statement("http").matches(screen.calls[0], "", scratch);
      CHECK(read_back.has_value());
      AnalyzeRequest request = desk.question(errors, {from});
      request.write = desk.path("out.pcap");
      request.show_calls = false;
      const auto stats = analyze(request, nullptr);
      REQUIRE_MESSAGE(stats.has_value(), outcome(stats));
      CHECK(stats->kept_packets == 12);
    }
  }

  TEST_CASE("a torn last line and damaged ones are passed over and said") {
    const Desk desk;
    REQUIRE(desk.record("errors", errors, {desk.capture("tuesday.pcap", tuesday())}).has_value());
    const std::string path = desk.in_iteration("errors", "000001.calls.ndjson");
    append_to(path, "this is no call\n{\"protocol\":{\"name\":\"http\"},\"request\n[1,2]\n{\"protocol\":{\"na");
    Screen screen;
    const auto stats = analyze(desk.question("record(\"errors\")"), &screen);
    REQUIRE(stats.has_value());
    CHECK(screen.paths() == Paths{"/t1", "/t2"});
    REQUIRE(stats->notices.size() == 2);
    CHECK(contains(stats->notices[0], "3 lines are no calls"));
    CHECK(contains(stats->notices[1], "its last 16 bytes"));
    CHECK(contains(stats->notices[1], path));
  }

  TEST_CASE("a capture that is cut shows what is before the cut, then the damage") {
    const Desk desk;
    const std::string whole = pcap_of(monday());
    Screen screen;
    const auto stats =
        analyze(desk.question("http", {desk.file("cut.pcap", whole.substr(0, whole.size() - 600))}), &screen);
    REQUIRE(stats.has_value());
    CHECK(screen.paths().front() == "/m1");
    REQUIRE(stats->damage.has_value());
    CHECK(stats->damage->kind == ErrorKind::input);
  }

  TEST_CASE("redact() hides it on the screen, from a capture and from a recording") {
    const Desk desk;
    const std::string input = desk.capture("monday.pcap", monday());
    REQUIRE(desk.record("errors", errors, {input}).has_value());
    for (const std::string& from : {input, desk.store() + "/errors"}) {
      CAPTURE(from);
      Screen screen;
      REQUIRE(analyze(desk.question(errors + " and redact(\"request.path\")", {from}), &screen).has_value());
      REQUIRE(screen.calls.size() == 1);
      CHECK(screen.paths() == Paths{"[REDACTED]"});
    }
  }

  TEST_CASE("-w to what cannot be written is refused with the reason") {
    const Desk desk;
    const std::string input = desk.capture("monday.pcap", monday());
    for (const std::string& out : {desk.path("no/such/folder/out.pcap"), std::string("/dev/full")}) {
      CAPTURE(out);
      AnalyzeRequest request = desk.question(errors, {input});
      request.write = out;
      request.show_calls = false;
      const auto refused = analyze(request, nullptr);
      REQUIRE_FALSE(refused.has_value());
      CHECK(refused.error().kind == ErrorKind::write);
      CHECK(contains(refused.error().message, out));
    }
  }

  TEST_CASE("--follow shows what is there, then what comes, and ends when the recording is over") {
    const Desk desk;
    Growing growing(desk);
    growing.call("/1");
    Screen screen;
    std::vector<std::size_t> seen_at_rest;
    screen.when_caught_up = [&] {
      seen_at_rest.push_back(screen.calls.size());
      if (seen_at_rest.size() == 1) growing.call("/2");
      if (seen_at_rest.size() == 2) {
        growing.close_segment();
        growing.call("/3");
      }
      if (seen_at_rest.size() == 3) {
        growing.call("/4");
        growing.finish();
      }
    };
    AnalyzeRequest request = desk.question("record(\"growing\")");
    request.follow = true;
    const auto stats = analyze(request, &screen);
    REQUIRE_MESSAGE(stats.has_value(), outcome(stats));
    CHECK(screen.paths() == Paths{"/1", "/2", "/3", "/4"});
    CHECK(seen_at_rest == std::vector<std::size_t>{1, 2, 3});
    CHECK(stats->notices.empty());
  }

  TEST_CASE("--follow ends at the count, and when somebody says stop, though the recording goes on") {
    const Desk desk;
    Growing growing(desk);
    growing.call("/1");
    std::atomic<bool> stop = false;
    Screen counted, stopped;
    AnalyzeRequest request = desk.question("record(\"growing\")");
    request.follow = true;
    request.stop = &stop;
    request.count = 2;
    counted.when_caught_up = [&] { growing.call("/2"); };
    REQUIRE(analyze(request, &counted).has_value());
    CHECK(counted.paths() == Paths{"/1", "/2"});
    request.count.reset();
    stopped.when_caught_up = [&] { stop = true; };
    REQUIRE(analyze(request, &stopped).has_value());
    CHECK(stopped.paths() == Paths{"/1", "/2"});
  }

  TEST_CASE("the open segment of an interrupted recording, out of order of time, gives its calls again") {
    const Desk desk;
    {
      // Two streams overlap for longer than any stream may rest; the later one is decided first.
      Wire wire;
      Conversation slow(wire, "10.0.0.1:40001", "10.0.0.2:80"), busy(wire, "10.0.0.1:40002", "10.0.0.2:80");
      slow.connect();
      busy.connect();
      for (int minute = 0; minute < 30; ++minute) {
        const bool last = minute == 29;
        slow.request(get("/slow" + std::to_string(minute)));
        slow.response(answer(last ? 500 : 200));
        busy.request(get("/busy" + std::to_string(minute)));
        busy.response(answer(500));
        wire.pause(Duration::seconds(60));
      }
      slow.close();
      busy.close();
      REQUIRE(desk.record("whole", errors, {desk.capture("in.pcap", wire)}).has_value());
      // What the writer appended before it died: the stream that was decided first, then the other.
      std::vector<support::Record> first, second;
      for (const net::Packet& packet : wire.packets()) {
        const bool of_busy =
            packet.data.substr(34, 2) == support::be16(40002) || packet.data.substr(36, 2) == support::be16(40002);
        (of_busy ? first : second).push_back({.time = packet.time, .data = std::string(packet.data)});
      }
      first.insert(first.end(), second.begin(), second.end());
      std::ofstream(desk.in_iteration("whole", "000001.pcap"), std::ios::binary) << support::pcap(first);
    }
    AnalyzeRequest request = desk.question(errors, {desk.store() + "/whole"});
    request.redissect = true;
    Paths calls = shown(request);
    CHECK(calls.size() == 31);
    CHECK(std::set<std::string>(calls.begin(), calls.end()).size() == 31);
  }
}

}  // namespace
}  // namespace wiretape::engine
