// SPDX-License-Identifier: Apache-2.0
// What `record create` is asked for on the command line, and the job that it makes of it.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "capture_options.hpp"
#include "engine/record.hpp"
#include "grpc_options.hpp"
#include "losses.hpp"
#include "statement_options.hpp"

namespace wiretape::cli {

struct RecordCreateOptions {
  std::string name;
  StatementOptions statement;
  std::vector<std::string> inputs;
  CaptureOptions capture;
  std::string user;
  std::optional<std::string> start;
  std::optional<std::uint32_t> iterations;
  std::optional<Duration> duration;
  std::optional<Duration> expiration;
  record::KeepAfter keep_after;
  std::string on_segment;
  std::string on_end;
  std::string resume;  // name of a recording to go on with
  bool ring = false;
  bool detach = false;
  bool list_interfaces = false;
  std::string packet_filter;
  std::optional<std::uint64_t> packet_count;
  std::uint64_t segment_size = record::Job{}.segment_size;
  std::uint64_t backlog_limit = record::Job{}.backlog_limit;
  std::uint64_t storage_limit = 0;
  std::optional<LossLimit> max_loss;
  std::uint64_t body_limit = record::Job{}.body_limit;
  grpc::TypeSources grpc_types;
  std::uint64_t spool_limit = record::Job{}.spool_limit;
  std::size_t workers = engine::default_workers();
  std::string store;
  bool force = false;
  bool keep_clear_packets = false;
  bool quiet = false;
  bool verbose = false;
  bool json = false;
};

void add_options(CLI::App& command, RecordCreateOptions& options);

// The job, its statement compiled and checked. Warnings are said.
Result<engine::RecordRequest> request_of(const RecordCreateOptions& options, Timestamp time);

}  // namespace wiretape::cli
