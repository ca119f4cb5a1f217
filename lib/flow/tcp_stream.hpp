// SPDX-License-Identifier: Apache-2.0
// One TCP connection's bytes in order (RFC 9293): no duplicates, the first copy of a byte wins, gaps as events.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/chunk.hpp"
#include "base/stream_facts.hpp"
#include "net/segment.hpp"

namespace wiretape::flow {

// Bytes that wait for what is missing before them, over all streams of one shard.
struct ReorderBudget {
  std::size_t per_stream = 4U << 20U;  // beyond it a stream's hole is given up: a gap
  std::size_t total = 64U << 20U;      // beyond it the stream that asks gives up its hole
  std::size_t used = 0;                // bytes held now
};

// Who takes what comes out of a stream. `chunk` gets bytes or a gap; `end` a direction that ended (FIN or RST) with all
// its bytes told. Within one segment: chunks first, then ends.
struct TcpReader {
  virtual void chunk(const Chunk& chunk) = 0;
  virtual void end(Direction direction, Timestamp time) = 0;

 protected:
  ~TcpReader() = default;
};

// Small while a connection is quiet and in order; what waits is held in one allocation of its own.
//
// A hole is given up, as a gap, when the receiver acknowledges data beyond it (the capture lost the packet, the peer did
// not), when the budget is used up, or at the stream's end. Keep-alive probes, zero-window probes, retransmissions,
// overlaps with other data (the first copy wins, counted in SideFacts-like `conflicts`), urgent data (in band), data in a SYN (TFO),
// in a RST (not part of the stream), simultaneous open, one-sided captures and sequence numbers that wrap are all read.
class TcpStream {
 public:
  TcpStream() = default;
  ~TcpStream();
  TcpStream(TcpStream&&) noexcept;
  TcpStream& operator=(TcpStream&&) noexcept;

  // `direction` is that of the segment. Updates facts (packets, bytes, retransmissions, out_of_order, gaps, state, handshake,
  // last) and tells the reader what has become readable; views given to it live during the call.
  void feed(const net::Segment& segment, Direction direction, StreamFacts& facts, ReorderBudget& budget, TcpReader& reader);

  // The stream ended by time or with the input: what waits comes out, with the gaps before it.
  void finish(Timestamp time, StreamFacts& facts, ReorderBudget& budget, TcpReader& reader);

  [[nodiscard]] std::size_t memory() const;     // bytes held beyond sizeof
  [[nodiscard]] std::uint32_t conflicts() const;

 private:
  struct Pending;  // what waits, both directions
  struct Side {
    std::uint32_t next = 0;          // sequence number of the next byte to tell
    std::uint32_t initial = 0;
    std::uint32_t fin = 0;           // sequence number of the FIN
    bool seen = false;               // next is valid
    bool syn = false;
    bool fin_seen = false;
    bool ended = false;
  };
  Side sides_[2];
  std::unique_ptr<Pending> pending_;
  Timestamp syn_time_;
  std::uint32_t conflicts_ = 0;
};

}  // namespace wiretape::flow
