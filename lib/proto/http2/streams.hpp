// SPDX-License-Identifier: Apache-2.0
// The streams of one connection that have a message open.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/chunk.hpp"
#include "proto/http/message.hpp"
#include "proto/http2/tunnel.hpp"

namespace wiretape::http2 {

struct Stream {
  struct Half {
    std::unique_ptr<http::Message> message;  // null: not begun, or ended
    std::uint64_t held = 0;                  // of its body
    bool wanted = true;                      // the body
  };
  std::uint32_t id = 0;
  std::array<Half, 2> halves = {};           // by direction
  std::unique_ptr<Tunnel> tunnel = nullptr;  // what follows the messages

  [[nodiscard]] Half& half(Direction direction) { return halves[index(direction)]; }
  [[nodiscard]] const Half& half(Direction direction) const { return halves[index(direction)]; }
  [[nodiscard]] bool has_message() const { return halves[0].message != nullptr || halves[1].message != nullptr; }
  [[nodiscard]] bool idle() const { return !has_message() && tunnel == nullptr; }
};

// In the order of their ids, which is nearly that of their begin. Pointers are valid until add() or remove().
class Streams {
 public:
  // Streams open at a time. Beyond it the oldest is told as far as it is.
  static constexpr std::size_t most = 1024;

  [[nodiscard]] Stream* find(std::uint32_t id) {
    const auto place = place_of(id);
    return place != streams_.end() && place->id == id ? &*place : nullptr;
  }
  [[nodiscard]] const Stream* find(std::uint32_t id) const { return const_cast<Streams*>(this)->find(id); }
  Stream& at(std::uint32_t id) {
    const auto place = place_of(id);
    if (place != streams_.end() && place->id == id) return *place;
    Stream fresh;
    fresh.id = id;
    return *streams_.insert(place, std::move(fresh));
  }
  void remove(std::uint32_t id) {
    const auto place = place_of(id);
    if (place != streams_.end() && place->id == id) streams_.erase(place);
  }

  [[nodiscard]] bool full() const { return streams_.size() >= most; }
  [[nodiscard]] auto begin() { return streams_.begin(); }
  [[nodiscard]] auto end() { return streams_.end(); }

 private:
  std::vector<Stream>::iterator place_of(std::uint32_t id) {
    // Most frames are about one of the newest.
    if (streams_.empty() || streams_.back().id < id) return streams_.end();
    return std::lower_bound(streams_.begin(), streams_.end(), id,
                            [](const Stream& stream, std::uint32_t value) { return stream.id < value; });
  }

  std::vector<Stream> streams_;
};

// The streams that were reset last. What the other side had sent before it heard of that belongs to no call any more.
class ResetStreams {
 public:
  void add(std::uint32_t id) {
    if (!has(id)) ids_[next_++ % ids_.size()] = id;
  }
  [[nodiscard]] bool has(std::uint32_t id) const { return std::find(ids_.begin(), ids_.end(), id) != ids_.end(); }

 private:
  std::array<std::uint32_t, 32> ids_{};  // no stream has the number 0
  std::size_t next_ = 0;
};

}  // namespace wiretape::http2
