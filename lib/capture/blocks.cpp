// SPDX-License-Identifier: Apache-2.0
#include "capture/blocks.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace wiretape::capture {
namespace {

// Enough for a queue of batches that fills and empties without memory coming and going.
constexpr std::size_t most_spares = 16;

struct Nothing {
  void operator()(const void*) const {}
};

}  // namespace

// An allocator whose only memory is in the block. std::shared_ptr gives it back when the last holder has gone, wherever
// that is: this tells the block's owner, which use_count() could not do with the order that other threads' reads need.
template <class T>
struct Blocks::CountMemory {
  using value_type = T;

  explicit CountMemory(std::shared_ptr<Block> of) : block(std::move(of)) {}
  template <class U>
  explicit(false) CountMemory(const CountMemory<U>& other) : block(other.block) {}

  T* allocate(std::size_t) {
    static_assert(sizeof(T) <= sizeof(Block::count));
    static_assert(alignof(T) <= alignof(std::max_align_t));  // NOLINT(misc-redundant-expression)
    return reinterpret_cast<T*>(block->count.data());
  }
  void deallocate(T*, std::size_t) { block->held.store(false, std::memory_order_release); }
  template <class U>
  bool operator==(const CountMemory<U>& other) const {
    return block == other.block;
  }

  std::shared_ptr<Block> block;
};

std::shared_ptr<const void> Blocks::hold() {
  if (!hold_ && current_) {
    current_->held.store(true, std::memory_order_relaxed);
    hold_ = std::shared_ptr<const void>(current_->bytes.get(), Nothing{}, CountMemory<char>(current_));
  }
  return hold_;
}

bool Blocks::held() {
  hold_.reset();
  return current_ && current_->held.load(std::memory_order_acquire);
}

void Blocks::go_on(std::size_t size, Bytes kept, std::size_t at) {
  if (!held() && this->size() >= size) {
    if (!kept.empty()) std::memmove(data() + at, kept.data(), kept.size());
    return;
  }
  largest_ = std::max(largest_, size);
  std::shared_ptr<Block> next = spare(size);
  if (!next) next = blocks_.emplace_back(std::make_shared<Block>(largest_));
  std::copy_n(kept.data(), kept.size(), next->bytes.get() + at);
  current_ = std::move(next);
  drop_spares();
}

std::shared_ptr<Blocks::Block> Blocks::spare(std::size_t size) const {
  const auto found = std::find_if(blocks_.begin(), blocks_.end(), [&](const std::shared_ptr<Block>& block) {
    return block != current_ && block->size >= size && !block->held.load(std::memory_order_acquire);
  });
  return found == blocks_.end() ? nullptr : *found;
}

// Those that are too small, and those of a burst that is over.
void Blocks::drop_spares() {
  std::size_t spares = 0;
  std::erase_if(blocks_, [&](const std::shared_ptr<Block>& block) {
    if (block == current_ || block->held.load(std::memory_order_acquire)) return false;
    return block->size < largest_ || ++spares > most_spares;
  });
}

void Blocks::release() {
  hold_.reset();
  current_.reset();
  blocks_.clear();
}

}  // namespace wiretape::capture
