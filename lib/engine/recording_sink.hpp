// SPDX-License-Identifier: Apache-2.0
// Between the pipeline and a recording's writer: what one job selects, collected in batches.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "capture/source.hpp"
#include "engine/jobs.hpp"
#include "engine/packet_buffer.hpp"
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

// What a statement that redacts hides must not stand in the packets, unless the job wants it so.
StoredPackets stored_packets(const kfl::Statement& statement, const record::Job& job);

class RecordingSink final : public JobSink {
 public:
  RecordingSink(const kfl::Statement& statement, StoredPackets stored);

  [[nodiscard]] std::unique_ptr<JobTeller> teller() const override;
  void packet(const net::Packet& packet) override;
  void call(std::string_view told) override;
  void stream(std::string_view told) override;

  // Who drives the pipeline writes the batch, or takes it away, before it grows past what memory is for it.
  [[nodiscard]] WriteBatch& batch() { return batch_; }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] std::uint64_t streams() const { return streams_; }  // ever kept
  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  [[nodiscard]] std::uint64_t packet_bytes() const { return packet_bytes_; }  // of those that came with their data

 private:
  kfl::Statement statement_;
  StoredPackets stored_;
  WriteBatch batch_;
  std::uint64_t calls_ = 0;
  std::uint64_t streams_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t packet_bytes_ = 0;
};

}  // namespace wiretape::engine
