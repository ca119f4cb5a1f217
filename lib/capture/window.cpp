// SPDX-License-Identifier: Apache-2.0
#include "capture/window.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace wiretape::capture {
namespace {

constexpr std::size_t smallest_read = 4U << 10U;
constexpr std::size_t first_read = 16U << 10U;

}  // namespace

// A read that was used by half was too small, one that was hardly used too large.
void Window::adapt(std::uint64_t position) {
  if (read_size_ == 0) {
    read_size_ = first_read;
    return;
  }
  const bool goes_on = position >= begin_ && position - begin_ <= size_ + read_size_ / 2;
  if (goes_on && used_ >= size_ / 2) {
    read_size_ = std::min(read_size_ * 2, largest_read_);
  } else if (!goes_on || used_ < size_ / 8) {
    read_size_ = std::max(read_size_ / 2, smallest_read);
  }
}

Result<void> Window::read(std::uint64_t position, std::size_t size) {
  if (size > capacity_) {
    buffer_ = std::make_unique_for_overwrite<char[]>(size);
    capacity_ = size;
  }
  begin_ = position;
  size_ = 0;
  used_ = 0;
  while (size_ < size) {
    const ssize_t count = pread(descriptor_, buffer_.get() + size_, size - size_, static_cast<off_t>(position + size_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return Error{.kind = ErrorKind::read, .message = fmt::format("cannot read {}: {}", name_, std::strerror(errno))};
    }
    if (count == 0) break;
    size_ += static_cast<std::size_t>(count);
  }
  return {};
}

Result<Bytes> Window::at(std::uint64_t position, std::size_t wanted) {
  if (position < begin_ || position + wanted > begin_ + size_) {
    // The rest of a record whose header was read just now says nothing about density.
    if (position != begin_ || size_ == 0) adapt(position);
    if (auto done = read(position, std::max(wanted, read_size_)); !done) return done.error();
  }
  const auto offset = static_cast<std::size_t>(position - begin_);
  const Bytes bytes = Bytes(buffer_.get(), size_).substr(std::min(offset, size_));
  used_ += std::min(wanted, bytes.size());
  return bytes;
}

}  // namespace wiretape::capture
