// SPDX-License-Identifier: Apache-2.0
#include "proto/socks/socks.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "proto/socks/wire.hpp"

namespace wiretape::socks {
namespace {

// What a client sends before the proxy has answered is the other protocol's already; beyond so much it goes on without.
constexpr std::size_t most_held = 16U << 10U;

struct SocksMessage final : Message {
  Version version = Version::v5;
  Parts parts;
};

constexpr Label label_4 = {.name = "socks", .version = "4", .abbr = "SOCKS", .long_name = "SOCKS 4", .macro = "socks"};
constexpr Label label_5 = {.name = "socks", .version = "5", .abbr = "SOCKS", .long_name = "SOCKS 5", .macro = "socks"};

class SocksDissector final : public Dissector {
 public:
  Step next(Direction direction, Bytes bytes) override {
    if (connected_) return Step::hand_over(0);
    return direction == Direction::to_server ? read_client(bytes) : read_server(bytes);
  }

  // Every byte says what the next one means.
  Step gap(Direction, std::uint64_t) override { return Step::lost(); }

  std::unique_ptr<Message> take() override { return std::move(current_); }

 private:
  Step read_client(Bytes bytes) {
    if (commanded_) return bytes.size() < most_held ? Step::need_more(bytes.size() + 1) : Step::hand_over(0);
    if (!greeted_) version_ = bytes.front() == 4 ? Version::v4 : Version::v5;
    Topic topic = Topic::command;
    if (version_ == Version::v5 && !greeted_) topic = Topic::greeting;
    if (greeted_ && bytes.front() == 1) topic = Topic::password;

    auto message = fresh();
    const Step step = told(read_request(version_, topic, bytes, message->parts), bytes, message);
    if (step.kind != Step::Kind::message) return step;
    greeted_ = waiting_ = true;
    asked_ = topic;
    commanded_ = topic == Topic::command;
    command_ = message_of(*current_).parts.number;
    return step;
  }

  Step read_server(Bytes bytes) {
    // What an answer means is only known with its question, which may have been captured behind it.
    if (!waiting_ && !listening_) return Step::need_more(bytes.size() + 1);
    auto message = fresh();
    const Step step = told(read_reply(version_, asked_, bytes, message->parts), bytes, message);
    if (step.kind != Step::Kind::message) return step;
    waiting_ = false;
    if (asked_ != Topic::command) return step;
    const bool succeeded = is_success(version_, asked_, message_of(*current_).parts.number);
    // A proxy that listens for the client answers a second time, when somebody came.
    connected_ = succeeded && (command_ == connect || listening_);
    listening_ = succeeded && command_ == bind;
    return step;
  }

  Step told(const Read& read, Bytes bytes, std::unique_ptr<SocksMessage>& message) {
    if (read.kind == Read::Kind::malformed) return Step::lost();
    if (read.kind == Read::Kind::partial) return Step::need_more(bytes.size() + 1);
    message->size = read.size;
    current_ = std::move(message);
    return Step::message(read.size);
  }

  [[nodiscard]] std::unique_ptr<SocksMessage> fresh() const {
    auto message = std::make_unique<SocksMessage>();
    message->version = version_;
    message->label = version_ == Version::v4 ? &label_4 : &label_5;
    return message;
  }

  static const SocksMessage& message_of(const Message& message) { return static_cast<const SocksMessage&>(message); }

