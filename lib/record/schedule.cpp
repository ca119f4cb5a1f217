// SPDX-License-Identifier: Apache-2.0
#include "record/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/quantity.hpp"

namespace wiretape::record {
namespace {

constexpr Duration minute = Duration::seconds(60);
// A clock that has never been set; schedules by it would fire at random.
constexpr Timestamp earliest_now{365LL * 86'400 * 1'000'000'000};  // 1971-01-01

Error usage(std::string message, std::string hint) {
  return {.kind = ErrorKind::usage, .message = std::move(message), .hint = std::move(hint), .detail = {}};
}

Timestamp start_of_day(Timestamp time) {
  std::int64_t within = time.nanoseconds % day.nanoseconds;
  if (within < 0) within += day.nanoseconds;
  return {time.nanoseconds - within};
}

Duration days(std::int64_t count) {
  std::int64_t nanoseconds = 0;
  if (__builtin_mul_overflow(count, day.nanoseconds, &nanoseconds)) return {INT64_MAX};
  return {nanoseconds};
}

// "08:45" -> the time since midnight.
std::optional<Duration> time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto number = [&](std::size_t at) {
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : 100; };
    return digit(at) * 10 + digit(at + 1);
  };
  const int hour = number(0), in_hour = number(3);
  if (hour > 23 || in_hour > 59) return std::nullopt;
  return Duration::seconds(hour * 3600 + in_hour * 60);
}

// Takes the mark of UTC off the end; an RFC 3339 time keeps its own.
std::string_view without_utc(std::string_view text) {
  constexpr std::array<std::string_view, 3> marks = {" UTC", "UTC", "Z"};
  for (const std::string_view mark : marks) {
    if (text.size() == 5 + mark.size() && text.substr(5) == mark) return text.substr(0, 5);
  }
  return text;
}

bool ended_by_itself(State state) {
  return state == State::completed || state == State::stopped || state == State::failed;
}

// When the schedule's last window ends; none: never, or not known.
std::optional<Timestamp> last_end(const Job& job, Timestamp created) {
  if (job.iterations == 0) return std::nullopt;
  return window_of(job, created, job.iterations - 1).end;
}

}  // namespace

Result<std::optional<Timestamp>> parse_start(std::string_view text, Timestamp now) {
  if (text.empty() || text == "now") return std::optional<Timestamp>();
  if (const auto within = time_of_day(without_utc(text))) {
    const Timestamp today = start_of_day(now) + *within;
    return std::optional(now < today + minute ? today : today + day);
  }
  if (const auto moment = parse_rfc3339(text)) return std::optional(*moment);
  return usage(fmt::format("--start: '{}' is no time", text),
               "give 08:45 (the next one, UTC), 2024-06-04T08:45:00Z, or now");
}

Result<void> check_schedule(const Job& job, Timestamp now) {
  if (now < earliest_now) {
    return usage(fmt::format("the clock says {}, no schedule can be kept by it", rfc3339(now)), "set the clock");
  }
  if (!job.duration) {
    if (job.start) return usage("--start needs --duration", "say how long to record: --duration 60 is an hour");
    if (job.iterations != 1)
      return usage("--iterations needs --duration", "say how long to record each day: --duration 60 is an hour");
    return {};
  }
  if (job.duration->nanoseconds <= 0) {
    return usage("--duration: nothing can be recorded in no time", "give minutes (60) or 90s, 1h30m, 3d");
  }
  if (job.iterations != 1 && *job.duration > day) {
    return usage(fmt::format("iterations begin a day apart, so none can take {}", duration_text(*job.duration)),
                 "give --duration 1d or less, or --iterations 1");
  }
  if (due(job, now, 0, now).kind == Due::Kind::over) {
    return usage(
        fmt::format("--start: all of the schedule lies in the past, it began at {}", rfc3339(job.start.value_or(now))),
        "give a start to come, or 08:45 for the next 08:45 UTC");
  }
  return {};
}

Window window_of(const Job& job, Timestamp created, std::uint32_t iteration) {
  Window window;
  window.begin = job.start.value_or(created) + days(iteration);
  if (job.duration) window.end = window.begin + *job.duration;
  return window;
}

Due due(const Job& job, Timestamp created, std::uint32_t next, Timestamp now) {
  Due result;
  std::uint64_t iteration = next;
  if (const Window window = window_of(job, created, next); window.end && *window.end <= now) {
    iteration += static_cast<std::uint64_t>((now - *window.end).nanoseconds / day.nanoseconds) + 1;
  }
  const std::uint64_t most = job.iterations == 0 ? UINT32_MAX : job.iterations;
  iteration = std::min(iteration, std::max<std::uint64_t>(most, next));
  result.iteration = static_cast<std::uint32_t>(iteration);
  result.missed = result.iteration - next;
  if (iteration >= most) return result;
  result.window = window_of(job, created, result.iteration);
  result.kind = now < result.window.begin ? Due::Kind::wait : Due::Kind::record;
  return result;
}

std::optional<Timestamp> expiry_of(const Job& job, const Iteration& iteration) {
  if (job.expiration.nanoseconds <= 0 || iteration.state == State::recording) return std::nullopt;
  if (iteration.ended) return *iteration.ended + job.expiration;
  // Its process went without a word: it cannot have recorded for longer than its time.
  if (job.duration) return iteration.scheduled + *job.duration + job.expiration;
  return std::nullopt;
}

std::optional<Timestamp> expiry_of(const Description& description) {
  const Job& job = description.job;
  if (job.expiration.nanoseconds <= 0) return std::nullopt;
  const std::optional<Timestamp> end =
      ended_by_itself(description.state) ? description.ended : last_end(job, description.created);
  const bool may_be_over = ended_by_itself(description.state) || description.state == State::interrupted;
  if (!may_be_over || !end) return std::nullopt;
  Timestamp latest = *end + job.expiration;
  for (const Iteration& iteration : description.iterations) {
    const auto expiry = expiry_of(job, iteration);
    if (!expiry) return std::nullopt;
    latest = std::max(latest, *expiry);
  }
  return latest;
}

std::string iteration_name(Timestamp scheduled, std::uint32_t count) {
  const std::string time = rfc3339(scheduled);  // 2024-06-04T08:45:00.000000000Z
  const auto part = [&](std::size_t at, std::size_t length) { return std::string_view(time).substr(at, length); };
  std::string name =
      fmt::format("{}{}{}T{}{}{}Z", part(0, 4), part(5, 2), part(8, 2), part(11, 2), part(14, 2), part(17, 2));
  if (count > 1) name += fmt::format("-{}", count);
  return name;
}

void note_interruption(Description& description) {
  if (ended_by_itself(description.state)) return;
  description.state = State::interrupted;
  for (Iteration& iteration : description.iterations) {
    if (iteration.state == State::recording) iteration.state = State::interrupted;
  }
}

bool is_over(const Description& description, Timestamp now) {
  if (ended_by_itself(description.state)) return true;
  if (description.state != State::interrupted) return false;
  const auto end = last_end(description.job, description.created);
  return end && *end <= now;
}

}  // namespace wiretape::record
