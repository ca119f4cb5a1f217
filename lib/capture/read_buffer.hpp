// SPDX-License-Identifier: Apache-2.0
// A window that moves over an input in large reads.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "capture/blocks.hpp"
#include "capture/input.hpp"

namespace wiretape::capture {

class ReadBuffer {
 public:
  // Reads grow up to `largest_read` bytes: a small file costs little memory. `position` is that of the input's first
  // byte.
  ReadBuffer(std::unique_ptr<Input> input, std::uint64_t position, std::size_t largest_read);

  // What has been read and not been consumed; valid until fill() or release(), and longer where it is held.
  [[nodiscard]] Bytes window() const { return {blocks_.data() + begin_, end_ - begin_}; }
  // Of the window's first byte in the input.
  [[nodiscard]] std::uint64_t position() const { return position_; }

  void consume(std::size_t count) {
    begin_ += count;
    position_ += count;
  }

  // Reads until the window holds at least `wanted` bytes or the input ends. After an error nothing more is read.
  Result<void> fill(std::size_t wanted);

  // Keeps the window's bytes, and those consumed since the last fill().
  [[nodiscard]] std::shared_ptr<const void> hold() { return blocks_.hold(); }

  // Gives the memory back: at the end of the input.
  void release();

 private:
  void make_room(std::size_t free_bytes);

  std::unique_ptr<Input> input_;
  std::size_t largest_read_;
  std::size_t next_read_;
  Blocks blocks_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t position_;
};

}  // namespace wiretape::capture
