// SPDX-License-Identifier: Apache-2.0
// The bytes of a capture file: opened, and decompressed where they are gzip (RFC 1952) or zstd (RFC 8878).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace wiretape::capture {

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();

  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

class Input {
 public:
  Input() = default;
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  virtual ~Input() = default;

  // Reads at most `size` bytes, at least one unless at the end. Errors: ErrorKind::read where the system failed,
  // ErrorKind::input where compressed data is damaged; the message names the file.
  virtual Result<std::size_t> read(char* to, std::size_t size) = 0;
};

struct OpenedInput {
  std::string name;  // for messages: "x.pcap" with its quotes, or standard input
  std::unique_ptr<Input> input;
  std::uint64_t position = 0;  // of the first byte that input gives
  // For reading parts again by position; -1: a pipe, or compressed. Lives as long as `input`.
  int again = -1;
};

// "-" is standard input. ErrorKind::input where it cannot be opened or is a directory.
Result<OpenedInput> open_input(const std::string& path);

}  // namespace wiretape::capture
