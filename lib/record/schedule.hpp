// SPDX-License-Identifier: Apache-2.0
// When iterations begin, end and expire (product.md section 2). Pure functions of the times given to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "record/job.hpp"

namespace wiretape::record {

inline constexpr Duration day = Duration::seconds(86'400);

// --start: `08:45`, `08:45 UTC`, `08:45Z` is the next such minute in UTC, the one of `now` included; RFC 3339 is that
// moment; none for an empty text or `now`: at once. ErrorKind::usage with the forms that are accepted.
Result<std::optional<Timestamp>> parse_start(std::string_view text, Timestamp now);

// What the times of a job need to make sense together; the sentence names the cure. `now` is the moment of creating it.
Result<void> check_schedule(const Job& job, Timestamp now);

// From `begin` up to, not including, `end`.
struct Window {
  Timestamp begin;
  std::optional<Timestamp> end;  // none: until interrupted
  bool operator==(const Window&) const = default;
};
// Iteration k, from 0. A job without a start begins at `created`.
Window window_of(const Job& job, Timestamp created, std::uint32_t iteration);

// What a job has to do at a moment.
struct Due {
  enum class Kind : std::uint8_t {
    wait,    // until window.begin
    record,  // iteration `iteration` now: late when window.begin has passed, up to window.end
    over,    // the last window has passed
  };
  Kind kind = Kind::over;
  std::uint32_t iteration = 0;
  Window window;
  std::uint32_t missed = 0;  // iterations from `next` on whose whole window has passed
};
// `next` is the first iteration that has not been begun.
Due due(const Job& job, Timestamp created, std::uint32_t next, Timestamp now);

// When what an iteration recorded may be removed; none: never, or not over yet.
std::optional<Timestamp> expiry_of(const Job& job, const Iteration& iteration);
// When the recording's folder itself goes: the job is over and its last iteration has expired; none: never, or not
// known yet.
std::optional<Timestamp> expiry_of(const Description& description);

// 20240604T084500Z; from the second on 20240604T084500Z-2. `count` counts from 1.
std::string iteration_name(Timestamp scheduled, std::uint32_t count = 1);

// What is not over and nobody works on any more: the recording and its open iteration are interrupted.
void note_interruption(Description& description);

// Whether nothing more will be recorded: completed, stopped, failed, or interrupted with the schedule's last end
// passed.
bool is_over(const Description& description, Timestamp now);

}  // namespace wiretape::record
