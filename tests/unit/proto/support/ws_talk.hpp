// SPDX-License-Identifier: Apache-2.0
// WebSocket frames written for people, and what is read of them as short texts that tests compare.
#pragma once

#include <zlib.h>

#include <array>
#include <string>
#include <string_view>

#include "proto/support/driver.hpp"
#include "proto/ws/message.hpp"
#include "proto/ws/ws.hpp"

namespace wiretape::test {

inline constexpr unsigned fin = 0x80, packed = 0x40;
inline constexpr unsigned more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10;

// A frame of a direction, with the mask that belongs to it.
inline std::string frame(Direction direction, unsigned first, std::string_view payload) {
  const unsigned masked = direction == Direction::to_server ? 0x80U : 0U;
  const auto byte = [](std::size_t value) { return static_cast<char>(value & 0xFFU); };
  std::string out{byte(first)};
  if (payload.size() < 126) {
    out += byte(masked | payload.size());
  } else if (payload.size() <= 0xFFFF) {
    out += {byte(masked | 126U), byte(payload.size() >> 8U), byte(payload.size())};
  } else {
    out += byte(masked | 127U);
    for (unsigned shift = 64; shift != 0; shift -= 8) out += byte(payload.size() >> (shift - 8));
  }
  if (masked == 0) return out.append(payload);
  constexpr std::string_view key = "\x12\xf4\x56\xa8";
  out += key;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ key[i % key.size()]);
  return out;
}
inline std::string from_client(unsigned first, std::string_view payload = {}) {
  return frame(Direction::to_server, first, payload);
}
inline std::string from_server(unsigned first, std::string_view payload = {}) {
  return frame(Direction::to_client, first, payload);
}

// Packs messages one after the other, each perhaps with references to those before it.
class Packer {
 public:
  explicit Packer(int window_bits = 15) {
    deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY);
  }
  ~Packer() { deflateEnd(&stream_); }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  std::string operator()(std::string_view plain) {
    std::string out(deflateBound(&stream_, plain.size()) + 16, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream_.avail_in = static_cast<uInt>(plain.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    deflate(&stream_, Z_SYNC_FLUSH);
    out.resize(out.size() - stream_.avail_out - 4);
    return out;
  }

 private:
  z_stream stream_{};
};

// "text 5 hello !dissection: why", one line: what came, its size on the wire unless it is packed (zlib may do better
// some day), what is told of it.
inline std::string brief(const ws::Message& message) {
  std::string out(ws::name(message.opcode()));
  if (!message.fin()) out += " unfinished";
  out += message.compressed ? " packed" : ' ' + std::to_string(message.payload_length());
  if (message.close_code()) out += ' ' + std::to_string(*message.close_code());
  const std::string_view payload = message.payload();
  if (!payload.empty()) out += ' ';
  out += payload.size() <= 40 ? std::string(payload) : std::to_string(payload.size()) + " bytes";
  if (message.kept.is_cut()) out += " (cut)";
  if (message.fault.type == Fault::Type::dissection) out += " !dissection: " + std::string(message.fault.message);
  if (message.fault.type == Fault::Type::incomplete) out += " !incomplete";
  return out;
}

// All messages, a line each: what the client said behind "> ", what the server said behind "< ".
inline std::string told(const Driver& driver) {
  std::string out;
  for (const auto& seen : driver.messages) {
    out += seen.direction == Direction::to_server ? "> " : "< ";
    out += brief(static_cast<const ws::Message&>(*seen.message)) + '\n';
  }
  return out;
}

}  // namespace wiretape::test
