// SPDX-License-Identifier: Apache-2.0
#include "engine/recording_sink.hpp"

#include <unordered_map>

#include "engine/calls.hpp"
#include "record/stream_line.hpp"

namespace wiretape::engine {
namespace {

// Stops at the first error.
template <class Take>
Result<void> each_line(const std::string& lines, Take&& take) {
  for (std::size_t start = 0; start < lines.size();) {
    const std::size_t end = lines.find('\n', start);
    if (auto taken = take(std::string_view(lines).substr(start, end - start)); !taken) return taken;
    start = end + 1;
  }
  return {};
}

Result<void> write_positions(Positions& positions, capture::PacketSource& source, record::IterationWriter& writer) {
  auto reader = positions.read();
  for (std::uint64_t position = 0; reader.next(position);) {
    auto packet = source.again(position);
    if (!packet) return std::move(packet).error();
    if (auto written = writer.packet(*packet); !written) return written;
  }
  if (reader.failed()) {
    return Error{.kind = ErrorKind::read,
                 .message = "cannot read back which packets are to be kept, from a file in TMPDIR"};
  }
  return {};
}

// Stands in front of a stream's line on its way to the sink.
char mark_of(StreamEvent event) {
  return event == StreamEvent::kept ? 'k' : 'o';
}

class RecordingTeller final : public JobTeller {
 public:
  RecordingTeller(const kfl::Statement& statement, StoredPackets stored)
      : calls_(json_teller(statement)), stored_(stored) {}

  void call(const Entry& entry, std::string& out) override {
    ++stream_calls_[entry.stream->number];
    calls_->tell(entry, out);
  }

  void stream(StreamEvent event, const StreamFacts& facts, const StreamPackets& packets, const record::Loss& loss,
              std::string& out) override {
    record::StreamCounts counts{.calls = stream_calls_[facts.number]};
    if (stored_ == StoredPackets::whole_streams) {
      counts.kept_packets = packets.packets - loss.backlog_cut_packets - loss.let_go_packets;
      counts.kept_bytes = packets.bytes - loss.backlog_cut_bytes - loss.let_go_bytes;
    }
    out += mark_of(event);
    record::append_stream_line(out, facts, counts, loss);
    if (event == StreamEvent::over) stream_calls_.erase(facts.number);
  }

 private:
  std::unique_ptr<CallTeller> calls_;
  StoredPackets stored_;
  std::unordered_map<std::uint64_t, std::uint64_t> stream_calls_;  // of the kept streams that are open, by number
};

}  // namespace

void WriteBatch::clear() {
  packets.clear();
  positions.clear();
  stream_lines.clear();
  call_lines.clear();
}

Result<void> write(WriteBatch& batch, capture::PacketSource* source, record::IterationWriter& writer) {
  Result<void> result;
  batch.packets.each([&](const net::Packet& packet) {
    if (result) result = writer.packet(packet);
  });
  if (result && !batch.positions.empty()) result = write_positions(batch.positions, *source, writer);
  if (result) result = each_line(batch.stream_lines, [&](std::string_view line) { return writer.stream(line); });
  if (result) result = each_line(batch.call_lines, [&](std::string_view line) { return writer.call(line); });
  batch.clear();
  return result;
}

StoredPackets stored_packets(const kfl::Statement& statement, const record::Job& job) {
  return statement.redacts() && !job.keep_clear_packets ? StoredPackets::none : StoredPackets::whole_streams;
}

RecordingSink::RecordingSink(const kfl::Statement& statement, StoredPackets stored)
    : statement_(statement), stored_(stored) {}

std::unique_ptr<JobTeller> RecordingSink::teller() const {
  return std::make_unique<RecordingTeller>(statement_, stored_);
}

void RecordingSink::packet(const net::Packet& packet) {
  ++packets_;
  packet_bytes_ += packet.data.size();
  if (packet.position == net::no_position) {
    batch_.packets.append(packet);
  } else {
    batch_.positions.add(packet.position);
  }
}

void RecordingSink::call(std::string_view told) {
  ++calls_;
  batch_.call_lines += told;
  batch_.call_lines += '\n';
}

void RecordingSink::stream(std::string_view told) {
  if (told.front() == mark_of(StreamEvent::kept)) ++streams_;
  batch_.stream_lines += told.substr(1);
  batch_.stream_lines += '\n';
}

}  // namespace wiretape::engine
