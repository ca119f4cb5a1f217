// SPDX-License-Identifier: Apache-2.0
// Where the backlog puts bytes that memory has no room for. engine::SpoolFile is a file; tests use memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"

namespace wiretape::flow {

// Several threads may call it at a time, each with places of its own. Nothing here throws or waits for more than the
// disk. Whoever puts bytes remembers how many: a place does not know its size.
class Spool {
 public:
  using Place = std::uint32_t;  // the spool's own name for it

  Spool() = default;
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  virtual ~Spool() = default;

  // Copies `bytes` (not empty). Nothing when the spool is full or has failed; cheap when it is.
  virtual std::optional<Place> put(Bytes bytes) = 0;

  // Puts `bytes` behind the `size` bytes at `place`, which may move: the answer is the place of all, and holds instead
  // of the old one. Nothing when the spool is full or has failed; what was there is still there then.
  virtual std::optional<Place> append(Place place, std::size_t size, Bytes bytes) = 0;

  // Fills `into` with the first bytes at `place`. False when they cannot be read back.
  virtual bool get(Place place, std::span<char> into) = 0;

  // The `size` bytes at `place` are not needed any more.
  virtual void give_back(Place place, std::size_t size) = 0;
};

}  // namespace wiretape::flow
