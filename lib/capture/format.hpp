// SPDX-License-Identifier: Apache-2.0
// What the file formats have in common: a walk over records in memory, without a thought for where bytes come from.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "capture/source.hpp"
#include "net/packet.hpp"

namespace wiretape::capture {

// A record that claims more captured bytes is damage, not a packet: the largest snapshot lengths in use are 256 KiB,
// and memory must be bounded.
inline constexpr std::uint32_t largest_record = 16U << 20U;

// How far a walk came.
struct Walk {
  std::size_t consumed = 0;  // bytes of the window that are done with
  std::size_t packets = 0;   // that were stored
  std::size_t wanted = 0;    // how long the window must be from `consumed` on to go on; 0: the batch is full
  std::string damage;        // why the record at `consumed` cannot be one; then nothing can be read behind it
};

class Format {
 public:
  Format() = default;
  Format(const Format&) = delete;
  Format& operator=(const Format&) = delete;
  virtual ~Format() = default;

  // Takes whole records off the front of the window, which begins at `position` of the file, until `packets` is full or
  // the window does not hold the next record. Packets are views into the window; their numbers go on from the last
  // walk.
  virtual Walk walk(Bytes window, std::uint64_t position, std::span<net::Packet> packets) = 0;

  // The record at the front of the window, one that walk() has gone over. Its number is 0.
  virtual Walk read_again(Bytes window, std::uint64_t position, net::Packet& packet) const = 0;

  [[nodiscard]] virtual std::span<const Interface> interfaces() const = 0;
};

// A file's format by its header. Consumes the header when it is one of its own.
struct Opened {
  std::unique_ptr<Format> format = nullptr;  // null: not this format, or see below
  std::size_t consumed = 0;
  std::string refused = {};  // it is this format, but a form of it that is not read: a phrase, "is ..."
};

}  // namespace wiretape::capture
