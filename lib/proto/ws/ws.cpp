// SPDX-License-Identifier: Apache-2.0
#include "proto/ws/ws.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "proto/message_pool.hpp"
#include "proto/ws/extensions.hpp"
#include "proto/ws/fields.hpp"
#include "proto/ws/frame.hpp"
#include "proto/ws/inflation.hpp"
#include "proto/ws/message.hpp"

namespace wiretape::ws {
namespace {

constexpr Label label = {.name = "ws", .version = "13", .abbr = "WS", .long_name = "WebSocket", .macro = "ws"};

// Bytes passed over in search of a frame; beyond them the direction is given up.
constexpr std::uint64_t longest_search = 1U << 20U;

// What is kept of a payload that nobody asks for: one line about a message shows how it begins.
constexpr std::size_t shown_anyhow = 400;

constexpr Fault dissection(std::string_view message) {
  return {Fault::Type::dissection, message};
}
constexpr Fault incomplete(std::string_view message) {
  return {Fault::Type::incomplete, message};
}

constexpr Fault bytes_missing = incomplete("bytes of the message are missing in the capture");

std::size_t held_by(const Message& message) {
  return message.kept.memory();
}

thread_local MessagePool<Message, held_by, 64U << 10U> pool;

class WsDissector final : public Dissector {
 public:
  explicit WsDissector(const DissectorOptions& options);
  ~WsDissector() override;

  Step next(Direction direction, Bytes bytes) override;
  Step gap(Direction direction, std::uint64_t missing) override;
  Step end(Direction direction) override;

  std::unique_ptr<wiretape::Message> take() override { return std::move(done_); }
  [[nodiscard]] const wiretape::Message* peek(Direction direction) const override {
    const Side& side = sides_[index(direction)];
    return side.control != nullptr ? side.control.get() : side.data.get();
  }
  void keep_body(Direction direction, bool keep) override {
    Side& side = sides_[index(direction)];
    if (std::unique_ptr<Message>& message = side.current(); message != nullptr && !keep) {
      message->kept.keep_at_most(shown_anyhow);
    }
  }
  void recycle(std::unique_ptr<wiretape::Message> message) override {
    pool.put(std::unique_ptr<Message>(static_cast<Message*>(message.release())));
  }

 private:
  enum class State : std::uint8_t {
    head,       // of a frame comes next
    payload,    // `left` bytes of it are to come
    searching,  // for a frame at the front of what comes next
    lost,
  };
  struct Side {
    std::unique_ptr<Message> data;     // under way, between its fragments too
    std::unique_ptr<Message> control;  // under way: longer than it may be, or it would have been waited for
    std::optional<Inflation> inflation;
    Frame frame;             // the newest
    std::uint64_t left = 0;  // payload: to come; searching: how far to go on
    State state = State::head;
    bool data_over = false;  // broken off, and told with the next bytes
    bool control_over = false;
    bool headless = false;  // what was missing may have held the first fragment of what comes next

    std::unique_ptr<Message>& current() { return frame.is_control() ? control : data; }
  };

  Step read_frame(Direction direction, Bytes bytes);
  Step begin_frame(Direction direction, Bytes bytes);
  void begin_message(Side& side);
  void judge(Direction direction, const Side& side, Message& message, bool begins) const;
  Step read_payload(Side& side, Bytes bytes);
  void keep(Side& side, Message& message, Bytes bytes);
  static void unpack(Side& side, Message& message, Bytes bytes, std::uint64_t at);
  Step gap_inside(Side& side, std::uint64_t missing);
  Step search(Direction direction, Bytes bytes);
  void start_search(Side& side);
  Step finish(Side& side, std::unique_ptr<Message>& message, std::size_t bytes);
  Step give_up(Side& side, std::unique_ptr<Message>& message);
  [[nodiscard]] std::uint8_t usual_reserved() const { return extensions_.deflate ? reserved_1 : 0; }

