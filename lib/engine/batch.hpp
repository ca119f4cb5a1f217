// SPDX-License-Identifier: Apache-2.0
// What passes between the thread that reads and those that dissect: a few hundred packets at a time.
//
// The reading thread takes headers off, finds streams, and decides what ends when. It writes that down as steps, each
// for one shard; shards work through their steps in order and write down what they select, marked with the step that
// brought it. The outputs of all shards are then merged by step: the order does not depend on how many shards there
// are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/chunk.hpp"
#include "engine/held_runs.hpp"
#include "engine/jobs.hpp"
#include "engine/plan.hpp"
#include "engine/stats.hpp"
#include "flow/flow_table.hpp"
#include "net/segment.hpp"

namespace wiretape::engine {

// Bytes at addresses that stay until clear(). Keeps its memory, within bounds, to be used again.
class Arena {
 public:
  Bytes copy(Bytes bytes) {
    if (bytes.empty()) return {};
    char* const to = take(bytes.size());
    std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }
  // With their data.
  std::span<const net::Packet> copy(std::span<const net::Packet> packets) {
    used_ = (used_ + alignof(net::Packet) - 1) / alignof(net::Packet) * alignof(net::Packet);
    char* const to = take(packets.size_bytes());
    auto* const copies = reinterpret_cast<net::Packet*>(to);
    std::uninitialized_copy(packets.begin(), packets.end(), copies);
    for (std::size_t i = 0; i < packets.size(); ++i) copies[i].data = copy(packets[i].data);
    return {copies, packets.size()};
  }
  void clear() {
    if (pieces_.size() > 1) pieces_.resize(1);
    if (!pieces_.empty() && pieces_.front().size > piece_size) pieces_.clear();
    used_ = 0;
  }

 private:
  static constexpr std::size_t piece_size = 64U << 10U;
  struct Piece {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };

  char* take(std::size_t count) {
    if (pieces_.empty() || pieces_.back().size < used_ + count) {
      const std::size_t size = std::max(count, piece_size);
      pieces_.push_back({.bytes = std::make_unique_for_overwrite<char[]>(size), .size = size});
      used_ = 0;
    }
    char* const taken = pieces_.back().bytes.get() + used_;
    used_ += count;
    return taken;
  }

  std::vector<Piece> pieces_;
  std::size_t used_ = 0;  // of the last piece
};

// One thing for a shard to do.
struct Step {
  enum class Kind : std::uint8_t {
    open,     // a stream begins; a segment of it follows
    segment,  // a segment of a stream
    quoted,   // an ICMP error that quotes the stream: held with it, and not read
    close,    // the stream is over
    tick,     // time has come to `time`: calls that wait for too long are told
  };
  Kind kind = Kind::tick;
  Direction direction = Direction::to_server;
  std::uint32_t order = 0;              // among all steps of the batch
  std::uint32_t segment = 0;            // index into Batch::segments
  flow::FlowId flow = 0;                // the shard's own number of it
  std::uint64_t stream = 0;             // of open: its number
  const SourceFacts* source = nullptr;  // of open
  Timestamp time = {};
};

// One thing that a shard has selected.
struct Selected {
  enum class Kind : std::uint8_t { packet, held, call, stream };
  Kind kind = Kind::packet;
  std::uint8_t job = 0;     // of a call or a stream's line
  std::uint32_t order = 0;  // of the step that brought it
  std::uint32_t first = 0;  // index into Output::packets, or of the first run into Output::held
  std::uint32_t runs = 0;   // of held
  JobSet jobs = 0;          // of packets: who gets them
  // Within what all shards have in common: when the stream's timer was due, and its number.
  Timestamp due = {};
  std::uint64_t stream = 0;
  std::size_t text = 0;  // where in Output::text, and how much
  std::size_t size = 0;
};

// What a shard has made of a batch.
struct Output {
  std::vector<Selected> selected;
  std::vector<net::Packet> packets;  // their data stand in the batch
  HeldRuns held;
  std::string text;
  StreamCounts counts;  // of the shard, from its beginning up to here

  void clear() {
    selected.clear();
    packets.clear();
    held.clear();
    text.clear();
  }
};

struct Batch {
  static constexpr std::size_t most_packets = 1024;
  static constexpr std::uint32_t first_order = 1;  // 0 is the change of plan before it

  Batch() { packets.reserve(most_packets); }

  void clear() {
    packets.clear();
    first_orders.clear();
    segments.clear();
    for (auto& list : steps) list.clear();
    next_order = first_order;
    bytes.clear();
    shared_packets.clear();
    holds.clear();
  }

  std::shared_ptr<const Plan> plan;         // from this batch on
  JobSet satisfied = 0;                     // jobs that have all the calls they want
  std::vector<net::Packet> packets;         // never more than reserved: segments point at them
  std::vector<std::uint32_t> first_orders;  // by packet, where jobs keep every packet: of the first step behind it
  std::vector<net::Segment> segments;
  std::vector<std::vector<Step>> steps;  // by shard
  std::uint32_t next_order = first_order;
  Arena bytes;                                // what stands nowhere else: datagrams put together from fragments
  std::vector<std::uint64_t> shared_packets;  // numbers of packets that belong to two streams
  std::uint64_t kernel_drops = 0;             // since the beginning of the run
  std::uint64_t interface_drops = 0;
  std::vector<std::shared_ptr<const void>> holds;  // keep the packets' data
  std::vector<Output> outputs;                     // by shard
};

}  // namespace wiretape::engine
