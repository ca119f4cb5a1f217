// SPDX-License-Identifier: Apache-2.0
#include "capture/input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "capture/compressed.hpp"

namespace wiretape::capture {
namespace {

Error failure(ErrorKind kind, std::string_view what, const std::string& name, int number) {
  return {.kind = kind, .message = fmt::format("cannot {} {}: {}", what, name, std::strerror(number))};
}

// read(2) that goes on after a signal.
ssize_t read_some(int descriptor, char* to, std::size_t size) {
  for (;;) {
    const ssize_t count = read(descriptor, to, size);
    if (count >= 0 || errno != EINTR) return count;
  }
}

// Has the kernel fetch what will be read next while packets are taken apart: as much as has been read so far, up to a
// limit, so that the first packets of a large file cost no more than themselves.
class ReadAhead {
 public:
  void start(std::uint64_t position) { start_ = position_ = asked_ = position; }

  void note(int descriptor, std::size_t count) {
    constexpr std::uint64_t most = 8U << 20U;
    position_ += count;
    const std::uint64_t wanted = std::min(position_ - start_, most);
    if (position_ + wanted / 2 <= asked_) return;
    asked_ = std::max(asked_, position_);
    posix_fadvise(descriptor, static_cast<off_t>(asked_), static_cast<off_t>(wanted), POSIX_FADV_WILLNEED);
    asked_ += wanted;
  }

 private:
  std::uint64_t start_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t asked_ = 0;  // up to here
};

class PlainInput final : public Input {
 public:
  PlainInput(Descriptor descriptor, std::string name) : descriptor_(std::move(descriptor)), name_(std::move(name)) {}

  Result<std::size_t> read(char* to, std::size_t size) override {
    if (!head_.empty()) return take_head(to, size);
    const ssize_t count = read_some(descriptor_.number(), to, size);
    if (count < 0) return failure(ErrorKind::read, "read", name_, errno);
    if (seekable_) ahead_.note(descriptor_.number(), static_cast<std::size_t>(count));
    return static_cast<std::size_t>(count);
  }

  // The first bytes, fewer only when there are no more. They come again with read().
  Result<std::string_view> peek(std::size_t size) {
    head_.resize(size);
    std::size_t have = 0;
    while (have < size) {
      const ssize_t count = read_some(descriptor_.number(), head_.data() + have, size - have);
      if (count < 0) return failure(ErrorKind::read, "read", name_, errno);
      if (count == 0) break;
      have += static_cast<std::size_t>(count);
    }
    head_.resize(have);
    return std::string_view(head_);
  }

  // Instead of repeating what peek() read: so that later reads begin at page boundaries.
  void seek_to(std::uint64_t position) {
    if (lseek(descriptor_.number(), static_cast<off_t>(position), SEEK_SET) < 0) return;
    head_.clear();
    seekable_ = true;
    ahead_.start(position);
  }

  [[nodiscard]] int descriptor() const { return descriptor_.number(); }

 private:
  std::size_t take_head(char* to, std::size_t size) {
    const std::size_t count = std::min(size, head_.size());
    std::memcpy(to, head_.data(), count);
    head_.erase(0, count);
    return count;
  }

  Descriptor descriptor_;
  std::string name_;
  std::string head_;
  bool seekable_ = false;
  ReadAhead ahead_;
};

Result<OpenedInput> finish_opening(std::unique_ptr<PlainInput> plain, std::string name, std::uint64_t position,
                                   bool seekable) {
  constexpr std::size_t magic_length = 4;
  const auto start = plain->peek(magic_length);
  if (!start) return start.error();
  const Decompressor decompress = decompressor_of(*start);
  if (seekable) plain->seek_to(position);
  if (decompress != nullptr) {
    std::unique_ptr<Input> input = decompress(std::move(plain), name);
    return OpenedInput{.name = std::move(name), .input = std::move(input)};
  }
  const int again = seekable ? plain->descriptor() : -1;
  return OpenedInput{.name = std::move(name), .input = std::move(plain), .position = position, .again = again};
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

Result<OpenedInput> open_input(const std::string& path) {
  const bool standard = path == "-";
  std::string name = standard ? "standard input" : fmt::format("\"{}\"", path);
  // A duplicate: the process keeps its standard input.
  Descriptor descriptor(standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.number() < 0) return failure(ErrorKind::input, "open", name, errno);

  struct stat status {};
  if (fstat(descriptor.number(), &status) != 0) return failure(ErrorKind::input, "open", name, errno);
  if (S_ISDIR(status.st_mode)) {
    return Error{.kind = ErrorKind::input, .message = fmt::format("{} is a directory, not a capture file", name)};
  }
  const bool regular = S_ISREG(status.st_mode);
  const off_t position = regular ? lseek(descriptor.number(), 0, SEEK_CUR) : 0;
  if (regular) posix_fadvise(descriptor.number(), 0, 0, POSIX_FADV_SEQUENTIAL);
  auto plain = std::make_unique<PlainInput>(std::move(descriptor), name);
  return finish_opening(std::move(plain), std::move(name), static_cast<std::uint64_t>(position), regular);
}

}  // namespace wiretape::capture
