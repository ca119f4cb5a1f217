// SPDX-License-Identifier: Apache-2.0
// What needs no right to capture: recordings that do not start.
#include "engine/recorder.hpp"

#include "engine/support.hpp"

namespace wiretape::engine {
namespace {

using namespace test;

// What a recorder says, remembered.
struct Listener {
  RecorderControl control{.descriptor = -1,
                          .take = [] { return std::vector<LiveWish>{}; },
                          .began = [this](const record::Job&, const std::vector<capture::Interface>&,
                                          std::optional<Timestamp>) { ++began; },
                          .notice = [this](std::string_view sentence) { notices.emplace_back(sentence); },
                          .report = nullptr,
                          .iteration_over = nullptr,
                          .job_over = [this](const JobReport& report) { over.push_back(report); },
                          .tick = nullptr};
  std::size_t began = 0;
  std::vector<std::string> notices;
  std::vector<JobReport> over;
};

record::Job job(const std::string& name, const std::string& interface) {
  record::Job job;
  job.name = name;
  job.statement = "http";
  job.interfaces = {interface};
  return job;
}

// The report of the only job, which cannot begin.
JobReport refused(const Desk& desk, const record::Job& job, const std::string& user, Recorder::Stillborn stillborn) {
  auto recording = record::Store(desk.store()).create(job, now());
  REQUIRE_MESSAGE(recording.has_value(), outcome(recording));
  Listener listener;
  const RecorderOptions options{.store = desk.store(), .user = user};
  Recorder recorder(options, listener.control);
  recorder.add(*std::move(recording), stillborn);
  recorder.run();
  CHECK(listener.began == 0);
  REQUIRE(listener.over.size() == 1);
  return listener.over[0];
}

TEST_SUITE("engine recorder") {
  TEST_CASE("an interface that is not there: one sentence, and no folder remains") {
    const Desk desk;
    const JobReport report = refused(desk, job("x", "no-such-iface"), "", Recorder::Stillborn::removed);
    REQUIRE(report.error.has_value());
    CHECK((report.error->kind == ErrorKind::interface || report.error->kind == ErrorKind::permission));
    CHECK(contains(report.error->message, "no-such-iface"));
    CHECK_FALSE(std::filesystem::exists(desk.store() + "/x"));
  }

  TEST_CASE("a job of a service whose interface is not there stays as failed, with the reason") {
    const Desk desk;
    const JobReport report = refused(desk, job("x", "no-such-iface"), "", Recorder::Stillborn::kept_as_failed);
    REQUIRE(report.error.has_value());
    const record::Description left = desk.found("x").description;
    CHECK(left.state == record::State::failed);
    CHECK(left.reason == report.error->message);
  }

  TEST_CASE("a user that is not there: one sentence, and no folder remains") {
    const Desk desk;
    const JobReport report = refused(desk, job("x", "lo"), "nobody-of-this-name", Recorder::Stillborn::removed);
    REQUIRE(report.error.has_value());
    CHECK(report.error->kind == ErrorKind::usage);
    CHECK(contains(report.error->message, "nobody-of-this-name"));
    CHECK_FALSE(std::filesystem::exists(desk.store() + "/x"));
  }

  TEST_CASE("a job that waits for its time is stopped by the file that record stop leaves") {
    const Desk desk;
    record::Job later = job("x", "lo");
    later.start = now() + Duration::seconds(3600);
    later.duration = Duration::seconds(60);
    auto recording = record::Store(desk.store()).create(later, now());
    REQUIRE(recording.has_value());
    append_to(desk.store() + "/x/stop", "");
    Listener listener;
    const RecorderOptions options{.store = desk.store(), .user = {}};
    Recorder recorder(options, listener.control);
    recorder.add(*std::move(recording), Recorder::Stillborn::removed);
    recorder.run();
    REQUIRE(listener.over.size() == 1);
    CHECK(listener.over[0].state == record::State::stopped);
    CHECK(desk.found("x").description.state == record::State::stopped);
    CHECK_FALSE(std::filesystem::exists(desk.store() + "/x/stop"));
  }
}

}  // namespace
}  // namespace wiretape::engine
