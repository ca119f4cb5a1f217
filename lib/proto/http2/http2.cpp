// SPDX-License-Identifier: Apache-2.0
// How HTTP/2 is told from other protocols, and its record.
#include "proto/http2/http2.hpp"

#include <array>
#include <memory>

#include "proto/http/http.hpp"
#include "proto/http2/dissector.hpp"
#include "proto/http2/frame.hpp"

namespace wiretape::http2 {
namespace {

// The server's first frame tells what it is willing to take.
bool is_settings(Bytes start) {
  constexpr std::uint32_t most_settings = 64 * 6;
  const FrameHeader frame = read_frame_header(start);
  return frame.type == FrameType::settings && frame.flags == 0 && frame.length <= most_settings &&
         is_well_formed(frame);
}

// Yes on the preface, or on the server's settings; of a connection that was joined in the middle, on two frames that
// follow one another.
Guess guess(Direction direction, Bytes start, bool datagram) {
  if (datagram) return Guess::no;
  if (direction == Direction::to_server && preface.starts_with(start.substr(0, preface.size()))) {
    return start.size() < preface.size() ? Guess::maybe : Guess::yes;
  }
  if (start.size() < frame_header_size) return start.front() == 0 ? Guess::maybe : Guess::no;
  const Chain chain = chain_of(start, 3);
  if (chain.broken || sender_of(start).value_or(direction) != direction) return Guess::no;
  if (direction == Direction::to_client && is_settings(start)) return Guess::yes;
  return chain.frames >= 2 ? Guess::yes : Guess::maybe;
}

std::unique_ptr<Dissector> open(const DissectorOptions& options) {
  return std::make_unique<Http2Dissector>(options);
}

}  // namespace

constinit const Protocol protocol = {
    .name = "http2",
    .title = "Hypertext Transfer Protocol Version 2",
    .ports = {},
    .guess = guess,
    .open = open,
    .pairing = Pairing::by_id,
    .multiplexed = true,
    .hands_over = true,
    .family = &http::protocol,
};

}  // namespace wiretape::http2
