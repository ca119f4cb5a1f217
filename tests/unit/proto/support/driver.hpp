// SPDX-License-Identifier: Apache-2.0
// Feeds a dissector as a session does, with bytes cut anywhere, and collects its messages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/chunk.hpp"
#include "proto/protocol.hpp"

namespace wiretape::test {

class Driver {
 public:
  explicit Driver(const Protocol& protocol, const DissectorOptions& options = {})
      : dissector_(protocol.open(options)) {}

  // As one piece.
  void send(Direction direction, std::string_view bytes) {
    waiting_[index(direction)] += bytes;
    run(direction);
  }

  // Byte by byte, or in pieces of `size`.
  void send_in_pieces(Direction direction, std::string_view bytes, std::size_t size) {
    for (std::size_t at = 0; at < bytes.size(); at += size) send(direction, bytes.substr(at, size));
  }

  void lose(Direction direction, std::uint64_t missing) {
    waiting_[index(direction)].clear();
    if (dissector_->gap(direction, missing).kind == Step::Kind::lost) lost = true;
  }

  void close(Direction direction) {
    if (lost || handed_over) return;
    if (dissector_->end(direction).kind == Step::Kind::message) take(direction);
  }

  [[nodiscard]] std::size_t waiting(Direction direction) const { return waiting_[index(direction)].size(); }

  struct Seen {
    Direction direction;
    std::unique_ptr<Message> message;
  };
  std::vector<Seen> messages;
  bool keep_bodies = true;
  bool lost = false;
  bool handed_over = false;
  std::size_t heads = 0;
  std::size_t longest_wish = 0;  // of need_more
  std::size_t steps = 0;

  Dissector& dissector() { return *dissector_; }

 private:
  void run(Direction direction) {
    std::string& bytes = waiting_[index(direction)];
    while (!bytes.empty() && !lost && !handed_over) {
      const Step step = dissector_->next(direction, bytes);
      ++steps;
      const bool waits = step.kind == Step::Kind::need_more;
      if (waits) {
        longest_wish = std::max(longest_wish, step.bytes);
        return;
      }
      const std::size_t before = bytes.size();
      bytes.erase(0, step.bytes);
      if (step.bytes > before) lost = true;
      act(step.kind, direction);
    }
  }

  void act(Step::Kind kind, Direction direction) {
    switch (kind) {
      case Step::Kind::message: take(direction); break;
      case Step::Kind::head:
        ++heads;
        dissector_->keep_body(direction, keep_bodies);
        break;
      case Step::Kind::hand_over: handed_over = true; break;
      case Step::Kind::lost: lost = true; break;
      case Step::Kind::skip:
      case Step::Kind::need_more: break;
    }
  }

  void take(Direction direction) { messages.push_back({direction, dissector_->take()}); }

  std::unique_ptr<Dissector> dissector_;
  std::string waiting_[2];
};

}  // namespace wiretape::test