  std::unique_ptr<Message> current_;
  Version version_ = Version::v5;
  Topic asked_ = Topic::greeting;  // by the client's newest message
  std::uint8_t command_ = 0;
  bool greeted_ = false;
  bool waiting_ = false;  // for an answer
  bool commanded_ = false;
  bool listening_ = false;
  bool connected_ = false;
};

// A client says one thing and waits: its first message is all there is.
Guess guess_client(Bytes start) {
  const auto version = static_cast<std::uint8_t>(start.front());
  if (version != 4 && version != 5) return Guess::no;
  const bool greeting = version == 5;
  if (greeting) {
    const Bytes methods = start.substr(std::min<std::size_t>(2, start.size()));
    const bool known = std::all_of(methods.begin(), methods.end(),
                                   [](char method) { return is_known_method(static_cast<std::uint8_t>(method)); });
    if (!known) return Guess::no;
  } else if (start.size() >= 2 && command_name(Topic::command, static_cast<std::uint8_t>(start[1])).empty()) {
    return Guess::no;
  }
  Parts parts;
  const Read read =
      read_request(greeting ? Version::v5 : Version::v4, greeting ? Topic::greeting : Topic::command, start, parts);
  switch (read.kind) {
    case Read::Kind::partial: return Guess::maybe;
    case Read::Kind::malformed: return Guess::no;
    case Read::Kind::whole: break;
  }
  return read.size == start.size() && (greeting || parts.port != 0) ? Guess::yes : Guess::no;
}

// Two bytes or eight with few values prove nothing by themselves.
Guess guess_server(Bytes start) {
  constexpr std::size_t choice = 2, reply = 8;
  const auto byte = [start](std::size_t at) { return static_cast<std::uint8_t>(start[at]); };
  if (byte(0) == 5) return start.size() < choice || is_known_method(byte(1)) ? Guess::maybe : Guess::no;
  if (byte(0) != 0 || start.size() > reply) return Guess::no;
  return start.size() < choice || !code_name(Version::v4, Topic::command, byte(1)).empty() ? Guess::maybe : Guess::no;
}

Guess guess(Direction direction, Bytes start, bool datagram) {
  if (datagram) return Guess::no;
  return direction == Direction::to_server ? guess_client(start) : guess_server(start);
}

const SocksMessage* request(const Entry& entry) {
  return static_cast<const SocksMessage*>(entry.request);
}
const SocksMessage* response(const Entry& entry) {
  return static_cast<const SocksMessage*>(entry.response);
}

using Half_of = const SocksMessage* (*)(const Entry&);

std::optional<std::string_view> command(const Entry& entry) {
  const SocksMessage* message = request(entry);
  return message != nullptr ? std::optional(command_name(message->parts.topic, message->parts.number)) : std::nullopt;
}
std::optional<std::string_view> user(const Entry& entry) {
  const SocksMessage* message = request(entry);
  return message != nullptr ? std::optional<std::string_view>(message->parts.user) : std::nullopt;
}
std::optional<std::int64_t> code(const Entry& entry) {
  const SocksMessage* message = response(entry);
  return message != nullptr ? std::optional<std::int64_t>(message->parts.number) : std::nullopt;
}
std::optional<std::string_view> code_text(const Entry& entry) {
  const SocksMessage* message = response(entry);
  if (message == nullptr) return std::nullopt;
  return code_name(message->version, message->parts.topic, message->parts.number);
}
template <Half_of half>
std::optional<std::string_view> host(const Entry& entry) {
  const SocksMessage* message = half(entry);
  return message != nullptr ? std::optional<std::string_view>(message->parts.host) : std::nullopt;
}
template <Half_of half>
std::optional<std::int64_t> port(const Entry& entry) {
  const SocksMessage* message = half(entry);
  if (message == nullptr || message->parts.topic != Topic::command) return std::nullopt;
  return message->parts.port;
}

constexpr Field fields[] = {
    {.path = "request.command",
     .get = Text{command},
     .type = Type::text,
     .about = "what is asked of the proxy: greeting, password, connect, bind, udp associate",
     .example = "\"connect\"",
     .known = Stage::request_head},
    {.path = "request.user",
     .get = Text{user},
     .type = Type::text,
     .about = "who asks, where it is said",
     .example = "\"alice\"",
     .known = Stage::request_head},
    {.path = "request.host",
     .get = Text{host<request>},
     .type = Type::text,
     .about = "where to: a name as sent, or an address",
     .example = "\"example.com\"",
     .known = Stage::request_head},
    {.path = "request.port",
     .get = Number{port<request>},
     .type = Type::number,
     .about = "its port, only of commands",
     .example = "443",
     .known = Stage::request_head},
    {.path = "response.code",
     .get = Number{code},
     .type = Type::number,
     .about = "number of the answer: to a greeting, that of the method chosen",
     .example = "0",
     .known = Stage::response_head},
    {.path = "response.codeName",
     .get = Text{code_text},
     .type = Type::text,
     .about = "the same in words",
     .example = "\"succeeded\"",
     .known = Stage::response_head},
    {.path = "response.host",
     .get = Text{host<response>},
     .type = Type::text,
     .about = "the address that the proxy uses",
     .example = "\"10.0.0.1\"",
     .known = Stage::response_head},
    {.path = "response.port",
     .get = Number{port<response>},
     .type = Type::number,
     .about = "its port, only of answers to commands",
     .example = "40000",
     .known = Stage::response_head},
};

constexpr std::array<std::uint16_t, 1> ports = {1080};
constexpr std::array<const Label*, 2> labels = {&label_4, &label_5};
constexpr std::array<std::string_view, 4> summary = {"request.command", "request.host", "request.port",
                                                     "response.codeName"};

}  // namespace

constinit const Protocol protocol = {
    .name = "socks",
    .title = "SOCKS proxy protocol",
    .ports = ports,
    .guess = guess,
    .open = [](const DissectorOptions&) -> std::unique_ptr<Dissector> { return std::make_unique<SocksDissector>(); },
    .hands_over = true,
    .fields = fields,
    .labels = labels,
    .summary = summary,
};

}  // namespace wiretape::socks
