// SPDX-License-Identifier: Apache-2.0
#include "record/job_text.hpp"

#include <doctest/doctest.h>

#include "record/support.hpp"

namespace wiretape::record {
namespace {

Timestamp at(const std::string& text) {
  const auto time = parse_rfc3339(text);
  REQUIRE(time);
  return *time;
}

Duration minutes(std::int64_t count) {
  return Duration::seconds(count * 60);
}

Duration days(std::int64_t count) {
  return minutes(count * 24 * 60);
}

constexpr Duration never{};

struct Plan {
  std::string start;  // "" at once
  std::uint32_t iterations = 1;
  std::optional<Duration> duration;
  Duration expiration;
};

Job job_of(const Plan& plan) {
  Job job;
  job.name = "errors";
  job.statement = "http";
  job.interfaces = {"eth0"};
  if (!plan.start.empty()) job.start = at(plan.start);
  job.iterations = plan.iterations;
  job.duration = plan.duration;
  job.expiration = plan.expiration;
  return job;
}

std::string in_words(const Job& job, Timestamp now) {
  return job_in_words(job, window_of(job, now, 0), now);
}

Description begun_at(const std::string& scheduled, State state, const Job& job) {
  Description description;
  description.job = job;
  description.created = at("2024-06-04T08:00:00Z");
  description.state = state;
  Iteration iteration;
  iteration.scheduled = iteration.began = at(scheduled);
  iteration.state = state == State::waiting ? State::completed : state;
  if (iteration.state != State::recording) iteration.ended = iteration.scheduled + minutes(60);
  description.iterations.push_back(iteration);
  if (state != State::recording && state != State::waiting) description.ended = iteration.ended;
  return description;
}

TEST_SUITE("record job text") {
  TEST_CASE("a job in words: start, iterations, duration, expiration -> a line") {
    const Timestamp now = at("2024-06-04T05:33:00Z");
    const std::string today = "2024-06-04T08:45:00Z";
    const struct {
      Plan plan;
      std::string words;
    } rows[] = {
        {{"", 1, {}, never}, "from now until interrupted, kept until deleted"},
        {{"", 1, {}, days(3)}, "from now until interrupted, kept 3 days"},
        {{"", 1, minutes(60), never}, "from now, for 60 min, kept until deleted"},
        {{"", 1, minutes(90), days(1)}, "from now, for 1 h 30 min, kept 1 day"},
        {{"", 7, minutes(60), days(3)}, "from now, 60 min a day for 7 days, each day kept 3 days"},
        {{"", 0, minutes(60), days(3)}, "from now, 60 min a day until stopped, each day kept 3 days"},
        {{"", 0, days(1), minutes(90)}, "from now, all day until stopped, each day kept 1 h 30 min"},
        {{today, 1, minutes(60), never}, "from 08:45 UTC (in 3 h 12 min), for 60 min, kept until deleted"},
        {{today, 1, days(3), days(1)}, "from 08:45 UTC (in 3 h 12 min), for 3 d, kept 1 day"},
        {{today, 7, minutes(60), never}, "from 08:45 UTC (in 3 h 12 min), 60 min a day for 7 days, kept until deleted"},
        {{today, 7, minutes(60), days(3)},
         "from 08:45 UTC (in 3 h 12 min), 60 min a day for 7 days, each day kept 3 days"},
        {{today, 0, minutes(60), never},
         "from 08:45 UTC (in 3 h 12 min), 60 min a day until stopped, kept until deleted"},
        {{today, 0, days(1), days(2)}, "from 08:45 UTC (in 3 h 12 min), all day until stopped, each day kept 2 days"},
        {{"2024-06-06T08:45:30Z", 1, minutes(1), never},
         "from 2024-06-06 08:45:30 UTC (in 2 d 3 h), for 1 min, kept until deleted"},
        {{"2024-06-04T05:32:48Z", 1, minutes(60), never},
         "from 05:32:48 UTC (12 s ago), for 60 min, kept until deleted"},
    };
    for (const auto& row : rows) CHECK(in_words(job_of(row.plan), now) == "\"errors\": http, on eth0, " + row.words);
  }

  TEST_CASE("a job in words: what is captured, from where -> the line's beginning") {
    const struct {
      std::string statement;
      std::vector<std::string> interfaces, files;
      std::string words;
    } rows[] = {
        {"http and response.status >= 500", {"eth0"}, {}, "http and response.status >= 500, on eth0, from now until"},
        {"http and\n    response.status >= 500\n", {"eth0"}, {}, "http and response.status >= 500, on eth0, from now"},
        {"dns", {"eth0", "lo"}, {}, "dns, on eth0 and lo, from now until interrupted, kept"},
        {"dns", {"eth0", "eth1", "lo"}, {}, "dns, on eth0, eth1 and lo, from now until"},
        {"", {"any"}, {}, "every packet, on any, from now until interrupted"},
        {"dns", {}, {}, "dns, from now until interrupted, kept until deleted"},
        {"dns", {}, {"a.pcap"}, "dns, from a.pcap, kept until deleted"},
        {"dns", {}, {"a.pcap", "-"}, "dns, from a.pcap and standard input, kept until deleted"},
    };
    for (const auto& row : rows) {
      Job job = job_of({});
      job.statement = row.statement;
      job.interfaces = row.interfaces;
      job.files = row.files;
      const std::string words = in_words(job, at("2024-06-04T05:33:00Z"));
      CHECK(words.substr(0, 10 + row.words.size()) == "\"errors\": " + row.words);
    }
  }

  TEST_CASE("a job that ends after so many packets says so") {
    Job job = job_of({});
    job.packet_count = 100;
    CHECK(in_words(job, at("2024-06-04T05:33:00Z")) ==
          "\"errors\": http, on eth0, from now until interrupted, at most 100 packets, kept until deleted");
  }

  TEST_CASE("a text of several lines in one: text -> line") {
    const struct {
      std::string text, line;
    } rows[] = {{"http", "http"}, {"", ""}, {" \n", ""}, {"  http\n\tand\r\n x  \n", "http and x"}};
    for (const auto& row : rows) CHECK(one_line(row.text) == row.line);
  }

  TEST_CASE("a span: seconds -> as exact as a person wants it") {
    const struct {
      std::int64_t seconds;
      std::string text;
    } rows[] = {
        {-5, "0 s"},
        {0, "0 s"},
        {59, "59 s"},
        {119, "1 min 59 s"},
        {120, "2 min"},
        {149, "2 min"},
        {11520, "3 h 12 min"},
        {11549, "3 h 12 min"},
        {86'400 * 2 + 11'000, "2 d 3 h"},
    };
    for (const auto& row : rows) CHECK(rough_text(Duration::seconds(row.seconds)) == row.text);
    CHECK(rough_text({INT64_MAX}).substr(0, 8) == "106751 d");
  }

  TEST_CASE("what comes next: state, clock -> words, iteration, expiry") {
    const Job daily = job_of({"2024-06-04T08:45:00Z", 7, minutes(60), days(3)});
    const Job once = job_of({"", 1, {}, never});
    Description scheduled;
    scheduled.job = daily;
    scheduled.created = at("2024-06-04T05:00:00Z");
    Description interrupted = begun_at("2024-06-04T08:45:00Z", State::recording, once);
    interrupted.state = State::interrupted;
    interrupted.iterations.back().state = State::interrupted;
    const struct {
      std::string situation;
      Description description;
      std::string now, next, iteration, expiry;
    } rows[] = {
        {"before its start", scheduled, "2024-06-04T05:33:00Z", "in 3 h 12 min", "0/7", "after 3 d"},
        {"nobody has begun it", scheduled, "2024-06-04T08:46:00Z", "due", "0/7", "after 3 d"},
        {"the second day", begun_at("2024-06-05T08:45:00Z", State::recording, daily), "2024-06-05T09:00:00Z",
         "ends 09:45", "2/7", "after 3 d"},
        {"between two days", begun_at("2024-06-05T08:45:00Z", State::waiting, daily), "2024-06-05T09:45:00Z", "in 23 h",
         "2/7", "after 3 d"},
        {"the last day is over", begun_at("2024-06-10T08:45:00Z", State::completed, daily), "2024-06-10T10:00:00Z",
         "ended 09:45", "7/7", "in 3 d"},
        {"nobody has removed it", begun_at("2024-06-10T08:45:00Z", State::completed, daily), "2024-06-14T10:00:00Z",
         "ended 2024-06-10 09:45", "7/7", "now"},
        {"until interrupted", begun_at("2024-06-04T08:00:00Z", State::recording, once), "2024-06-04T09:00:00Z",
         "until stopped", "1/1", "never"},
        {"its process is gone", interrupted, "2024-06-04T09:00:00Z", "", "1/1", "never"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      const Timestamp now = at(row.now);
      const Outlook outlook = outlook_of(row.description, now);
      CHECK(next_in_words(row.description, outlook, now) == row.next);
      CHECK(iteration_in_words(row.description.job, outlook) == row.iteration);
      CHECK(expiry_in_words(row.description.job, outlook, now) == row.expiry);
    }
  }

  TEST_CASE("an iteration that was begun again after a crash counts once") {
    Description description =
        begun_at("2024-06-05T08:45:00Z", State::recording, job_of({"2024-06-04T08:45:00Z", 7, minutes(60), never}));
    description.iterations.push_back(description.iterations.back());
    description.iterations.back().began = at("2024-06-05T09:10:00Z");
    const Outlook outlook = outlook_of(description, at("2024-06-05T09:15:00Z"));
    CHECK(outlook.iteration == 2);
    CHECK(outlook.ends == at("2024-06-05T09:45:00Z"));
    CHECK(outlook.next == at("2024-06-06T08:45:00Z"));
  }

  TEST_CASE("a job without a last iteration is counted without one") {
    const Description description =
        begun_at("2024-06-05T08:45:00Z", State::waiting, job_of({"2024-06-04T08:45:00Z", 0, minutes(60), never}));
    CHECK(iteration_in_words(description.job, outlook_of(description, at("2024-06-05T12:00:00Z"))) == "2");
  }

  TEST_CASE("an iteration expires by its own end") {
    const Description description =
        begun_at("2024-06-05T08:45:00Z", State::waiting, job_of({"2024-06-04T08:45:00Z", 7, minutes(60), days(3)}));
    const Iteration& iteration = description.iterations.back();
    CHECK(expiry_in_words(description.job, iteration, at("2024-06-06T09:45:00Z")) == "in 2 d");
    CHECK(expiry_in_words(description.job, iteration, at("2024-06-08T09:45:00Z")) == "now");
  }
}

}  // namespace
}  // namespace wiretape::record
