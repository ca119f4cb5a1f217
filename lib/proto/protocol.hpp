// SPDX-License-Identifier: Apache-2.0
// All that the rest of the program knows about a protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/chunk.hpp"
#include "entry/entry.hpp"
#include "entry/field.hpp"

namespace wiretape {

namespace grpc {
class Types;
}

// What a dissector says of the bytes it was shown.
struct Step {
  enum class Kind : std::uint8_t {
    message,    // the first `bytes` end one message, now in take()
    head,       // the first `bytes` are the head of a message whose body follows; peek() shows it meanwhile
    need_more,  // come back with at least `bytes` in all (never more than 64 KiB: longer messages are consumed in
                // pieces)
    skip,       // the first `bytes` are consumed (part of a body, or no message); go on behind them
    hand_over,  // the first `bytes` are consumed; what follows in both directions is another protocol, see
                // Dissector::next_protocol()
    lost,       // this is not, or no longer, the protocol
  };
  Kind kind;
  std::size_t bytes = 0;

  static constexpr Step message(std::size_t bytes) { return {Kind::message, bytes}; }
  static constexpr Step head(std::size_t bytes) { return {Kind::head, bytes}; }
  static constexpr Step need_more(std::size_t bytes) { return {Kind::need_more, bytes}; }
  static constexpr Step skip(std::size_t bytes) { return {Kind::skip, bytes}; }
  static constexpr Step hand_over(std::size_t bytes) { return {Kind::hand_over, bytes}; }
  static constexpr Step lost() { return {Kind::lost, 0}; }
};

struct Protocol;

// The state of one stream in one protocol. Both directions come through it, each in order.
//
//   next() is called with all bytes of a direction that are not consumed yet (never empty). The view is valid during
//   the call. `time_at` of the context gives the time at which a byte came. need_more means the same bytes come again,
//   with more.
class Dissector {
 public:
  Dissector() = default;
  Dissector(const Dissector&) = delete;
  Dissector& operator=(const Dissector&) = delete;
  virtual ~Dissector() = default;

  // `first` and `last` are the times of the first and the last byte of `bytes`; the session sets Message::first and
  // Message::last from them.
  virtual Step next(Direction direction, Bytes bytes) = 0;

  // `missing` bytes are not there. skip: goes on behind the gap (a body lost some of its bytes, its message is at fault
  // `incomplete`); lost: cannot find the next message.
  virtual Step gap(Direction direction, std::uint64_t missing) = 0;

  // The direction sends no more. A message that ends with its stream (an HTTP body until close) is completed by
  // returning message; anything else returns skip.
  virtual Step end(Direction) { return Step::skip(0); }

  // The message that a Step::message ended. Called once for each.
  virtual std::unique_ptr<Message> take() = 0;

  // The message whose head was announced by Step::head, still being filled; valid until the next call of anything.
  // `keep_body(true)` (the default) or false, called after a head, says whether the body's bytes should be kept.
  [[nodiscard]] virtual const Message* peek(Direction) const { return nullptr; }
  virtual void keep_body(Direction, bool) {}

  // A message whose entry has been told comes back, so that its memory serves again.
  virtual void recycle(std::unique_ptr<Message>) {}

  // After hand_over: who goes on, null for detection from the start.
  [[nodiscard]] virtual const Protocol* next_protocol() const { return nullptr; }
  // What it has to know of what was said before, in the form that its own header describes: DissectorOptions::agreed.
  // Valid as long as this dissector.
  [[nodiscard]] virtual std::string_view agreed() const { return {}; }
};

// How sure a protocol is that the first bytes of a direction are its own.
enum class Guess : std::uint8_t { no, maybe, yes };  // maybe: more bytes could tell

// How responses find their requests.
enum class Pairing : std::uint8_t {
  in_order,  // the n-th response answers the n-th request
  by_id,     // Message::id is equal
  single,    // each message is an entry of its own
};

// Settings that a dissector may need: limits from the command line.
struct DissectorOptions {
  std::size_t body_limit = 1U << 20U;  // bytes of a body that are kept; beyond it the text is cut, `truncated` says so
  bool datagram = false;               // set by the session: each call of next() shows one whole datagram
  const grpc::Types* grpc_types = nullptr;  // names in gRPC messages, null without; must outlive the messages
  std::string_view agreed = {};             // Dissector::agreed() of who handed over; valid during Protocol::open
};

struct Protocol {
  std::string_view name;                 // what filters say, and protocol.name
  std::string_view title;                // for people
  std::span<const std::uint16_t> ports;  // a hint, never a proof
  // Looks at the first bytes of one direction: of a connection, or one whole datagram. `datagram` tells which.
  Guess (*guess)(Direction direction, Bytes start, bool datagram);
  std::unique_ptr<Dissector> (*open)(const DissectorOptions& options);  // one for each stream
  Pairing pairing = Pairing::in_order;
  Duration answer_within = Duration::seconds(60);  // an unanswered request is told after this, with a timeout fault
  bool over_tcp = true;
  bool over_udp = false;
  // Many messages of a direction are open at a time (pairing by_id), and others may end before the one whose head was
  // announced. After each step peek() shows, of both directions, the open messages of the call that the step was about;
  // the session sets their times from it. A response may end before its request does. At the end of a direction, or
  // when it is lost, end() is asked until it skips, and gives the open messages one by one.
  bool multiplexed = false;
  bool hands_over = false;  // other protocols may follow on the same stream: it is worth reading for their sake
  bool is_tls = false;      // its calls are TLS themselves: Entry::tls
  // Its calls are told as those of this one, with its name, fields and labels (HTTP/2 is `http`); null: its own.
  const Protocol* family = nullptr;
  std::span<const Field> fields = {};
  std::span<const Label* const> labels = {};
  // What one line about a call shows: paths of fields, in order. {"request.method", "request.path", "response.status"}
  std::span<const std::string_view> summary = {};
};

// THE list, in the order in which protocols are asked: a later guess may be laxer.
std::span<const Protocol* const> protocols();

// The same as the language sees them: one Schema for each protocol that has a family of its own, and those of the
// transports (tcp, udp, icmp, sctp), by ordinal. The schemas live as long as the program.
const Catalog& catalog();
const Schema& schema_of(const Protocol& protocol);

}  // namespace wiretape
