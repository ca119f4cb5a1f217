// SPDX-License-Identifier: Apache-2.0
// permessage-deflate undone, one direction of it (RFC 7692 section 7.2.2).
//
// With context take-over a message may refer to bytes of the messages before it, so that every one must be unpacked, be
// it asked for or not. Where one could not be (its bytes are missing, or damaged), unpacking goes on from an empty
// window: zlib refuses what refers to before that, and what it does unpack is right.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "entry/entry.hpp"
#include "proto/ws/extensions.hpp"
#include "proto/ws/message.hpp"

struct z_stream_s;

namespace wiretape::ws {

// Holds a window of 2^window_bits bytes from the first message on with context take-over, and during a message without.
//
// Forged input unpacks to any size. Time stays linear: what comes out of a message is counted up to its limit plus a
// hundred times what went in, then unpacking stops and the payload is cut.
class Inflation {
 public:
  explicit Inflation(const Packing& packing) : packing_(packing) {}
  ~Inflation();
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;
  Inflation(Inflation&&) = delete;
  Inflation& operator=(Inflation&&) = delete;

  // The messages that are to come refer, perhaps, to some that were never seen.
  void join() { before_ = Before::missing; }

  // A message: begin, its payload without the mask, then finish; or lose, when bytes of it, or of others, are missing.
  void begin(std::size_t limit);
  void feed(Bytes packed, Kept& out);
  // Returns what is wrong with the message; then what did come out of it is gone, if it is not to be trusted.
  Fault finish(Kept& out);
  void lose();

 private:
  enum class State : std::uint8_t { good, damaged, enough, lost };
  enum class Before : std::uint8_t { known, missing, unread };  // messages that may be referred to

  bool open();
  void release();
  void run(Bytes packed, Kept* out);
  bool take(Bytes plain, Kept* out);

  Packing packing_;
  std::unique_ptr<z_stream_s, void (*)(z_stream_s*)> stream_{nullptr, nullptr};
  std::uint64_t allowed_ = 0;
  State state_ = State::good;
  Before before_ = Before::known;
  bool renew_ = false;  // the window is to be emptied before the next message
};

}  // namespace wiretape::ws
