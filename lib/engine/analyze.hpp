// SPDX-License-Identifier: Apache-2.0
// Capture files, recordings and segments read through a statement.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/calls.hpp"
#include "engine/stats.hpp"
#include "kfl/statement.hpp"

namespace wiretape::engine {

struct AnalyzeRequest {
  std::vector<std::string> inputs;  // files and folders in the order given; "-" is standard input
  std::string store;                // where record("name") of the statement is looked for
  kfl::Statement statement;
  std::optional<std::uint64_t> count;  // at most so many calls
  std::string write;               // packets of the matching calls' streams go here, "" nowhere, "-" standard output
  bool show_calls = true;          // false: only packets are wanted
  bool transport_entries = false;  // --l4: streams' own entries, even where the statement does not name them
  bool redissect = false;          // take the packets of recordings again
  std::size_t body_limit = 1U << 20U;
  std::size_t backlog_limit = 256U << 20U;
  bool want_bodies = true;  // the output shows bodies
};

// `sink` may be null when show_calls is false. Errors that ended a reading early (a cut file) come back in
// Stats::damage; everything before the damage has been told.
Result<Stats> analyze(const AnalyzeRequest& request, CallSink* sink);

}  // namespace wiretape::engine
