// SPDX-License-Identifier: Apache-2.0
// What one direction of a TCP connection sent ahead of a hole: copies, in the order of their sequence numbers, none
// overlapping another. The first copy of a byte stays.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "flow/sequence.hpp"

namespace wiretape::flow {

class Waiting {
 public:
  struct Piece {
    Timestamp time;            // of the packet that brought it
    std::uint32_t length = 0;  // on the wire
    std::string bytes;         // what was captured of it, from its start
  };
  struct Added {
    std::uint32_t fresh = 0;  // bytes that had not been there
    bool conflict = false;    // some that had been there were others
  };

  // Every piece must lie within `furthest_data` of every other. O(log n) for each piece touched.
  Added add(std::uint32_t start, std::uint32_t length, Bytes captured, Timestamp time);

  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  [[nodiscard]] std::uint32_t start() const { return pieces_.begin()->first; }  // not when empty
  [[nodiscard]] std::uint32_t end() const;                                      // not when empty
  [[nodiscard]] const Piece& first() const { return pieces_.begin()->second; }  // not when empty
  Piece take_first();

  [[nodiscard]] std::size_t memory() const { return memory_; }
  // What a piece takes, its node in the map included.
  static std::size_t cost(std::size_t captured) { return captured + 128; }

 private:
  struct InOrder {
    bool operator()(std::uint32_t left, std::uint32_t right) const { return before(left, right); }
  };
  std::map<std::uint32_t, Piece, InOrder> pieces_;
  std::size_t memory_ = 0;
};

}  // namespace wiretape::flow
