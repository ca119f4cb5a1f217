// SPDX-License-Identifier: Apache-2.0
// HTTP/2 connections of hostile bytes, cut where the input says, and every field of what comes out.
//
//   input := ( control size bytes )*    control: bit 0 direction, bits 1 to 2 what happens (send, send without bodies,
//   gap, end), bit 3 in front of them the preface or the settings that begin a connection
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "proto/http/http.hpp"
#include "proto/http2/frame.hpp"
#include "proto/http2/http2.hpp"

namespace {

using namespace wiretape;

constexpr Bytes first_settings = Bytes("\0\0\0\4\0\0\0\0\0", 9);

// All open messages may end without a byte.
constexpr unsigned most_empty_steps = 2 * 1024 + 2;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

void tell_all(const Message& message) {
  static const StreamFacts facts;
  Entry entry;
  entry.stream = &facts;
  entry.label = message.label;
  (message.half == Half::request ? entry.request : entry.response) = &message;
  std::string out;
  json::Writer writer(out);
  for (const Field& field : http::protocol.fields) {
    out.clear();
    static_cast<void>(tell(field, entry, writer));
    require(json::is_utf8(out));
  }
}

class Connection {
 public:
  void send(Direction direction, Bytes bytes, bool keep) {
    std::string& waiting = waiting_[index(direction)];
    waiting += bytes;
    unsigned empty = 0;
    while (!waiting.empty() && !over_) {
      const Step step = dissector_->next(direction, waiting);
      if (step.kind == Step::Kind::need_more) {
        require(step.bytes > waiting.size() && step.bytes <= 64U << 10U);
        return;
      }
      require(step.bytes <= waiting.size());
      empty = step.bytes == 0 ? empty + 1 : 0;
      require(empty <= most_empty_steps);
      waiting.erase(0, step.bytes);
      act(step.kind, direction, keep);
    }
  }

  void lose(Direction direction, std::uint64_t missing) {
    waiting_[index(direction)].clear();
    if (over_) return;
    act(dissector_->gap(direction, missing).kind, direction, true);
  }

  void end(Direction direction) {
    if (over_) return;
    while (dissector_->end(direction).kind == Step::Kind::message) take();
    require(dissector_->peek(direction) == nullptr);
  }

 private:
  void act(Step::Kind kind, Direction direction, bool keep) {
    if (kind == Step::Kind::message) take();
    if (kind == Step::Kind::head) {
      require(dissector_->peek(direction) != nullptr);
      tell_all(*dissector_->peek(direction));
      dissector_->keep_body(direction, keep);
    }
    if (kind == Step::Kind::lost) over_ = true;
  }

  void take() {
    auto message = dissector_->take();
    require(message != nullptr);
    if (message->refusal == Refusal::none && message->schema == nullptr) tell_all(*message);
    dissector_->recycle(std::move(message));
  }

  std::unique_ptr<Dissector> dissector_ = http2::protocol.open({.body_limit = 4096});
  std::array<std::string, 2> waiting_;
  bool over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input(reinterpret_cast<const char*>(data), size);
  Connection connection;
  while (input.size() > 2) {
    const auto control = static_cast<unsigned char>(input[0]);
    const auto length = static_cast<unsigned char>(input[1]);
    const Direction direction = (control & 1U) == 0 ? Direction::to_server : Direction::to_client;
    input.remove_prefix(2);
    switch (control >> 1U & 3U) {
      case 2: connection.lose(direction, length + 1U); continue;
      case 3: connection.end(direction); continue;
      default: break;
    }
    if ((control & 8U) != 0) {
      connection.send(direction, direction == Direction::to_server ? http2::preface : first_settings, true);
    }
    const Bytes bytes = input.substr(0, std::size_t{length} * 4);
    input.remove_prefix(bytes.size());
    connection.send(direction, bytes, (control >> 1U & 3U) == 0);
  }
  return 0;
}
