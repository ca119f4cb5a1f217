// SPDX-License-Identifier: Apache-2.0
// Which stream a segment belongs to, and when a stream is over. Knows nothing of payload: it decides by packet time
// and TCP flags alone, so that it can run where packets are decoded, ahead of reassembly.
//
// TCP, UDP and SCTP streams are told apart by addresses, ports and transport; ICMP echo by the address pair and the
// identifier, other ICMP by the address pair and the type. A million open streams take about 115 MB.
#pragma once

#include <array>
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

// Idle times after which a stream is over.
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
  // A stream with the same addresses and ports that this segment's SYN ended: told before `fresh`. Its place is
  // valid until the next of(), and is never that of `flow`.
  FlowId replaced = no_flow;
};

enum class End : std::uint8_t { idle, closed, replaced, finished };

class FlowTable {
 public:
  explicit FlowTable(const Timeouts& timeouts = {}, std::uint64_t first_number = 0);
  FlowTable(const FlowTable&) = delete;
  FlowTable& operator=(const FlowTable&) = delete;

  // The stream of a segment, opened where there is none. The client is who sent the SYN; without one, who did not send
  // the SYN+ACK; of ICMP echo, who asked; of other ICMP, the sender; else the side with the higher port, and of equal
  // ports who was seen first.
  // A SYN with another initial sequence number than the stream began with begins a new one; a SYN sent again, one that
  // was captured late, and the second SYN of a simultaneous open belong to the stream there is.
  Found of(const net::Segment& segment);

  // The stream that an ICMP error quotes; no_flow when there is none. Never opens one, does not count as activity.
  // Of a quoted ICMP packet nothing is known that names its stream.
  [[nodiscard]] FlowId quoted(const net::Segment& error) const;

  // The client and the server of an open stream. The references live as long as the stream.
  [[nodiscard]] const Endpoint& client(FlowId flow) const;
  [[nodiscard]] const Endpoint& server(FlowId flow) const;

  // Ends streams that have been idle for too long at `now`: calls ended(FlowId, End) for each, oldest first, then frees
  // its place. Call it with the time of each packet, before of(); it costs a comparison when there is nothing to end.
  // Packet time may jump back; a stream never grows younger by it: the table's time stands still until packets reach it
  // again. When a thousand and more in a row are over a minute behind (files read one after the other, one wild time in
  // a capture), the table goes on with their time, and every stream keeps its age. `ended` must not call of().
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
      unlink(flow);
      release(flow);
    }
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t memory() const;  // bytes

 private:
  enum class Kind : std::uint8_t { tcp, udp, sctp, echo, icmp };
  // Why a stream would end, each with a list in the order of last activity.
  enum class Wait : std::uint8_t { half_open, open, closing, udp, icmp, sctp, count_ };
  static constexpr std::size_t waits = static_cast<std::size_t>(Wait::count_);

  struct Record {
    std::array<Endpoint, 2> ends;  // in canonical order
    Timestamp last;                // of its last activity, in the table's time
    std::uint64_t number = 0;
    FlowId earlier = no_flow;  // neighbours in the list; `later` also links free places
    FlowId later = no_flow;
    std::uint32_t hash = 0;
    std::array<std::uint32_t, 2> initial{};   // of TCP, by end: sequence number of its SYN
    std::array<std::uint32_t, 2> sequence{};  // of TCP, by end: where its data have come to
    std::uint16_t extra = 0;                  // of ICMP: identifier or type
    Kind kind = Kind::tcp;
    Wait wait = Wait::open;
    std::uint8_t client = 0;  // which end
    std::uint8_t marks = 0;   // of TCP: see Mark in the source
    bool open = false;
  };
  struct Key {
    const Endpoint* low = nullptr;
    const Endpoint* high = nullptr;
    std::uint8_t sender = 0;  // which end
    Kind kind = Kind::tcp;
    std::uint16_t extra = 0;
    std::uint32_t hash = 0;
  };
  struct Bucket {
    std::uint32_t hash = 0;
    FlowId flow = no_flow;
  };
  struct List {
    FlowId oldest = no_flow;
    FlowId newest = no_flow;
    Duration timeout;
  };

  static constexpr std::size_t slab_bits = 10;
  static constexpr std::size_t slab_size = std::size_t{1} << slab_bits;
  [[nodiscard]] Record& record(FlowId flow) { return slabs_[flow >> slab_bits][flow & (slab_size - 1)]; }
  [[nodiscard]] const Record& record(FlowId flow) const { return slabs_[flow >> slab_bits][flow & (slab_size - 1)]; }

  [[nodiscard]] Key key(const Endpoint& source, const Endpoint& destination, Kind kind, std::uint16_t extra) const;
  [[nodiscard]] Key key_of(const net::Segment& segment) const;
  [[nodiscard]] FlowId find(const Key& key) const;
  void insert(std::uint32_t hash, FlowId flow);
  void erase(FlowId flow);
  void grow();

  FlowId open(const Key& key, const net::Segment& segment);
  [[nodiscard]] FlowId take_place();
  void give_place(FlowId flow);

  void link(FlowId flow, Wait wait);
  void unlink(FlowId flow);
  void touch(FlowId flow, Wait wait);
  void tick(Timestamp time);
  void begin_time_anew(Timestamp time);
  [[nodiscard]] Timestamp deadline(const List& list) const;
  void find_next_expiry();

  static std::uint8_t client_end(const Key& key, const net::Segment& segment);
  static bool begins_anew(const Record& record, const net::Segment& segment, std::uint8_t sender);
  static Wait follow_tcp(Record& record, const net::Segment& segment, std::uint8_t sender);
  static bool ends_by_reset(const Record& record, const net::Segment& segment, std::uint8_t sender);

  FlowId pop_expired(Timestamp now);  // unlinks it from its list; release() must follow
  [[nodiscard]] bool was_closing(FlowId flow) const;
  void release(FlowId flow);
  [[nodiscard]] std::vector<FlowId> all_by_number() const;

  std::vector<Bucket> index_;
  std::vector<std::unique_ptr<Record[]>> slabs_;
  std::size_t places_ = 0;  // of the slabs, given out so far
  std::size_t size_ = 0;
  FlowId free_ = no_flow;
  std::uint64_t next_number_;
  std::array<List, waits> lists_{};
  std::array<std::uint64_t, 12> seed_{};
  Timestamp clock_{INT64_MIN};        // the table's time
  std::size_t behind_ = 0;            // packets in a row that were far behind the table's time
  Timestamp next_expiry_{INT64_MAX};  // never later than it should be
};

}  // namespace wiretape::flow
