// SPDX-License-Identifier: Apache-2.0
// Who is among the heaviest, in constant time: lists by the power of two of a weight.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace wiretape::flow {

// Neighbours of an item in its list. The item owns them; whoever moves or frees it takes it out of the ranking first.
template <class Item>
struct RankLinks {
  Item* newer = nullptr;
  Item* older = nullptr;
};

template <class Item, RankLinks<Item> Item::*links>
class Ranking {
 public:
  // An item of no weight is not ranked.
  void enter(Item& item, std::uint64_t weight) {
    if (weight == 0) return;
    const std::size_t at = rank(weight);
    (item.*links) = {.newer = nullptr, .older = newest_[at]};
    (newest_[at] != nullptr ? (newest_[at]->*links).newer : oldest_[at]) = &item;
    newest_[at] = &item;
    taken_ |= std::uint64_t{1} << at;
  }

  // `weight` is the one that it entered with.
  void leave(Item& item, std::uint64_t weight) {
    if (weight == 0) return;
    const std::size_t at = rank(weight);
    const auto [newer, older] = item.*links;
    (newer != nullptr ? (newer->*links).older : newest_[at]) = older;
    (older != nullptr ? (older->*links).newer : oldest_[at]) = newer;
    if (newest_[at] == nullptr) taken_ &= ~(std::uint64_t{1} << at);
  }

  // No other weighs twice as much; of those that weigh about the same the one that entered first. Null when empty.
  [[nodiscard]] Item* heaviest() const {
    return taken_ == 0 ? nullptr : oldest_[static_cast<std::size_t>(std::bit_width(taken_)) - 1];
  }

 private:
  static constexpr std::size_t ranks = 64;
  static std::size_t rank(std::uint64_t weight) { return static_cast<std::size_t>(std::bit_width(weight)) - 1; }

  std::array<Item*, ranks> newest_{};
  std::array<Item*, ranks> oldest_{};
  std::uint64_t taken_ = 0;  // a bit for each list that is not empty
};

}  // namespace wiretape::flow
