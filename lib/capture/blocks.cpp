// SPDX-License-Identifier: Apache-2.0
#include "capture/blocks.hpp"

#include <algorithm>
#include <cassert>
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

  CountMemory(std::shared_ptr<Block> of, Count* place) : block(std::move(of)), count(place) {}
  template <class U>
  explicit(false) CountMemory(const CountMemory<U>& other) : block(other.block), count(other.count) {}

  T* allocate(std::size_t) {
    static_assert(sizeof(T) <= sizeof(Count::memory));
    static_assert(alignof(T) <= alignof(std::max_align_t));  // NOLINT(misc-redundant-expression)
    return reinterpret_cast<T*>(count->memory.data());
  }
  void deallocate(T*, std::size_t) {
    count->in_use.store(false, std::memory_order_release);
    block->holds.fetch_sub(1, std::memory_order_release);
  }
  template <class U>
  bool operator==(const CountMemory<U>& other) const {
    return count == other.count;
  }

  std::shared_ptr<Block> block;
  Count* count;
};

Blocks::Count* Blocks::Block::free_count() {
  const auto found = std::find_if(counts.begin(), counts.end(),
                                  [](const Count& count) { return !count.in_use.load(std::memory_order_acquire); });
  return found != counts.end() ? &*found : nullptr;
}

std::shared_ptr<const void> Blocks::hold() {
  if (!hold_ && current_) {
    Count* const count = current_->free_count();
    assert(count != nullptr && "can_be_held_again() was not asked");
    count->in_use.store(true, std::memory_order_relaxed);
    current_->holds.fetch_add(1, std::memory_order_relaxed);
    hold_ = std::shared_ptr<const void>(current_->bytes.get(), Nothing{}, CountMemory<char>(current_, count));
  }
  return hold_;
}

bool Blocks::held() {
  hold_.reset();
  return current_ && current_->held();
}

bool Blocks::can_be_held_again() const {
  return current_ && current_->free_count() != nullptr;
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
    return block != current_ && block->size >= size && !block->held();
  });
  return found == blocks_.end() ? nullptr : *found;
}

// Those that are too small, and those of a burst that is over.
void Blocks::drop_spares() {
  std::size_t spares = 0;
  std::erase_if(blocks_, [&](const std::shared_ptr<Block>& block) {
    if (block == current_ || block->held()) return false;
    return block->size < largest_ || ++spares > most_spares;
  });
}

void Blocks::release() {
  hold_.reset();
  current_.reset();
  blocks_.clear();
}

}  // namespace wiretape::capture
