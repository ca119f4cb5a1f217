// SPDX-License-Identifier: Apache-2.0
#include "record/outlook.hpp"

#include <algorithm>

#include "record/schedule.hpp"

namespace wiretape::record {
namespace {

// An iteration may have begun late, never a day late: the start that it was meant for tells its number.
std::uint32_t number_of(const Iteration& iteration, const Job& job, Timestamp created) {
  const Duration since_first = iteration.scheduled - window_of(job, created, 0).begin;
  const std::int64_t days = std::clamp<std::int64_t>(since_first.nanoseconds / day.nanoseconds, 0, UINT32_MAX - 1);
  return static_cast<std::uint32_t>(days) + 1;
}

bool goes_on(State state) {
  return state == State::scheduled || state == State::recording || state == State::waiting ||
         state == State::interrupted;
}

std::optional<Timestamp> end_of(const Iteration& iteration, const Job& job) {
  if (iteration.state != State::recording || !job.duration) return std::nullopt;
  return iteration.scheduled + *job.duration;
}

}  // namespace

Outlook outlook_of(const Description& description, Timestamp now) {
  const Job& job = description.job;
  Outlook outlook;
  outlook.expires = expiry_of(description);
  if (!description.iterations.empty()) {
    const Iteration& latest = description.iterations.back();
    outlook.iteration = number_of(latest, job, description.created);
    outlook.ends = end_of(latest, job);
  }
  if (!goes_on(description.state)) return outlook;
  const Due to_do = due(job, description.created, outlook.iteration, now);
  if (to_do.kind != Due::Kind::over) outlook.next = to_do.window.begin;
  return outlook;
}

}  // namespace wiretape::record
