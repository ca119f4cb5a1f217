// SPDX-License-Identifier: Apache-2.0
// Which packets of a source that can be read again are to be kept: a set of positions, small and in order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wiretape::engine {

// Positions arrive in any order, one after a stream's decision and many at a decision. They are sorted and delta-coded
// a few hundred thousand at a time: two to three bytes each, however many.
class Positions {
 public:
  void add(std::uint64_t position);
  void clear();
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::uint64_t size() const { return size_; }  // added, those added twice counted twice
  [[nodiscard]] std::size_t memory() const;                   // bytes

  // Gives each position once, in growing order. Valid until the set changes.
  class Reader {
   public:
    bool next(std::uint64_t& position);

   private:
    friend class Positions;
    struct Run {
      const std::string* bytes;
      std::size_t offset;
      std::uint64_t position;
      bool advance();
      bool operator>(const Run& other) const { return position > other.position; }
    };
    std::vector<Run> heap_;
    std::uint64_t last_ = UINT64_MAX;
  };
  Reader read();

 private:
  void seal();

  std::vector<std::uint64_t> fresh_;
  std::vector<std::string> runs_;
  std::uint64_t size_ = 0;
};

}  // namespace wiretape::engine
