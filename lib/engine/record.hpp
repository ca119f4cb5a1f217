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
  record::Job job;  // name, statement text, inputs, limits: what recording.json holds
  kfl::Statement statement;
  std::string store;
  std::vector<std::string> inputs;            // capture files in the order given; "-" is standard input
  std::optional<std::uint64_t> packet_count;  // -c
  std::string packet_filter;                  // -f
  bool keep_clear_packets = false;  // packets are stored though the statement redacts: they show what it hides
  std::size_t body_limit = 1U << 20U;
  std::size_t backlog_limit = 256U << 20U;
  std::uint64_t spool_limit =
      1ULL << 30U;  // of the file in the recording's folder for what the backlog has no room for
  std::size_t workers = default_workers();  // PipelineOptions::workers

  [[nodiscard]] StoredPackets stored_packets() const {
    return statement.redacts() && !keep_clear_packets ? StoredPackets::none : StoredPackets::whole_streams;
  }
};

// Creates the recording's folder, reads all inputs, and leaves the recording completed (or failed, with what it has
// intact). `stop` set by a signal handler ends it early in good order.
Result<Stats> record_files(const RecordRequest& request, const std::atomic<bool>& stop);

}  // namespace wiretape::engine
