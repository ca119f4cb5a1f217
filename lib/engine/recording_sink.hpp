// SPDX-License-Identifier: Apache-2.0
// Between the pipeline and a recording's writer: what one job selects, collected in batches.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "capture/source.hpp"
#include "engine/packet_buffer.hpp"
#include "engine/pipeline.hpp"
#include "engine/positions.hpp"
#include "record/writer.hpp"

namespace wiretape::engine {

// What has been selected and not written yet. Memory is kept over clear(), so a batch serves again.
struct WriteBatch {
  PacketBuffer packets;
  Positions positions;       // packets to be read again from the source
  std::string stream_lines;  // each with its newline
  std::string call_lines;

  [[nodiscard]] bool empty() const {
    return packets.empty() && positions.empty() && stream_lines.empty() && call_lines.empty();
  }
  [[nodiscard]] std::size_t size() const {  // bytes
    return packets.size() + positions.memory() + stream_lines.size() + call_lines.size();
  }
  void clear();
};

// Packets first, then the lines that speak of them. `source` may be null when the batch has no positions.
Result<void> write(WriteBatch& batch, capture::PacketSource* source, record::IterationWriter& writer);

// What a recording has of its streams beside their calls and lines; PipelineJob::keeps_packets says the same.
enum class StoredPackets : std::uint8_t { none, whole_streams };

class RecordingSink final : public JobSink {
 public:
  RecordingSink(const kfl::Statement& statement, StoredPackets stored);

  void packet(const net::Packet& packet) override;
  void call(const Entry& entry) override;
  void stream_kept(const StreamFacts& facts, const StreamPackets& packets, const record::Loss& loss) override;
  void stream_over(const StreamFacts& facts, const StreamPackets& packets, const record::Loss& loss) override;
  [[nodiscard]] bool satisfied() const override { return calls_ >= limit_; }

  // Who drives the pipeline writes the batch, or takes it away, before it grows past what memory is for it.
  [[nodiscard]] WriteBatch& batch() { return batch_; }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }

 private:
  kfl::Statement statement_;
  kfl::Scratch scratch_;
  StoredPackets stored_;
  std::uint64_t limit_;
  WriteBatch batch_;
  std::string line_;
  std::unordered_map<std::uint64_t, std::uint64_t> stream_calls_;  // of the kept streams that are open, by number
  std::uint64_t calls_ = 0;
};

}  // namespace wiretape::engine
