// SPDX-License-Identifier: Apache-2.0
// Messages that wait to be used again.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace wiretape {

// One for each thread, shared by all its streams: a stream of a million would hold none by itself. At most `most_idle`
// messages wait, none of which holds more than `most_held` bytes, as `held` says.
template <class Kind, std::size_t (*held)(const Kind&), std::size_t most_held, std::size_t most_idle = 64>
class MessagePool {
 public:
  // Used before or new: who gets it begins it anew.
  std::unique_ptr<Kind> get() {
    if (idle_.empty()) return std::make_unique<Kind>();
    std::unique_ptr<Kind> message = std::move(idle_.back());
    idle_.pop_back();
    return message;
  }

  // May be null.
  void put(std::unique_ptr<Kind> message) {
    if (message != nullptr && idle_.size() < most_idle && held(*message) <= most_held) {
      idle_.push_back(std::move(message));
    }
  }

 private:
  std::vector<std::unique_ptr<Kind>> idle_;
};

}  // namespace wiretape
