// SPDX-License-Identifier: Apache-2.0
// A source read to its end, with copies of what it gave: so that tests compare values.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "capture/file.hpp"
#include "support/packets.hpp"

namespace wiretape::support {

struct Kept {
  net::Packet packet;  // its data is the string beside it
  std::string data;
};

struct Reading {
  std::unique_ptr<capture::PacketSource> source;
  std::vector<Kept> packets;
  std::string error;  // of opening or of reading; "" when there was none
  ErrorKind kind = ErrorKind::usage;

  [[nodiscard]] std::vector<std::string> data() const {
    std::vector<std::string> out;
    for (const Kept& kept : packets) out.push_back(kept.data);
    return out;
  }
};

inline void note(Reading& reading, const Error& error) {
  reading.error = error.message;
  reading.kind = error.kind;
}

inline Reading read_all(Result<std::unique_ptr<capture::PacketSource>> source) {
  Reading reading;
  if (!source) {
    note(reading, source.error());
    return reading;
  }
  reading.source = std::move(*source);
  for (;;) {
    const auto batch = reading.source->next();
    if (!batch) {
      CHECK_MESSAGE(reading.error.empty(), "an error comes once");
      note(reading, batch.error());
      continue;
    }
    if (batch->empty()) return reading;
    CHECK_MESSAGE(reading.error.empty(), "after an error a source is at its end");
    for (const net::Packet& packet : *batch) {
      reading.packets.push_back({.packet = packet, .data = std::string(packet.data)});
      reading.packets.back().packet.data = {};
    }
  }
}

// A source read to its end with every batch held: the packets are those that it gave, and the source is gone.
struct HeldReading {
  std::vector<std::shared_ptr<const void>> holds;
  std::vector<net::Packet> packets;
};

inline HeldReading hold_all(Result<std::unique_ptr<capture::PacketSource>> source) {
  HeldReading reading;
  REQUIRE(source);
  for (;;) {
    const auto batch = (*source)->next();
    if (!batch || batch->empty()) return reading;
    reading.holds.push_back((*source)->hold());
    reading.packets.insert(reading.packets.end(), batch->begin(), batch->end());
  }
}

inline Reading read_file(const std::string& path, const capture::FileOptions& options = {}) {
  return read_all(capture::open_file(path, options));
}

}  // namespace wiretape::support
