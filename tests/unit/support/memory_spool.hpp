// SPDX-License-Identifier: Apache-2.0
// A spool in memory that can be full, refuse and forget.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <mutex>
#include <string>

#include "flow/spool.hpp"

namespace wiretape::support {

// Stops the program when it is asked for a place that it did not give, or that has another size.
class MemorySpool final : public flow::Spool {
 public:
  explicit MemorySpool(std::size_t limit = std::numeric_limits<std::size_t>::max()) : limit_(limit) {}

  std::optional<Place> put(Bytes bytes) override {
    const std::lock_guard lock(mutex_);
    ++tries_;
    if (refusing_ || bytes.empty() || bytes.size() > limit_ - size_) return {};
    return keep(std::string(bytes));
  }

  // Always moves.
  std::optional<Place> append(Place place, std::size_t size, Bytes bytes) override {
    const std::lock_guard lock(mutex_);
    ++tries_;
    if (refusing_ || bytes.size() > limit_ - size_) return {};
    std::string all = at(place, size);
    forget(place, size);
    return keep(all.append(bytes));
  }

  bool get(Place place, std::span<char> into) override {
    const std::lock_guard lock(mutex_);
    if (unreadable_ > 0) {
      --unreadable_;
      return false;
    }
    const std::string& bytes = at(place, into.size());
    std::copy(bytes.begin(), bytes.end(), into.begin());
    return true;
  }

  void give_back(Place place, std::size_t size) override {
    const std::lock_guard lock(mutex_);
    forget(place, size);
  }

  void refuse() { refusing_ = true; }                                  // from now on nothing is taken
  void forget_next(std::size_t reads) { unreadable_ = reads; }         // so many reads fail
  [[nodiscard]] std::size_t size() const { return size_; }             // bytes in it
  [[nodiscard]] std::size_t places() const { return places_.size(); }  // taken
  [[nodiscard]] std::size_t tries() const { return tries_; }           // to put or to append

 private:
  Place keep(std::string bytes) {
    size_ += bytes.size();
    places_.emplace(next_, std::move(bytes));
    return next_++;
  }
  const std::string& at(Place place, std::size_t size) {
    const auto found = places_.find(place);
    if (found == places_.end() || found->second.size() != size) std::abort();
    return found->second;
  }
  void forget(Place place, std::size_t size) {
    static_cast<void>(at(place, size));
    size_ -= size;
    places_.erase(place);
  }

  const std::size_t limit_;
  std::mutex mutex_;
  std::map<Place, std::string> places_;
  Place next_ = 7;
  std::size_t size_ = 0;
  std::size_t unreadable_ = 0;
  std::size_t tries_ = 0;
  bool refusing_ = false;
};

}  // namespace wiretape::support
