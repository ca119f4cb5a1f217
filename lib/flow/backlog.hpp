// SPDX-License-Identifier: Apache-2.0
// The packets of streams that are not decided yet, from each stream's first one on.
//
// For a source that can be read again a packet is its position (a few bytes); for any other it is a copy of what was
// captured. Bounded: where the budget is spent, a stream that holds most moves its oldest packets to the spool. Where
// there is no spool, or it is full or has failed, such a stream gives way, losing the middle of what it has in memory
// (its first 64 KiB and its newest part stay), and the cut is counted for the ledger. Where no stream has a middle to
// lose, the packet that asks is let go.
//
// A stream is a chain of blocks (backlog_coding.hpp), each readable by itself, so that blocks can be moved and cut out.
// In the spool it is a chain of extents of up to 32 KiB, of which memory keeps 40 bytes each; it always is the oldest
// part of the stream. A stream that is in the spool altogether costs memory nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

#include "base/time.hpp"
#include "flow/backlog_budget.hpp"
#include "flow/backlog_coding.hpp"
#include "flow/backlog_ranking.hpp"
#include "flow/flow_table.hpp"
#include "flow/paged_index.hpp"
#include "flow/spool.hpp"
#include "net/packet.hpp"

namespace wiretape::flow {

// What a stream lost because the backlog gave way, or because the spool could not give it back.
struct Cut {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // captured bytes
  Timestamp first;          // earliest and latest of the packets let go
  Timestamp last;
};

// Belongs to one thread.
class Backlog {
 public:
  // Keeps within what the budget gives it, all that it takes from the heap included; only the ledger of cuts, some 80
  // bytes for each open stream that lost something, grows past it. `spool` may be null. Both must outlive it, and may
  // be shared with the backlogs of other threads.
  Backlog(BacklogBudget& budget, Spool* spool);
  // Alone, with `limit` bytes of memory and no spool.
  explicit Backlog(std::size_t limit);
  ~Backlog();
  Backlog(const Backlog&) = delete;
  Backlog& operator=(const Backlog&) = delete;

  // Appends a packet to a stream's list: its position where it has one, else a copy. Amortised constant, no allocation
  // in the steady state (blocks from a pool).
  void hold(FlowId flow, const net::Packet& packet);

  // Hands out all that a stream holds in the order it was held, calling take(const net::Packet&) for each, and forgets
  // it. Packets held as positions come with `position` and `number` set and `data` empty; copies come with everything
  // but a position, `data` valid during the call. `take` must not call the backlog. Returns what had been cut. Reads
  // the spool one extent at a time, through a buffer that lives as long as the call.
  template <class Take>
  Cut release(FlowId flow, Take&& take) {
    each(flow, take);
    return drop(flow);
  }

  // The same, without forgetting: somebody else may still want it.
  template <class Take>
  Cut visit(FlowId flow, Take&& take) {
    each(flow, take);
    return cut(flow);
  }

  // Forgets a stream that nobody wants (any more). Returns what had been cut.
  Cut drop(FlowId flow);

  [[nodiscard]] bool holds(FlowId flow) const;
  [[nodiscard]] Cut cut(FlowId flow) const;  // what has been cut of a stream so far
  [[nodiscard]] const Cut& total_cut() const { return total_cut_; }

  // Bytes of memory in use now: blocks, those kept for use again and what is empty in them, the index, the ledger, and
  // the heap's own share of each.
  [[nodiscard]] std::size_t memory() const;
  [[nodiscard]] std::uint64_t spooled() const { return spooled_; }  // bytes that the spool holds for it now

 private:
  static constexpr std::size_t size_classes = 11;
  static constexpr std::uint8_t odd_size = size_classes;  // a block larger than any class, for one packet

  // Stands in front of a block's packets, in memory and in the spool.
  struct Piece {
    std::uint32_t used = 0;  // bytes of packets
    HeldForm form = HeldForm::positions;
    std::uint8_t size_class = 0;
    std::uint16_t unused = 0;
  };
  struct Block {
    Block* next = nullptr;
    std::uint64_t bytes = 0;  // captured
    Timestamp first;          // earliest and latest packet
    Timestamp last;
    std::uint32_t capacity = 0;  // behind the header
    std::uint32_t packets = 0;
    Piece piece;

    [[nodiscard]] char* data() { return reinterpret_cast<char*>(this + 1); }
    [[nodiscard]] const char* data() const { return reinterpret_cast<const char*>(this + 1); }
    // As the spool gets it.
    [[nodiscard]] Bytes stored() const { return {data() - sizeof(Piece), sizeof(Piece) + piece.used}; }
  };
  static_assert(sizeof(Block) == 48 && sizeof(Piece) == 8, "a piece and its packets are one run of bytes");

  // Pieces in the spool, one behind the other. They are a ring: the newest one knows the oldest.
  struct Extent {
    Extent* next = nullptr;
    Timestamp first;
    Timestamp last;
    Spool::Place place = 0;
    std::uint32_t size = 0;  // 0: could not be read back, and was counted as cut
    std::uint32_t packets = 0;
    std::uint32_t bytes = 0;  // captured
  };

