// SPDX-License-Identifier: Apache-2.0
#include "flow/waiting.hpp"

#include <algorithm>

namespace wiretape::flow {
namespace {

// Compares what both have captured of the same bytes, `piece` from `skipped` on.
bool differ(const Waiting::Piece& piece, std::uint32_t skipped, Bytes again) {
  if (skipped >= piece.bytes.size()) return false;
  const Bytes there = Bytes(piece.bytes).substr(skipped);
  const std::size_t common = std::min(there.size(), again.size());
  return there.substr(0, common) != again.substr(0, common);
}

}  // namespace

Waiting::Added Waiting::add(std::uint32_t start, std::uint32_t length, Bytes captured, Timestamp time) {
  Added added;
  auto after = pieces_.upper_bound(start);
  for (std::uint32_t done = 0; done < length;) {
    const std::uint32_t at = start + done;
    const Bytes rest = captured.substr(std::min<std::size_t>(done, captured.size()));
    if (after != pieces_.begin()) {
      const auto& [piece_start, piece] = *std::prev(after);
      const std::uint32_t skipped = at - piece_start;
      if (skipped < piece.length) {
        const std::uint32_t shared = std::min(length - done, piece.length - skipped);
        added.conflict = added.conflict || differ(piece, skipped, rest.substr(0, shared));
        done += shared;
        continue;
      }
    }
    const std::uint32_t free = after == pieces_.end() ? length - done : std::min(length - done, after->first - at);
    if (free > 0) {
      const Bytes bytes = rest.substr(0, free);
      pieces_.emplace_hint(after, at, Piece{.time = time, .length = free, .bytes = std::string(bytes)});
      memory_ += cost(bytes.size());
      added.fresh += free;
      done += free;
    }
    if (after != pieces_.end()) ++after;
  }
  return added;
}

std::uint32_t Waiting::end() const {
  const auto& [start, piece] = *pieces_.rbegin();
  return start + piece.length;
}

Waiting::Piece Waiting::take_first() {
  Piece piece = std::move(pieces_.begin()->second);
  pieces_.erase(pieces_.begin());
  memory_ -= cost(piece.bytes.size());
  return piece;
}

}  // namespace wiretape::flow
