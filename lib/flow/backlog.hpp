// SPDX-License-Identifier: Apache-2.0
// The packets of streams that are not decided yet, from each stream's first one on.
//
// For a source that can be read again a packet is its position (a few bytes); for any other it is a copy of what was captured.
// Bounded: over the limit the stream that holds most bytes gives way, losing its middle (its first 64 KiB and its newest
// part stay), and the cut is counted for the ledger.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.hpp"
#include "flow/flow_table.hpp"
#include "net/packet.hpp"

namespace wiretape::flow {

// What a stream lost because the backlog gave way.
struct Cut {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // captured bytes
  Timestamp first;          // of the packets let go
  Timestamp last;
};

class Backlog {
 public:
  // `limit` in bytes of memory, what the lists themselves take included.
  explicit Backlog(std::size_t limit);
  ~Backlog();
  Backlog(const Backlog&) = delete;
  Backlog& operator=(const Backlog&) = delete;

  // Appends a packet to a stream's list. Amortised constant, no allocation in the steady state (blocks from a pool).
  void hold(FlowId flow, const net::Packet& packet);

  // Hands out all that a stream holds in the order it was held, calling take(const net::Packet&) for each, and forgets it. Packets held as positions
  // come with `position` and `number` set and `data` empty; copies come with `data`, valid during the call.
  // Returns what had been cut.
  template <class Take>
  Cut release(FlowId flow, Take&& take) {
    Walk walk = begin(flow);
    net::Packet packet;
    while (next(walk, packet)) take(static_cast<const net::Packet&>(packet));
    return drop(flow);
  }

  // Forgets a stream that nobody wants (any more). Returns what had been cut.
  Cut drop(FlowId flow);

  [[nodiscard]] bool holds(FlowId flow) const;
  [[nodiscard]] std::size_t memory() const;  // bytes in use now
  [[nodiscard]] const Cut& total_cut() const;

 private:
  struct Impl;
  struct Walk {
    const void* block = nullptr;
    std::size_t offset = 0;
    std::uint64_t previous = 0;
    FlowId flow = no_flow;
  };
  Walk begin(FlowId flow) const;
  bool next(Walk& walk, net::Packet& packet) const;

  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape::flow
