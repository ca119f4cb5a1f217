// SPDX-License-Identifier: Apache-2.0
// Between the pipeline and a recording's writer.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "capture/source.hpp"
#include "engine/pipeline.hpp"
#include "engine/positions.hpp"
#include "record/writer.hpp"

namespace wiretape::engine {

// What one job selects, on its way to its segments. Errors of writing are remembered, not thrown: who feeds the
// pipeline asks error() between batches.
class RecordingSink final : public JobSink {
 public:
  // Packets that come as positions are read again from `source`, a batch at a time, so that a file is read in order.
  // `limit` is the number of calls after which no more are taken (limit(n)). Both references must outlive the sink.
  RecordingSink(record::IterationWriter& writer, capture::PacketSource& source, const kfl::Statement& statement);

  void packet(const net::Packet& packet) override;
  void call(const Entry& entry) override;
  void stream_kept(const StreamFacts& facts, const StreamPackets& packets, const record::Loss& loss) override;
  void stream_over(const StreamFacts& facts, const StreamPackets& packets, const record::Loss& loss) override;

  // Gives everything so far to the kernel, packets before the lines that speak of them.
  void flush();

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] bool satisfied() const override { return calls_ >= limit_; }

 private:
  void check(Result<void> result);
  void write_waiting();

  record::IterationWriter& writer_;
  capture::PacketSource& source_;
  kfl::Statement statement_;
  kfl::Scratch scratch_;
  std::uint64_t limit_;
  Positions positions_;       // packets still to be read again
  std::string stream_lines_;  // each with its newline: they wait for those packets
  std::string call_lines_;
  std::string line_;
  std::unordered_map<std::uint64_t, std::uint64_t> stream_calls_;  // of the kept streams that are open, by number
  std::uint64_t calls_ = 0;
  std::optional<Error> error_;
};

}  // namespace wiretape::engine
