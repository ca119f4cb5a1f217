// SPDX-License-Identifier: Apache-2.0
#include "proto/ws/message.hpp"

#include <algorithm>

#include "json/writer.hpp"

namespace wiretape::ws {
namespace {

constexpr std::size_t close_code_size = 2;

constexpr Fault bad_close_code = {Fault::Type::dissection, "a close code that may not be sent"};
constexpr Fault half_a_close_code = {Fault::Type::dissection, "half a close code"};

}  // namespace

void Kept::begin(std::size_t limit) {
  bytes_.clear();
  limit_ = limit;
  cut_ = false;
}

void Kept::keep_at_most(std::size_t limit) {
  limit_ = std::min(limit_, std::max(limit, bytes_.size()));
}

void Kept::append(Bytes bytes) {
  const std::size_t room = limit_ - bytes_.size();
  if (bytes.size() > room) cut_ = true;
  bytes_ += bytes.substr(0, room);
}

void Kept::append_masked(Bytes bytes, const Frame& frame, std::uint64_t at) {
  const std::size_t before = bytes_.size();
  append(bytes);
  unmask(bytes_.data() + before, bytes_.size() - before, frame.key, at);
}

void Message::begin(const Frame& frame, std::size_t payload_limit) {
  schema = nullptr;
  first = last = {};
  size = 0;
  alone = false;
  fault = {};
  opcode_ = frame.opcode;
  masked_ = frame.masked;
  payload_length_ = 0;
  close_code_.reset();
  compressed = false;
  kept.begin(opcode_ == Opcode::close ? payload_limit + close_code_size : payload_limit);
}

void Message::add(const Frame& frame) {
  fin_ = frame.fin;
  payload_length_ = std::min(payload_length_ + std::min(frame.length, longest_payload), longest_payload);
}

void Message::finish() {
  if (opcode_ == Opcode::close) read_close();
}

void Message::read_close() {
  Cursor in(kept.bytes());
  const std::uint16_t code = in.be16();
  if (!in.ok()) {
    if (payload_length_ == 1) blame(half_a_close_code);
    return;
  }
  close_code_ = code;
  if (!may_be_sent(code)) blame(bad_close_code);
  kept.remove_prefix(close_code_size);
}

void Message::blame(const Fault& why) {
  const bool stronger = why.type == Fault::Type::incomplete && fault.type != Fault::Type::incomplete;
  if (fault.type == Fault::Type::none || stronger) fault = why;
}

std::string_view Message::payload() const {
  constexpr std::size_t longest_rest = 3;  // of a character that is cut
  const Bytes bytes = kept.bytes();
  const bool is_text = opcode_ == Opcode::text || opcode_ == Opcode::close;
  if (!is_text || !kept.is_cut()) return bytes;
  const std::size_t valid = json::valid_utf8(bytes);
  return bytes.size() - valid <= longest_rest ? bytes.substr(0, valid) : bytes;
}

}  // namespace wiretape::ws
