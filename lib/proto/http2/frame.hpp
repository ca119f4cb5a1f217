// SPDX-License-Identifier: Apache-2.0
// Frames of HTTP/2 as bytes (RFC 9113 sections 4 and 6). Knows neither header compression nor calls.
//
//   frame := length:24 type:8 flags:8 reserved:1 stream:31 payload
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/chunk.hpp"

namespace wiretape::http2 {

// What a client says first (section 3.4).
inline constexpr Bytes preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline constexpr std::size_t frame_header_size = 9;

enum class FrameType : std::uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push_promise,
  ping,
  goaway,
  window_update,
  continuation,
};

namespace flag {
inline constexpr std::uint8_t end_stream = 0x1;
inline constexpr std::uint8_t ack = 0x1;
inline constexpr std::uint8_t end_headers = 0x4;
inline constexpr std::uint8_t padded = 0x8;
inline constexpr std::uint8_t priority = 0x20;
}  // namespace flag

struct FrameHeader {
  std::uint32_t length = 0;  // of the payload
  FrameType type = FrameType::data;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;

  [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

// `bytes` holds at least frame_header_size.
FrameHeader read_frame_header(Bytes bytes);

// The length and the stream fit the type; a frame that does not would end the connection. Types that are not known fit.
bool is_well_formed(const FrameHeader& frame);

// Frames in a row at the front of `bytes`.
struct Chain {
  std::size_t frames = 0;  // whose headers are there, and are what a peer sends
  bool broken = false;     // something else comes behind them
  bool exact = false;      // the last one ends with the bytes
};

// Looks at no more than `most` frames. Stricter than is_well_formed(), for bytes of which nothing is known.
Chain chain_of(Bytes bytes, std::size_t most);

// Whose frames these are, by the first field of a header block that is whole in them: a request begins with pseudo
// headers of its own, a response with :status (section 8.3), and all of them are in the static table (RFC 7541
// appendix A). None where there is no such block.
std::optional<Direction> sender_of(Bytes bytes);

// Where frames begin in bytes of which nothing is known. `sure`: at the first place where another one follows, or the
// bytes end with it. Otherwise `at` is the first place that may be one, or from which on bytes are too few to tell.
struct Found {
  std::size_t at = 0;
  bool sure = false;
};
Found find_frames(Bytes bytes);

// Of an error code (section 7), with static storage: "Reset: CANCEL", "Not processed: NO_ERROR".
std::string_view reset_text(std::uint32_t code);
std::string_view goaway_text(std::uint32_t code);

}  // namespace wiretape::http2
