// SPDX-License-Identifier: Apache-2.0
#include "capture/read_buffer.hpp"

#include <algorithm>
#include <utility>

namespace wiretape::capture {
namespace {

constexpr std::size_t first_read = 16U << 10U;
constexpr std::size_t page = 4096;

}  // namespace

ReadBuffer::ReadBuffer(std::unique_ptr<Input> input, std::uint64_t position, std::size_t largest_read)
    : input_(std::move(input)),
      largest_read_(largest_read),
      next_read_(std::min(first_read, largest_read)),
      position_(position) {}

// Moves the window so that it ends at a page boundary with `free_bytes` behind it: the kernel copies whole pages
// fastest to where pages begin.
void ReadBuffer::make_room(std::size_t free_bytes) {
  const std::size_t held = end_ - begin_;
  const std::size_t end = (held + page - 1) / page * page;
  blocks_.go_on(end + free_bytes, window(), end - held);
  begin_ = end - held;
  end_ = end;
}

Result<void> ReadBuffer::fill(std::size_t wanted) {
  while (window().size() < wanted) {
    make_room(next_read_);
    const auto count = input_->read(blocks_.data() + end_, next_read_);
    if (!count) return count.error();
    if (*count == 0) return {};
    end_ += *count;
    if (*count == next_read_) next_read_ = std::min(next_read_ * 4, largest_read_);
  }
  return {};
}

void ReadBuffer::release() {
  blocks_.release();
  begin_ = end_ = 0;
}

}  // namespace wiretape::capture
