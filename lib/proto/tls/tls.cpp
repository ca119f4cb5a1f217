// SPDX-License-Identifier: Apache-2.0
#include "proto/tls/tls.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "proto/message_pool.hpp"
#include "proto/tls/fields.hpp"
#include "proto/tls/handshake.hpp"
#include "proto/tls/message.hpp"
#include "proto/tls/wire.hpp"

namespace wiretape::tls {
namespace {

constexpr Fault gap_in_flight = {Fault::Type::incomplete, "Bytes of the response are missing in the capture"};
constexpr Fault long_chain = {Fault::Type::incomplete, "The certificates are longer than what is kept of them"};

constexpr std::size_t alert_size = 2;
constexpr std::uint8_t fatal = 2, close_notify = 0;

std::size_t held_by(const HelloMessage& message) {
  return message.memory();
}

thread_local MessagePool<HelloMessage, held_by, 16U << 10U> pool;

// In clear are: the client's hello; the server's and, up to TLS 1.2, what it says until it waits for the client; then
// the keys of the client. Alerts may come at any time. A server's hello of TLS 1.3 is the last thing in clear.
//
// Up to TLS 1.2 the response is held until the server goes on: only then is it sure that neither side refused.
class TlsDissector final : public Dissector {
 public:
  Step next(Direction direction, Bytes bytes) override {
    Side& side = side_of(direction);
    const Step step = side.over ? Step::lost() : read(direction, side, bytes);
    if (step.kind == Step::Kind::need_more || step.kind == Step::Kind::lost) return step;
    side.size += step.bytes;
    if (step.kind == Step::Kind::message) current_->size = std::exchange(side.size, 0);
    if (step.kind == Step::Kind::skip && !is_open(direction)) side.size = 0;
    if (direction == Direction::to_client && answer_) answer_->size = side.size;
    return step;
  }

  // What is passed over may have a hole; of anything else the next record cannot be found.
  Step gap(Direction direction, std::uint64_t missing) override {
    Side& side = side_of(direction);
    if (missing <= side.passing) {
      side.passing -= static_cast<std::size_t>(missing);
      return Step::skip(0);
    }
    side.over = true;
    if (direction != Direction::to_client || !answer_) return Step::lost();
    if (!flight_done_) answer_->fault = gap_in_flight;
    return end_flight(0);
  }

  Step end(Direction direction) override {
    return direction == Direction::to_client && answer_ && flight_done_ ? end_flight(0) : Step::skip(0);
  }

  std::unique_ptr<Message> take() override { return std::move(current_); }

  [[nodiscard]] const Message* peek(Direction direction) const override {
    return direction == Direction::to_client ? answer_.get() : nullptr;
  }

  void recycle(std::unique_ptr<Message> message) override {
    pool.put(std::unique_ptr<HelloMessage>(static_cast<HelloMessage*>(message.release())));
  }

 private:
  struct Side {
    Handshake handshake;
    std::size_t fragment = 0;  // bytes left of the handshake record that is being read
    std::size_t passing = 0;   // bytes left of a record that is passed over
    std::uint64_t size = 0;    // on the wire, of the message so far
    bool greeted = false;      // its hello has come
    bool over = false;         // nothing more is in clear
  };

  Side& side_of(Direction direction) { return sides_[index(direction)]; }

  bool is_open(Direction direction) {
    return side_of(direction).handshake.begun() || (direction == Direction::to_client && answer_);
  }

  Step read(Direction direction, Side& side, Bytes bytes) {
    if (side.passing != 0) return pass(side, 0, bytes);
    if (side.fragment != 0) return read_handshake(direction, side, bytes, 0);
    const bool is_first = direction == Direction::to_server && !side.greeted && !side.handshake.begun();
    if (is_first && (static_cast<std::uint8_t>(bytes.front()) & 0x80U) != 0) return read_old(bytes);
    if (is_first && bytes.front() == postgres_request.front()) return read_wish(bytes);
    if (direction == Direction::to_client && std::exchange(consent_due_, false)) {
      if (bytes.front() == postgres_consent) return Step::skip(1);
    }
    if (bytes.size() < record_header_size) return Step::need_more(record_header_size);
    const auto header = read_record_header(bytes);
    if (!header) return Step::lost();
    return read_record(direction, side, *header, bytes);
  }

  Step read_record(Direction direction, Side& side, const RecordHeader& header, Bytes bytes) {
    const std::size_t size = record_header_size + header.length;
    switch (header.type) {
      case ContentType::handshake:
        if (direction == Direction::to_client && flight_done_ && answer_) return end_flight(0);
        if (bytes.size() < size) return Step::need_more(size);
        side.fragment = header.length;
        return read_handshake(direction, side, bytes, record_header_size);
      case ContentType::alert:
        if (header.length != alert_size) return read_encrypted(direction, side, header, bytes);
        if (bytes.size() < size) return Step::need_more(size);
        return read_alert(direction, side, bytes.substr(record_header_size, alert_size), size);
      case ContentType::change_cipher_spec:
      case ContentType::application_data: return read_encrypted(direction, side, header, bytes);
      case ContentType::heartbeat: break;
    }
    side.passing = header.length;
    return pass(side, record_header_size, bytes);
  }

