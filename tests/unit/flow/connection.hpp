// SPDX-License-Identifier: Apache-2.0
// A TCP connection as a test tells it: segments with sequence numbers counted from each side's first byte, and what a
// reader hears of them as text.
#pragma once

#include <string>

#include "flow/tcp_stream.hpp"

namespace wiretape::flow {

using Flags = net::TcpFlags;

// Bytes as they are, a gap as <5>, an end as |.
class Heard final : public TcpReader {
 public:
  void chunk(const Chunk& chunk) override {
    std::string& text = texts_[index(chunk.direction)];
    if (chunk.missing > 0) text += "<" + std::to_string(chunk.missing) + ">";
    text += chunk.bytes;
    last = chunk;
    last.bytes = {};
    ++chunks;
  }
  void end(Direction direction, Timestamp) override { texts_[index(direction)] += '|'; }

  [[nodiscard]] const std::string& client() const { return texts_[index(Direction::to_server)]; }
  [[nodiscard]] const std::string& server() const { return texts_[index(Direction::to_client)]; }

  Chunk last;
  std::size_t chunks = 0;

 private:
  std::string texts_[2];
};

class Connection {
 public:
  // Sequence numbers of both SYNs.
  std::uint32_t client_isn = 1000;
  std::uint32_t server_isn = 700000;
  Timestamp now{1'000'000'000};
  Duration pace = Duration::milliseconds(1);  // between two segments
  std::uint16_t snapshot = UINT16_MAX;        // payload captured of each segment

  TcpStream stream;
  StreamFacts facts;
  ReorderBudget budget;
  ReorderBudget* shared = nullptr;  // used instead of `budget`
  Heard heard;

  // `at` and `acked` count from the first byte of each side; -1 is its SYN.
  void send(Direction direction, std::uint8_t flags, std::int64_t at, Bytes payload = {}, std::int64_t acked = 0) {
    const bool up = direction == Direction::to_server;
    net::Segment segment;
    segment.time = now;
    segment.flags = flags;
    segment.sequence = static_cast<std::uint32_t>((up ? client_isn : server_isn) + 1 + at);
    segment.acknowledgment = static_cast<std::uint32_t>((up ? server_isn : client_isn) + 1 + acked);
    segment.payload = payload.substr(0, snapshot);
    segment.payload_length = static_cast<std::uint32_t>(payload.size());
    stream.feed(segment, direction, facts, shared != nullptr ? *shared : budget, heard);
    now = now + pace;
  }
  void up(std::int64_t at, Bytes payload = {}, std::int64_t acked = 0, std::uint8_t more = 0) {
    send(Direction::to_server, Flags::ack | more, at, payload, acked);
  }
  void down(std::int64_t at, Bytes payload = {}, std::int64_t acked = 0, std::uint8_t more = 0) {
    send(Direction::to_client, Flags::ack | more, at, payload, acked);
  }
  void shake() {
    send(Direction::to_server, Flags::syn, -1);
    send(Direction::to_client, Flags::syn | Flags::ack, -1);
    up(0);
  }
  void pass(Duration time) { now = now + time; }
  void finish() { stream.finish(now, facts, budget, heard); }

  [[nodiscard]] const SideFacts& client() const { return facts.sides[0]; }
  [[nodiscard]] const SideFacts& server() const { return facts.sides[1]; }
};

}  // namespace wiretape::flow
