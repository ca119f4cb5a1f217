// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file beside a segment: every line is found once, and a stream's line is read or passed over.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "record/reader.hpp"

namespace {

using namespace wiretape::record;

// A file that is in memory, and gives few bytes at a time.
class MemoryFile final : public Files {
 public:
  explicit MemoryFile(std::string_view content) : content_(content) {}
  int openat(int, const char*, int, mode_t) override { return Files::openat(AT_FDCWD, "/dev/null", O_RDONLY, 0); }
  ssize_t pread(int, char* to, std::size_t count, std::uint64_t at) override {
    constexpr std::size_t most = 7;
    if (at >= content_.size()) return 0;
    const std::size_t part = std::min({count, most, content_.size() - static_cast<std::size_t>(at)});
    std::memcpy(to, content_.data() + at, part);
    return static_cast<ssize_t>(part);
  }

 private:
  std::string_view content_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  MemoryFile files(content);
  auto lines = Lines::open("memory", files);
  if (!lines) std::abort();
  std::size_t bytes = 0, count = 0;
  while (true) {
    const auto line = lines->next();
    if (!line) std::abort();
    if (!*line) break;
    bytes += (*line)->size() + 1;
    ++count;
    (void)read_stream_line(**line);
  }
  const auto newlines = static_cast<std::size_t>(std::count(content.begin(), content.end(), '\n'));
  if (bytes + lines->torn() > size || count > newlines || lines->position() + lines->torn() != size) std::abort();

  const auto table = read_streams("memory", files);
  if (!table || table->streams.size() + table->damaged > count) std::abort();
  return 0;
}
