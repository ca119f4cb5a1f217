// SPDX-License-Identifier: Apache-2.0
// Making a recording of live traffic.
//
// Two processes: the parent keeps the privileges, the clock and the signals and reads nothing from the wire; the child
// opens the interfaces, gives up what it does not need, takes the traffic apart and writes. If the parent dies, the
// kernel kills the child, and the recording is `interrupted`, readable up to its last flush.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "capture/live.hpp"
#include "engine/record.hpp"
#include "record/job.hpp"

namespace wiretape::engine {

// Numbers of a live recording at a moment.
struct LiveReport {
  capture::Counters counters;
  record::Totals totals;
};

// What a person may ask for while it runs.
enum class LiveWish : std::uint8_t { stop, report, flush };

// The world outside, as the parent sees it.
struct LiveControl {
  int descriptor = -1;                          // readable when take() has something
  std::function<std::vector<LiveWish>()> take;  // does not block
  std::function<void(const std::vector<capture::Interface>&)> started;
  std::function<void(std::string_view)> notice;   // a sentence
  std::function<void(const LiveReport&)> report;  // an answer to LiveWish::report
};

struct LiveRequest {
  RecordRequest record;  // inputs are not used
  std::vector<capture::LiveOptions> interfaces;
  std::string user;  // -Z: who writes the recording, "" the caller
};

// Runs until it is asked to stop, the job's duration is over (by the wall clock, and never longer by the clock that
// counts suspended time), the packet count is reached or writing fails. The recording is completed, stopped or failed
// then. Must be called by a process with one thread.
Result<LiveReport> record_live(const LiveRequest& request, const LiveControl& control);

}  // namespace wiretape::engine
