// SPDX-License-Identifier: Apache-2.0
// Packets that are seen more than once on their way through one machine: on several interfaces of "any", at a bridge
// and at its ports, at both ends of a veth pair, inside a tunnel and behind it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "net/segment.hpp"

namespace wiretape::flow {

// Remembers the last 16,384 packets or so by what forwarding leaves as it is. The packet that comes first is the one
// that counts; the same one at another place within a second of packet time, before or after it, is a copy. At the same
// place it is a packet of its own: sent a second time. So nothing is lost when an interface goes silent: what only
// another one shows is no copy of anything.
//
// A place is an interface of the source, and with LINUX_SLL2 the interface that the packet names, in one direction.
// Segments that were cut or joined between two places (segmentation offload) are different packets here.
//
// Memory: 256 KiB, allocated once. Not for several threads.
class Copies {
 public:
  Copies();

  // Whether `segment` is a copy of one that was asked for earlier. Remembers it.
  [[nodiscard]] bool seen(const net::Segment& segment);

 private:
  static constexpr std::size_t set_count = 4096;
  static constexpr std::size_t key_count = std::size_t{2} * (4 + 8 + 1);  // for pairs of headers, of a payload, and the last one

  struct Entry {
    std::uint64_t digest = 0;  // 0: none
    std::uint64_t point = 0;   // in place and time
  };
  // One line of the cache, newest packet first.
  struct alignas(64) Set {
    std::array<Entry, 4> entries;
  };

  [[nodiscard]] std::uint64_t digest(const net::Segment& segment) const;
  [[nodiscard]] std::uint64_t point(const net::Segment& segment) const;

  std::array<std::uint64_t, key_count> keys_;
  std::vector<Set> sets_;
};

}  // namespace wiretape::flow
