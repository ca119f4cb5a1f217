// SPDX-License-Identifier: Apache-2.0
// Messages in the body of a gRPC call ("gRPC over HTTP2", Length-Prefixed-Message) and of a gRPC-Web one.
//
//   body    := frame*
//   frame   := flags (1 byte) length (4 bytes BE) length bytes
//   flags   := bit 0: the bytes are packed as grpc-encoding says; bit 7: gRPC-Web's trailers, as header lines
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace wiretape::grpc {

struct Frame {
  std::uint32_t size = 0;  // as said; `bytes` may be fewer where the body is cut
  bool compressed = false;
  bool trailers = false;
  Bytes bytes;

  [[nodiscard]] bool cut() const { return bytes.size() < size; }
};

// Takes the next frame off the front of `rest`, or what there is of it; false at the end, where less than the head of
// a frame is left, and where the bytes are no frame.
bool next_frame(Bytes& rest, Frame& frame);

// Appends the bytes that base64 (RFC 4648 section 4) stands for, as far as it is that. Padding may come in the middle:
// gRPC-Web texts are encoded in pieces.
void append_decoded_base64(std::string& out, Bytes text);

}  // namespace wiretape::grpc
