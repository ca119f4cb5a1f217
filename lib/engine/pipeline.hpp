// SPDX-License-Identifier: Apache-2.0
// The data path: packets in, calls and kept packets out. Without clocks or globals: time is packet time. What comes out
// is the same, in the same order, with any number of workers, as long as no budget of memory is spent.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/jobs.hpp"
#include "engine/stats.hpp"
#include "flow/flow_table.hpp"
#include "flow/spool.hpp"
#include "net/packet.hpp"
#include "proto/protocol.hpp"

namespace wiretape::engine {

// How many workers this machine can keep busy beside the thread that reads.
std::size_t default_workers();
inline constexpr std::size_t most_workers = 64;

struct PipelineOptions {
  flow::Timeouts timeouts = {};
  DissectorOptions dissector = {};
  std::size_t backlog_limit = 256U << 20U;  // bytes of memory for packets that are held back
  flow::Spool* spool = nullptr;             // for those it has no room for; must outlive the pipeline
  std::uint64_t first_stream = 0;           // number of the first stream
  std::span<const SourceFacts* const>
      sources;  // by interface of the packets; what they point at must outlive the pipeline
  // Threads that dissect, at most most_workers. 0: the thread that feeds does it all. They are started when there is
  // enough to do for them.
  std::size_t workers = 0;
};

// Sinks are called by the thread that calls feed(), advance() and finish(), during these calls.
class Pipeline {
 public:
  // At most most_jobs. They have the slots 0, 1, 2 ...
  Pipeline(std::vector<PipelineJob> jobs, const PipelineOptions& options);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // In the order of the source. `hold` keeps the packets' data valid until it is let go; without workers it is enough
  // that they live as long as the call. With workers they may wait until there are more.
  void feed(std::span<const net::Packet> packets, const std::shared_ptr<const void>& hold = nullptr);

  // Packet time has come to `now` without a packet (a live source at rest): ends what is idle, tells what is
  // unanswered, and hands out what is ready.
  void advance(Timestamp now);

  // What was fed is worked on now. For who does not know when there will be more.
  void flush();

  // The input is over: every stream ends.
  void finish();

  // A further job, from the next packet on; what it gets of streams that are open by then: engine/shard.hpp. Gives its
  // slot. There must be a free one.
  std::size_t add_job(PipelineJob job);
  // The job is over: the streams it keeps are told over to it. Its sink is not used any more when this returns.
  void end_job(std::size_t slot);

  // The sources grew (pcapng brings interfaces as it goes).
  void set_sources(std::span<const SourceFacts* const> sources);

  // What was dropped before it came here since the beginning: a stream's ledger has what was dropped in its life.
  void set_drops(std::uint64_t by_kernel, std::uint64_t by_interface);

  // As far as sinks were given everything.
  [[nodiscard]] Stats stats() const;
  [[nodiscard]] std::uint64_t next_stream() const;  // number of the stream that would come next

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape::engine
