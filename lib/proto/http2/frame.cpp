// SPDX-License-Identifier: Apache-2.0
#include "proto/http2/frame.hpp"

#include <algorithm>
#include <array>

namespace wiretape::http2 {
namespace {

// What is believed of a frame that stands among unknown bytes: larger ones need a setting that few peers make.
constexpr std::uint32_t longest_believed = 64U << 10U;

constexpr std::size_t setting_size = 6;

// Flags that are defined for a type, by its number.
constexpr std::array<std::uint8_t, 10> known_flags = {
    flag::end_stream | flag::padded,
    flag::end_stream | flag::end_headers | flag::padded | flag::priority,
    0,
    0,
    flag::ack,
    flag::end_headers | flag::padded,
    flag::ack,
    0,
    0,
    flag::end_headers,
};

constexpr std::array<std::string_view, 15> resets = {
    "Reset: NO_ERROR",
    "Reset: PROTOCOL_ERROR",
    "Reset: INTERNAL_ERROR",
    "Reset: FLOW_CONTROL_ERROR",
    "Reset: SETTINGS_TIMEOUT",
    "Reset: STREAM_CLOSED",
    "Reset: FRAME_SIZE_ERROR",
    "Reset: REFUSED_STREAM",
    "Reset: CANCEL",
    "Reset: COMPRESSION_ERROR",
    "Reset: CONNECT_ERROR",
    "Reset: ENHANCE_YOUR_CALM",
    "Reset: INADEQUATE_SECURITY",
    "Reset: HTTP_1_1_REQUIRED",
    "Reset: unknown error",
};
constexpr std::array<std::string_view, 15> goaways = {
    "Not processed: NO_ERROR",
    "Not processed: PROTOCOL_ERROR",
    "Not processed: INTERNAL_ERROR",
    "Not processed: FLOW_CONTROL_ERROR",
    "Not processed: SETTINGS_TIMEOUT",
    "Not processed: STREAM_CLOSED",
    "Not processed: FRAME_SIZE_ERROR",
    "Not processed: REFUSED_STREAM",
    "Not processed: CANCEL",
    "Not processed: COMPRESSION_ERROR",
    "Not processed: CONNECT_ERROR",
    "Not processed: ENHANCE_YOUR_CALM",
    "Not processed: INADEQUATE_SECURITY",
    "Not processed: HTTP_1_1_REQUIRED",
    "Not processed: unknown error",
};

std::string_view text_of(const std::array<std::string_view, 15>& texts, std::uint32_t code) {
  return texts[std::min<std::size_t>(code, texts.size() - 1)];
}

bool is_believed(Bytes bytes) {
  const FrameHeader frame = read_frame_header(bytes);
  const auto type = static_cast<std::size_t>(frame.type);
  const bool reserved = (static_cast<unsigned char>(bytes[5]) & 0x80U) != 0;
  if (frame.length > longest_believed || type >= known_flags.size() || reserved) return false;
  if ((frame.flags & ~known_flags[type]) != 0 || !is_well_formed(frame)) return false;
  switch (frame.type) {
    // Nothing for nobody: bytes of zero look so.
    case FrameType::data: return frame.length != 0 || frame.has(flag::end_stream);
    case FrameType::settings: return frame.length == 0 || !frame.has(flag::ack);
    default: return true;
  }
}

// The static table's place of a block's first name, 0 where it is not there.
std::uint8_t first_name(Bytes block) {
  if (block.empty()) return 0;
  const auto byte = static_cast<std::uint8_t>(block.front());
  if ((byte & 0x80U) != 0) return byte & 0x7FU;
  if ((byte & 0xC0U) == 0x40U) return byte & 0x3FU;
  return (byte & 0xE0U) == 0 ? byte & 0x0FU : 0;
}

// What stands before the block in the payload of HEADERS.
Bytes block_of(const FrameHeader& frame, Bytes payload) {
  const std::size_t before = (frame.has(flag::padded) ? 1U : 0U) + (frame.has(flag::priority) ? 5U : 0U);
  return payload.substr(std::min(before, payload.size()));
}

}  // namespace

FrameHeader read_frame_header(Bytes bytes) {
  Cursor in(bytes);
  FrameHeader frame;
  frame.length = in.be24();
  frame.type = static_cast<FrameType>(in.u8());
  frame.flags = in.u8();
  frame.stream = in.be32() & 0x7FFFFFFFU;
  return frame;
}

bool is_well_formed(const FrameHeader& frame) {
  const bool of_stream = frame.stream != 0;
  switch (frame.type) {
    case FrameType::data:
    case FrameType::headers:
    case FrameType::push_promise:
    case FrameType::continuation: return of_stream;
    case FrameType::priority: return of_stream && frame.length == 5;
    case FrameType::rst_stream: return of_stream && frame.length == 4;
    case FrameType::settings: return !of_stream && frame.length % setting_size == 0;
    case FrameType::ping: return !of_stream && frame.length == 8;
    case FrameType::goaway: return !of_stream && frame.length >= 8;
    case FrameType::window_update: return frame.length == 4;
  }
  return true;
}

Chain chain_of(Bytes bytes, std::size_t most) {
  Chain chain;
  while (chain.frames < most && bytes.size() >= frame_header_size) {
    if (!is_believed(bytes)) {
      chain.broken = true;
      return chain;
    }
    ++chain.frames;
    const std::size_t size = frame_header_size + read_frame_header(bytes).length;
    chain.exact = size == bytes.size();
    if (size >= bytes.size()) return chain;
    bytes.remove_prefix(size);
  }
  return chain;
}

std::optional<Direction> sender_of(Bytes bytes) {
  constexpr std::size_t most_frames = 16;
  for (std::size_t frames = 0; frames < most_frames && bytes.size() > frame_header_size; ++frames) {
    const FrameHeader frame = read_frame_header(bytes);
    bytes.remove_prefix(frame_header_size);
    if (frame.type == FrameType::headers) {
      constexpr std::uint8_t authority = 1, last_of_requests = 7, last_status = 14;
      const std::uint8_t name = first_name(block_of(frame, bytes));
      if (name >= authority && name <= last_of_requests) return Direction::to_server;
      if (name > last_of_requests && name <= last_status) return Direction::to_client;
    }
    bytes.remove_prefix(std::min<std::size_t>(frame.length, bytes.size()));
  }
  return std::nullopt;
}

Found find_frames(Bytes bytes) {
  constexpr std::size_t enough = 3;
  std::size_t at = 0, first = Bytes::npos;
  for (; at + frame_header_size <= bytes.size(); ++at) {
    // The first byte of a length that is believed: most places are passed over by it.
    if (bytes[at] != 0) continue;
    const Chain chain = chain_of(bytes.substr(at), enough);
    if (chain.broken) continue;
    if (chain.frames >= 2 || chain.exact) return {.at = at, .sure = true};
    first = std::min(first, at);
  }
  return {.at = std::min(first, at), .sure = false};
}

std::string_view reset_text(std::uint32_t code) {
  return text_of(resets, code);
}

std::string_view goaway_text(std::uint32_t code) {
  return text_of(goaways, code);
}

}  // namespace wiretape::http2
