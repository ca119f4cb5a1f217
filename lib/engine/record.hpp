// SPDX-License-Identifier: Apache-2.0
// Making a recording.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/pipeline.hpp"
#include "engine/recording_sink.hpp"
#include "engine/stats.hpp"
#include "kfl/statement.hpp"
#include "record/job.hpp"

namespace wiretape::engine {

struct RecordRequest {
  record::Job job;  // what recording.json holds; its files are read in the order given, "-" is standard input
  kfl::Statement statement;
  std::string store;
  std::size_t workers = default_workers();  // PipelineOptions::workers
};

// Creates the recording's folder, reads all inputs, and leaves the recording completed (or failed, with what it has
// intact). `stop` set by a signal handler ends it early in good order.
Result<Stats> record_files(const RecordRequest& request, const std::atomic<bool>& stop);

}  // namespace wiretape::engine