  static Step pass(Side& side, std::size_t header, Bytes bytes) {
    const std::size_t used = std::min(side.passing, bytes.size() - header);
    side.passing -= used;
    return Step::skip(header + used);
  }

  // From here on this side is encrypted. Not yet: early data (RFC 8446 section 4.2.10), which comes before the server's
  // hello and may be followed by another one in clear; and the change that goes with a HelloRetryRequest, which means
  // nothing (section D.4).
  Step read_encrypted(Direction direction, Side& side, const RecordHeader& header, Bytes bytes) {
    const bool is_client = direction == Direction::to_server;
    if (!is_client && answer_) return end_flight(0);
    if (is_client ? side.greeted && !answer_ : asks_again_) {
      side.passing = header.length;
      return pass(side, record_header_size, bytes);
    }
    side.over = true;
    if (!is_client) settle();
    return Step::lost();
  }

  Step read_old(Bytes bytes) {
    if (bytes.size() < old_header_size) return Step::need_more(old_header_size);
    const auto header = read_old_header(bytes);
    if (!header) return Step::lost();
    if (bytes.size() < header->size) return Step::need_more(header->size);
    return greet(bytes.substr(0, header->size), read_old_hello(bytes), header->size);
  }

  Step read_wish(Bytes bytes) {
    if (bytes.size() < postgres_request.size()) return Step::need_more(postgres_request.size());
    if (bytes.substr(0, postgres_request.size()) != postgres_request) return Step::lost();
    consent_due_ = true;
    return Step::skip(postgres_request.size());
  }

  // `header` bytes, then what is left of the record's fragment.
  Step read_handshake(Direction direction, Side& side, Bytes bytes, std::size_t header) {
    const std::size_t used = side.handshake.take(bytes.substr(header, side.fragment));
    if (side.handshake.too_long()) return Step::lost();
    side.fragment -= used;
    const std::size_t size = header + used;
    if (!side.handshake.whole()) {
      // What has begun is announced, though there is nothing to show yet: its first byte counts as such.
      return side.handshake.begun() && !peek(direction) ? Step::head(size) : Step::skip(size);
    }
    const Step step = direction == Direction::to_server ? heard_client(side, size) : heard_server(side, size);
    side.handshake.clear();
    return step;
  }

  Step heard_client(Side& side, std::size_t size) {
    if (side.handshake.type() != HandshakeType::client_hello) return side.greeted ? Step::skip(size) : Step::lost();
    const Bytes body = side.handshake.body();
    return greet(body, read_client_hello(body), size);
  }

  Step greet(Bytes bytes, const std::optional<Hello>& hello, std::size_t size) {
    if (!hello) return Step::lost();
    side_of(Direction::to_server).greeted = true;
    current_ = fresh(bytes, *hello, open_label());
    return Step::message(size);
  }

  Step heard_server(Side& side, std::size_t size) {
    switch (side.handshake.type()) {
      case HandshakeType::server_hello: return read_answer(side, size);
      case HandshakeType::certificate:
        if (!answer_) break;
        answer_->add_certificates(side.handshake.body());
        if (side.handshake.cut()) answer_->fault = long_chain;
        break;
      case HandshakeType::server_hello_done: flight_done_ = true; break;
      case HandshakeType::client_hello: return Step::lost();
    }
    return Step::skip(size);
  }

  Step read_answer(Side& side, std::size_t size) {
    const Bytes body = side.handshake.body();
    const auto hello = read_server_hello(body);
    if (!hello || answer_) return Step::lost();
    side.greeted = true;
    answer_ = fresh(body, *hello, label_of(hello->negotiated));
    flight_done_ = false;
    asks_again_ = hello->asks_again;
    if (!is_tls13(hello->negotiated) && !asks_again_) return Step::head(size);
    if (!asks_again_) settle();
    return end_flight(size);
  }

  Step read_alert(Direction direction, Side& side, Bytes alert, std::size_t size) {
    Cursor in(alert);
    const std::uint8_t level = in.u8();
    const std::uint8_t number = in.u8();
    if (level != fatal && number != close_notify) return Step::skip(size);
    if (!sides_[0].greeted && !answer_) return Step::lost();
    const std::string_view name = alert_name(number);
    const Fault fault = {Fault::Type::connection, name.empty() ? "unknown alert" : name};
    if (!answer_) return refuse(fault, size);
    if (answer_->fault.type == Fault::Type::none) answer_->fault = fault;
    flight_done_ = true;
    side.over = true;
    return direction == Direction::to_client ? end_flight(size) : Step::skip(size);
  }