  std::array<Side, 2> sides_;
  std::unique_ptr<Message> done_;
  std::size_t payload_limit_;
  Extensions extensions_;
};

WsDissector::WsDissector(const DissectorOptions& options) : payload_limit_(options.body_limit) {
  const bool joined = options.agreed.data() == nullptr;
  extensions_ = read_extensions(options.agreed);
  extensions_.deflate = extensions_.deflate || joined;
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    Side& side = sides_[i];
    if (extensions_.deflate) side.inflation.emplace(extensions_.packing[i]);
    if (!joined) continue;
    side.inflation->join();
    start_search(side);
  }
}

WsDissector::~WsDissector() {
  for (Side& side : sides_) {
    pool.put(std::move(side.data));
    pool.put(std::move(side.control));
  }
  pool.put(std::move(done_));
}

Step WsDissector::next(Direction direction, Bytes bytes) {
  Side& side = sides_[index(direction)];
  if (std::exchange(side.control_over, false)) return give_up(side, side.control);
  if (std::exchange(side.data_over, false)) return give_up(side, side.data);
  switch (side.state) {
    case State::head: return read_frame(direction, bytes);
    case State::payload: return read_payload(side, bytes);
    case State::searching: return search(direction, bytes);
    case State::lost: break;
  }
  return Step::lost();
}

// A control frame is waited for. Of all others the payload is taken as it comes.
Step WsDissector::read_frame(Direction direction, Bytes bytes) {
  Side& side = sides_[index(direction)];
  Frame frame;
  if (!read_head(bytes, frame)) return Step::need_more(bytes.size() + 1);
  const bool waits = frame.is_control() && frame.length <= longest_control;
  if (waits && bytes.size() < frame.size + frame.length) {
    return Step::need_more(frame.size + static_cast<std::size_t>(frame.length));
  }
  const bool starts = !frame.is_control() && frame.opcode != Opcode::continuation;
  if (starts && side.data != nullptr) {
    side.data->blame(dissection("another message began before the last fragment"));
    return give_up(side, side.data);
  }
  side.frame = frame;
  return begin_frame(direction, bytes);
}

Step WsDissector::begin_frame(Direction direction, Bytes bytes) {
  Side& side = sides_[index(direction)];
  const Frame& frame = side.frame;
  std::unique_ptr<Message>& message = side.current();
  const bool begins = message == nullptr;
  if (begins) begin_message(side);
  message->add(frame);
  message->size += frame.size;
  judge(direction, side, *message, begins);
  if (frame.length > longest_payload) {
    side.state = State::lost;
    return finish(side, message, frame.size);
  }
  side.left = frame.length;
  side.state = State::payload;
  const Bytes payload = bytes.substr(frame.size);
  if (begins && (!frame.fin || payload.size() < frame.length)) {
    if (frame.length == 0) side.state = State::head;
    return Step::head(frame.size);
  }
  const Step step = read_payload(side, payload);
  return {step.kind, step.bytes + frame.size};
}

void WsDissector::begin_message(Side& side) {
  const Frame& frame = side.frame;
  std::unique_ptr<Message>& message = side.current();
  message = pool.get();
  message->begin(frame, payload_limit_);
  message->label = &label;
  message->compressed = !frame.is_control() && frame.opcode != Opcode::continuation && side.inflation &&
                        (frame.reserved & reserved_1) != 0;
  if (message->compressed) side.inflation->begin(payload_limit_);
}

// What a frame says against the standard.
void WsDissector::judge(Direction direction, const Side& side, Message& message, bool begins) const {
  const Frame& frame = side.frame;
  const bool from_client = direction == Direction::to_server;
  const bool may_pack = begins && message.compressed;
  if (begins && frame.opcode == Opcode::continuation) {
    message.blame(side.headless ? incomplete("the beginning of the message is missing in the capture")
                                : dissection("a continuation of no message"));
  }
  if (!is_known(frame.opcode)) message.blame(dissection("an opcode without a meaning"));
  if ((frame.reserved & ~(may_pack ? reserved_1 : 0U)) != 0) {
    message.blame(dissection("a reserved bit that no known extension gives a meaning"));
  }
  if (frame.masked != from_client) {
    message.blame(dissection(from_client ? "a client's frame without a mask" : "a server's frame with a mask"));
  }
  if (!frame.minimal) message.blame(dissection("a length in more bytes than it needs"));
  if (frame.length > longest_payload) message.blame(dissection("a length of 2^63 or more"));
  if (!frame.is_control()) return;
  if (!frame.fin) message.blame(dissection("a fragment of a control message"));
  if (frame.length > longest_control) message.blame(dissection("a control message of more than 125 bytes"));
}

Step WsDissector::read_payload(Side& side, Bytes bytes) {
  const Bytes payload = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(side.left, bytes.size())));
  std::unique_ptr<Message>& message = side.current();
  keep(side, *message, payload);
  side.left -= payload.size();
  message->size += payload.size();
  if (side.left != 0) return Step::skip(payload.size());
  side.state = State::head;
  if (!side.frame.fin && !side.frame.is_control()) return Step::skip(payload.size());
  if (message->compressed) message->blame(side.inflation->finish(message->kept));
  return finish(side, message, payload.size());
}

