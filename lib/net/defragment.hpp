// SPDX-License-Identifier: Apache-2.0
// Fragments of IP packets put together: IPv4 by RFC 791 and 815, IPv6 by RFC 8200 section 4.5 and RFC 5722.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "net/ip.hpp"
#include "net/segment.hpp"

namespace wiretape::net {

struct DefragmentLimits {
  std::size_t bytes = 16U << 20U;         // of memory; beyond it the oldest datagrams give way
  Duration wait = Duration::seconds(30);  // of packet time, from a datagram's first fragment on
};

// In datagrams.
struct DefragmentCounts {
  std::uint64_t completed = 0;
  std::uint64_t expired = 0;   // waited too long, or until the end
  std::uint64_t evicted = 0;   // gave way to newer ones
  std::uint64_t rejected = 0;  // fragments contradicted one another
};

// A datagram that never became whole, for decode_partial (net/decode.hpp). All of it is valid during the call that
// tells of it.
struct GivenUp {
  std::span<const Packet> packets;  // those held of it, in the order of their arrival; not empty
  Address source;
  Address destination;
  std::uint16_t vlan = 0;
  // Of the whole datagram as if it were one fragment. `bytes` are those from its start up to the first hole: none when
  // the first fragment is missing or the datagram was rejected. `length` reaches to its end, or with `more_fragments`,
  // when the last fragment is missing, as far as there is anything.
  IpPayload payload;
};

// Holds copies of fragments until their datagram is whole, in any order of arrival. Where IPv4 fragments overlap, the
// first copy of a byte wins; an IPv6 datagram with an overlap is rejected as a whole. An exact repetition belongs to
// the datagram and changes nothing.
class Defragmenter {
 public:
  // Told of each datagram that is given up; must not call the defragmenter.
  using Listener = std::function<void(const GivenUp&)>;

  explicit Defragmenter(const DefragmentLimits& limits = {}, Listener given_up = nullptr);
  ~Defragmenter();
  Defragmenter(const Defragmenter&) = delete;
  Defragmenter& operator=(const Defragmenter&) = delete;

  // Takes one fragment of the datagram between the addresses of `segment`, whose packets carried it: one, or several
  // when it came through a tunnel in fragments itself. Drop::none: it was the last one missing, and `payload` and
  // `segment.packets` are the whole datagram's, valid until a later call has put together the next one.
  // Drop::fragment_held: it waits. Otherwise the fragment itself is refused and not held.
  Drop add(IpPayload& payload, Segment& segment);

  // Gives up what has waited too long at `now`, in packet time.
  void expire(Timestamp now);

  // Gives up all that waits, oldest first: the end of the input.
  void drain();

  [[nodiscard]] const DefragmentCounts& counts() const;
  [[nodiscard]] std::size_t memory() const;  // bytes

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape::net
