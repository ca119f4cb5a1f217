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

  // What follows is counted and not kept, unless it is watched.
  void stop_keeping() {
    wanted_ = false;
    keeping_ = keeping_ && watched_ != Watched::not_at_all;
  }

  // A body that has to be looked at when it is whole, to learn what it is, is kept for that, wanted or not, up to
  // 64 KiB (or the limit, where that is more). JSON only for as long as it may be a GraphQL request: what begins with
  // no bracket, or has 64 KiB without the names of one, is not watched any more.
  enum class Watched : std::uint8_t { not_at_all, text, json };
  void watch(Watched watched);
  [[nodiscard]] bool is_watched() const { return watched_ != Watched::not_at_all; }
  void stop_watching();  // it was looked at: what nobody wants is let go

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
  void add(Bytes bytes);
  void look_again();
  void let_go();
  const Unpacked* unpacked() const;  // null when there is nothing to unpack, or it is not what it was said to be

  std::string bytes_;
  Codings codings_;
  std::size_t limit_ = 0;
  std::size_t limit_unwatched_ = 0;
  std::uint64_t packed_size_ = 0;
  Watched watched_ = Watched::not_at_all;
  bool wanted_ = true;
  bool keeping_ = true;
  bool complete_ = true;  // bytes_ or what was unpacked holds all that came
  std::unique_ptr<Unpacker> unpacker_;
  mutable Unpacked unpacked_;  // computed by the first who asks, or by unpacker_ as bytes come
  mutable bool is_unpacked_ = false;
};

}  // namespace wiretape::http
