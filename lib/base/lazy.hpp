// SPDX-License-Identifier: Apache-2.0
// A derived value, computed at most once, that remembers why there is nothing.
#pragma once

#include <cstdint>
#include <utility>

namespace wiretape {

template <class T>
class Lazy {
 public:
  enum class State : std::uint8_t { not_computed, absent, malformed, ready };

  // `compute(T&)` fills the value and says how that went (never not_computed). The value keeps its capacity
  // over reset(), so a pooled message computes into memory it has already.
  template <class Compute>
  State get(Compute&& compute) {
    if (state_ == State::not_computed) state_ = std::forward<Compute>(compute)(value_);
    return state_;
  }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const T& value() const { return value_; }
  void reset() { state_ = State::not_computed; }

 private:
  State state_ = State::not_computed;
  T value_{};
};

}  // namespace wiretape
