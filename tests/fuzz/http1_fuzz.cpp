// SPDX-License-Identifier: Apache-2.0
// HTTP/1 conversations of hostile bytes, cut where the input says, and every field of what comes out.
//
//   input := ( control size bytes )*    control: bit 0 direction, bits 1 to 2 what happens (send, send without bodies,
//   gap, end)
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "proto/http/http.hpp"

namespace {

using namespace wiretape;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

void tell_all(const Message& message, Direction direction) {
  static const StreamFacts facts;
  Entry entry;
  entry.stream = &facts;
  entry.label = message.label;
  (direction == Direction::to_server ? entry.request : entry.response) = &message;
  std::string out;
  json::Writer writer(out);
  for (const Field& field : http::protocol.fields) {
    out.clear();
    static_cast<void>(tell(field, entry, writer));
    require(json::is_utf8(out));
  }
}

class Conversation {
 public:
  void send(Direction direction, Bytes bytes, bool keep) {
    std::string& waiting = waiting_[index(direction)];
    waiting += bytes;
    unsigned idle = 0;
    while (!waiting.empty() && !over_) {
      const Step step = dissector_->next(direction, waiting);
      if (step.kind == Step::Kind::need_more) {
        require(step.bytes > waiting.size() && step.bytes <= 64U << 10U);
        return;
      }
      require(step.bytes <= waiting.size());
      idle = step.bytes == 0 ? idle + 1 : 0;
      require(idle < 4);
      waiting.erase(0, step.bytes);
      act(step.kind, direction, keep);
    }
  }

  void lose(Direction direction, std::uint64_t missing) {
    waiting_[index(direction)].clear();
    if (!over_ && dissector_->gap(direction, missing).kind == Step::Kind::lost) over_ = true;
  }

  void end(Direction direction) {
    if (!over_ && dissector_->end(direction).kind == Step::Kind::message) take(direction);
  }

 private:
  void act(Step::Kind kind, Direction direction, bool keep) {
    if (kind == Step::Kind::message) take(direction);
    if (kind == Step::Kind::head) {
      require(dissector_->peek(direction) != nullptr);
      tell_all(*dissector_->peek(direction), direction);
      dissector_->keep_body(direction, keep);
    }
    if (kind == Step::Kind::hand_over || kind == Step::Kind::lost) over_ = true;
  }

  void take(Direction direction) {
    auto message = dissector_->take();
    require(message != nullptr);
    tell_all(*message, direction);
    dissector_->recycle(std::move(message));
  }

  std::unique_ptr<Dissector> dissector_ = http::protocol.open({.body_limit = 4096});
  std::array<std::string, 2> waiting_;
  bool over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input(reinterpret_cast<const char*>(data), size);
  Conversation conversation;
  while (input.size() > 2) {
    const auto control = static_cast<unsigned char>(input[0]);
    const auto length = static_cast<unsigned char>(input[1]);
    const Direction direction = (control & 1U) == 0 ? Direction::to_server : Direction::to_client;
    input.remove_prefix(2);
    switch (control >> 1U & 3U) {
      case 2: conversation.lose(direction, length + 1U); continue;
      case 3: conversation.end(direction); continue;
      default: break;
    }
    const Bytes bytes = input.substr(0, std::size_t{length} * 4);
    input.remove_prefix(bytes.size());
    conversation.send(direction, bytes, (control >> 1U & 3U) == 0);
  }
  return 0;
}
