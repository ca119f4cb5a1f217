// SPDX-License-Identifier: Apache-2.0
// A protocol small enough to see through, a stream that speaks it, and what a session says of that.
//
//   message := ( "ask" | "say" | "shout" ) " " id [ "+" length ] "\n" body
//
// Clients ask, servers say; who shouts wants no answer. A body of `length` bytes follows the line. "bye\n" hands over.
#pragma once

#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/protocol.hpp"
#include "proto/session.hpp"

namespace wiretape::test {

struct TalkMessage final : Message {
  std::string text;
};

inline constexpr Label talk_label = {"talk", "1", "TALK", "Small Talk", "talk"};

class TalkDissector final : public Dissector {
 public:
  Step next(Direction direction, Bytes bytes) override {
    Side& side = sides_[index(direction)];
    if (side.message) return body(side, bytes);
    const std::size_t end = bytes.find('\n');
    if (end == Bytes::npos) return Step::need_more(bytes.size() + 1);
    if (bytes.substr(0, end) == "bye") return Step::hand_over(end + 1);
    return line(direction, bytes.substr(0, end));
  }

  Step gap(Direction direction, std::uint64_t missing) override {
    Side& side = sides_[index(direction)];
    if (missing == 666) return Step::lost();
    if (!side.message) return Step::skip(0);
    side.message->fault = {Fault::Type::incomplete, "gap"};
    side.left -= std::min<std::size_t>(side.left, missing);
    return side.left == 0 ? whole(side, 0) : Step::skip(0);
  }

  Step end(Direction direction) override {
    Side& side = sides_[index(direction)];
    return side.message && side.until_close ? whole(side, 0) : Step::skip(0);
  }

  std::unique_ptr<Message> take() override { return std::move(current_); }
  [[nodiscard]] const Message* peek(Direction direction) const override {
    return sides_[index(direction)].message.get();
  }
  void recycle(std::unique_ptr<Message> message) override { spare_.push_back(std::move(message)); }

 private:
  struct Side {
    std::unique_ptr<TalkMessage> message;
    std::size_t left = 0;
    bool until_close = false;
  };

  std::unique_ptr<TalkMessage> fresh() {
    if (spare_.empty()) return std::make_unique<TalkMessage>();
    std::unique_ptr<TalkMessage> message(static_cast<TalkMessage*>(spare_.back().release()));
    spare_.pop_back();
    message->fault = {};
    return message;
  }

  Step line(Direction direction, Bytes text) {
    const bool asks = text.substr(0, 4) == "ask ", says = text.substr(0, 4) == "say ";
    const bool shouts = text.substr(0, 6) == "shout ";
    if (!shouts && !(direction == Direction::to_server ? asks : says)) return Step::lost();
    Side& side = sides_[index(direction)];
    side.message = fresh();
    side.message->label = &talk_label;
    side.message->text = text;
    side.message->alone = shouts;
    side.message->id = static_cast<std::uint8_t>(text[text.find(' ') + 1]);
    side.message->size = text.size() + 1;
    side.left = 0;
    side.until_close = text.back() == '*';
    if (const std::size_t plus = text.find('+'); plus != Bytes::npos) {
      std::from_chars(text.data() + plus + 1, text.data() + text.size(), side.left);
    }
    if (side.left != 0 || side.until_close) return Step::head(text.size() + 1);
    return whole(side, text.size() + 1);
  }

  Step body(Side& side, Bytes bytes) {
    if (side.until_close) return Step::skip(bytes.size());
    const std::size_t used = std::min(side.left, bytes.size());
    side.left -= used;
    return side.left == 0 ? whole(side, used) : Step::skip(used);
  }

  Step whole(Side& side, std::size_t used) {
    current_ = std::move(side.message);
    return Step::message(used);
  }

