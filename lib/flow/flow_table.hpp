// SPDX-License-Identifier: Apache-2.0
// Which stream a segment belongs to, and when a stream is over. Knows nothing of payload: it decides by packet time
// and TCP flags alone, so that it can run where packets are decoded, ahead of reassembly.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/chunk.hpp"
#include "base/stream_facts.hpp"
#include "net/segment.hpp"

namespace wiretape::flow {

// A place in the table. Used again once its stream has ended.
using FlowId = std::uint32_t;
inline constexpr FlowId no_flow = UINT32_MAX;

// Idle times after which a stream is over (entries.md section 7).
struct Timeouts {
  Duration tcp_idle = Duration::seconds(3600);
  Duration tcp_half_open = Duration::seconds(30);  // no payload and no completed handshake yet
  Duration tcp_closing = Duration::seconds(5);     // after RST or a FIN of both sides
  Duration udp_idle = Duration::seconds(60);
  Duration icmp_idle = Duration::seconds(60);
  Duration sctp_idle = Duration::seconds(3600);
};

struct Found {
  FlowId flow = no_flow;
  std::uint64_t number = 0;  // of the stream, from 0, by first packet
  bool fresh = false;        // opened by this segment
  Direction direction = Direction::to_server;
  FlowId replaced = no_flow;  // a stream with the same addresses and ports that this segment's SYN ended: told before `fresh`
};

enum class End : std::uint8_t { idle, closed, replaced, finished };

class FlowTable {
 public:
  explicit FlowTable(const Timeouts& timeouts = {}, std::uint64_t first_number = 0);
  ~FlowTable();
  FlowTable(const FlowTable&) = delete;
  FlowTable& operator=(const FlowTable&) = delete;

  // The stream of a segment, opened where there is none. The client is who sent the SYN; without one, who did not send
  // the SYN+ACK; without either, the side with the higher port, and of equal ports who was seen first.
  // A SYN with another initial sequence number than the stream began with, or on a closing stream, begins a new one.
  Found of(const net::Segment& segment);

  // The stream that an ICMP error quotes; no_flow when there is none. Never opens one, does not count as activity.
  [[nodiscard]] FlowId quoted(const net::Segment& error) const;

  // The client and the server of an open stream.
  [[nodiscard]] const Endpoint& client(FlowId flow) const;
  [[nodiscard]] const Endpoint& server(FlowId flow) const;

  // Ends streams that have been idle for too long at `now`: calls ended(FlowId, End) for each, oldest first, then frees its
  // place. Call it with the time of each packet, before of(); it costs next to nothing when there is nothing to end.
  // Packet time may jump back; the table's own time never does.
  template <class Ended>
  void expire(Timestamp now, Ended&& ended) {
    if (now < next_expiry_) return;
    for (FlowId flow = no_flow; (flow = pop_expired(now)) != no_flow;) {
      ended(flow, was_closing(flow) ? End::closed : End::idle);
      release(flow);
    }
  }

  // Ends all that is open, in the order of stream numbers.
  template <class Ended>
  void finish(Ended&& ended) {
    for (const FlowId flow : all_by_number()) {
      ended(flow, was_closing(flow) ? End::closed : End::finished);
      release(flow);
    }
  }

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t memory() const;  // bytes

 private:
  struct Impl;
  FlowId pop_expired(Timestamp now);  // unlinks it from its list; release() must follow
  [[nodiscard]] bool was_closing(FlowId flow) const;
  void release(FlowId flow);
  [[nodiscard]] std::vector<FlowId> all_by_number() const;

  std::unique_ptr<Impl> impl_;
  Timestamp next_expiry_{INT64_MAX};
};

}  // namespace wiretape::flow
