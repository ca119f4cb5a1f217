// SPDX-License-Identifier: Apache-2.0
#include "engine/recording_sink.hpp"

#include <limits>

#include "entry/render.hpp"
#include "json/writer.hpp"

namespace wiretape::engine {
namespace {

// What may wait for its packets: lines of 8 MiB, or positions of a quarter of a million packets.
constexpr std::size_t waiting_lines = 8U << 20U;
constexpr std::uint64_t waiting_packets = 1U << 18U;

template <class Take>
void each_line(const std::string& lines, Take&& take) {
  for (std::size_t start = 0; start < lines.size();) {
    const std::size_t end = lines.find('\n', start);
    take(std::string_view(lines).substr(start, end - start));
    start = end + 1;
  }
}

}  // namespace

RecordingSink::RecordingSink(record::IterationWriter& writer, capture::PacketSource& source,
                             const kfl::Statement& statement)
    : writer_(writer),
      source_(source),
      statement_(statement),
      limit_(statement.limit().value_or(std::numeric_limits<std::uint64_t>::max())) {}

void RecordingSink::packet(const net::Packet& packet) {
  if (packet.position == net::no_position) return check(writer_.packet(packet));
  positions_.add(packet.position);
  if (positions_.size() >= waiting_packets) write_waiting();
}

void RecordingSink::call(const Entry& entry) {
  ++calls_;
  ++stream_calls_[entry.stream->number];
  line_.clear();
  json::Writer json(line_);
  render(entry, json);
  if (statement_.redacts()) line_ = statement_.redacted(line_, scratch_);
  call_lines_ += line_;
  call_lines_ += '\n';
  if (call_lines_.size() >= waiting_lines) write_waiting();
}

void RecordingSink::stream_kept(const StreamFacts& facts, const StreamPackets& packets, const record::Loss& loss) {
  const record::StreamCounts counts{.calls = stream_calls_[facts.number],
                                    .kept_packets = packets.packets - loss.backlog_cut_packets,
                                    .kept_bytes = packets.bytes - loss.backlog_cut_bytes};
  record::append_stream_line(stream_lines_, facts, counts, loss);
  stream_lines_ += '\n';
}

void RecordingSink::stream_over(const StreamFacts& facts, const StreamPackets& packets, const record::Loss& loss) {
  stream_kept(facts, packets, loss);
  stream_calls_.erase(facts.number);
}

// A call is never there before its packets, nor before its stream.
void RecordingSink::write_waiting() {
  auto reader = positions_.read();
  for (std::uint64_t position = 0; !error_ && reader.next(position);) {
    auto again = source_.again(position);
    if (!again) {
      error_ = std::move(again).error();
      break;
    }
    check(writer_.packet(*again));
  }
  positions_.clear();
  each_line(stream_lines_, [&](std::string_view line) { check(writer_.stream(line)); });
  each_line(call_lines_, [&](std::string_view line) { check(writer_.call(line)); });
  stream_lines_.clear();
  call_lines_.clear();
}

void RecordingSink::flush() {
  write_waiting();
  check(writer_.flush());
}

void RecordingSink::check(Result<void> result) {
  if (!result && !error_) error_ = std::move(result).error();
}

}  // namespace wiretape::engine
