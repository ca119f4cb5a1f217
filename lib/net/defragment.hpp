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

// Holds copies of fragments until their datagram is whole, in any order of arrival. Where IPv4 fragments overlap, the
// first copy of a byte wins; an IPv6 datagram with an overlap is rejected as a whole. An exact repetition belongs to
// the datagram and changes nothing.
class Defragmenter {
 public:
  // Told of the held packets of a datagram that is given up, in the order of their arrival. They are valid during the
  // call.
  using GivenUp = std::function<void(std::span<const Packet>)>;

  explicit Defragmenter(const DefragmentLimits& limits = {}, GivenUp given_up = nullptr);
  ~Defragmenter();
  Defragmenter(const Defragmenter&) = delete;
  Defragmenter& operator=(const Defragmenter&) = delete;

  // Takes one fragment of the datagram between the addresses of `segment`. Drop::none: it was the last one missing, and
  // `payload` and `segment.packets` are the whole datagram's, valid until the next call. Drop::fragment_held: it waits.
  // Otherwise the fragment itself is refused and not held.
  Drop add(const Packet& packet, IpPayload& payload, Segment& segment);

  // Gives up all that waits, oldest first: the end of the input.
  void drain();

  [[nodiscard]] const DefragmentCounts& counts() const;
  [[nodiscard]] std::size_t memory() const;  // bytes

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape::net
