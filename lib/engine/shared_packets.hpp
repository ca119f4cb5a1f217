// SPDX-License-Identifier: Apache-2.0
// Packets that belong to two streams - ICMP errors, and the streams that they quote - reach each job once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>

#include "engine/jobs.hpp"

namespace wiretape::engine {

// For packets that cannot be read again: of others the same position twice is one packet anyway. Bounded: of the last
// 64 Ki such packets it is known who has them; an older one may reach a job a second time.
class SharedPackets {
 public:
  void add(std::span<const std::uint64_t> numbers) {
    for (const std::uint64_t number : numbers) {
      if (!given_.try_emplace(number, 0).second) continue;
      order_.push_back(number);
      if (order_.size() <= most) continue;
      given_.erase(order_.front());
      order_.pop_front();
    }
  }

  // Those of `jobs` that have not got the packet yet; they have it from then on.
  [[nodiscard]] JobSet still_without(std::uint64_t number, JobSet jobs) {
    if (given_.empty()) return jobs;
    const auto found = given_.find(number);
    if (found == given_.end()) return jobs;
    const JobSet without = jobs & ~found->second;
    found->second |= jobs;
    return without;
  }

  // These jobs have nothing: others take their slots.
  void forget(JobSet jobs) {
    for (auto& [number, has] : given_) has &= ~jobs;
  }

 private:
  static constexpr std::size_t most = 64U << 10U;

  std::unordered_map<std::uint64_t, JobSet> given_;  // by number, who has it
  std::deque<std::uint64_t> order_;
};

}  // namespace wiretape::engine
