// SPDX-License-Identifier: Apache-2.0
// The memory that the backlogs of all workers may take together.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace wiretape::flow {

// Half of the limit belongs to the backlogs in equal shares, so that a busy one cannot starve the others; the other
// half is drawn by whoever needs it. A backlog that is alone owns all of it. Any thread may draw and give back; it must
// outlive its backlogs.
class BacklogBudget {
 public:
  // `limit` in bytes; `backlogs` will be made over it, at least one.
  BacklogBudget(std::size_t limit, std::size_t backlogs)
      : share_(backlogs == 1 ? limit : limit / (2 * backlogs)), common_(limit - share_ * backlogs) {}
  BacklogBudget(const BacklogBudget&) = delete;
  BacklogBudget& operator=(const BacklogBudget&) = delete;

  // What each backlog owns without asking.
  [[nodiscard]] std::size_t share() const { return share_; }

  // How much is best drawn at once: so much that it is rarely done, so little that others find something too.
  [[nodiscard]] std::size_t grant() const { return std::min<std::size_t>(256U << 10U, share_ / 8); }

  // Takes `bytes` from the common half: all of them or, false, none.
  [[nodiscard]] bool draw(std::size_t bytes) {
    std::size_t left = common_.load(std::memory_order_relaxed);
    while (left >= bytes) {
      if (common_.compare_exchange_weak(left, left - bytes, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  void give_back(std::size_t bytes) { common_.fetch_add(bytes, std::memory_order_relaxed); }

  [[nodiscard]] std::size_t common() const { return common_.load(std::memory_order_relaxed); }  // not drawn now

 private:
  const std::size_t share_;
  std::atomic<std::size_t> common_;
};

}  // namespace wiretape::flow
