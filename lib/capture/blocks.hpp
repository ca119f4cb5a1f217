// SPDX-License-Identifier: Apache-2.0
// The memory that a source's packets stand in. Another thread may keep a block of it; the source goes on in another one
// then.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/bytes.hpp"

namespace wiretape::capture {

// Used by one thread, but for what hold() returns: that may be copied, looked through and dropped by any, and outlives
// the object. In the steady state nothing is allocated.
class Blocks {
 public:
  // The block in use; empty before the first go_on() and after release().
  [[nodiscard]] char* data() const { return current_ ? current_->bytes.get() : nullptr; }
  [[nodiscard]] std::size_t size() const { return current_ ? current_->size : 0; }

  // Keeps the block in use as it is for as long as what is returned lives, but for the bytes that the caller still
  // writes into parts of it that nobody looks at. Null without a block. Between two calls of held() or go_on() it is
  // the same hold.
  [[nodiscard]] std::shared_ptr<const void> hold();

  // Whether others than this object hold it.
  [[nodiscard]] bool held();

  // Whether hold() may be asked again behind a held() that said yes: a block has a fixed number of holds.
  [[nodiscard]] bool can_be_held_again() const;

  // Takes a block of at least `size` bytes that nobody holds into use and puts `kept` there, `at` bytes from its
  // start. `kept` may stand in the block that was in use, which is the one to be used on if nobody holds it.
  void go_on(std::size_t size, Bytes kept, std::size_t at);

  // Gives the memory back, but for what is held.
  void release();

 private:
  // Where the reference count of what hold() returns stands.
  struct Count {
    alignas(std::max_align_t) std::array<std::byte, 64> memory;
    std::atomic<bool> in_use = false;
  };
  struct Block {
    explicit Block(std::size_t wanted) : bytes(std::make_unique_for_overwrite<char[]>(wanted)), size(wanted) {}

    [[nodiscard]] bool held() const { return holds.load(std::memory_order_acquire) != 0; }
    [[nodiscard]] Count* free_count();

    std::unique_ptr<char[]> bytes;
    std::size_t size;
    std::atomic<unsigned> holds = 0;
    std::array<Count, 64> counts;
  };
  template <class T>
  struct CountMemory;

  [[nodiscard]] std::shared_ptr<Block> spare(std::size_t size) const;
  void drop_spares();

  std::vector<std::shared_ptr<Block>> blocks_;  // the one in use, those that are held and spares
  std::shared_ptr<Block> current_;
  std::shared_ptr<const void> hold_;  // of the current block, once somebody asked for it
  std::size_t largest_ = 0;           // that was asked for: what new ones have
};

}  // namespace wiretape::capture
