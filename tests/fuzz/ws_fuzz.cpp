// SPDX-License-Identifier: Apache-2.0
// A WebSocket talk, cut into pieces some of which are missing; what is read is told.
//
//   input := agreed:8 ( size:8 bytes*size )*     servers and clients in turn; of size 0: a gap of 20 bytes
//   agreed: 0 nothing, 1 packed with context take-over, 2 without, 3 a small window, 4 joined in the middle
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "proto/ws/ws.hpp"

namespace {

using namespace wiretape;

constexpr std::array<std::string_view, 5> agreements = {
    "", "permessage-deflate", "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9", std::string_view{}};

// Feeds a dissector as whoever holds one does, and tells its messages.
class Talk {
 public:
  explicit Talk(std::string_view agreed) : dissector_(ws::protocol.open({.body_limit = 300, .agreed = agreed})) {}

  void send(Direction direction, std::string_view bytes) {
    std::string& waiting = waiting_[index(direction)];
    waiting += bytes;
    while (!waiting.empty() && !lost_) {
      const Step step = dissector_->next(direction, waiting);
      if (step.kind == Step::Kind::need_more) {
        if (step.bytes <= waiting.size() || waiting.size() > 1000) std::abort();
        return;
      }
      if (step.bytes > waiting.size()) std::abort();
      waiting.erase(0, step.bytes);
      act(direction, step);
    }
  }

  void lose(Direction direction) {
    waiting_[index(direction)].clear();
    if (!lost_) act(direction, dissector_->gap(direction, 20));
  }

  void end() {
    for (const Direction direction : {Direction::to_server, Direction::to_client}) {
      for (Step step = dissector_->end(direction); step.kind == Step::Kind::message;
           step = dissector_->end(direction)) {
        act(direction, step);
      }
    }
  }

 private:
  void act(Direction direction, const Step& step) {
    lost_ = step.kind == Step::Kind::lost;
    if (step.kind == Step::Kind::head) dissector_->keep_body(direction, dissector_->peek(direction)->size % 2 == 0);
    if (step.kind != Step::Kind::message) return;
    std::unique_ptr<Message> message = dissector_->take();
    Entry entry{.schema = &schema_of(ws::protocol), .stream = &facts_, .label = message->label};
    (direction == Direction::to_server ? entry.request : entry.response) = message.get();
    entry.fault = message->fault;
    text_.clear();
    json::Writer writer(text_);
    render(entry, writer);
    dissector_->recycle(std::move(message));
  }

  StreamFacts facts_;
  std::unique_ptr<Dissector> dissector_;
  std::array<std::string, 2> waiting_;
  std::string text_;
  bool lost_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Talk talk(agreements[data[0] % agreements.size()]);
  std::string_view left(reinterpret_cast<const char*>(data + 1), size - 1);
  for (Direction direction = Direction::to_client; !left.empty(); direction = opposite(direction)) {
    const std::string_view piece = left.substr(1, static_cast<std::uint8_t>(left.front()));
    left.remove_prefix(1 + piece.size());
    if (piece.empty()) {
      talk.lose(direction);
    } else {
      talk.send(direction, piece);
    }
  }
  talk.end();
  return 0;
}
