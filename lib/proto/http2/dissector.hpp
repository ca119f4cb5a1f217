// SPDX-License-Identifier: Apache-2.0
// One connection of HTTP/2: where its messages begin and end.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "proto/http/message.hpp"
#include "proto/http2/block.hpp"
#include "proto/http2/frame.hpp"
#include "proto/http2/hpack.hpp"
#include "proto/http2/streams.hpp"
#include "proto/protocol.hpp"

namespace wiretape::http2 {

// Messages that wait to be used again, shared by all connections of a thread.
std::unique_ptr<http::Message> new_message();
void give_back(std::unique_ptr<http::Message> message);

// What pairs the messages of a stream. Those that the server promised come before all others: a GOAWAY of the server
// does not mean them.
inline constexpr std::uint64_t call_of_client = std::uint64_t{1} << 32U;
constexpr std::uint64_t call_of(std::uint32_t stream) {
  return stream % 2 == 0 ? stream : call_of_client | stream;
}

class Http2Dissector final : public Dissector {
 public:
  explicit Http2Dissector(const DissectorOptions& options);
  ~Http2Dissector() override;

  Step next(Direction direction, Bytes bytes) override;
  Step gap(Direction direction, std::uint64_t missing) override;
  Step end(Direction direction) override;

  std::unique_ptr<wiretape::Message> take() override { return std::move(done_); }
  [[nodiscard]] const wiretape::Message* peek(Direction direction) const override;
  void keep_body(Direction direction, bool keep) override;
  void recycle(std::unique_ptr<wiretape::Message> message) override;

 private:
  enum class State : std::uint8_t {
    start,
    frame,      // a frame's header is next
    data,       // within DATA
    fragment,   // within a frame of a header block
    passing,    // within a frame that tells nothing
    searching,  // for the next frame
  };
  // The header block that is being collected; stream 0: none.
  struct Block {
    std::string bytes;  // of the frames before
    std::uint32_t stream = 0;
    std::uint32_t promised = 0;  // PUSH_PROMISE: the stream that will carry the response
    std::uint64_t size = 0;      // of its frames, with their headers
    bool ends_stream = false;
    bool too_long = false;
  };
  struct Side {
    State state = State::start;
    HeaderDecoder decoder;
    Block block;
    // Of the frame that is being read:
    std::uint32_t stream = 0;
    std::uint32_t left = 0;     // of its payload
    std::uint32_t padding = 0;  // behind that
    bool ends = false;          // data: the stream; fragment: the block
    std::uint64_t searched = 0;
    bool lossy = false;  // frames were not seen
  };

  Step read_start(Direction direction, Bytes bytes);
  Step read_frame(Direction direction, Bytes bytes);
  Step search(Direction direction, Bytes bytes);
  Step lose_frames(Direction direction);
  static Step pass(Side& side, std::uint64_t size, Bytes bytes);

  Step begin_data(Direction direction, const FrameHeader& frame, Bytes bytes);
  Step read_data(Direction direction, Bytes bytes, std::size_t used);
  void add_data(Stream::Half& half, Bytes data);
  std::size_t feed_tunnel(Direction direction, Stream& stream, Bytes data);

  Step begin_fragment(Direction direction, const FrameHeader& frame, Bytes bytes);
  Step read_fragment(Direction direction, Bytes bytes, std::size_t used);
  Step end_block(Direction direction, Bytes block, std::size_t used);
  HeaderDecoder::Result decode(Side& side, Bytes block);

  [[nodiscard]] Fault fault_of_fields() const;
  std::unique_ptr<http::Message> make_message(http::Start start, std::uint32_t id, const Block& block);
  Step begin_message(Direction direction, std::uint32_t id, const Block& block, std::size_t used);
  Step promise(const Block& block, std::size_t used);
  Step add_trailers(Direction direction, Stream& stream, const Block& block, std::size_t used);

  Step reset(Bytes bytes);
  Step go_away(Direction direction, const FrameHeader& frame, Bytes bytes);
  Step refuse(Refusal refusal, std::uint64_t call, const Fault& why, std::size_t used);

  Step end_message(Direction direction, Stream& stream, std::size_t used);
  Step cut_short(Stream& stream, const Fault& why);
  void open_tunnel(Stream& stream, const http::Message& response);
  Step close_tunnel(Direction direction, Stream& stream, std::size_t used);
  bool end_tunnel(Stream& stream);
  Step finish(std::unique_ptr<http::Message> message, std::size_t used);
  void lose_place(Direction direction);
  void lose_data(Direction direction, std::uint64_t missing);
  static void lose_table(Side& side);

  std::array<Side, 2> sides_;
  Streams streams_;
  ResetStreams reset_streams_;
  HeaderBlock fields_;
  std::unique_ptr<wiretape::Message> done_;
  std::unique_ptr<http::Message> upgraded_;  // the request of HTTP/1.1 that stream 1 answers, to be told first
  std::uint64_t held_ = 0;                   // of bodies, in all open messages
  std::uint64_t most_held_;
  std::size_t body_limit_;
  const grpc::Types* grpc_types_;
  std::uint32_t shown_ = 0;      // the stream that the latest step was about
  std::uint32_t connected_ = 0;  // became a tunnel: its messages are to be told
};

}  // namespace wiretape::http2
