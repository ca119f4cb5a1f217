// SPDX-License-Identifier: Apache-2.0
#include "engine/sidecars.hpp"

#include "engine/support.hpp"
#include "record/reader.hpp"

namespace wiretape::engine {
namespace {

using namespace test;

std::string line(const std::string& path) {
  return R"({"protocol":{"name":"http"},"request":{"path":")" + path + "\"}}\n";
}

// A recording's folder as another process writes it, and a reader of it.
class Reader {
 public:
  explicit Reader(const std::string& text = "http")
      : iteration_(make_folder(desk_)),
        shown_(statement(text), UINT64_MAX, &screen),
        sidecars_(files(), shown_, stats) {}

  void write(const std::string& file_name, const std::string& content) {
    append_to(iteration_ + '/' + file_name, content);
  }
  void look_again() { REQUIRE(sidecars_.look_again().has_value()); }
  Paths read() {
    screen.calls.clear();
    const auto done = sidecars_.read();
    REQUIRE_MESSAGE(done.has_value(), outcome(done));
    return screen.paths();
  }
  void finish() { sidecars_.finish(); }

  Screen screen;
  Stats stats;

 private:
  static std::string make_folder(const Desk& desk) {
    record::Job job;
    job.name = "growing";
    auto recording = record::Store(desk.store()).create(job, {0});
    REQUIRE(recording.has_value());
    REQUIRE(recording->start_iteration({0}, {0}).has_value());
    return desk.store() + "/growing/19700101T000000Z";
  }
  record::RecordingFiles files() const {
    auto found = record::open_recording(desk_.store() + "/growing");
    REQUIRE(found.has_value());
    return *std::move(found);
  }

  Desk desk_;
  std::string iteration_;
  Shown shown_;
  Sidecars sidecars_;
};

TEST_SUITE("engine sidecars") {
  TEST_CASE("each look gives what is new: further lines, then a new segment") {
    Reader reader;
    CHECK(reader.read().empty());
    reader.write("000001.calls.ndjson", line("/1") + line("/2"));
    reader.look_again();
    CHECK(reader.read() == Paths{"/1", "/2"});
    CHECK(reader.read().empty());
    reader.write("000001.calls.ndjson", line("/3"));
    CHECK(reader.read() == Paths{"/3"});
    reader.write("000001.calls.ndjson", line("/4"));
    reader.write("000002.calls.ndjson", line("/5"));
    reader.look_again();
    CHECK(reader.read() == Paths{"/4", "/5"});
    reader.finish();
    CHECK(reader.stats.calls == 5);
    CHECK(reader.stats.matched_calls == 5);
    CHECK(reader.stats.notices.empty());
  }

  TEST_CASE("a line that is being written is given when it is whole, and is no damage") {
    Reader reader;
    const std::string whole = line("/1");
    reader.write("000001.calls.ndjson", whole.substr(0, 20));
    reader.look_again();
    CHECK(reader.read().empty());
    reader.write("000001.calls.ndjson", whole.substr(20));
    CHECK(reader.read() == Paths{"/1"});
    reader.finish();
    CHECK(reader.stats.notices.empty());
  }

  TEST_CASE("a line that stays torn is said once, with its file and its length") {
    Reader reader;
    reader.write("000001.calls.ndjson", line("/1") + "{\"proto");
    reader.look_again();
    CHECK(reader.read() == Paths{"/1"});
    CHECK(reader.read().empty());
    reader.finish();
    REQUIRE(reader.stats.notices.size() == 1);
    CHECK(contains(reader.stats.notices[0], "000001.calls.ndjson"));
    CHECK(contains(reader.stats.notices[0], "its last 7 bytes"));
  }

  TEST_CASE("lines that are no calls are counted, those around them are read") {
    Reader reader;
    reader.write("000001.calls.ndjson", line("/1") + "{]\n\n\"text\"\n17\n" + line("/2"));
    reader.look_again();
    CHECK(reader.read() == Paths{"/1", "/2"});
    reader.finish();
    CHECK(reader.stats.calls == 2);
    REQUIRE(reader.stats.notices.size() == 1);
    CHECK(contains(reader.stats.notices[0], "3 lines are no calls"));
  }

  TEST_CASE("one line that is no call is said in the singular") {
    Reader reader;
    reader.write("000001.calls.ndjson", "nonsense\n");
    reader.look_again();
    CHECK(reader.read().empty());
    reader.finish();
    REQUIRE(reader.stats.notices.size() == 1);
    CHECK(contains(reader.stats.notices[0], "1 line is no call"));
  }

  TEST_CASE("a line beyond every bound is passed over and counted as damage") {
    Reader reader;
    reader.write("000001.calls.ndjson",
                 line("/1") + std::string(record::Lines::longest_line + (2U << 20U), 'x') + '\n' + line("/2"));
    reader.look_again();
    CHECK(reader.read() == Paths{"/1", "/2"});
    reader.finish();
    REQUIRE(reader.stats.notices.size() == 1);
    CHECK(contains(reader.stats.notices[0], "1 line is no call"));
  }

  TEST_CASE("calls that do not match are counted and not shown; an empty object is a call of no protocol") {
    Reader reader("request.path == \"/2\"");
    reader.write("000001.calls.ndjson", line("/1") + line("/2") + "{}\n");
    reader.look_again();
    CHECK(reader.read() == Paths{"/2"});
    CHECK(reader.stats.calls == 3);
    CHECK(reader.stats.matched_calls == 1);
  }

  TEST_CASE("an object without members is shown with its recording, whatever white space is in it") {
    Reader reader("");
    reader.write("000001.calls.ndjson", "{}\n{ }\n");
    reader.look_again();
    reader.read();
    CHECK(reader.screen.calls == std::vector<std::string>{"{\"record\":\"growing\"}", "{\"record\":\"growing\" }"});
  }
}

}  // namespace
}  // namespace wiretape::engine
