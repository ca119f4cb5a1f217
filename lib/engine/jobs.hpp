// SPDX-License-Identifier: Apache-2.0
// What a run looks for, and who takes what is found.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/stream_facts.hpp"
#include "entry/entry.hpp"
#include "kfl/statement.hpp"
#include "net/packet.hpp"
#include "record/job.hpp"
#include "record/stream_line.hpp"

namespace wiretape::engine {

// What of a stream was there to be kept so far.
struct StreamPackets {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // captured
};

// A stream is kept from now on: comes behind the packets held back, ahead of the call that decided it. Or a kept stream
// is over, and nothing more comes of it.
enum class StreamEvent : std::uint8_t { kept, over };

// Turns what a job selects into bytes, where it is found: entries are views that do not leave the thread that made
// them. Each dissecting thread has a teller of its own.
class JobTeller {
 public:
  JobTeller() = default;
  JobTeller(const JobTeller&) = delete;
  JobTeller& operator=(const JobTeller&) = delete;
  virtual ~JobTeller() = default;

  // Both append to `out` what JobSink gets by the same name.
  virtual void call(const Entry& entry, std::string& out) = 0;
  virtual void stream(StreamEvent event, const StreamFacts& facts, const StreamPackets& packets,
                      const record::Loss& loss, std::string& out) = 0;
};

// Who takes what one statement selects, on the thread that drives the pipeline. Packets come stream by stream: those
// held back in one go when the decision falls, then each as it arrives. Packets of a source that can be read again come
// as positions, without data. The order of all that comes is the same however many threads dissect.
class JobSink {
 public:
  JobSink() = default;
  JobSink(const JobSink&) = delete;
  JobSink& operator=(const JobSink&) = delete;
  virtual ~JobSink() = default;

  // May be called by any thread.
  [[nodiscard]] virtual std::unique_ptr<JobTeller> teller() const = 0;

  virtual void packet(const net::Packet& packet) = 0;
  // A call the statement matches, after all packets seen so far of its stream.
  virtual void call(std::string_view told) = 0;
  virtual void stream(std::string_view told) = 0;
};

inline constexpr std::uint64_t no_limit = UINT64_MAX;

struct PipelineJob {
  kfl::Statement statement;
  kfl::Statement within = {};      // must hold as well: what the recording that is read was made with
  JobSink* sink = nullptr;         // must outlive the pipeline
  bool keeps_packets = true;       // false: only calls are wanted, nothing is held back
  bool wants_calls = true;         // false: only packets are wanted; a stream is decided once
  bool wants_bodies = true;        // the sink tells calls with their bodies
  bool transport_entries = false;  // streams' own entries are told too, even where the statement does not name them
  // After so many calls no further stream is decided; those kept stay so. A pipeline that begins with such a job has
  // one shard; one that gets it later may have decided on some streams more by then.
  std::uint64_t limit = no_limit;
  record::KeepAfter keep_after = {};
};

// A set of jobs, by their slots.
using JobSet = std::uint64_t;

// More would need a longer set of jobs in each stream.
inline constexpr std::size_t most_jobs = 64;

constexpr JobSet only(std::size_t job) {
  return JobSet{1} << job;
}

template <class Visit>
void each(JobSet jobs, Visit&& visit) {
  for (; jobs != 0; jobs &= jobs - 1) visit(static_cast<std::size_t>(std::countr_zero(jobs)));
}

}  // namespace wiretape::engine
