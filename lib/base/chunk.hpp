// SPDX-License-Identifier: Apache-2.0
// What a stream hands upward: bytes in order, and gaps. No sequence numbers from here on.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace wiretape {

// Relative to the server: the side that was connected to.
enum class Direction : std::uint8_t { to_server, to_client };

constexpr Direction opposite(Direction direction) {
  return direction == Direction::to_server ? Direction::to_client : Direction::to_server;
}
constexpr std::size_t index(Direction direction) { return static_cast<std::size_t>(direction); }

// Of a stream either bytes, or a gap of `missing` bytes (then `bytes` is empty). Of a datagram `bytes` is what there is,
// from its start, and `missing` what lies behind: cut off by the snapshot length, or in fragments that never came.
struct Chunk {
  Direction direction = Direction::to_server;
  Timestamp time = {};  // of the packet that completed it
  Bytes bytes = {};     // valid during the call that hands the chunk over, not longer
  std::uint64_t missing = 0;
  bool datagram = false;
};

}  // namespace wiretape
