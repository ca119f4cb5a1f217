// SPDX-License-Identifier: Apache-2.0
// Bytes of one direction that nobody could use yet, and when each of them came.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace wiretape {

// Bytes before offset `end`, and after the mark before, came at `time`.
struct TimeMark {
  std::size_t end;
  Timestamp time;
};

// Bytes with their times. A view: lives as long as what it was made from.
struct TimedBytes {
  Bytes bytes;
  std::span<const TimeMark> marks;  // ascending; the last one ends at or behind the last byte
  std::size_t offset = 0;           // of `bytes` in what the marks count

  [[nodiscard]] Timestamp time_at(std::size_t place) const {
    const auto behind = [](std::size_t at, const TimeMark& mark) { return at < mark.end; };
    const auto mark = std::upper_bound(marks.begin(), marks.end(), place + offset, behind);
    return mark != marks.end() ? mark->time : marks.back().time;
  }
};

// Keeps its memory over clear(), so that it serves the next stream.
class Window {
 public:
  void append(Bytes bytes, Timestamp time) {
    bytes_.append(bytes);
    if (!marks_.empty() && marks_.back().time == time) {
      marks_.back().end = bytes_.size();
    } else {
      marks_.push_back({bytes_.size(), time});
    }
  }

  // The first `count` bytes have been used.
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ >= bytes_.size()) return clear();
    // Moving at most as much as was used keeps the whole linear.
    if (begin_ < bytes_.size() - begin_) return;
    bytes_.erase(0, begin_);
    std::size_t kept = 0;
    for (const TimeMark& mark : marks_) {
      if (mark.end > begin_) marks_[kept++] = {mark.end - begin_, mark.time};
    }
    marks_.resize(kept);
    begin_ = 0;
  }

  void clear() {
    bytes_.clear();
    marks_.clear();
    begin_ = 0;
  }

  [[nodiscard]] TimedBytes view() const {
    return {.bytes = Bytes(bytes_).substr(begin_), .marks = marks_, .offset = begin_};
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size() - begin_; }
  [[nodiscard]] std::size_t memory() const {
    return sizeof(Window) + bytes_.capacity() + marks_.capacity() * sizeof(TimeMark);
  }

 private:
  std::string bytes_;
  std::vector<TimeMark> marks_;
  std::size_t begin_ = 0;
};

}  // namespace wiretape
