// SPDX-License-Identifier: Apache-2.0
// Of the dissector: from header blocks to messages, and what ends them.
#include <algorithm>
#include <utility>

#include "proto/graphql/graphql.hpp"
#include "proto/http/http.hpp"
#include "proto/http2/dissector.hpp"
#include "proto/ws/ws.hpp"

namespace wiretape::http2 {
namespace {

// Trailer lines kept of one message.
constexpr std::size_t longest_trailer = 64U << 10U;

// Where a tunnel lacks bytes and nobody knows how many.
constexpr std::uint64_t more_than_a_message = std::uint64_t{1} << 48U;

constexpr Fault incomplete(std::string_view message) {
  return {Fault::Type::incomplete, message};
}

constexpr Fault fields_unknown = incomplete("Header fields were said where the capture has no bytes");
constexpr Fault head_missing = incomplete("The head is missing in the capture");
constexpr Fault bytes_missing = incomplete("Bytes of the message may be missing in the capture");
constexpr Fault stream_ended = incomplete("The stream ended within the message");
constexpr Fault no_head = {Fault::Type::dissection, "Trailers without a head"};

constexpr http::Start start_of(Direction direction) {
  return direction == Direction::to_server ? http::Start::request : http::Start::response;
}

void add_fault(http::Message& message, const Fault& fault) {
  if (message.fault.type == Fault::Type::none) message.fault = fault;
}

bool is_interim(const http::Head& head) {
  return head.status >= 100 && head.status < 200;
}

}  // namespace

Fault Http2Dissector::fault_of_fields() const {
  if (!fields_.flaw().empty()) return {Fault::Type::dissection, fields_.flaw()};
  return fields_.unknown() ? fields_unknown : Fault{};
}

// A message with the fields of the block for its head.
std::unique_ptr<http::Message> Http2Dissector::make_message(http::Start start, std::uint32_t id, const Block& block) {
  auto message = new_message();
  http::Head head = fields_.head();
  const Bytes lines = head.lines.of(fields_.text());
  // Without what begins a head they stand behind a body that was not seen.
  const bool are_trailers = !fields_.has_pseudo() && (!fields_.unknown() || block.ends_stream);
  if (are_trailers) head.lines = {};
  head.size = are_trailers ? 0 : static_cast<std::uint32_t>(block.size);
  message->begin(start, fields_.text(), head, body_limit_);
  message->types = grpc_types_;
  if (are_trailers) message->trailer_lines.assign(lines);
  message->size = block.size;
  message->id = call_of(id);
  message->half = start == http::Start::request ? Half::request : Half::response;
  const bool grpc = fields_.media_type().starts_with("application/grpc");
  message->label = grpc ? &http::grpc : &http::http_2;
  message->fault = fault_of_fields();
  return message;
}

Step Http2Dissector::begin_message(Direction direction, std::uint32_t id, const Block& block, std::size_t used) {
  const bool is_response = direction == Direction::to_client;
  if (is_response && is_interim(fields_.head()) && !block.ends_stream) return Step::skip(used);
  if (reset_streams_.has(id)) return Step::skip(used);
  auto message = make_message(start_of(direction), id, block);
  if (!fields_.has_pseudo()) add_fault(*message, sides_[index(direction)].lossy ? head_missing : no_head);
  if (block.ends_stream) return finish(std::move(message), used);
  if (!is_response) graphql::watch(*message);
  Stream& stream = streams_.at(id);
  const auto& request = stream.half(Direction::to_server).message;
  const bool connects = is_response && request != nullptr && request->method() == "CONNECT";
  if (connects && message->head().status < 300) {
    connected_ = id;
    if (request->header(":protocol") == "websocket") open_tunnel(stream, *message);
  }
  stream.half(direction) = {.message = std::move(message)};
  return Step::head(used);
}

// A request that the server sends for the client; its answer follows on the promised stream.
Step Http2Dissector::promise(const Block& block, std::size_t used) {
  return finish(make_message(http::Start::request, block.promised, block), used);
}

Step Http2Dissector::add_trailers(Direction direction, Stream& stream, const Block& block, std::size_t used) {
  http::Message& message = *stream.half(direction).message;
  message.size += block.size;
  const Bytes lines = fields_.head().lines.of(fields_.text());
  if (message.trailer_lines.size() + lines.size() <= longest_trailer) message.trailer_lines += lines;
  add_fault(message, fault_of_fields());
  return block.ends_stream ? end_message(direction, stream, used) : Step::skip(used);
}

// Both halves of the stream end with it, the one that is open last with its bytes.
Step Http2Dissector::reset(Bytes bytes) {
  constexpr std::size_t size = frame_header_size + 4;
  if (bytes.size() < size) return Step::need_more(size);
  const FrameHeader frame = read_frame_header(bytes);
  const std::uint32_t code = Cursor(bytes.substr(frame_header_size)).be32();
  const Fault why = {Fault::Type::connection, reset_text(code)};
  Stream* stream = streams_.find(frame.stream);
  shown_ = frame.stream;
  reset_streams_.add(frame.stream);
  if (stream != nullptr && !stream->has_message()) {
    if (end_tunnel(*stream)) return Step::message(0);
    stream = nullptr;
  }
  if (stream == nullptr) return refuse(Refusal::one, call_of(frame.stream), why, size);
  // A server that has answered without hearing the request to its end says so with NO_ERROR (section 8.1).
  if (stream->half(Direction::to_server).message != nullptr) return cut_short(*stream, code == 0 ? Fault{} : why);
  add_fault(*stream->half(Direction::to_client).message, why);
  return end_message(Direction::to_client, *stream, size);
}

// The server has not looked at requests behind the last one that it names, and will not.
Step Http2Dissector::go_away(Direction direction, const FrameHeader& frame, Bytes bytes) {
  constexpr std::size_t size = frame_header_size + 8;
  if (bytes.size() < size) return Step::need_more(size);
  Side& side = sides_[index(direction)];
  if (direction == Direction::to_server) return pass(side, frame_header_size + frame.length, bytes);
  Cursor in(bytes.substr(frame_header_size));
  const std::uint32_t last = in.be32() & 0x7FFFFFFFU;
  const Fault why = {Fault::Type::connection, goaway_text(in.be32())};
  const auto behind = std::find_if(streams_.begin(), streams_.end(),
                                   [&](const Stream& stream) { return stream.id % 2 == 1 && stream.id > last; });
  if (behind != streams_.end()) return cut_short(*behind, why);
  side.left = frame.length - 8;
  side.state = side.left != 0 ? State::passing : State::frame;
  return refuse(Refusal::above, call_of_client | last, why, size);
}

Step Http2Dissector::refuse(Refusal refusal, std::uint64_t call, const Fault& why, std::size_t used) {
  auto message = new_message();
  message->begin(http::Start::response, {}, {}, 0);
  message->id = call;
  message->refusal = refusal;
  message->fault = why;
  done_ = std::move(message);
  return Step::message(used);
}

Step Http2Dissector::end_message(Direction direction, Stream& stream, std::size_t used) {
  Stream::Half& half = stream.half(direction);
  auto message = std::move(half.message);
  held_ -= std::exchange(half.held, 0);
  shown_ = stream.id;
  if (stream.idle()) streams_.remove(stream.id);
  return finish(std::move(message), used);
}

// Ends one of the stream's messages without a byte, or its tunnel.
Step Http2Dissector::cut_short(Stream& stream, const Fault& why) {
  if (!stream.has_message()) return end_tunnel(stream) ? Step::message(0) : Step::skip(0);
  const bool asks = stream.half(Direction::to_server).message != nullptr;
  const Direction direction = asks ? Direction::to_server : Direction::to_client;
  add_fault(*stream.half(direction).message, why);
  return end_message(direction, stream, 0);
}

void Http2Dissector::open_tunnel(Stream& stream, const http::Message& response) {
  DissectorOptions options{.body_limit = body_limit_};
  options.agreed = response.header("sec-websocket-extensions").value_or(Bytes(""));
  stream.tunnel = std::make_unique<Tunnel>(ws::protocol, options);
}

// The frame that ends a direction is read. More than one open message is not told: there is one, of a peer that keeps
// to the rules.
Step Http2Dissector::close_tunnel(Direction direction, Stream& stream, std::size_t used) {
  done_ = stream.tunnel->end(direction);
  if (stream.tunnel->close(direction)) streams_.remove(stream.id);
  return done_ != nullptr ? Step::message(used) : Step::skip(used);
}

// Whether there is another message that ends with the tunnel; without one the stream is gone.
bool Http2Dissector::end_tunnel(Stream& stream) {
  shown_ = stream.id;
  for (const Direction direction : {Direction::to_server, Direction::to_client}) {
    done_ = stream.tunnel->end(direction);
    if (done_ != nullptr) return true;
  }
  streams_.remove(stream.id);
  return false;
}

Step Http2Dissector::finish(std::unique_ptr<http::Message> message, std::size_t used) {
  const bool may_be_graphql = message->start() == http::Start::request && message->label == &http::http_2;
  if (may_be_graphql && graphql::recognize(*message)) message->label = &http::gql_2_0;
  done_ = std::move(message);
  return Step::message(used);
}

// Frames, and blocks among them, are missing.
void Http2Dissector::lose_place(Direction direction) {
  Side& side = sides_[index(direction)];
  lose_table(side);
  side.block.stream = 0;
  side.state = State::searching;
  side.searched = 0;
  side.left = side.padding = 0;
  for (Stream& stream : streams_) {
    if (const auto& message = stream.half(direction).message) message->fault = bytes_missing;
    if (stream.tunnel != nullptr) stream.tunnel->gap(direction, more_than_a_message);
  }
}

Step Http2Dissector::gap(Direction direction, std::uint64_t missing) {
  Side& side = sides_[index(direction)];
  shown_ = 0;
  if (side.state == State::data) lose_data(direction, std::min<std::uint64_t>(missing, side.left));
  const bool within = side.state == State::data || side.state == State::passing;
  if (!within || missing > std::uint64_t{side.left} + side.padding) {
    lose_place(direction);
    return Step::skip(0);
  }
  const auto of_payload = static_cast<std::uint32_t>(std::min<std::uint64_t>(missing, side.left));
  side.left -= of_payload;
  side.padding -= static_cast<std::uint32_t>(missing - of_payload);
  if (side.left != 0 || side.padding != 0) return Step::skip(0);
  const bool ends = side.state == State::data && side.ends;
  side.state = State::frame;
  Stream* stream = ends ? streams_.find(side.stream) : nullptr;
  if (stream == nullptr) return Step::skip(0);
  if (stream->half(direction).message != nullptr) return end_message(direction, *stream, 0);
  return stream->tunnel != nullptr ? close_tunnel(direction, *stream, 0) : Step::skip(0);
}

// Bytes of the DATA that is being read are missing.
void Http2Dissector::lose_data(Direction direction, std::uint64_t missing) {
  Stream* stream = streams_.find(sides_[index(direction)].stream);
  if (stream == nullptr || missing == 0) return;
  if (const auto& message = stream->half(direction).message) {
    message->fault = bytes_missing;
    message->body.gap(missing);
    message->body_size += missing;
    message->size += missing;
  } else if (stream->tunnel != nullptr) {
    stream->tunnel->gap(direction, missing);
  }
}

Step Http2Dissector::end(Direction direction) {
  shown_ = 0;
  for (Stream& stream : streams_) {
    if (stream.tunnel == nullptr || stream.has_message()) continue;
    shown_ = stream.id;
    done_ = stream.tunnel->end(direction);
    if (done_ != nullptr) return Step::message(0);
  }
  const auto open = std::find_if(streams_.begin(), streams_.end(),
                                 [&](const Stream& stream) { return stream.half(direction).message != nullptr; });
  if (open == streams_.end()) return Step::skip(0);
  add_fault(*open->half(direction).message, stream_ended);
  return end_message(direction, *open, 0);
}

}  // namespace wiretape::http2
