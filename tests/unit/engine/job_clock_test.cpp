// SPDX-License-Identifier: Apache-2.0
#include "engine/job_clock.hpp"

#include <doctest/doctest.h>

namespace wiretape::engine {
namespace {

using Kind = JobClock::Todo::Kind;

const Timestamp created = *parse_rfc3339("2024-06-04T08:00:00Z");
const Timestamp start = *parse_rfc3339("2024-06-04T08:45:00Z");

record::Description daily(std::uint32_t iterations) {
  record::Description description;
  description.created = created;
  description.job.start = start;
  description.job.iterations = iterations;
  description.job.duration = Duration::seconds(3600);
  return description;
}

// The wall clock says `wall` while the machine has run for so many seconds.
Moment at(Timestamp wall, std::int64_t seconds) {
  return {.wall = wall, .boot = {seconds * 1'000'000'000}};
}
Moment at(const char* wall, std::int64_t seconds = 0) {
  return at(*parse_rfc3339(wall), seconds);
}

record::Iteration iteration(const char* scheduled, record::State state) {
  record::Iteration iteration;
  iteration.scheduled = *parse_rfc3339(scheduled);
  iteration.state = state;
  return iteration;
}

TEST_SUITE("engine job clock") {
  TEST_CASE("a job waits for its time, records, and waits for the next day") {
    JobClock clock(daily(2));
    CHECK(clock.at(at("2024-06-04T08:44:59Z")).kind == Kind::nothing);
    CHECK(clock.wakes(at("2024-06-04T08:44:59Z")) == start);
    const auto todo = clock.at(at("2024-06-04T08:45:00Z"));
    REQUIRE(todo.kind == Kind::begin);
    CHECK(todo.window.begin == start);
    clock.began(todo, at("2024-06-04T08:45:00Z"));
    CHECK(clock.has_more());
    CHECK(clock.end() == start + Duration::seconds(3600));
    CHECK(clock.at(at("2024-06-04T09:44:59Z", 3599)).kind == Kind::nothing);
    CHECK(clock.at(at("2024-06-04T09:45:00Z", 3600)).kind == Kind::end);
    clock.ended();
    CHECK(clock.at(at("2024-06-04T09:45:01Z")).kind == Kind::nothing);
    CHECK(clock.wakes(at("2024-06-04T09:45:01Z")) == start + record::day);
    clock.began(clock.at(at("2024-06-05T08:45:00Z")), at("2024-06-05T08:45:00Z"));
    CHECK_FALSE(clock.has_more());
    clock.ended();
    CHECK(clock.at(at("2024-06-05T09:45:00Z")).kind == Kind::over);
  }

  TEST_CASE("when the clock is set back an iteration still takes no longer than its duration") {
    JobClock clock(daily(1));
    clock.began(clock.at(at(start, 100)), at(start, 100));
    CHECK(clock.at(at("2024-06-04T08:00:00Z", 3699)).kind == Kind::nothing);
    CHECK(clock.at(at("2024-06-04T08:00:00Z", 3700)).kind == Kind::end);
  }

  TEST_CASE("when the clock is set forward, or the machine has slept, it ends at its time by the wall clock") {
    JobClock clock(daily(1));
    clock.began(clock.at(at(start, 100)), at(start, 100));
    CHECK(clock.at(at("2024-06-04T09:45:00Z", 110)).kind == Kind::end);
  }

  TEST_CASE("a start that was missed by less than the duration begins late and ends on time") {
    JobClock clock(daily(1));
    const auto todo = clock.at(at("2024-06-04T09:30:00Z", 50));
    REQUIRE(todo.kind == Kind::begin);
    CHECK(todo.missed == 0);
    clock.began(todo, at("2024-06-04T09:30:00Z", 50));
    CHECK(clock.at(at("2024-06-04T09:30:00Z", 50 + 899)).kind == Kind::nothing);
    CHECK(clock.at(at("2024-06-04T09:30:00Z", 50 + 900)).kind == Kind::end);
  }

  TEST_CASE("iterations that were missed entirely are counted, and the next one comes at its time") {
    JobClock clock(daily(7));
    const auto todo = clock.at(at("2024-06-06T12:00:00Z"));
    CHECK(todo.kind == Kind::nothing);
    CHECK(todo.missed == 3);
    clock.missed(todo.missed);
    CHECK(clock.at(at("2024-06-06T12:00:00Z")).missed == 0);
    CHECK(clock.wakes(at("2024-06-06T12:00:00Z")) == start + Duration::seconds(3 * 86'400));
  }

  TEST_CASE("who goes on with a recording goes on in the iteration that was interrupted, and not in one that ended") {
    record::Description description = daily(3);
    description.iterations = {iteration("2024-06-04T08:45:00Z", record::State::completed),
                              iteration("2024-06-05T08:45:00Z", record::State::interrupted)};
    CHECK(JobClock(description).at(at("2024-06-05T09:00:00Z")).kind == Kind::begin);
    description.iterations.back().state = record::State::completed;
    CHECK(JobClock(description).at(at("2024-06-05T09:00:00Z")).kind == Kind::nothing);
    description.iterations.back().state = record::State::interrupted;
    const auto later = JobClock(description).at(at("2024-06-05T10:00:00Z"));
    CHECK(later.kind == Kind::nothing);
    CHECK(later.missed == 1);
  }

  TEST_CASE("a leap day is a day") {
    record::Description description = daily(0);
    description.created = *parse_rfc3339("2024-02-28T00:00:00Z");
    description.job.start = *parse_rfc3339("2024-02-28T08:45:00Z");
    description.iterations = {iteration("2024-02-28T08:45:00Z", record::State::completed)};
    JobClock clock(description);
    CHECK(clock.wakes(at("2024-02-28T10:00:00Z")) == *parse_rfc3339("2024-02-29T08:45:00Z"));
    clock.began(clock.at(at("2024-02-29T08:45:00Z")), at("2024-02-29T08:45:00Z"));
    clock.ended();
    CHECK(clock.wakes(at("2024-02-29T10:00:00Z")) == *parse_rfc3339("2024-03-01T08:45:00Z"));
  }

  TEST_CASE("a job without a duration begins at once and goes on until it is interrupted") {
    record::Description description;
    description.created = created;
    JobClock clock(description);
    const auto todo = clock.at(at(created, 0));
    REQUIRE(todo.kind == Kind::begin);
    clock.began(todo, at(created, 0));
    CHECK_FALSE(clock.end().has_value());
    CHECK_FALSE(clock.wakes(at(created, 0)).has_value());
    CHECK(clock.at(at("2034-06-04T08:45:00Z", 1'000'000)).kind == Kind::nothing);
  }
}

}  // namespace
}  // namespace wiretape::engine
