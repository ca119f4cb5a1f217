// SPDX-License-Identifier: Apache-2.0
// Parts of a file by position, in positions that mostly grow.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace wiretape::capture {

// Dense requests are served out of reads that grow up to a limit, sparse ones out of reads of a few pages: so taking 1
// % of the records of a file does not read all of it, and taking all costs no more than reading it once.
class Window {
 public:
  // `descriptor` is not owned, -1 for a file that cannot be read again; `name` is for messages. No memory is used
  // before the first call of at().
  Window(int descriptor, std::string name, std::size_t largest_read)
      : descriptor_(descriptor), name_(std::move(name)), largest_read_(largest_read) {}

  [[nodiscard]] bool readable() const { return descriptor_ >= 0; }

  // At least `wanted` bytes from `position` on, fewer at the end of the file. Valid until the next call.
  Result<Bytes> at(std::uint64_t position, std::size_t wanted);

 private:
  void adapt(std::uint64_t position);
  Result<void> read(std::uint64_t position, std::size_t size);

  int descriptor_;
  std::string name_;
  std::size_t largest_read_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::uint64_t begin_ = 0;  // in the file, of what the buffer holds
  std::size_t size_ = 0;
  std::size_t read_size_ = 0;
  std::size_t used_ = 0;  // bytes of the buffer that were asked for
};

}  // namespace wiretape::capture
