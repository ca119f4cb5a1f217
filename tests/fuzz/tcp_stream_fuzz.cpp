// SPDX-License-Identifier: Apache-2.0
// Reassembly over any segments. The input is a first byte for the budget, then segments of twelve bytes:
//   control (direction, time passed, payload cut, other data), flags, sequence, acknowledgment, payload length
#include <array>
#include <cstdlib>
#include <string>

#include "flow/tcp_stream.hpp"

namespace {

using namespace wiretape;

constexpr std::size_t longest_payload = 70'000;

void require(bool holds) {
  if (!holds) std::abort();
}

// What every reader may rely on.
class Checker final : public flow::TcpReader {
 public:
  void chunk(const Chunk& chunk) override {
    require(chunk.bytes.empty() != (chunk.missing == 0));
    require(!ended_[index(chunk.direction)]);
    gaps += chunk.missing > 0 ? 1 : 0;
    missing += chunk.missing;
    told += chunk.bytes.size();
    for (const char byte : chunk.bytes) sum_ += byte;  // reads it all: a view of freed memory would be found
  }
  void end(Direction direction, Timestamp) override {
    require(!ended_[index(direction)]);
    ended_[index(direction)] = true;
  }

  std::uint64_t gaps = 0;
  std::uint64_t missing = 0;
  std::uint64_t told = 0;

 private:
  std::array<bool, 2> ended_{};
  int sum_ = 0;
};

constexpr std::array<Duration, 8> steps = {Duration{},           Duration::milliseconds(1), Duration::milliseconds(100),
                                           Duration::seconds(1), Duration::seconds(3600),   Duration::seconds(-1),
                                           Duration{INT64_MAX},  Duration{INT64_MIN}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string honest(longest_payload, 'h');
  static const std::string lie(longest_payload, 'l');

  Cursor in(Bytes(reinterpret_cast<const char*>(data), size));
  const std::uint8_t tightness = in.u8();
  flow::ReorderBudget budget;
  budget.per_stream >>= tightness & 0x0FU;
  budget.total >>= tightness >> 4U;
  StreamFacts facts;
  Checker checker;
  flow::TcpStream stream;
  Timestamp now;
  std::uint64_t captured = 0;
  while (in.left() >= 12) {
    const std::uint8_t control = in.u8();
    now = now + steps[control >> 1U & 7U];
    net::Segment segment;
    segment.time = now;
    segment.flags = in.u8();
    segment.sequence = in.be32();
    segment.acknowledgment = in.be32();
    segment.payload_length = in.be16();
    segment.payload = Bytes((control & 0x20U) != 0 ? lie : honest).substr(0, segment.payload_length);
    if ((control & 0x10U) != 0) segment.payload = segment.payload.substr(0, segment.payload.size() / 2);
    if ((control & 0x40U) != 0) segment.payload_length <<= 16U;
    captured += segment.payload.size();
    stream.feed(segment, (control & 1U) != 0 ? Direction::to_client : Direction::to_server, facts, budget, checker);
    require(budget.used <= budget.total + longest_payload * 2);
    require(stream.memory() <= budget.per_stream + longest_payload * 2);
  }
  stream.finish(now, facts, budget, checker);
  require(budget.used == 0 && stream.memory() == 0);
  require(checker.told <= captured);
  require(checker.gaps == facts.sides[0].gaps + facts.sides[1].gaps);
  require(checker.missing == facts.sides[0].gap_bytes + facts.sides[1].gap_bytes);
  return 0;
}