  std::array<Side, 2> sides_;
  std::unique_ptr<Message> current_;
  std::vector<std::unique_ptr<Message>> spare_;
};

inline Guess guess_talk(Direction direction, Bytes start, bool datagram) {
  const auto like = [&](std::string_view word) {
    if (start.substr(0, word.size()) == word) return Guess::yes;
    return !datagram && word.substr(0, start.size()) == start ? Guess::maybe : Guess::no;
  };
  const Guess shout = like("shout ");
  return shout != Guess::no ? shout : like(direction == Direction::to_server ? "ask " : "say ");
}

inline constexpr std::uint16_t talk_ports[] = {7};
inline constexpr const Label* talk_labels[] = {&talk_label};

constexpr Protocol talk_with(Pairing pairing) {
  return {
      .name = "talk",
      .title = "Small Talk",
      .ports = talk_ports,
      .guess = guess_talk,
      .open = [](const DissectorOptions&) -> std::unique_ptr<Dissector> { return std::make_unique<TalkDissector>(); },
      .pairing = pairing,
      .answer_within = Duration::seconds(10),
      .over_udp = true,
      .labels = talk_labels};
}
inline constexpr Protocol talk_in_order = talk_with(Pairing::in_order);
inline constexpr Protocol talk_by_id = talk_with(Pairing::by_id);
inline constexpr Protocol talk_single = talk_with(Pairing::single);

// Writes down what it hears.
class Notes final : public EntryListener {
 public:
  void complete(const Entry& entry) override {
    log += '#' + std::to_string(entry.index) + ' ' + both(entry);
    if (entry.fault.type != Fault::Type::none) log += " !" + std::string(name(entry.fault.type));
    log += '\n';
    times.push_back({entry.start(), entry.elapsed()});
  }
  bool opened(const Entry& entry) override {
    constexpr std::string_view stages[] = {"stream", "request head", "request", "response head", "complete"};
    if (heads) log += std::string(stages[static_cast<std::size_t>(entry.stage)]) + ": " + both(entry) + '\n';
    return true;
  }
  void identified(const Protocol* protocol) override {
    if (names) log += "is " + std::string(protocol != nullptr ? protocol->name : "nothing known") + '\n';
  }

  bool heads = false;
  bool names = false;
  std::string log;
  struct Times {
    Timestamp start;
    Duration elapsed;
  };
  std::vector<Times> times;

 private:
  static std::string half(const Message* message) {
    return message != nullptr ? static_cast<const TalkMessage*>(message)->text : "-";
  }
  static std::string both(const Entry& entry) { return half(entry.request) + " | " + half(entry.response); }
};

// A stream in five verbs. Times are whole milliseconds.
class Stream {
 public:
  explicit Stream(const Protocol& protocol, StreamState state = StreamState::established,
                  Transport transport = Transport::tcp)
      : list_{&protocol}, pool_(DissectorOptions{}, list_) {
    facts.state = state;
    facts.transport = transport;
    facts.client.port = 40000;
    facts.server.port = 4000;
    session_ = std::make_unique<Session>(pool_, facts);
  }

  void ask(std::string_view bytes, std::int64_t at = 0) { send(Direction::to_server, bytes, at); }
  void say(std::string_view bytes, std::int64_t at = 0) { send(Direction::to_client, bytes, at); }
  void send(Direction direction, std::string_view bytes, std::int64_t at = 0) {
    session().feed(
        {.direction = direction, .time = time(at), .bytes = bytes, .datagram = facts.transport == Transport::udp},
        notes);
  }
  void lose(Direction direction, std::uint64_t missing, std::int64_t at = 0) {
    session().feed({.direction = direction, .time = time(at), .missing = missing}, notes);
  }
  // A datagram whose end was not captured.
  void cut(Direction direction, std::string_view bytes, std::uint64_t missing, std::int64_t at = 0) {
    session().feed({.direction = direction, .time = time(at), .bytes = bytes, .missing = missing, .datagram = true},
                   notes);
  }
  void close(Direction direction) { session().end(direction, {}, notes); }
  void finish(std::int64_t at = 0) { session().finish(time(at), notes); }
  void wait_until(std::int64_t at) { session().expire(time(at), notes); }

  static Timestamp time(std::int64_t milliseconds) { return {milliseconds * 1'000'000}; }
  // What was noted since the last time.
  std::string heard() { return std::exchange(notes.log, {}); }
  Session& session() { return *session_; }
  SessionPool& pool() { return pool_; }

  StreamFacts facts;
  Notes notes;

 private:
  std::array<const Protocol*, 1> list_;
  SessionPool pool_;
  std::unique_ptr<Session> session_;
};

}  // namespace wiretape::test
