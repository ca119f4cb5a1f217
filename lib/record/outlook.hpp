// SPDX-License-Identifier: Apache-2.0
// What is still to come of a recording: by its job, what has run so far and the clock.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "record/job.hpp"

namespace wiretape::record {

struct Outlook {
  std::uint32_t iteration = 0;       // the last one that was begun, counted from 1 by the schedule; 0: none yet
  std::optional<Timestamp> next;     // when the next one begins, the past when it is late; none: nothing more begins
  std::optional<Timestamp> ends;     // of the one that records; none: none does, or it goes on until interrupted
  std::optional<Timestamp> expires;  // of the recording's folder; none: never, or not known yet
};

// A pure function of the description and `now`. Begun again within the same window, an iteration counts once.
Outlook outlook_of(const Description& description, Timestamp now);

}  // namespace wiretape::record