  // Instead of an answer, or of what the answer was to be given to.
  Step refuse(const Fault& fault, std::size_t size) {
    settle();
    current_ = fresh({}, Hello{}, open_label());
    current_->refusal = Refusal::one;
    current_->fault = fault;
    return Step::message(size);
  }

  Step end_flight(std::size_t size) {
    current_ = std::move(answer_);
    return Step::message(size);
  }

  void settle() {
    for (Side& side : sides_) side.over = true;
  }

  static std::unique_ptr<HelloMessage> fresh(Bytes bytes, const Hello& hello, const Label& label) {
    auto message = pool.get();
    message->begin(bytes, hello);
    message->label = &label;
    return message;
  }

  std::array<Side, 2> sides_;
  std::unique_ptr<HelloMessage> answer_;  // the server's, until it is whole
  std::unique_ptr<HelloMessage> current_;
  bool flight_done_ = false;  // the server waits for the client
  bool asks_again_ = false;   // the server's newest hello was a HelloRetryRequest
  bool consent_due_ = false;  // to speak TLS from here on
};

// Joined in the middle: two records behind each other are no accident.
Guess guess_encrypted(Bytes start) {
  const auto first = read_record_header(start);
  if (!first || first->length == 0) return Guess::no;
  const std::size_t next = record_header_size + first->length;
  if (start.size() < next + record_header_size) return Guess::maybe;
  const auto second = read_record_header(start.substr(next));
  return second && second->type == first->type && second->version == first->version ? Guess::yes : Guess::no;
}

// A hello of `type` as the first message of the first record.
Guess guess_hello(HandshakeType type, Bytes start) {
  constexpr std::size_t least_hello = 38, least_known = handshake_header_size + 2;
  const auto record = read_record_header(start);
  if (!record || record->length == 0) return Guess::no;
  Cursor in(start.substr(record_header_size));
  if (in.left() == 0) return Guess::maybe;
  if (in.u8() != static_cast<std::uint8_t>(type)) return Guess::no;
  if (record->length < least_known) {
    // In small pieces: the next one is a record like this.
    const Bytes next = start.substr(std::min<std::size_t>(start.size(), record_header_size + record->length));
    if (next.size() < record_header_size) return Guess::maybe;
    const auto second = read_record_header(next);
    return second && second->type == record->type && second->version == record->version ? Guess::yes : Guess::no;
  }
  const std::uint32_t length = in.be24();
  const std::uint16_t version = in.be16();
  if (!in.ok()) return Guess::maybe;
  const bool plausible = length >= least_hello && length < (1U << 16U) && (version >> 8U == 3 || version >> 8U == 0x7f);
  return plausible ? Guess::yes : Guess::no;
}

Guess guess_old_hello(Bytes start) {
  if (start.size() >= 3 && start[2] != '\1') return Guess::no;
  if (start.size() < old_header_size) return Guess::maybe;
  return read_old_header(start) ? Guess::yes : Guess::no;
}

// Too little to be sure of: the client knows.
Guess guess_alert(Bytes start) {
  const auto record = read_record_header(start);
  return record && record->length == alert_size ? Guess::maybe : Guess::no;
}

Guess guess_stream(Direction direction, Bytes start) {
  const auto first = static_cast<std::uint8_t>(start.front());
  const bool to_server = direction == Direction::to_server;
  if (to_server && (first & 0x80U) != 0) return guess_old_hello(start);
  const auto type = static_cast<ContentType>(first);
  if (type != ContentType::handshake && type != ContentType::application_data && type != ContentType::alert) {
    return Guess::no;
  }
  if (start.size() >= 2 && start[1] != '\3') return Guess::no;
  if (start.size() < record_header_size) return Guess::maybe;
  if (type == ContentType::handshake) {
    return guess_hello(to_server ? HandshakeType::client_hello : HandshakeType::server_hello, start);
  }
  return type == ContentType::alert ? guess_alert(start) : guess_encrypted(start);
}

Guess guess(Direction direction, Bytes start, bool datagram) {
  if (datagram) return Guess::no;
  const bool to_server = direction == Direction::to_server;
  const Bytes before = to_server ? postgres_request : Bytes(&postgres_consent, 1);
  if (start.front() != before.front()) return guess_stream(direction, start);
  if (start.size() <= before.size()) return before.substr(0, start.size()) == start ? Guess::maybe : Guess::no;
  return start.substr(0, before.size()) == before ? guess_stream(direction, start.substr(before.size())) : Guess::no;
}

constexpr std::array<std::uint16_t, 14> ports = {443, 8443, 465, 636,  853,  989,  990,
                                                 992, 993,  995, 5061, 5671, 6443, 8883};

}  // namespace

constinit const Protocol protocol = {
    .name = "tls",
    .title = "Transport Layer Security",
    .ports = ports,
    .guess = guess,
    .open = [](const DissectorOptions&) -> std::unique_ptr<Dissector> { return std::make_unique<TlsDissector>(); },
    .is_tls = true,
    .fields = fields,
    .labels = labels,
    .summary = summary,
};

}  // namespace wiretape::tls
