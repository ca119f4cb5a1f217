// SPDX-License-Identifier: Apache-2.0
#include "proto/http2/tunnel.hpp"

#include <algorithm>
#include <utility>

namespace wiretape::http2 {
namespace {

// Bytes that may wait for more (Step::need_more).
constexpr std::size_t most_waiting = 64U << 10U;

// Steps in a row that use no byte. More is a dissector's mistake.
constexpr unsigned most_empty_steps = 4;

}  // namespace

Tunnel::Tunnel(const Protocol& protocol, const DissectorOptions& options)
    : protocol_(protocol), dissector_(protocol.open(options)) {}

std::unique_ptr<Message> Tunnel::feed(Direction direction, Bytes& data) {
  Side& side = sides_[index(direction)];
  unsigned empty = 0;
  while (!data.empty() && !side.over) {
    const std::size_t before = data.size();
    const Step step = next(direction, data);
    if (step.kind == Step::Kind::message) return take();
    empty = data.size() == before ? empty + 1 : 0;
    side.over = step.kind == Step::Kind::lost || step.kind == Step::Kind::hand_over || empty > most_empty_steps;
  }
  if (side.over) data = {};
  return nullptr;
}

// One step over what waits and `data` behind it; what it leaves and wants more of waits.
Step Tunnel::next(Direction direction, Bytes& data) {
  std::string& waiting = sides_[index(direction)].waiting;
  const std::size_t before = waiting.size();
  if (before != 0) waiting += data;
  const Step step = dissector_->next(direction, before != 0 ? Bytes(waiting) : data);
  if (step.kind == Step::Kind::need_more) {
    if (before == 0) waiting = data;
    data = {};
    return waiting.size() <= most_waiting ? step : Step::lost();
  }
  if (step.bytes < before) {
    waiting.resize(before);
    waiting.erase(0, step.bytes);
    return step;
  }
  waiting.clear();
  data.remove_prefix(std::min(step.bytes - before, data.size()));
  return step;
}

void Tunnel::gap(Direction direction, std::uint64_t missing) {
  Side& side = sides_[index(direction)];
  const std::uint64_t dropped = side.waiting.size();
  side.waiting.clear();
  if (!side.over) side.over = dissector_->gap(direction, missing + dropped).kind == Step::Kind::lost;
}

std::unique_ptr<Message> Tunnel::end(Direction direction) {
  Side& side = sides_[index(direction)];
  side.over = true;
  side.waiting.clear();
  return dissector_->end(direction).kind == Step::Kind::message ? take() : nullptr;
}

std::unique_ptr<Message> Tunnel::take() {
  std::unique_ptr<Message> message = dissector_->take();
  message->schema = &schema_of(protocol_);
  message->alone = true;
  return message;
}

}  // namespace wiretape::http2
