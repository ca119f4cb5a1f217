// SPDX-License-Identifier: Apache-2.0
// The packets of streams that are not decided yet, from each stream's first one on.
//
// For a source that can be read again a packet is its position (a few bytes); for any other it is a copy of what was
// captured. Bounded: over the limit the stream that holds most bytes gives way, losing its middle (its first 64 KiB and
// its newest part stay), and the cut is counted for the ledger. Where no stream has a middle to lose, the packet that
// asks is let go.
//
// A stream is a chain of blocks, each readable by itself, so that blocks can be cut out:
//   packet, by position := varint(position) varint(number), each as the difference to the packet before, zigzag
//   packet, as a copy   := varint(time) varint(number) as differences, varint(captured length, the rest of the original
//   length,
//                          link type, interface), then the captured bytes
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "flow/flow_table.hpp"
#include "net/packet.hpp"

namespace wiretape::flow {

// What a stream lost because the backlog gave way.
struct Cut {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // captured bytes
  Timestamp first;          // earliest and latest of the packets let go
  Timestamp last;
};

class Backlog {
 public:
  // `limit` in bytes of memory, what the lists themselves take included. Past it no block is taken; only the index of
  // streams and the ledger of cuts, some 70 bytes for each open stream, still grow.
  explicit Backlog(std::size_t limit);
  ~Backlog();
  Backlog(const Backlog&) = delete;
  Backlog& operator=(const Backlog&) = delete;

  // Appends a packet to a stream's list: its position where it has one, else a copy. Amortised constant, no allocation
  // in the steady state (blocks from a pool).
  void hold(FlowId flow, const net::Packet& packet);

  // Hands out all that a stream holds in the order it was held, calling take(const net::Packet&) for each, and forgets
  // it. Packets held as positions come with `position` and `number` set and `data` empty; copies come with everything
  // but a position, `data` valid during the call. `take` must not call the backlog. Returns what had been cut.
  template <class Take>
  Cut release(FlowId flow, Take&& take) {
    Walk walk = begin(flow);
    net::Packet packet;
    while (next(walk, packet)) take(static_cast<const net::Packet&>(packet));
    return drop(flow);
  }

  // The same, without forgetting: somebody else may still want it.
  template <class Take>
  Cut visit(FlowId flow, Take&& take) const {
    Walk walk = begin(flow);
    net::Packet packet;
    while (next(walk, packet)) take(static_cast<const net::Packet&>(packet));
    return cut(flow);
  }

  // Forgets a stream that nobody wants (any more). Returns what had been cut.
  Cut drop(FlowId flow);

  [[nodiscard]] bool holds(FlowId flow) const;
  [[nodiscard]] Cut cut(FlowId flow) const;  // what has been cut of a stream so far
  [[nodiscard]] std::size_t memory() const;  // bytes in use now, those kept for use again included
  [[nodiscard]] const Cut& total_cut() const { return total_cut_; }

 private:
  enum class Form : std::uint8_t { positions, copies };
  static constexpr std::size_t size_classes = 11;
  static constexpr std::uint8_t odd_size = size_classes;  // a block larger than any class, for one packet
  static constexpr std::size_t weights = 40;              // powers of two

  struct Block {
    Block* next = nullptr;
    std::uint32_t capacity = 0;  // behind the header
    std::uint32_t used = 0;
    std::uint32_t packets = 0;
    std::uint8_t size_class = 0;
    Form form = Form::positions;
    std::uint64_t bytes = 0;  // captured
    Timestamp first;          // earliest and latest packet
    Timestamp last;

    [[nodiscard]] char* data() { return reinterpret_cast<char*>(this + 1); }
    [[nodiscard]] const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  };
  // What a packet is coded against: the one before it in its block.
  struct Base {
    std::uint64_t position = 0;
    std::uint64_t number = 0;
    std::uint64_t time = 0;
  };
  struct Header {
    std::array<char, 60> bytes;  // six numbers of at most ten bytes
    std::size_t size = 0;
  };
  struct Stream {
    Block* first = nullptr;
    Block* last = nullptr;
    Block* head = nullptr;  // the last block that is never cut; null while the head is not full
    Base base;
    std::uint64_t head_bytes = 0;  // captured, in the blocks up to `head`
    std::uint64_t memory = 0;      // of all its blocks
    std::uint64_t middle = 0;      // of those that may be cut: behind the head, before the last one
    Stream* heavier = nullptr;     // neighbours among streams of like weight
    Stream* lighter = nullptr;
    FlowId flow = no_flow;
  };
  struct Walk {
    const Block* block = nullptr;
    std::size_t offset = 0;
    Base base;
  };

  Walk begin(FlowId flow) const;
  bool next(Walk& walk, net::Packet& packet) const;

  Stream* stream_of(FlowId flow);
  void forget(Stream& stream);
  static Header encode(const net::Packet& packet, Form form, Base& base);
  Block* block_for(Stream& stream, Form form, std::size_t need);
  void extend(Stream& stream, Block* block);
  void count_cut(FlowId flow, const Cut& cut);

  Block* take_block(std::uint8_t size_class, std::size_t capacity);
  void give_block(Block* block);
  void destroy(Block* block);
  bool make_room(std::size_t bytes);
  void empty_pool();
  bool give_way();
  void cut_middle(Stream& stream);

  static std::size_t memory_of(std::size_t capacity);  // of a block
  static std::size_t weight(const Stream& stream);
  void weigh(Stream& stream);
  void unweigh(Stream& stream);

  std::size_t limit_;
  std::size_t used_ = 0;    // blocks in use
  std::size_t pooled_ = 0;  // blocks kept for use again
  std::array<Block*, size_classes> pool_{};
  std::vector<Stream*> streams_;  // by FlowId
  std::deque<Stream> store_;
  std::vector<Stream*> spare_;
  std::array<Stream*, weights> heaviest_{};
  std::unordered_map<FlowId, Cut> cuts_;
  Cut total_cut_;
};

}  // namespace wiretape::flow
