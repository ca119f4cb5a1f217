// SPDX-License-Identifier: Apache-2.0
#include "record/job.hpp"

#include <doctest/doctest.h>

#include "record/digest.hpp"
#include "record/support.hpp"

namespace wiretape::record {
namespace {

Description full_description() {
  Description description;
  Job& job = description.job;
  job.name = "errors";
  job.statement = "http and request.path == \"/a\\b\"";
  job.interfaces = {"eth0", "any"};
  job.files = {"a file.pcap"};
  job.packet_filter = "tcp port 80";
  job.start = test::a_morning;
  job.iterations = 7;
  job.duration = Duration::seconds(5400);
  job.expiration = Duration::seconds(3 * 86'400);
  job.snapshot_length = 96;
  job.segment_size = 1U << 20U;
  job.storage_limit = 1U << 30U;
  job.backlog_limit = 1U << 25U;
  job.proto_paths = {"/etc/protos", "/srv/more"};
  job.descriptor_sets = {"/etc/shop.pb"};
  description.state = State::failed;
  description.reason = "the disk was full";
  description.created = test::a_morning;
  description.ended = test::a_morning + Duration::seconds(1);
  description.missed = 2;
  Iteration& iteration = description.iterations.emplace_back();
  iteration.folder = "20240604T084500Z-2";
  iteration.state = State::failed;
  iteration.reason = "the disk was full";
  iteration.scheduled = test::a_morning;
  iteration.began = test::a_morning + Duration{1};
  iteration.ended = test::a_morning + Duration::seconds(1);
  iteration.totals.calls = 3;
  iteration.totals.gap_bytes = 1ULL << 40U;
  iteration.chain = "abc";
  return description;
}

// A recording.json with one member put in front of all others.
std::string with(std::string_view member,
                 std::string_view format = R"({"name":"wiretape-recording","major":1,"minor":0})") {
  std::string json = "{";
  json += member;
  json += R"("format":)";
  json += format;
  json += R"(,"name":"x","state":"completed","statement":""})";
  return json;
}

TEST_SUITE("record job") {
  TEST_CASE("a description is read back as it was written") {
    const std::string json = to_json(full_description());
    CHECK(is_sealed(json));
    const auto read = read_description(json, "recording.json");
    REQUIRE(test::outcome(read) == "ok");
    CHECK(to_json(*read) == json);
    CHECK(read->job.duration->nanoseconds == Duration::seconds(5400).nanoseconds);
    CHECK(read->iterations.front().totals.gap_bytes == 1ULL << 40U);
    CHECK(read->totals().calls == 3);
  }

  TEST_CASE("members that are not known are ignored") {
    const auto read = read_description(with(R"("mood":{"of":["the",1]},)"), "recording.json");
    REQUIRE(test::outcome(read) == "ok");
    CHECK(read->job.name == "x");
    CHECK(bool(read->state == State::completed));
  }

  TEST_CASE("a newer minor version is read, a newer major one is refused") {
    CHECK(read_description(with("", R"({"name":"wiretape-recording","major":1,"minor":9})"), "r.json"));
    const auto refused = read_description(with("", R"({"name":"wiretape-recording","major":2,"minor":0})"), "r.json");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "r.json has format 2.0, this wiretape reads formats up to 1");
    CHECK(refused.error().hint == "read it with a newer wiretape");
  }

  TEST_CASE("what is wrong with a description: document -> sentence") {
    const struct {
      std::string json, message;
    } rows[] = {
        {"", "r.json is damaged: it is no JSON"},
        {"{", "r.json is damaged: it is no JSON"},
        {"[]", "r.json was not written by wiretape"},
        {"{}", "r.json was not written by wiretape"},
        {R"({"format":1})", "r.json was not written by wiretape"},
        {R"({"format":{"name":"other","major":1}})", "r.json was not written by wiretape"},
        {with(R"("iterations":"seven",)"), "r.json is damaged: 'iterations' is no whole number that fits"},
        {with(R"("iterations":-1,)"), "r.json is damaged: 'iterations' is no whole number that fits"},
        {with(R"("iterations":4294967296,)"), "r.json is damaged: 'iterations' is no whole number that fits"},
        {with(R"("duration":"1h",)"), "r.json is damaged: 'duration' is no number of seconds"},
        {with(R"("duration":1e300,)"), "r.json is damaged: 'duration' is no number of seconds"},
        {with(R"("files":[1],)"), "r.json is damaged: 'files' is no list of texts"},
        {with(R"("created":"yesterday",)"), "r.json is damaged: 'created' is no time"},
        {with(R"("name":"../x",)"), "r.json is damaged: 'name' is no name of a recording"},
        {with(R"("state":"asleep",)"), "r.json is damaged: 'state' is no state of a recording"},
        {with(R"("runs":[{"folder":"../etc","state":"completed"}],)"),
         "r.json is damaged: 'runs': 'folder' is no name of an iteration"},
        {with(R"("runs":[7],)"), "r.json is damaged: 'runs': no object"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.json);
      const auto read = read_description(row.json, "r.json");
      REQUIRE_FALSE(read);
      CHECK(read.error().message == row.message);
      CHECK(bool(read.error().kind == ErrorKind::input));
    }
  }

  TEST_CASE("a description cut at any byte is refused") {
    const std::string json = to_json(full_description());
    for (std::size_t length = 0; length + 2 < json.size(); ++length) {
      CAPTURE(length);
      CHECK_FALSE(read_description(json.substr(0, length), "r.json"));
    }
  }

  TEST_CASE("any flipped byte of a description breaks its seal") {
    const std::string json = to_json(full_description());
    for (std::size_t at = 0; at < json.size(); ++at) {
      std::string flipped = json;
      flipped[at] = static_cast<char>(flipped[at] ^ 1);
      CAPTURE(at);
      CHECK_FALSE(is_sealed(flipped));
      (void)read_description(flipped, "r.json");  // whatever it says, it comes back
    }
  }

  TEST_CASE("names that a recording may have") {
    for (const std::string& name : std::vector<std::string>{"a", "my_recording_no_15", "rec-20240604-084500", "0",
                                                            "A.b-c_d", std::string(63, 'x')}) {
      CAPTURE(name);
      CHECK(check_name(name));
    }
    for (const std::string& name : std::vector<std::string>{"", ".", "..", ".hidden", "-x", "_x", "a/b", "a b", "a\nb",
                                                            "\xC3\xA4", std::string(64, 'x')}) {
      CAPTURE(name);
      const auto checked = check_name(name);
      REQUIRE_FALSE(checked);
      CHECK(checked.error().hint == "a letter or digit, then up to 62 letters, digits, dots, dashes and underscores");
      CHECK(checked.error().message.find('\n') == std::string::npos);
    }
  }
}

}  // namespace
}  // namespace wiretape::record
