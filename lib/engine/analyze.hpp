// SPDX-License-Identifier: Apache-2.0
// Capture files, recordings and live traffic read through a statement.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "capture/live.hpp"
#include "engine/calls.hpp"
#include "engine/pipeline.hpp"
#include "engine/stats.hpp"
#include "kfl/statement.hpp"
#include "proto/grpc/types.hpp"

namespace wiretape::engine {

struct AnalyzeRequest {
  std::vector<std::string> inputs;               // files and folders in the order given; "-" is standard input
  std::vector<capture::LiveOptions> interfaces;  // read after everything else, until stopped
  bool follow = false;                           // go on with recordings that are being written, until they are over
  const std::atomic<bool>* stop = nullptr;       // set by somebody else: end in good order; may be null
  std::string store;                             // where record("name") of the statement is looked for
  kfl::Statement statement;
  std::optional<std::uint64_t> count;  // at most so many calls
  std::string write;               // packets of the matching calls' streams go here, "" nowhere, "-" standard output
  bool show_calls = true;          // false: only packets are wanted
  bool transport_entries = false;  // --l4: streams' own entries, even where the statement does not name them
  bool redissect = false;          // take the packets of recordings again
  bool sum_losses = false;         // fill Stats::ledger
  std::size_t body_limit = 1U << 20U;
  std::shared_ptr<const grpc::Types> grpc_types;  // names for what gRPC messages hold; may be null
  std::size_t backlog_limit = 256U << 20U;
  std::size_t workers = default_workers();  // PipelineOptions::workers
  bool want_bodies = true;                  // the output shows bodies
};

// Without inputs, interfaces and recordings in the statement every recording of the store is read.
// `sink` may be null when show_calls is false. Errors that ended a reading early (a cut file) come back in
// Stats::damage; everything before the damage has been told.
Result<Stats> analyze(const AnalyzeRequest& request, CallSink* sink);

}  // namespace wiretape::engine
