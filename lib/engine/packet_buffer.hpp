// SPDX-License-Identifier: Apache-2.0
// Packets copied one behind the other: to be handed to another thread, or to a spool file and back.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "net/packet.hpp"

namespace wiretape::engine {

// A packet as it stands in a buffer: this header, then its bytes.
struct StoredPacket {
  std::int64_t time = 0;
  std::uint64_t number = 0;
  std::uint32_t captured_length = 0;
  std::uint32_t original_length = 0;
  std::uint32_t interface = 0;
  net::LinkType link = net::LinkType::ethernet;

  // `bytes` are captured_length long.
  [[nodiscard]] net::Packet packet(const char* bytes) const {
    return {.time = {time},
            .data = {bytes, captured_length},
            .original_length = original_length,
            .link = link,
            .interface = interface,
            .number = number};
  }
};

class PacketBuffer {
 public:
  void append(const net::Packet& packet) {
    StoredPacket header;
    header.time = packet.time.nanoseconds;
    header.number = packet.number;
    header.captured_length = static_cast<std::uint32_t>(packet.data.size());
    header.original_length = packet.original_length;
    header.interface = packet.interface;
    header.link = packet.link;
    bytes_.append(reinterpret_cast<const char*>(&header), sizeof header);
    bytes_ += packet.data;
  }

  // Calls take(const net::Packet&) for each, in order; views into the buffer.
  template <class Take>
  void each(Take&& take) const {
    for (std::size_t at = 0; at < bytes_.size();) {
      StoredPacket header;
      std::memcpy(&header, bytes_.data() + at, sizeof header);
      at += sizeof header;
      take(header.packet(bytes_.data() + at));
      at += header.captured_length;
    }
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  void clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

}  // namespace wiretape::engine
