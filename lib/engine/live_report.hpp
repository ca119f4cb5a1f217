// SPDX-License-Identifier: Apache-2.0
// Numbers of a live recording at a moment.
#pragma once

#include <cstdint>

#include "capture/live.hpp"
#include "record/job.hpp"

namespace wiretape::engine {

struct LiveReport {
  capture::Counters counters;  // since the iteration began
  record::Totals totals;
  std::uint64_t disk_waits = 0;  // how often capturing had to wait for the disk
};

}  // namespace wiretape::engine
