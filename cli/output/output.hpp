// SPDX-License-Identifier: Apache-2.0
// A descriptor that text is written to in large pieces, with what can go wrong there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace wiretape::cli {

// When text leaves the process.
enum class Flush : std::uint8_t { when_full, each_record };

// Not owned: the descriptor stays open. A pipe that closed is a normal end: nothing more is wanted, and no error.
class Output {
 public:
  explicit Output(int descriptor, Flush flush = Flush::when_full);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Text is appended here; end_record() says that a whole line or call stands in it.
  [[nodiscard]] std::string& text() { return text_; }
  // False when nothing more can be written, or nobody reads any more.
  bool end_record();
  // Writes what stands in text() now; false as for end_record().
  bool flush();
  // Writes what is left. The error's kind is ErrorKind::write.
  Result<void> finish();

 private:
  void write_out();

  int descriptor_;
  Flush flush_;
  std::string text_;
  bool closed_ = false;
  int error_ = 0;  // errno of the first write that failed
};

// Each record on a terminal, large pieces elsewhere.
Flush default_flush(int descriptor);

// Writes `text` to standard output at once.
Result<void> print(std::string_view text);

}  // namespace wiretape::cli
