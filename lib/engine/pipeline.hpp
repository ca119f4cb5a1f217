// SPDX-License-Identifier: Apache-2.0
// The data path: packets in, calls and kept packets out. A plain function of its input, without threads, clocks
// or globals; time is packet time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/stats.hpp"
#include "flow/flow_table.hpp"
#include "kfl/statement.hpp"
#include "net/packet.hpp"
#include "proto/protocol.hpp"
#include "record/stream_line.hpp"

namespace wiretape::engine {

// What of a stream was there to be kept so far.
struct StreamPackets {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // captured
};

// Who takes what one statement selects. Packets come stream by stream: those held back in one go when the decision
// falls, then each as it arrives. Packets of a source that can be read again come as positions, without data.
class JobSink {
 public:
  JobSink() = default;
  JobSink(const JobSink&) = delete;
  JobSink& operator=(const JobSink&) = delete;
  virtual ~JobSink() = default;

  virtual void packet(const net::Packet& packet) = 0;
  // A call the statement matches, after all packets seen so far of its stream.
  virtual void call(const Entry& entry) = 0;
  // A stream is kept from now on: comes behind the packets held back, ahead of the call that decided it.
  virtual void stream_kept(const StreamFacts& facts, const StreamPackets& packets, const record::Loss& loss) = 0;
  // A kept stream is over; nothing more comes of it.
  virtual void stream_over(const StreamFacts& facts, const StreamPackets& packets, const record::Loss& loss) = 0;
  // Asked after a call: true when it was the last one wanted (limit(n)). Then no further stream is decided; those kept
  // stay so.
  [[nodiscard]] virtual bool satisfied() const { return false; }
};

struct PipelineJob {
  kfl::Statement statement;
  kfl::Statement within = {};      // must hold as well: what the recording that is read was made with
  JobSink* sink = nullptr;         // must outlive the pipeline
  bool keeps_packets = true;       // false: only calls are wanted, nothing is held back
  bool wants_calls = true;         // false: only packets are wanted; a stream is decided once
  bool wants_bodies = true;        // the sink tells calls with their bodies
  bool transport_entries = false;  // streams' own entries are told too, even where the statement does not name them
};

// More would need a longer set of jobs in each stream.
inline constexpr std::size_t most_jobs = 64;

struct PipelineOptions {
  flow::Timeouts timeouts = {};
  DissectorOptions dissector = {};
  std::size_t backlog_limit = 256U << 20U;
  std::uint64_t first_stream = 0;  // number of the first stream
  std::span<const SourceFacts* const>
      sources;  // by interface of the packets; what they point at must outlive the pipeline
};

class Pipeline {
 public:
  // At least one job, at most most_jobs.
  Pipeline(std::vector<PipelineJob> jobs, const PipelineOptions& options);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void feed(const net::Packet& packet);

  // Packet time has come to `now` without a packet (a live source at rest): ends what is idle, tells what is
  // unanswered.
  void advance(Timestamp now);

  // The input is over: every stream ends.
  void finish();

  // The sources grew (pcapng brings interfaces as it goes).
  void set_sources(std::span<const SourceFacts* const> sources);

  [[nodiscard]] const Stats& stats() const;
  [[nodiscard]] std::uint64_t next_stream() const;  // number of the stream that would come next

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape::engine
