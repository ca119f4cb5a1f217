// SPDX-License-Identifier: Apache-2.0
#include "record/schedule.hpp"

#include <doctest/doctest.h>

#include "record/support.hpp"

namespace wiretape::record {
namespace {

Timestamp at(const std::string& text) {
  const auto time = parse_rfc3339(text);
  REQUIRE(time);
  return *time;
}

std::string shown(std::optional<Timestamp> time) {
  return time ? rfc3339(*time).substr(0, 19) : "none";
}

Job daily(std::uint32_t iterations, std::int64_t minutes) {
  Job job = test::job_named("daily");
  job.start = at("2024-06-04T08:45:00Z");
  job.iterations = iterations;
  job.duration = Duration::seconds(minutes * 60);
  return job;
}

TEST_SUITE("record schedule") {
  TEST_CASE("a start: text, now -> the moment") {
    const struct {
      std::string text, now, start;
    } rows[] = {
        {"", "2024-06-04T08:00:00Z", "none"},
        {"now", "2024-06-04T08:00:00Z", "none"},
        {"08:45", "2024-06-04T08:00:00Z", "2024-06-04T08:45:00"},
        {"08:45 UTC", "2024-06-04T08:00:00Z", "2024-06-04T08:45:00"},
        {"08:45Z", "2024-06-04T08:00:00Z", "2024-06-04T08:45:00"},
        {"08:45", "2024-06-04T08:45:00Z", "2024-06-04T08:45:00"},
        {"08:45", "2024-06-04T08:45:59.999Z", "2024-06-04T08:45:00"},
        {"08:45", "2024-06-04T08:46:00Z", "2024-06-05T08:45:00"},
        {"00:00", "2024-12-31T23:59:59Z", "2025-01-01T00:00:00"},
        {"23:59", "2024-02-28T23:59:59Z", "2024-02-28T23:59:00"},
        {"08:45", "2024-02-28T09:00:00Z", "2024-02-29T08:45:00"},
        {"2024-06-04T08:45:00Z", "2023-01-01T00:00:00Z", "2024-06-04T08:45:00"},
        {"2024-06-04T10:45:00+02:00", "2023-01-01T00:00:00Z", "2024-06-04T08:45:00"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CAPTURE(row.now);
      const auto start = parse_start(row.text, at(row.now));
      REQUIRE(test::outcome(start) == "ok");
      CHECK(shown(*start) == row.start);
    }
  }

  TEST_CASE("what is no start is told with the forms that are") {
    for (const std::string text :
         {"8:45", "24:00", "08:60", "08:45 CET", "0845", "tomorrow", "08:45:00", "2024-02-30T00:00:00Z", "-1:30"}) {
      CAPTURE(text);
      const auto start = parse_start(text, test::a_morning);
      REQUIRE_FALSE(start);
      CHECK(start.error().message == "--start: '" + text + "' is no time");
      CHECK(start.error().hint == "give 08:45 (the next one, UTC), 2024-06-04T08:45:00Z, or now");
    }
  }

  TEST_CASE("schedules that make no sense are refused with the cure") {
    const Timestamp now = at("2024-06-04T08:00:00Z");
    Job job = daily(7, 60);
    CHECK(check_schedule(job, now));
    job.duration.reset();
    CHECK(test::outcome(check_schedule(job, now)) == "--start needs --duration");
    job.start.reset();
    CHECK(test::outcome(check_schedule(job, now)) == "--iterations needs --duration");
    job.iterations = 1;
    CHECK(check_schedule(job, now));
    CHECK(test::outcome(check_schedule(daily(2, 0), now)) == "--duration: nothing can be recorded in no time");
    CHECK(test::outcome(check_schedule(daily(2, 24 * 60 + 1), now)) ==
          "iterations begin a day apart, so none can take 1 d 1 min");
    CHECK(check_schedule(daily(2, 24 * 60), now));
    CHECK(check_schedule(daily(1, 30 * 24 * 60), now));
    CHECK(test::outcome(check_schedule(daily(2, 60), at("2024-06-05T09:45:00Z"))) ==
          "--start: all of the schedule lies in the past, it began at 2024-06-04T08:45:00.000000000Z");
    CHECK(check_schedule(daily(0, 60), at("2030-01-01T00:00:00Z")));
    CHECK(test::outcome(check_schedule(daily(1, 60), Timestamp{0})) ==
          "the clock says 1970-01-01T00:00:00.000000000Z, no schedule can be kept by it");
  }

  TEST_CASE("what is due: iterations, next, now -> what, which, missed") {
    const struct {
      std::uint32_t iterations, next;
      std::string now;
      Due::Kind kind;
      std::uint32_t iteration, missed;
    } rows[] = {
        {3, 0, "2024-06-04T08:00:00Z", Due::Kind::wait, 0, 0},
        {3, 0, "2024-06-04T08:45:00Z", Due::Kind::record, 0, 0},
        {3, 0, "2024-06-04T09:44:59Z", Due::Kind::record, 0, 0},  // late, and ends on time
        {3, 0, "2024-06-04T09:45:00Z", Due::Kind::wait, 1, 1},    // missed entirely
        {3, 1, "2024-06-04T09:45:00Z", Due::Kind::wait, 1, 0},
        {3, 1, "2024-06-06T09:00:00Z", Due::Kind::record, 2, 1},
        {3, 0, "2024-06-06T09:45:00Z", Due::Kind::over, 3, 3},
        {3, 3, "2024-06-06T09:30:00Z", Due::Kind::over, 3, 0},
        {0, 0, "2034-06-04T08:50:00Z", Due::Kind::record, 3652, 3652},
        {0, 5, "1999-01-01T00:00:00Z", Due::Kind::wait, 5, 0},  // the clock was set back
    };
    for (const auto& row : rows) {
      CAPTURE(row.now);
      CAPTURE(row.next);
      const Due found = due(daily(row.iterations, 60), test::a_morning, row.next, at(row.now));
      CHECK(bool(found.kind == row.kind));
      CHECK(found.iteration == row.iteration);
      CHECK(found.missed == row.missed);
    }
  }

  TEST_CASE("each iteration has its window, over leap days and turns of the year") {
    Job job = daily(0, 90);
    job.start = at("2024-02-28T23:30:00Z");
    CHECK(shown(window_of(job, {}, 1).begin) == "2024-02-29T23:30:00");
    CHECK(shown(window_of(job, {}, 2).begin) == "2024-03-01T23:30:00");
    CHECK(shown(window_of(job, {}, 2).end) == "2024-03-02T01:00:00");
    CHECK(shown(window_of(job, {}, 308).begin) == "2025-01-01T23:30:00");
    job.start.reset();
    job.duration.reset();
    CHECK(shown(window_of(job, test::a_morning, 0).begin) == "2024-06-04T08:45:00");
    CHECK(shown(window_of(job, test::a_morning, 0).end) == "none");
    (void)window_of(daily(0, 60), {}, UINT32_MAX);  // saturates
  }

  TEST_CASE("without a duration a job is due until it has begun") {
    Job job = test::job_named("now");
    CHECK(bool(due(job, test::a_morning, 0, test::a_morning).kind == Due::Kind::record));
    CHECK(bool(due(job, test::a_morning, 0, test::a_morning + day).kind == Due::Kind::record));
    CHECK(bool(due(job, test::a_morning, 1, test::a_morning + day).kind == Due::Kind::over));
  }

  TEST_CASE("folders are named by the scheduled start") {
    CHECK(iteration_name(test::a_morning) == "20240604T084500Z");
    CHECK(iteration_name(test::a_morning + Duration{999'999'999}, 2) == "20240604T084500Z-2");
    CHECK(is_iteration_name(iteration_name(test::a_morning, 10)));
  }

  TEST_CASE("an iteration expires on its own, a recording with its last one") {
    Description description;
    description.job = daily(2, 60);
    description.job.expiration = Duration::seconds(600);
    description.state = State::completed;
    description.ended = at("2024-06-05T09:45:00Z");
    for (const std::string began : {"2024-06-04T08:45:00Z", "2024-06-05T08:45:00Z"}) {
      Iteration& iteration = description.iterations.emplace_back();
      iteration.state = State::completed;
      iteration.scheduled = iteration.began = at(began);
      iteration.ended = at(began) + Duration::seconds(3600);
    }
    CHECK(shown(expiry_of(description.job, description.iterations[0])) == "2024-06-04T09:55:00");
    CHECK(shown(expiry_of(description)) == "2024-06-05T09:55:00");

    SUBCASE("nothing that is being recorded ever expires") {
      description.state = State::recording;
      description.iterations[1].state = State::recording;
      CHECK(shown(expiry_of(description.job, description.iterations[1])) == "none");
      CHECK(shown(expiry_of(description)) == "none");
    }
    SUBCASE("an expiration of 0 is never") {
      description.job.expiration = {};
      CHECK(shown(expiry_of(description.job, description.iterations[0])) == "none");
      CHECK(shown(expiry_of(description)) == "none");
    }
    SUBCASE("an interrupted job is over once its last end has passed") {
      description.state = State::interrupted;
      description.iterations[1].state = State::interrupted;
      description.iterations[1].ended.reset();
      description.ended.reset();
      CHECK(shown(expiry_of(description)) == "2024-06-05T09:55:00");
      CHECK_FALSE(is_over(description, at("2024-06-05T09:44:59Z")));
      CHECK(is_over(description, at("2024-06-05T09:45:00Z")));
    }
    SUBCASE("with iterations 0 the folder stays until it is stopped or deleted") {
      description.job.iterations = 0;
      description.state = State::interrupted;
      CHECK(shown(expiry_of(description)) == "none");
      CHECK_FALSE(is_over(description, at("2034-01-01T00:00:00Z")));
      description.state = State::stopped;
      CHECK(shown(expiry_of(description)) == "2024-06-05T09:55:00");
      CHECK(is_over(description, at("2034-01-01T00:00:00Z")));
    }
  }
}

}  // namespace
}  // namespace wiretape::record
