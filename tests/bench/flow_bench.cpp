// SPDX-License-Identifier: Apache-2.0
// What a packet costs in lib/flow, in nanoseconds, and an open stream in bytes. Build in Release:
//   cmake --build build/release --target flow_bench && build/release/tests/bench/flow_bench
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "flow/backlog.hpp"
#include "flow/flow_table.hpp"
#include "flow/tcp_stream.hpp"

namespace {

using namespace wiretape;
using Flags = net::TcpFlags;

constexpr int runs = 5;

double cpu_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// The median of some runs after one to warm up, in nanoseconds of CPU for each of `count`.
template <class Run>
double nanoseconds_each(std::size_t count, Run&& run) {
  std::vector<double> times;
  for (int i = 0; i <= runs; ++i) {
    const double start = cpu_nanoseconds();
    run();
    if (i > 0) times.push_back((cpu_nanoseconds() - start) / static_cast<double>(count));
  }
  std::nth_element(times.begin(), times.begin() + runs / 2, times.end());
  return times[runs / 2];
}

void say(const char* what, double value, const char* unit) {
  std::printf("%-58s %10.1f %s\n", what, value, unit);
}

Endpoint endpoint(std::uint32_t host, std::uint16_t port) {
  Endpoint made{.address = {}, .port = port};
  for (unsigned i = 0; i < 4; ++i) made.address.bytes[i] = static_cast<std::uint8_t>(host >> (24U - 8U * i));
  return made;
}

net::Segment data_segment(std::uint32_t client) {
  net::Segment segment;
  segment.source = endpoint(0x0A000000 + client / 20'000, static_cast<std::uint16_t>(30'000 + client % 20'000));
  segment.destination = endpoint(0x0A800001, 80);
  segment.flags = Flags::ack;
  segment.payload_length = 100;
  return segment;
}

class Deaf final : public flow::TcpReader {
 public:
  void chunk(const Chunk& chunk) override { bytes += chunk.bytes.size(); }
  void end(Direction, Timestamp) override {}
  std::size_t bytes = 0;
};

void bench_table(std::uint32_t streams, const char* what) {
  constexpr std::size_t packets = 1'000'000;
  std::vector<net::Segment> segments;
  for (std::uint32_t i = 0; i < streams; ++i) segments.push_back(data_segment(i));
  std::mt19937 random(1);
  std::vector<std::uint32_t> order(packets);
  for (auto& at : order) at = static_cast<std::uint32_t>(random() % streams);

  flow::FlowTable table;
  Timestamp now{1'000'000'000};
  for (auto& segment : segments) table.of(segment);
  std::size_t ended = 0;
  say(what,
      nanoseconds_each(packets,
                       [&] {
                         for (const std::uint32_t at : order) {
                           now = now + Duration{1000};
                           net::Segment& segment = segments[at];
                           segment.time = now;
                           table.expire(now, [&ended](flow::FlowId, flow::End) { ++ended; });
                           ended += table.of(segment).flow == flow::no_flow ? 1 : 0;
                         }
                       }),
      "ns");
  say("  its memory for each open stream", static_cast<double>(table.memory()) / streams, "bytes");
  if (ended > 0) std::printf("a stream ended early\n");
}

void bench_stream(std::size_t streams, const char* what) {
  constexpr std::size_t packets = 1'000'000;
  const std::string payload(1460, 'x');
  std::vector<flow::TcpStream> all(streams);
  std::vector<StreamFacts> facts(streams);
  flow::ReorderBudget budget;
  Deaf reader;
  net::Segment segment;
  segment.payload = payload;
  segment.payload_length = static_cast<std::uint32_t>(payload.size());
  segment.flags = Flags::ack;
  std::uint32_t sequence = 1;
  say(what,
      nanoseconds_each(packets,
                       [&] {
                         for (std::size_t i = 0; i < packets; i += streams) {
                           segment.sequence = sequence;
                           for (std::size_t at = 0; at < streams; ++at) {
                             all[at].feed(segment, Direction::to_server, facts[at], budget, reader);
                           }
                           sequence += segment.payload_length;
                         }
                       }),
      "ns");
}

void bench_swapped_pairs() {
  constexpr std::size_t packets = 1'000'000;
  const std::string payload(1460, 'x');
  flow::TcpStream stream;
  StreamFacts facts;
  flow::ReorderBudget budget;
  Deaf reader;
  net::Segment segment;
  segment.payload = payload;
  segment.payload_length = static_cast<std::uint32_t>(payload.size());
  segment.flags = Flags::ack;
  std::uint32_t sequence = 0;
  stream.feed(segment, Direction::to_server, facts, budget, reader);
  say("feed, every second segment overtaken, a packet",
      nanoseconds_each(packets,
                       [&] {
                         for (std::size_t i = 0; i < packets; i += 2) {
                           segment.sequence = sequence + 2 * segment.payload_length;
                           stream.feed(segment, Direction::to_server, facts, budget, reader);
                           segment.sequence = sequence += segment.payload_length;
                           stream.feed(segment, Direction::to_server, facts, budget, reader);
                           sequence += segment.payload_length;
                         }
                       }),
      "ns");
}

void bench_backlog(std::size_t captured, std::uint64_t position, const char* what) {
  constexpr std::size_t packets = 500'000;
  constexpr flow::FlowId streams = 5000;
  const std::string bytes(captured, 'x');
  flow::Backlog backlog(std::size_t{2} << 30U);
  net::Packet packet;
  packet.data = bytes;
  packet.original_length = static_cast<std::uint32_t>(captured);
  double memory = 0;
  const double each = nanoseconds_each(packets, [&] {
    for (std::size_t i = 0; i < packets; ++i) {
      packet.number = i;
      packet.time = {static_cast<std::int64_t>(i) * 1000};
      packet.position = position == net::no_position ? position : i * (captured + 16);
      backlog.hold(static_cast<flow::FlowId>(i * 7919 % streams), packet);
    }
    memory = static_cast<double>(backlog.memory());
    for (flow::FlowId flow = 0; flow < streams; ++flow) backlog.drop(flow);
  });
  say(what, each, "ns");
  say("  its memory for each packet", memory / packets, "bytes");
}

}  // namespace

int main() {
  bench_table(5000, "expire and of, 5,000 open streams, a packet");
  bench_table(1'000'000, "expire and of, 1,000,000 open streams, a packet");
  bench_stream(1, "feed in order, one stream, a packet");
  bench_stream(5000, "feed in order, 5,000 streams in turn, a packet");
  bench_swapped_pairs();
  say("a stream at rest", sizeof(flow::TcpStream), "bytes");
  bench_backlog(1000, 0, "hold and drop, as a position, a packet");
  bench_backlog(100, net::no_position, "hold and drop, as a copy of 100 bytes, a packet");
  bench_backlog(1000, net::no_position, "hold and drop, as a copy of 1,000 bytes, a packet");
  return 0;
}
