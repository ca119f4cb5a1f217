// SPDX-License-Identifier: Apache-2.0
// A descriptor that text is written to in large pieces.
#include "output/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace wiretape::cli {
namespace {

// Beyond it a larger piece is no faster; a pipe takes 64 KiB at a time anyway.
constexpr std::size_t piece = 256U << 10U;

}  // namespace

Output::Output(int descriptor, Flush flush) : descriptor_(descriptor), flush_(flush) {
  text_.reserve(2 * piece);
}

bool Output::end_record() {
  if (flush_ == Flush::each_record || text_.size() >= piece) return flush();
  return !closed_ && error_ == 0;
}

bool Output::flush() {
  write_out();
  return !closed_ && error_ == 0;
}

Result<void> Output::finish() {
  write_out();
  if (error_ == 0) return {};
  return Error{.kind = ErrorKind::write,
               .message = fmt::format("cannot write to standard output: {}", std::strerror(error_))};
}

void Output::write_out() {
  std::string_view rest = text_;
  while (!rest.empty() && !closed_ && error_ == 0) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      closed_ = true;
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  text_.clear();
}

Flush default_flush(int descriptor) {
  return ::isatty(descriptor) == 1 ? Flush::each_record : Flush::when_full;
}

Result<void> print(std::string_view text) {
  Output out(STDOUT_FILENO);
  out.text().append(text);
  return out.finish();
}

}  // namespace wiretape::cli
