// SPDX-License-Identifier: Apache-2.0
// The body of one HTTP message: collected as it comes, bounded, and unpacked when somebody asks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "proto/http/coding.hpp"

namespace wiretape::http {

// Holds at most the limit of plain text, or the limit (and never more than 1 MiB) of packed bytes: a packed body that
// is longer is unpacked as it comes.
class Body {
 public:
  Body();
  ~Body();

  // Begins a new body; memory grown before serves again unless it is much.
  void begin(const Codings& codings, std::size_t limit);

  // What follows is counted and not kept.
  void stop_keeping() { keeping_ = false; }

  void append(Bytes bytes);

  // `missing` bytes are not there: what follows is counted and not kept.
  void gap(std::uint64_t missing);

  // Bytes of the body on the wire without the framing of chunks, codings not undone.
  [[nodiscard]] std::uint64_t packed_size() const { return packed_size_; }
  [[nodiscard]] bool packed() const { return !codings_.empty(); }

  // After decoding. Without a limit in the way these are all of it; a body that says a wrong coding is as it was sent.
  // Valid until begin() or append().
  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] bool cut() const;  // text() is not all of it

 private:
  const Unpacked* unpacked() const;  // null when there is nothing to unpack, or it is not what it was said to be

  std::string bytes_;
  Codings codings_;
  std::size_t limit_ = 0;
  std::uint64_t packed_size_ = 0;
  bool keeping_ = true;
  bool complete_ = true;  // bytes_ or what was unpacked holds all that came
  std::unique_ptr<Unpacker> unpacker_;
  mutable Unpacked unpacked_;  // computed by the first who asks, or by unpacker_ as bytes come
  mutable bool is_unpacked_ = false;
};

}  // namespace wiretape::http