  // A stream with blocks in memory. What each packet touches comes first.
  struct Stream {
    Block* last = nullptr;
    HeldBase base;
    std::uint64_t head_bytes = 0;  // captured, from the first packet to where the head is full
    bool head_full = false;        // all blocks up to the last one belong to the head until it is
    FlowId flow = no_flow;
    Block* first = nullptr;
    Block* head = nullptr;     // the last block in memory that is never cut; null when that part is in the spool
    Extent* newest = nullptr;  // what is in the spool: older than all blocks
    std::uint64_t memory = 0;  // of all its blocks
    std::uint64_t middle = 0;  // of those that may be cut: behind the head, before the last one
    RankLinks<Stream> by_memory;
    RankLinks<Stream> by_middle;
  };

  // What the index knows of a stream: the stream, or the newest extent of one that has no block in memory, or nothing.
  class Held {
   public:
    Held() = default;
    explicit Held(Stream* stream) : bits_(reinterpret_cast<std::uintptr_t>(stream)) {}
    explicit Held(Extent* newest) : bits_(reinterpret_cast<std::uintptr_t>(newest) | asleep) {}
    [[nodiscard]] Stream* stream() const {
      return (bits_ & asleep) != 0 ? nullptr : reinterpret_cast<Stream*>(bits_);  // NOLINT(performance-no-int-to-ptr)
    }
    [[nodiscard]] Extent* newest() const {
      if ((bits_ & asleep) != 0) return reinterpret_cast<Extent*>(bits_ - asleep);  // NOLINT(performance-no-int-to-ptr)
      return bits_ == 0 ? nullptr : stream()->newest;
    }
    bool operator==(const Held&) const = default;

   private:
    static constexpr std::uintptr_t asleep = 1;
    std::uintptr_t bits_ = 0;
  };

  // The oldest blocks of a stream, on their way to the spool.
  struct Batch {
    Bytes stored;
    Cut what;              // their packets
    Block* end = nullptr;  // the first block that stays
  };

  // Where a reader stands.
  struct Walk {
    FlowId flow = no_flow;
    Extent* extent = nullptr;  // to be read next
    Extent* newest = nullptr;
    const Block* block = nullptr;  // likewise, behind the extents
    Bytes pieces;                  // of the extent in `buffer`
    const char* at = nullptr;      // in the piece
    const char* end = nullptr;
    HeldForm form = HeldForm::positions;
    HeldBase base;
    std::unique_ptr<char[]> buffer;
    std::size_t buffer_size = 0;
  };

  Backlog(BacklogBudget* budget, std::size_t share, Spool* spool);

  template <class Take>
  void each(FlowId flow, Take& take) {
    Walk walk = begin(flow);
    net::Packet packet;
    while (next(walk, packet)) take(static_cast<const net::Packet&>(packet));
  }
  Walk begin(FlowId flow) const;
  bool next(Walk& walk, net::Packet& packet);
  bool next_piece(Walk& walk);
  void read_extent(Walk& walk);

  // Streams
  static void append(Stream& stream, const HeldHeader& header, Bytes data, const net::Packet& packet);
  Stream* extend(FlowId flow, HeldForm form, std::size_t need);
  void link(Stream& stream, Block* block);
  Stream* wake(FlowId flow);
  void sleep(Stream& stream);
  void forget(FlowId flow);
  void free_extents(Extent* newest);
  void count_cut(FlowId flow, const Cut& cut);
  void rank(Stream& stream);
  void unrank(Stream& stream);

  // Memory
  Block* take_block(std::uint64_t stream_memory, HeldForm form, std::size_t need);
  void give_block(Block* block);
  void free_block(Block* block);
  Stream* take_stream();
  void give_stream(Stream* stream);
  [[nodiscard]] bool may_pool(std::size_t bytes) const { return pooled_ + bytes <= share_ / 4; }
  bool make_room(std::size_t bytes);
  bool shrink();
  bool draw(std::size_t bytes);
  void settle();
  bool spill(std::size_t bytes);
  bool spill_oldest(Stream& stream);
  static Batch only(const Block& block);
  static Batch gather(const Stream& stream, std::span<char> buffer);
  bool put(Stream& stream, const Batch& batch);
  bool give_way();

  BacklogBudget* budget_;  // null: alone
  Spool* spool_;
  const std::size_t share_;
  std::size_t granted_;     // the share, and what was drawn
  std::size_t used_ = 0;    // bytes of blocks, streams and extents in use
  std::size_t pooled_ = 0;  // of those kept for use again
  std::uint64_t spooled_ = 0;
  std::array<Block*, size_classes> pool_{};
  Stream* spare_ = nullptr;  // linked by by_memory.older
  PagedIndex<Held> index_;
  Ranking<Stream, &Stream::by_memory> by_memory_;  // only with a spool
  Ranking<Stream, &Stream::by_middle> by_middle_;
  std::unordered_map<FlowId, Cut> cuts_;
  Cut total_cut_;
};

}  // namespace wiretape::flow
