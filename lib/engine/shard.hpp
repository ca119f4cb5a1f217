// SPDX-License-Identifier: Apache-2.0
// Some of a run's streams: their bytes in order, their calls, and who wants them.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/batch.hpp"
#include "engine/plan.hpp"
#include "proto/protocol.hpp"

namespace wiretape::engine {

struct ShardOptions {
  DissectorOptions dissector = {};
  std::size_t backlog_limit = 0;
};

// A plain function of the steps it is given, without threads, clocks or globals. For one thread at a time.
class Shard {
 public:
  // `plan` must outlive the shard.
  Shard(const Plan& plan, const ShardOptions& options);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Works through `steps` of the batch, and appends to `out` what is selected.
  void run(const Batch& batch, std::span<const Step> steps, Output& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape::engine