void WsDissector::keep(Side& side, Message& message, Bytes bytes) {
  const std::uint64_t at = side.frame.length - side.left;
  if (message.compressed) return unpack(side, message, bytes, at);
  if (side.frame.masked) return message.kept.append_masked(bytes, side.frame, at);
  message.kept.append(bytes);
}

void WsDissector::unpack(Side& side, Message& message, Bytes bytes, std::uint64_t at) {
  if (!side.frame.masked) return side.inflation->feed(bytes, message.kept);
  std::array<char, 4096> piece;  // filled below
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), piece.size());
    std::copy_n(bytes.begin(), size, piece.begin());
    unmask(piece.data(), size, side.frame.key, at);
    side.inflation->feed({piece.data(), size}, message.kept);
    bytes.remove_prefix(size);
    at += size;
  }
}

// The message is over with the next `bytes`.
Step WsDissector::finish(Side& side, std::unique_ptr<Message>& message, std::size_t bytes) {
  if (!side.frame.is_control()) side.headless = false;
  message->finish();
  done_ = std::move(message);
  return Step::message(bytes);
}

// The message gets no further.
Step WsDissector::give_up(Side& side, std::unique_ptr<Message>& message) {
  message->kept.cut();
  if (message->compressed) side.inflation->lose();
  message->finish();
  done_ = std::move(message);
  return Step::message(0);
}

void WsDissector::start_search(Side& side) {
  side.state = State::searching;
  side.left = longest_search;
  side.headless = true;
}

Step WsDissector::search(Direction direction, Bytes bytes) {
  Side& side = sides_[index(direction)];
  if (likeness(direction, bytes, usual_reserved()) != Likeness::none) {
    side.state = State::head;
    return read_frame(direction, bytes);
  }
  if (bytes.size() > side.left) return Step::lost();
  side.left -= bytes.size();
  return Step::skip(bytes.size());
}

Step WsDissector::gap(Direction direction, std::uint64_t missing) {
  Side& side = sides_[index(direction)];
  if (side.state == State::lost) return Step::lost();
  if (side.state == State::payload && missing <= side.left) return gap_inside(side, missing);
  if (side.inflation) side.inflation->lose();
  for (Message* message : {side.data.get(), side.control.get()}) {
    if (message != nullptr) message->blame(bytes_missing);
  }
  side.data_over = side.data != nullptr;
  side.control_over = side.control != nullptr;
  if (side.state != State::searching) start_search(side);
  return Step::skip(0);
}

// The frame goes on behind the gap, or ends with it.
Step WsDissector::gap_inside(Side& side, std::uint64_t missing) {
  Message& message = *side.current();
  message.blame(bytes_missing);
  message.kept.cut();
  message.kept.keep_at_most(0);
  message.size += missing;
  if (message.compressed) side.inflation->lose();
  side.left -= missing;
  if (side.left != 0) return Step::skip(0);
  side.state = State::head;
  side.control_over = side.frame.is_control();
  side.data_over = side.data_over || (side.frame.fin && !side.frame.is_control());
  return Step::skip(0);
}

Step WsDissector::end(Direction direction) {
  Side& side = sides_[index(direction)];
  // Bytes behind the end belong to nothing.
  side.state = State::lost;
  side.data_over = side.control_over = false;
  for (std::unique_ptr<Message>* message : {&side.control, &side.data}) {
    if (*message == nullptr) continue;
    (*message)->blame(incomplete("the stream ended inside the message"));
    return give_up(side, *message);
  }
  return Step::skip(0);
}

// Only a stream that was joined in the middle begins with frames. What says least else is a text that can be read.
Guess guess(Direction direction, Bytes start, bool datagram) {
  if (datagram) return Guess::no;
  return likeness(direction, start, 0) == Likeness::text ? Guess::yes : Guess::no;
}

constexpr std::array<const Label*, 1> labels = {&label};
constexpr std::array<std::string_view, 6> summary = {"request.opcode",  "request.closeCode",  "request.payload",
                                                     "response.opcode", "response.closeCode", "response.payload"};

}  // namespace

constinit const Protocol protocol = {
    .name = "ws",
    .title = "WebSocket",
    .ports = {},
    .guess = guess,
    .open = [](const DissectorOptions& options) -> std::unique_ptr<Dissector> {
      return std::make_unique<WsDissector>(options);
    },
    .pairing = Pairing::single,
    .multiplexed = true,
    .fields = fields,
    .labels = labels,
    .summary = summary,
};

}  // namespace wiretape::ws
