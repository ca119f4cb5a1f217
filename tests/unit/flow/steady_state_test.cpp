// SPDX-License-Identifier: Apache-2.0
// What is done for every packet allocates nothing once it has run for a while. Counts every allocation of this program.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "flow/backlog.hpp"
#include "flow/flow_table.hpp"
#include "flow/tcp_stream.hpp"

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* place = std::malloc(size > 0 ? size : 1)) return place;
  throw std::bad_alloc();
}
void operator delete(void* place) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
  std::free(place);
}

namespace wiretape::flow {
namespace {

class Deaf final : public TcpReader {
 public:
  void chunk(const Chunk& chunk) override { bytes += chunk.bytes.size(); }
  void end(Direction, Timestamp) override {}
  std::size_t bytes = 0;
};

Endpoint endpoint(std::uint32_t host, std::uint16_t port) {
  Endpoint made{.address = {}, .port = port};
  made.address.bytes = {10, 0, static_cast<std::uint8_t>(host >> 8U), static_cast<std::uint8_t>(host)};
  return made;
}

// The whole road of a packet, over streams that come and go.
struct Road {
  FlowTable table;
  Backlog backlog{std::size_t{64} << 20U};
  ReorderBudget budget;
  std::vector<TcpStream> streams;
  std::vector<StreamFacts> facts;
  Deaf reader;
  Timestamp now{1'000'000'000};
  std::uint64_t number = 0;

  void end(FlowId flow) {
    streams[flow].finish(now, facts[flow], budget, reader);
    backlog.drop(flow);
  }
  void packet(net::Segment& segment, Bytes payload) {
    now = now + Duration::milliseconds(1);
    segment.time = now;
    segment.payload = payload;
    segment.payload_length = static_cast<std::uint32_t>(payload.size());
    table.expire(now, [this](FlowId flow, End) { end(flow); });
    const Found found = table.of(segment);
    if (found.replaced != no_flow) end(found.replaced);
    if (found.flow >= streams.size()) {
      streams.resize(found.flow + 1);
      facts.resize(found.flow + 1);
    }
    if (found.fresh) {
      streams[found.flow] = TcpStream();
      facts[found.flow] = StreamFacts();
    }
    ++number;
    net::Packet held{.time = now, .data = payload, .number = number};
    if (found.flow % 2 == 0) held.position = number * 100;
    backlog.hold(found.flow, held);
    streams[found.flow].feed(segment, found.direction, facts[found.flow], budget, reader);
  }
  void talk(std::uint32_t host) {
    using Flags = net::TcpFlags;
    net::Segment segment;
    segment.source = endpoint(host, 40000);
    segment.destination = endpoint(9, 80);
    segment.sequence = static_cast<std::uint32_t>(number * 2'654'435'761U);  // another one each time
    segment.flags = Flags::syn;
    packet(segment, "");
    ++segment.sequence;
    segment.flags = Flags::ack;
    for (int i = 0; i < 10; ++i) {
      const std::string_view payload = "a hundred bytes or so of a request that somebody sends to somebody else";
      packet(segment, payload);
      segment.sequence += static_cast<std::uint32_t>(payload.size());
    }
    segment.flags = Flags::ack | Flags::fin;
    packet(segment, "");
  }
};

}  // namespace

TEST_SUITE("flow, steady state") {
  TEST_CASE("no allocation for a packet in order, nor for a stream that takes the place of another") {
    Road road;
    for (std::uint32_t i = 0; i < 20'000; ++i) road.talk(i % 3000);
    const std::size_t before = allocations;
    const std::size_t table = road.table.memory(), backlog = road.backlog.memory();
    for (std::uint32_t i = 0; i < 20'000; ++i) road.talk(i % 3000);
    CHECK(allocations == before);
    CHECK(road.table.memory() == table);
    CHECK(road.backlog.memory() == backlog);
    CHECK(road.reader.bytes > 0);
  }
}

}  // namespace wiretape::flow
