// SPDX-License-Identifier: Apache-2.0
#include "engine/job_clock.hpp"

#include <algorithm>
#include <ctime>

namespace wiretape::engine {
namespace {

// Which of the job's iterations one of the description is.
std::uint32_t index_of(const record::Description& description, const record::Iteration& iteration) {
  const Timestamp first = record::window_of(description.job, description.created, 0).begin;
  const std::int64_t days = (iteration.scheduled - first).nanoseconds / record::day.nanoseconds;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(days, 0));
}

}  // namespace

Moment moment_now() {
  timespec boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  return {.wall = now(), .boot = {std::int64_t{boot.tv_sec} * 1'000'000'000 + boot.tv_nsec}};
}

JobClock::JobClock(const record::Description& description) : job_(description.job), created_(description.created) {
  next_ = description.missed;
  for (const record::Iteration& iteration : description.iterations) {
    const std::uint32_t index = index_of(description, iteration);
    const bool goes_on = iteration.state == record::State::interrupted || iteration.state == record::State::recording;
    next_ = std::max(next_, goes_on ? index : index + 1);
  }
}

JobClock::Todo JobClock::at(const Moment& now) const {
  if (recording_) {
    const auto& [window, end_by_boot] = *recording_;
    const bool ends = (window.end && *window.end <= now.wall) || (end_by_boot && *end_by_boot <= now.boot);
    return {.kind = ends ? Todo::Kind::end : Todo::Kind::nothing, .window = window, .missed = 0};
  }
  const record::Due due = record::due(job_, created_, next_, now.wall);
  Todo todo{.kind = Todo::Kind::nothing, .window = due.window, .missed = due.missed};
  if (due.kind == record::Due::Kind::record) todo.kind = Todo::Kind::begin;
  if (due.kind == record::Due::Kind::over) todo.kind = Todo::Kind::over;
  return todo;
}

// By the clock that only goes on it takes no longer than what is left of its window now.
void JobClock::began(const Todo& todo, const Moment& now) {
  recording_ = Recording{.window = todo.window, .end_by_boot = {}};
  if (todo.window.end) recording_->end_by_boot = now.boot + (*todo.window.end - now.wall);
}

void JobClock::ended() {
  recording_.reset();
  ++next_;
}

std::optional<Timestamp> JobClock::wakes(const Moment& now) const {
  if (recording_) {
    if (!recording_->end_by_boot) return std::nullopt;
    return std::min(*recording_->window.end, now.wall + (*recording_->end_by_boot - now.boot));
  }
  const record::Due due = record::due(job_, created_, next_, now.wall);
  return due.kind == record::Due::Kind::wait ? std::optional(due.window.begin) : std::nullopt;
}

bool JobClock::has_more() const {
  return job_.iterations == 0 || next_ + 1 < job_.iterations;
}

}  // namespace wiretape::engine
