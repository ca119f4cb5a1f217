// SPDX-License-Identifier: Apache-2.0
#include "proto/ws/frame.hpp"

#include <algorithm>
#include <cstring>

#include "json/writer.hpp"

namespace wiretape::ws {
namespace {

// The key as it lies over eight bytes of the payload, of which the first is the `at`-th.
std::uint64_t spread(const std::array<char, 4>& key, std::uint64_t at) {
  std::array<char, 8> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = key[(at + i) % key.size()];
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), sizeof word);
  return word;
}

bool is_ordinary(Direction direction, const Frame& frame, std::uint8_t reserved) {
  if (!is_known(frame.opcode) || !frame.minimal || frame.length > longest_payload) return false;
  if (frame.masked != (direction == Direction::to_server)) return false;
  const bool starts = !frame.is_control() && frame.opcode != Opcode::continuation;
  if ((frame.reserved & ~(starts ? reserved : 0U)) != 0) return false;
  return !frame.is_control() || (frame.fin && frame.length <= longest_control);
}

// The beginning of a payload reads as text. A few bytes prove little.
bool is_readable(const Frame& frame, Bytes payload) {
  constexpr std::size_t least = 4, looked_at = 128, longest_character = 4;
  if (frame.opcode != Opcode::text || frame.reserved != 0 || payload.size() < least) return false;
  std::array<char, looked_at> copy;  // filled below as far as it is read
  const std::size_t size = std::min(payload.size(), copy.size());
  std::copy_n(payload.begin(), size, copy.begin());
  if (frame.masked) unmask(copy.data(), size, frame.key, 0);
  const Bytes text(copy.data(), size);
  const bool whole = size == payload.size();
  if (size - json::valid_utf8(text) >= (whole ? 1 : longest_character)) return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n';
  });
}

}  // namespace

std::string_view name(Opcode opcode) {
  switch (opcode) {
    case Opcode::continuation: return "continuation";
    case Opcode::text: return "text";
    case Opcode::binary: return "binary";
    case Opcode::close: return "close";
    case Opcode::ping: return "ping";
    case Opcode::pong: return "pong";
  }
  return "reserved";
}

bool is_known(Opcode opcode) {
  return static_cast<std::uint8_t>(opcode) <= 2 || (opcode >= Opcode::close && opcode <= Opcode::pong);
}

bool read_head(Bytes bytes, Frame& frame) {
  constexpr std::uint8_t two_bytes = 126, eight_bytes = 127;
  Cursor in(bytes);
  const std::uint8_t first = in.u8(), second = in.u8();
  frame.fin = (first & 0x80U) != 0;
  frame.reserved = first >> 4U & 7U;
  frame.opcode = static_cast<Opcode>(first & 0x0FU);
  frame.masked = (second & 0x80U) != 0;
  frame.length = second & 0x7FU;
  frame.minimal = true;
  if (frame.length == two_bytes) {
    frame.length = in.be16();
    frame.minimal = frame.length >= two_bytes;
  } else if (frame.length == eight_bytes) {
    frame.length = in.be64();
    frame.minimal = frame.length > UINT16_MAX;
  }
  if (frame.masked) {
    const Bytes key = in.take(frame.key.size());
    std::copy(key.begin(), key.end(), frame.key.begin());
  }
  frame.size = static_cast<std::uint8_t>(in.position());
  return in.ok();
}

void unmask(char* bytes, std::size_t size, const std::array<char, 4>& key, std::uint64_t at) {
  const std::uint64_t mask = spread(key, at);
  for (; size >= sizeof mask; bytes += sizeof mask, size -= sizeof mask) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    word ^= mask;
    std::memcpy(bytes, &word, sizeof word);
  }
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ key[(at + i) % key.size()]);
}

bool may_be_sent(std::uint16_t close_code) {
  if (close_code >= 3000) return close_code < 5000;
  return (close_code >= 1000 && close_code <= 1003) || (close_code >= 1007 && close_code <= 1014);
}

Likeness likeness(Direction direction, Bytes bytes, std::uint8_t reserved) {
  constexpr std::size_t enough = 16;  // frames; more are not looked at
  std::size_t whole = 0;
  bool readable = false;
  Frame frame;
  while (!bytes.empty() && whole < enough && read_head(bytes, frame)) {
    if (!is_ordinary(direction, frame, reserved)) return Likeness::none;
    const Bytes payload =
        bytes.substr(frame.size, static_cast<std::size_t>(std::min<std::uint64_t>(frame.length, bytes.size())));
    readable = readable || is_readable(frame, payload);
    if (payload.size() < frame.length) break;
    bytes.remove_prefix(frame.size + payload.size());
    ++whole;
  }
  if (whole == 0 && !readable) return Likeness::none;
  if (whole < 2 && !bytes.empty() && !readable) return Likeness::none;
  return readable ? Likeness::text : Likeness::frames;
}

}  // namespace wiretape::ws
