// SPDX-License-Identifier: Apache-2.0
// One TCP connection's bytes in order (RFC 9293): no duplicates, the first copy of a byte wins, gaps as events.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "base/chunk.hpp"
#include "base/stream_facts.hpp"
#include "net/segment.hpp"

namespace wiretape::flow {

// Bytes that wait for what is missing before them, over all streams of one shard. Must outlive the streams that use it.
struct ReorderBudget {
  std::size_t per_stream = 4U << 20U;  // beyond it a stream's hole is given up: a gap
  std::size_t total = 64U << 20U;      // beyond it the stream that asks gives up its hole
  std::size_t used = 0;                // bytes held now
};

// Who takes what comes out of a stream. `chunk` gets bytes or a gap; `end` a direction that ended (FIN or RST) with all
// its bytes told. Within one segment: chunks first, then ends. Directions are those the segments were fed with. Must
// not call the stream.
struct TcpReader {
  virtual void chunk(const Chunk& chunk) = 0;
  virtual void end(Direction direction, Timestamp time) = 0;

 protected:
  ~TcpReader() = default;
};

// Small while a connection is quiet and in order; what waits is held in one allocation of its own and copies.
//
// A hole is given up, as a gap,
// - when the receiver has acknowledged all of it (the capture lost the packet, the peer did not), or one side reset the
//   connection, and since then three further segments with data came from its sender, or 100 ms of packet time passed:
//   on `any` and with several queues an acknowledgment is often captured before what it acknowledges;
// - when the receiver was never heard (a one-sided capture) and 1,024 further segments came or a second passed;
// - when the budget is used up, or at the stream's end.
// A single acknowledged number with nothing behind it is taken for a FIN that was not captured, and is no gap.
//
// Keep-alive probes, zero-window probes, retransmissions, overlaps with other data (the first copy wins, counted as
// conflicts), urgent data (in band), data in a SYN (told once the peer takes it), in a RST (not part of the stream),
// simultaneous open, one-sided captures and sequence numbers that wrap are all read. What lies outside of any window is
// ignored and counted, unless it goes on for four segments in a row: then the capture has lost the window.
class TcpStream {
 public:
  TcpStream();
  ~TcpStream();
  TcpStream(TcpStream&&) noexcept;
  TcpStream& operator=(TcpStream&&) noexcept;

  // `direction` is that of the segment, as FlowTable gave it; facts.sides are counted in facts' own terms, that is
  // the opposite side where facts.swapped. Updates facts (packets, bytes, retransmissions, out_of_order, gaps, state,
  // handshake, last) and tells the reader what has become readable; views given to it live during the call.
  // Retransmissions are segments that bring again what was captured before; out of order are those that bring something
  // new behind what was captured before them.
  void feed(const net::Segment& segment, Direction direction, StreamFacts& facts, ReorderBudget& budget,
            TcpReader& reader);

  // The stream ended by time or with the input: what waits comes out, with the gaps before it.
  void finish(Timestamp time, StreamFacts& facts, ReorderBudget& budget, TcpReader& reader);

  [[nodiscard]] std::size_t memory() const;                             // bytes held beyond sizeof
  [[nodiscard]] std::uint32_t conflicts() const { return conflicts_; }  // segments with other data than the first copy
  [[nodiscard]] std::uint32_t ignored() const { return ignored_; }      // segments outside of any window
  // The connection's opening was seen: a SYN or a SYN+ACK.
  [[nodiscard]] bool from_start() const { return sides_[0].syn || sides_[1].syn; }

 private:
  struct Pending;  // what waits, both directions
  struct Output {
    StreamFacts& facts;
    ReorderBudget& budget;
    TcpReader& reader;
    Timestamp now;
  };
  struct Data {
    std::uint32_t start = 0;
    std::uint32_t length = 0;
    Bytes captured;
    Timestamp time;

    void trim_front(std::uint32_t count);
    void trim_to(std::uint32_t count);
  };
  struct Side {
    std::uint32_t next = 0;     // sequence number of the next byte to tell
    std::uint32_t initial = 0;  // of its SYN, or the first that was seen
    std::uint32_t fin = 0;      // sequence number behind its last byte
    std::uint32_t acked = 0;    // by the other side
    std::uint32_t stray = 0;    // where the last segment outside of any window ended
    std::uint16_t later = 0;    // segments that came since `hole_since`
    std::uint8_t strays = 0;    // such segments in a row
    bool seen = false;          // next is valid
    bool syn = false;
    bool tentative = false;  // next is from a segment without data, which may have been a keep-alive
    bool fin_seen = false;
    bool ended = false;
    bool acked_known = false;
    bool hole = false;        // hole_since is valid
    bool hole_acked = false;  // nobody will fill the hole any more
    Timestamp hole_since;

    void advance_to(std::uint32_t position);
  };

  void begin(const net::Segment& segment, Direction direction, Output& out);
  void pick_up(const net::Segment& segment, Direction direction);
  void reset(const net::Segment& segment, Direction direction, Output& out);
  [[nodiscard]] bool believes_reset(const net::Segment& segment, Direction direction) const;
  void acknowledge(Direction direction, std::uint32_t acknowledgment);
  void follow_handshake(const net::Segment& segment, Direction direction, Output& out);
  void keep_syn_data(const net::Segment& segment, Direction direction, Output& out);
  void settle_syn_data(Direction direction, std::uint32_t position, Output& out);

  static void settle_start(Side& own, const Data& data);
  void place(Direction direction, Data data, Output& out);
  [[nodiscard]] bool bring_into_window(Direction direction, Data& data, Output& out);
  void put(Direction direction, Data data, Output& out);
  void hold(Direction direction, const Data& data, Output& out);
  [[nodiscard]] bool fits(const Data& data, const Output& out) const;
  void note_fin(Direction direction, std::uint32_t position, bool bare, Output& out);

  void tell(Direction direction, Bytes bytes, std::uint32_t length, Timestamp time, Output& out);
  void tell_gap(Direction direction, std::uint64_t missing, Timestamp time, Output& out);
  void skip_to(Direction direction, std::uint32_t position, Timestamp time, Output& out);
  void drain(Direction direction, Timestamp readable, Output& out);
  void drop_waiting(Direction direction, Output& out);

  [[nodiscard]] bool ahead() const;
  [[nodiscard]] std::optional<std::uint32_t> hole_end(Direction direction) const;
  void watch_hole(Direction direction, bool brought, Output& out);
  void give_up_hole(Direction direction, Output& out);
  void tell_ends(Output& out);
  [[nodiscard]] bool waits(Direction direction) const;
  Pending& pending(ReorderBudget& budget);
  void release_pending();
  void charge(std::ptrdiff_t bytes, Output& out);

  static constexpr Timestamp no_time{std::numeric_limits<std::int64_t>::min()};
  Side& side(Direction direction) { return sides_[index(direction)]; }
  [[nodiscard]] const Side& side(Direction direction) const { return sides_[index(direction)]; }

  Side sides_[2];
  std::unique_ptr<Pending> pending_;
  Timestamp syn_time_ = no_time;
  std::uint32_t conflicts_ = 0;
  std::uint32_t ignored_ = 0;
  bool aborted_ = false;  // a RST was seen
};

}  // namespace wiretape::flow
