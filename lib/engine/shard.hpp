// SPDX-License-Identifier: Apache-2.0
// Some of a run's streams: their bytes in order, their calls, and who wants them.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/batch.hpp"
#include "flow/backlog_budget.hpp"
#include "flow/spool.hpp"
#include "proto/protocol.hpp"

namespace wiretape::engine {

struct ShardOptions {
  DissectorOptions dissector = {};
  flow::BacklogBudget* budget = nullptr;  // shared by all shards
  flow::Spool* spool = nullptr;           // likewise; may be null
};

// A plain function of the steps it is given, without threads, clocks or globals. For one thread at a time.
class Shard {
 public:
  // Budget and spool must outlive it.
  explicit Shard(const ShardOptions& options);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Works through `steps` of the batch, and appends to `out` what is selected. Where the batch has another plan than
  // the one before, streams that are kept for jobs that are gone are told over first, and new jobs join the streams
  // that are open: where they are held for others from their first packet, else from now on.
  void run(const Batch& batch, std::span<const Step> steps, Output& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape::engine
