// SPDX-License-Identifier: Apache-2.0
// What a job has to do when, by the times that are handed in: no clock is asked here.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "record/job.hpp"
#include "record/schedule.hpp"

namespace wiretape::engine {

// The same moment by two clocks: the wall clock, which may be set, and the one that only goes on, also while the
// machine sleeps (CLOCK_BOOTTIME).
struct Moment {
  Timestamp wall;
  Timestamp boot;  // counted from the start of the machine
};
Moment moment_now();

class JobClock {
 public:
  // Goes on behind the iterations that the description has; one that was interrupted is gone on with while its time is
  // not over.
  explicit JobClock(const record::Description& description);

  struct Todo {
    enum class Kind : std::uint8_t {
      nothing,  // until wakes() at the latest
      begin,    // an iteration: call began() when it is done
      end,      // the one that is being recorded: call ended() when it is done
      over,     // the last one has passed
    };
    Kind kind = Kind::nothing;
    record::Window window;     // of the iteration to begin
    std::uint32_t missed = 0;  // iterations before it, or before the end, whose time has passed entirely
  };
  [[nodiscard]] Todo at(const Moment& now) const;

  void began(const Todo& todo, const Moment& now);
  void ended();
  // Those were noted.
  void missed(std::uint32_t iterations) { next_ += iterations; }

  // When at() will have something else to say by the wall clock; none: never by itself.
  [[nodiscard]] std::optional<Timestamp> wakes(const Moment& now) const;
  // Whether an iteration is to come behind the one that is being recorded.
  [[nodiscard]] bool has_more() const;
  // When the one that is being recorded ends; none: when it is interrupted.
  [[nodiscard]] std::optional<Timestamp> end() const { return recording_ ? recording_->window.end : std::nullopt; }

 private:
  struct Recording {
    record::Window window;
    std::optional<Timestamp> end_by_boot;
  };

  record::Job job_;
  Timestamp created_;
  std::uint32_t next_ = 0;  // the first iteration that is not done with
  std::optional<Recording> recording_;
};

}  // namespace wiretape::engine
