// SPDX-License-Identifier: Apache-2.0
// A TCP connection as the packets of both sides, for tests that follow packets to calls.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "net/packet.hpp"
#include "support/packets.hpp"

namespace wiretape::support {

// Packets of any number of conversations in the order in which they were sent, a millisecond apart.
class Wire {
 public:
  // A packet of its own, outside any conversation.
  void send(const std::string& frame) {
    frames_.push_back(frame);
    times_.push_back(time_);
    time_.nanoseconds += 1'000'000;
  }
  void pause(Duration length) { time_ = time_ + length; }

  // Views, valid as long as the wire; numbered from 1.
  [[nodiscard]] std::vector<net::Packet> packets() const {
    std::vector<net::Packet> out;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      out.push_back(captured(frames_[i], times_[i]));
      out.back().number = i + 1;
    }
    return out;
  }
  [[nodiscard]] std::size_t size() const { return frames_.size(); }

 private:
  std::deque<std::string> frames_;
  std::vector<Timestamp> times_;
  Timestamp time_{1'717'490'700'000'000'000};  // 2024-06-04T08:45:00Z
};

class Conversation {
 public:
  Conversation(Wire& wire, const std::string& client, const std::string& server)
      : wire_(wire), client_(endpoint(client)), server_(endpoint(server)) {}

  void connect() {
    client_sends(syn, "");
    server_sends(syn | ack, "");
    client_sends(ack, "");
  }
  void request(const std::string& bytes) { client_sends(ack | push, bytes); }
  void response(const std::string& bytes) { server_sends(ack | push, bytes); }
  // Bytes that were sent and never captured.
  void lose_response(std::size_t count) { server_sequence_ += static_cast<std::uint32_t>(count); }
  void close() {
    client_sends(fin | ack, "");
    server_sends(fin | ack, "");
    client_sends(ack, "");
  }

 private:
  static constexpr std::uint8_t fin = 0x01, syn = 0x02, push = 0x08, ack = 0x10;

  void client_sends(std::uint8_t flags, const std::string& bytes) {
    send(client_, server_, client_sequence_, server_sequence_, flags, bytes);
  }
  void server_sends(std::uint8_t flags, const std::string& bytes) {
    send(server_, client_, server_sequence_, client_sequence_, flags, bytes);
  }
  void send(const Endpoint& from, const Endpoint& to, std::uint32_t& sequence, std::uint32_t acknowledged,
            std::uint8_t flags, const std::string& bytes) {
    wire_.send(tcp_frame({.source = from,
                          .destination = to,
                          .sequence = sequence,
                          .acknowledgment = acknowledged,
                          .flags = flags,
                          .payload = bytes}));
    sequence += static_cast<std::uint32_t>(bytes.size()) + ((flags & (syn | fin)) != 0 ? 1 : 0);
  }

  Wire& wire_;
  Endpoint client_, server_;
  std::uint32_t client_sequence_ = 1000, server_sequence_ = 5000;
};

}  // namespace wiretape::support
