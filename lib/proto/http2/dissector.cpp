// SPDX-License-Identifier: Apache-2.0
#include "proto/http2/dissector.hpp"

#include <algorithm>
#include <utility>

#include "proto/http/http.hpp"
#include "proto/message_pool.hpp"

namespace wiretape::http2 {
namespace {

// A frame of headers up to this size is waited for, longer ones are collected as they come.
constexpr std::uint32_t most_waited = 32U << 10U;

// Compressed bytes of one header block. What is longer is passed over, and the table with it.
constexpr std::size_t longest_block = 256U << 10U;

// Bytes passed over in search of a frame; beyond them the direction is something else.
constexpr std::uint64_t longest_search = 1U << 20U;

// What the bodies of all open messages may hold together, in bodies of full length.
constexpr std::uint64_t most_bodies = 16;

constexpr Fault incomplete(std::string_view message) {
  return {Fault::Type::incomplete, message};
}

constexpr Fault too_many_open = incomplete("Too many streams are open");

std::size_t held_by(const http::Message& message) {
  return message.head().lines.size;
}

// Many calls of one connection are open at a time.
thread_local MessagePool<http::Message, held_by, 8U << 10U, 256> pool;

std::uint8_t first_byte(Bytes bytes) {
  return static_cast<std::uint8_t>(bytes.front());
}

// Bytes between a frame's header and its block: the length of padding, the promised stream, the priority.
struct Prefix {
  std::uint32_t size = 0;
  std::uint32_t padding = 0;
  std::uint32_t promised = 0;
};

std::uint32_t prefix_size(const FrameHeader& frame) {
  if (frame.type == FrameType::continuation) return 0;
  std::uint32_t size = frame.has(flag::padded) ? 1 : 0;
  if (frame.type == FrameType::headers && frame.has(flag::priority)) size += 5;
  if (frame.type == FrameType::push_promise) size += 4;
  return size;
}

Prefix read_prefix(const FrameHeader& frame, Bytes bytes) {
  Prefix prefix{.size = prefix_size(frame)};
  Cursor in(bytes);
  if (frame.type != FrameType::continuation && frame.has(flag::padded)) prefix.padding = in.u8();
  if (frame.type == FrameType::push_promise) prefix.promised = in.be32() & 0x7FFFFFFFU;
  return prefix;
}

}  // namespace

std::unique_ptr<http::Message> new_message() {
  auto message = pool.get();
  message->schema = nullptr;
  message->half = Half::by_direction;
  message->refusal = Refusal::none;
  return message;
}

void give_back(std::unique_ptr<http::Message> message) {
  pool.put(std::move(message));
}

Http2Dissector::Http2Dissector(const DissectorOptions& options)
    : most_held_(most_bodies * std::min<std::uint64_t>(options.body_limit, UINT64_MAX / most_bodies)),
      body_limit_(options.body_limit),
      grpc_types_(options.grpc_types) {
  http::Head head;
  if (http::parse_head(http::Start::request, options.agreed, head) != http::Parsed::whole) return;
  upgraded_ = new_message();
  upgraded_->begin(http::Start::request, options.agreed.substr(0, head.size), head, body_limit_);
  upgraded_->label = &http::http_2;
  upgraded_->half = Half::request;
  upgraded_->id = call_of(1);
}

Http2Dissector::~Http2Dissector() {
  for (Stream& stream : streams_) {
    for (Stream::Half& half : stream.halves) give_back(std::move(half.message));
  }
  give_back(std::move(upgraded_));
}

const wiretape::Message* Http2Dissector::peek(Direction direction) const {
  const Stream* stream = streams_.find(shown_);
  if (stream == nullptr) return nullptr;
  if (stream->tunnel != nullptr && !stream->has_message()) return stream->tunnel->peek(direction);
  return stream->half(direction).message.get();
}

void Http2Dissector::keep_body(Direction direction, bool keep) {
  Stream* stream = streams_.find(shown_);
  if (keep || stream == nullptr || stream->half(direction).message == nullptr) return;
  stream->half(direction).wanted = false;
  stream->half(direction).message->body.stop_keeping();
}

void Http2Dissector::recycle(std::unique_ptr<wiretape::Message> message) {
  if (message->schema == nullptr) {
    return give_back(std::unique_ptr<http::Message>(static_cast<http::Message*>(message.release())));
  }
  Stream* stream = streams_.find(shown_);
  if (stream != nullptr && stream->tunnel != nullptr) stream->tunnel->recycle(std::move(message));
}

Step Http2Dissector::next(Direction direction, Bytes bytes) {
  shown_ = 0;
  if (upgraded_ != nullptr) return finish(std::move(upgraded_), 0);
  if (connected_ != 0) {
    Stream* stream = streams_.find(connected_);
    if (stream != nullptr && stream->has_message()) return cut_short(*stream, {});
    connected_ = 0;
  }
  switch (sides_[index(direction)].state) {
    case State::start: return read_start(direction, bytes);
    case State::frame: return read_frame(direction, bytes);
    case State::data: return read_data(direction, bytes, 0);
    case State::fragment: return read_fragment(direction, bytes, 0);
    case State::passing: return pass(sides_[index(direction)], 0, bytes);
    case State::searching: return search(direction, bytes);
  }
  return Step::lost();
}

// A connection begins with the preface, and the server's side of it with settings; anything else was joined later.
Step Http2Dissector::read_start(Direction direction, Bytes bytes) {
  Side& side = sides_[index(direction)];
  if (direction == Direction::to_server) {
    const Bytes front = bytes.substr(0, preface.size());
    if (preface.starts_with(front)) {
      if (front.size() < preface.size()) return Step::need_more(preface.size());
      side.state = State::frame;
      return Step::skip(preface.size());
    }
  } else {
    if (bytes.size() < frame_header_size) return Step::need_more(frame_header_size);
    const FrameHeader frame = read_frame_header(bytes);
    if (frame.type == FrameType::settings && is_well_formed(frame) && !frame.has(flag::ack)) {
      side.state = State::frame;
      return read_frame(direction, bytes);
    }
  }
  lose_table(side);
  side.state = State::searching;
  return search(direction, bytes);
}

Step Http2Dissector::read_frame(Direction direction, Bytes bytes) {
  Side& side = sides_[index(direction)];
  if (bytes.size() < frame_header_size) return Step::need_more(frame_header_size);
  const FrameHeader frame = read_frame_header(bytes);
  if (!is_well_formed(frame)) return lose_frames(direction);
  const bool goes_on = frame.type == FrameType::continuation && frame.stream == side.block.stream;
  if (side.block.stream != 0 && !goes_on) {
    side.block.stream = 0;
    lose_table(side);
  }
  switch (frame.type) {
    case FrameType::data: return begin_data(direction, frame, bytes);
    case FrameType::headers:
    case FrameType::push_promise: return begin_fragment(direction, frame, bytes);
    case FrameType::continuation:
      if (goes_on) return begin_fragment(direction, frame, bytes);
      lose_table(side);
      break;
    case FrameType::rst_stream: return reset(bytes);
    case FrameType::goaway: return go_away(direction, frame, bytes);
    case FrameType::priority:
    case FrameType::settings:
    case FrameType::ping:
    case FrameType::window_update: break;
  }
  return pass(side, frame_header_size + frame.length, bytes);
}

// Goes over `size` bytes more of what tells nothing.
Step Http2Dissector::pass(Side& side, std::uint64_t size, Bytes bytes) {
  const std::uint64_t whole = side.state == State::passing ? side.left : size;
  const std::size_t used = std::min<std::uint64_t>(whole, bytes.size());
  side.left = static_cast<std::uint32_t>(whole - used);
  side.state = side.left != 0 ? State::passing : State::frame;
  return Step::skip(used);
}

// The frame at hand cannot be one: somewhere behind its first byte the next one begins.
Step Http2Dissector::lose_frames(Direction direction) {
  lose_place(direction);
  return Step::skip(1);
}

void Http2Dissector::lose_table(Side& side) {
  side.decoder.lose();
  side.lossy = true;
}

Step Http2Dissector::search(Direction direction, Bytes bytes) {
  constexpr std::size_t most_awaited = 64U << 10U;
  Side& side = sides_[index(direction)];
  const Found found = find_frames(bytes);
  if (found.at == 0 && found.sure) {
    side.state = State::frame;
    return read_frame(direction, bytes);
  }
  // Asked for in growing pieces, so that all searches together look at each byte a few times.
  const std::size_t more = bytes.size() / 4 + 1;
  if (found.at == 0 && bytes.size() < most_awaited) {
    return Step::need_more(std::min(bytes.size() + more, most_awaited));
  }
  const std::size_t used = std::max<std::size_t>(found.at, 1);
  side.searched += used;
  return side.searched > longest_search ? Step::lost() : Step::skip(used);
}

Step Http2Dissector::begin_data(Direction direction, const FrameHeader& frame, Bytes bytes) {
  Side& side = sides_[index(direction)];
  const std::uint32_t prefix = frame.has(flag::padded) ? 1 : 0;
  if (bytes.size() < frame_header_size + prefix) return Step::need_more(frame_header_size + prefix);
  const std::uint32_t padding = prefix != 0 ? first_byte(bytes.substr(frame_header_size)) : 0;
  if (prefix + padding > frame.length) return lose_frames(direction);
  side.state = State::data;
  side.stream = frame.stream;
  side.left = frame.length - prefix - padding;
  side.padding = padding;
  side.ends = frame.has(flag::end_stream);
  return read_data(direction, bytes, frame_header_size + prefix);
}

// The first `used` bytes are the frame's header.
Step Http2Dissector::read_data(Direction direction, Bytes bytes, std::size_t used) {
  Side& side = sides_[index(direction)];
  shown_ = side.stream;
  Stream* stream = streams_.find(side.stream);
  const bool tunnels = stream != nullptr && stream->tunnel != nullptr && !stream->has_message();
  if (tunnels && side.left != 0) {
    used += feed_tunnel(direction, *stream, bytes.substr(used, side.left));
    if (done_ != nullptr) return Step::message(used);
  }
  const Bytes data = bytes.substr(used, side.left);
  side.left -= static_cast<std::uint32_t>(data.size());
  used += data.size();
  const std::size_t padding = side.left == 0 ? std::min<std::size_t>(side.padding, bytes.size() - used) : 0;
  side.padding -= static_cast<std::uint32_t>(padding);
  used += padding;

  const bool known = stream != nullptr && stream->half(direction).message != nullptr;
  if (known) {
    stream->half(direction).message->size += used;
    add_data(stream->half(direction), data);
  }
  if (side.left != 0 || side.padding != 0) return Step::skip(used);
  side.state = State::frame;
  if (!side.ends) return Step::skip(used);
  if (tunnels) return close_tunnel(direction, *stream, used);
  return known ? end_message(direction, *stream, used) : Step::skip(used);
}

// Takes data until a message ends, which is then in done_. Returns how much.
std::size_t Http2Dissector::feed_tunnel(Direction direction, Stream& stream, Bytes data) {
  Bytes rest = data;
  done_ = stream.tunnel->feed(direction, rest);
  const std::size_t taken = data.size() - rest.size();
  sides_[index(direction)].left -= static_cast<std::uint32_t>(taken);
  return taken;
}

void Http2Dissector::add_data(Stream::Half& half, Bytes data) {
  http::Message& message = *half.message;
  message.body_size += data.size();
  if (half.wanted && held_ + data.size() > most_held_) {
    half.wanted = false;
    message.body.stop_keeping();
  }
  message.body.append(data);
  if (!half.wanted) return;
  const std::uint64_t held = std::min<std::uint64_t>(message.body.packed_size(), body_limit_);
  held_ += held - half.held;
  half.held = held;
}

Step Http2Dissector::begin_fragment(Direction direction, const FrameHeader& frame, Bytes bytes) {
  Side& side = sides_[index(direction)];
  const std::size_t front = frame_header_size + prefix_size(frame);
  const std::size_t whole = frame_header_size + frame.length;
  const std::size_t awaited = frame.length <= most_waited ? std::max(whole, front) : front;
  if (bytes.size() < awaited) return Step::need_more(awaited);
  const Prefix prefix = read_prefix(frame, bytes.substr(frame_header_size));
  if (prefix.size + prefix.padding > frame.length) return lose_frames(direction);
  if (frame.type != FrameType::continuation) {
    if (streams_.full() && streams_.find(frame.stream) == nullptr) return cut_short(*streams_.begin(), too_many_open);
    side.block.bytes.clear();
    side.block.stream = frame.stream;
    side.block.promised = prefix.promised;
    side.block.size = 0;
    side.block.ends_stream = frame.type == FrameType::headers && frame.has(flag::end_stream);
    side.block.too_long = false;
  }
  side.block.size += whole;
  const std::uint32_t size = frame.length - prefix.size - prefix.padding;
  if (bytes.size() >= whole && frame.has(flag::end_headers) && side.block.bytes.empty() && !side.block.too_long) {
    return end_block(direction, bytes.substr(front, size), whole);
  }
  side.state = State::fragment;
  side.left = size;
  side.padding = prefix.padding;
  side.ends = frame.has(flag::end_headers);
  return read_fragment(direction, bytes, front);
}

Step Http2Dissector::read_fragment(Direction direction, Bytes bytes, std::size_t used) {
  Side& side = sides_[index(direction)];
  const Bytes fragment = bytes.substr(used, side.left);
  side.left -= static_cast<std::uint32_t>(fragment.size());
  used += fragment.size();
  const std::size_t padding = side.left == 0 ? std::min<std::size_t>(side.padding, bytes.size() - used) : 0;
  side.padding -= static_cast<std::uint32_t>(padding);
  used += padding;

  Block& block = side.block;
  block.too_long = block.too_long || block.bytes.size() + fragment.size() > longest_block;
  if (!block.too_long) block.bytes += fragment;
  if (side.left != 0 || side.padding != 0) return Step::skip(used);
  side.state = State::frame;
  return side.ends ? end_block(direction, block.bytes, used) : Step::skip(used);
}

HeaderDecoder::Result Http2Dissector::decode(Side& side, Bytes block) {
  if (!side.block.too_long) return side.decoder.decode(block, fields_);
  lose_table(side);
  return HeaderDecoder::Result::malformed;
}

Step Http2Dissector::end_block(Direction direction, Bytes bytes, std::size_t used) {
  Side& side = sides_[index(direction)];
  Block& block = side.block;
  fields_.clear();
  fields_.settle(decode(side, bytes));
  const std::uint32_t id = std::exchange(block.stream, 0);
  shown_ = id;
  if (block.promised != 0) return direction == Direction::to_client ? promise(block, used) : Step::skip(used);
  Stream* stream = streams_.find(id);
  if (stream != nullptr && stream->half(direction).message != nullptr)
    return add_trailers(direction, *stream, block, used);
  return begin_message(direction, id, block, used);
}

}  // namespace wiretape::http2
