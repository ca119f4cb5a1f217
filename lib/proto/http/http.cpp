// SPDX-License-Identifier: Apache-2.0
// Where HTTP/1.x messages begin and end in a stream (RFC 9112 section 6), and the protocol's record.
#include "proto/http/http.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "proto/graphql/graphql.hpp"
#include "proto/grpc/payload.hpp"
#include "proto/http/fields.hpp"
#include "proto/http/http1_wire.hpp"
#include "proto/http/message.hpp"
#include "proto/http2/http2.hpp"
#include "proto/message_pool.hpp"
#include "proto/ws/ws.hpp"

namespace wiretape::http {
namespace {

constexpr Start start_of(Direction direction) {
  return direction == Direction::to_server ? Start::request : Start::response;
}

// What is passed over in front of a head: the empty lines that old clients send behind a body, and the blanks that some
// write before a method, which servers forgive.
std::size_t before_head(Direction direction, Bytes bytes) {
  return std::min(bytes.find_first_not_of(direction == Direction::to_server ? "\r\n \t" : "\r\n"), bytes.size());
}

// Bytes passed over in search of a start line; beyond them the direction is something else.
constexpr std::uint64_t longest_search = 1U << 20U;

// Trailer lines kept of one message.
constexpr std::size_t longest_trailer = 64U << 10U;

constexpr Fault dissection(std::string_view message) {
  return {Fault::Type::dissection, message};
}
constexpr Fault incomplete(std::string_view message) {
  return {Fault::Type::incomplete, message};
}

std::size_t held_by(const Message& message) {
  return message.head().size;
}

thread_local MessagePool<Message, held_by, 16U << 10U> pool;

// The requests whose responses are still to come: of each only what changes where its response ends.
class Outstanding {
 public:
  enum class Kind : std::uint8_t { other, head, connect };

  // More than fit are taken for other when their turn comes.
  void push(Kind kind) {
    if (count_ < most) kinds_ |= static_cast<std::uint64_t>(kind) << (2U * count_++);
  }
  [[nodiscard]] Kind front() const { return static_cast<Kind>(kinds_ & 3U); }
  void pop() {
    kinds_ >>= 2U;
    if (count_ != 0) --count_;
  }
  // Responses were lost: without pipelining the next one answers the latest request.
  void keep_newest() {
    if (count_ > 1) kinds_ >>= 2U * (count_ - 1U);
    count_ = std::min<std::uint8_t>(count_, 1);
  }

 private:
  static constexpr std::uint8_t most = 32;
  std::uint64_t kinds_ = 0;
  std::uint8_t count_ = 0;
};

Outstanding::Kind kind_of(std::string_view method) {
  if (method == "HEAD") return Outstanding::Kind::head;
  return method == "CONNECT" ? Outstanding::Kind::connect : Outstanding::Kind::other;
}

// What stands behind a head.
enum class BodyKind : std::uint8_t { none, length, chunks, until_close, unknown };

BodyKind body_after_length(const Head& head, Start start) {
  switch (head.length) {
    case Length::given:
    case Length::repeated: return head.content_length == 0 ? BodyKind::none : BodyKind::length;
    case Length::conflicting:
    case Length::malformed: return start == Start::request ? BodyKind::unknown : BodyKind::until_close;
    case Length::none: break;
  }
  return start == Start::request ? BodyKind::none : BodyKind::until_close;
}

// RFC 9112 section 6.3.
BodyKind body_of(const Head& head, Start start, Outstanding::Kind answered) {
  if (start == Start::response) {
    const bool never = head.status < 200 || head.status == 204 || head.status == 304;
    const bool tunnel = answered == Outstanding::Kind::connect && head.status < 300;
    if (never || tunnel || answered == Outstanding::Kind::head) return BodyKind::none;
  }
  switch (head.transfer) {
    case Transfer::chunked: return BodyKind::chunks;
    case Transfer::coded:
    case Transfer::opaque: return start == Start::request ? BodyKind::unknown : BodyKind::until_close;
    case Transfer::none: break;
  }
  return body_after_length(head, start);
}

const Label* label_of(const Message& message) {
  const Head& head = message.head();
  if (head.simple) return &http_0_9;
  if (head.minor == 0) return &http_1_0;
  // A call is told with the label of its request, and one in gRPC-Web has a body.
  const bool may_be_grpc =
      message.start() == Start::request && (head.length != Length::none || head.transfer != Transfer::none);
  return may_be_grpc && grpc::is_grpc(message.media_type()) ? &grpc_1_1 : &http_1_1;
}

// What a head says against the standard about where it and its body end.
Fault fault_of(const Head& head) {
  if (head.transfer != Transfer::none && head.length != Length::none) {
    return dissection("both Transfer-Encoding and Content-Length");
  }
  if (head.transfer != Transfer::none && head.minor == 0) return dissection("Transfer-Encoding in HTTP/1.0");
  if (head.transfer == Transfer::coded || head.transfer == Transfer::opaque) {
    return dissection("Transfer-Encoding does not end with chunked");
  }
  switch (head.length) {
    case Length::conflicting: return dissection("conflicting Content-Length");
    case Length::repeated: return dissection("repeated Content-Length");
    case Length::malformed: return dissection("malformed Content-Length");
    case Length::none:
    case Length::given: break;
  }
  // What some servers read otherwise, and some not at all (RFC 9112 sections 2.2, 3, 5.1).
  if (head.odd_blanks) return dissection("blanks in the head where none may be");
  if (head.bare_feed) return dissection("lines of the head end with a bare LF");
  return {};
}

class Http1Dissector final : public Dissector {
 public:
  explicit Http1Dissector(const DissectorOptions& options)
      : body_limit_(options.body_limit), grpc_types_(options.grpc_types) {}
  ~Http1Dissector() override {
    for (Side& side : sides_) give_back(std::move(side.message));
    give_back(std::move(done_));
  }

  Step next(Direction direction, Bytes bytes) override;
  Step gap(Direction direction, std::uint64_t missing) override;
  Step end(Direction direction) override;

  std::unique_ptr<wiretape::Message> take() override { return std::move(done_); }
  [[nodiscard]] const wiretape::Message* peek(Direction direction) const override {
    return sides_[index(direction)].message.get();
  }
  void keep_body(Direction direction, bool keep) override {
    Side& side = sides_[index(direction)];
    if (side.message != nullptr && !keep) side.message->body.stop_keeping();
  }
  void recycle(std::unique_ptr<wiretape::Message> message) override {
    give_back(std::unique_ptr<Message>(static_cast<Message*>(message.release())));
  }
  [[nodiscard]] const Protocol* next_protocol() const override { return next_protocol_; }
  [[nodiscard]] std::string_view agreed() const override { return agreed_; }

 private:
  enum class State : std::uint8_t {
    head,
    length,
    chunks,
    until_close,
    cut,        // the message broke off in a gap and is told with the next bytes
    searching,  // for a start line at the front of what comes next
  };
  struct Side {
    std::unique_ptr<Message> message;  // whose body is coming
    std::uint64_t left = 0;            // length: of the body; searching: how far to go on
    ChunkWalker chunks;
    std::uint32_t scanned = 0;  // of a head that is not whole yet
    State state = State::head;
    bool untouched = false;  // no byte of the body has come
    bool refused = false;    // the final response came while the client waited to send the body
  };

  static void give_back(std::unique_ptr<Message> message) { pool.put(std::move(message)); }

  Step read_head(Direction direction, Bytes bytes);
  Step begin_message(Direction direction, Bytes bytes, const Head& head);
  Step begin_bare_body(Side& side);
  Step search(Side& side, Direction direction, Bytes bytes);
  Step wait_for_head(Side& side, Bytes bytes);
  Step wait_for_tunnel(Bytes bytes);
  Step read_length(Side& side, Bytes bytes);
  Step read_chunks(Side& side, Bytes bytes);
  Step read_until_close(Side& side, Bytes bytes);
  Step finish(Side& side, std::size_t bytes, State then);
  void note_request(std::string_view method);
  void note_response(const Message& response);
  void note_upgrade(const Message& response);

  std::array<Side, 2> sides_;
  std::unique_ptr<Message> done_;
  std::size_t body_limit_;
  const grpc::Types* grpc_types_;
  Outstanding outstanding_;
  const Protocol* next_protocol_ = nullptr;
  std::string agreed_;
  bool connecting_ = false;  // a CONNECT waits for its answer
  bool handed_over_ = false;
  bool fresh_ = true;    // no message has begun
  bool simple_ = false;  // an HTTP/0.9 request waits for its answer
};

Step Http1Dissector::next(Direction direction, Bytes bytes) {
  if (handed_over_) return Step::hand_over(0);
  Side& side = sides_[index(direction)];
  if (side.untouched) {
    Head other;
    // The server said no before the body, and the client went on with its next request.
    if (side.refused && parse_start_line(Start::request, bytes, other) == Parsed::whole && !other.simple) {
      return finish(side, 0, State::head);
    }
    side.untouched = false;
  }
  switch (side.state) {
    case State::head:
      return connecting_ && direction == Direction::to_server ? wait_for_tunnel(bytes) : read_head(direction, bytes);
    case State::length: return read_length(side, bytes);
    case State::chunks: return read_chunks(side, bytes);
    case State::until_close: return read_until_close(side, bytes);
    case State::cut: return finish(side, 0, State::searching);
    case State::searching: return search(side, direction, bytes);
  }
  return Step::lost();
}

Step Http1Dissector::read_head(Direction direction, Bytes bytes) {
  Side& side = sides_[index(direction)];
  if (const std::size_t begin = before_head(direction, bytes); begin != 0) return Step::skip(begin);
  if (side.scanned != 0 && find_head_end(bytes, side.scanned) == 0) return wait_for_head(side, bytes);

  Head head;
  switch (parse_head(start_of(direction), bytes, head)) {
    case Parsed::whole: break;
    case Parsed::partial: return wait_for_head(side, bytes);
    case Parsed::malformed: {
      if (direction == Direction::to_client && simple_) return begin_bare_body(side);
      // After a start line nothing is wrong with a head but its length.
      const bool started = parse_start_line(start_of(direction), bytes, head) == Parsed::whole;
      return started ? Step::lost() : search(side, direction, bytes);
    }
  }
  side.scanned = 0;
  if (head.simple && !fresh_) return search(side, direction, bytes);
  return begin_message(direction, bytes, head);
}

// Behind a CONNECT comes another request, when the server says no, or what goes through the tunnel.
Step Http1Dissector::wait_for_tunnel(Bytes bytes) {
  Head head;
  if (parse_start_line(Start::request, bytes, head) == Parsed::whole && !head.simple) {
    return read_head(Direction::to_server, bytes);
  }
  if (bytes.size() < longest_head) return Step::need_more(bytes.size() + 1);
  handed_over_ = true;
  return Step::hand_over(0);
}

Step Http1Dissector::wait_for_head(Side& side, Bytes bytes) {
  if (bytes.size() >= longest_head) return Step::lost();
  side.scanned = static_cast<std::uint32_t>(bytes.size());
  return Step::need_more(bytes.size() + 1);
}

Step Http1Dissector::begin_message(Direction direction, Bytes bytes, const Head& head) {
  Side& side = sides_[index(direction)];
  const Start start = start_of(direction);
  const bool interim = start == Start::response && head.status < 200 && head.status != 101;
  if (interim) return Step::skip(head.size);

  auto message = pool.get();
  message->begin(start, bytes.substr(0, head.size), head, body_limit_);
  message->types = grpc_types_;
  message->label = label_of(*message);
  message->fault = fault_of(head);
  const BodyKind body = body_of(head, start, outstanding_.front());
  fresh_ = false;
  simple_ = head.simple;
  if (start == Start::request && head.asks_h2c) agreed_.assign(bytes.substr(0, head.size));
  if (start == Start::request)
    note_request(message->method());
  else
    note_response(*message);

  side.message = std::move(message);
  side.refused = false;
  switch (body) {
    case BodyKind::none: return finish(side, head.size, State::head);
    case BodyKind::unknown: return finish(side, head.size, State::searching);
    case BodyKind::length:
      side.state = State::length;
      side.left = head.content_length;
      break;
    case BodyKind::chunks:
      side.state = State::chunks;
      side.chunks = {};
      break;
    case BodyKind::until_close: side.state = State::until_close; break;
  }
  side.untouched = start == Start::request && head.expects;
  if (start == Start::request) graphql::watch(*side.message);
  return Step::head(head.size);
}

// The answer to HTTP/0.9: a body, and nothing that says so.
Step Http1Dissector::begin_bare_body(Side& side) {
  simple_ = false;
  Head head;
  head.minor = 0;
  head.simple = true;
  side.message = pool.get();
  side.message->begin(Start::response, {}, head, body_limit_);
  side.message->label = &http_0_9;
  side.state = State::until_close;
  outstanding_.pop();
  return Step::head(0);
}

void Http1Dissector::note_request(std::string_view method) {
  const auto kind = kind_of(method);
  outstanding_.push(kind);
  connecting_ = connecting_ || kind == Outstanding::Kind::connect;
}

void Http1Dissector::note_response(const Message& response) {
  const Head& head = response.head();
  const bool connect = outstanding_.front() == Outstanding::Kind::connect;
  outstanding_.pop();
  if (connect) connecting_ = false;
  handed_over_ = head.status == 101 || (connect && head.status < 300);
  if (head.status == 101) note_upgrade(response);
  Side& client = sides_[index(Direction::to_server)];
  client.refused = client.untouched;
}

// What follows is detected where the answer does not name it.
void Http1Dissector::note_upgrade(const Message& response) {
  const Bytes upgrade = response.header("upgrade").value_or(Bytes{});
  if (same_name(upgrade, "h2c") && !agreed_.empty()) next_protocol_ = &http2::protocol;
  if (!same_name(upgrade, "websocket")) return;
  next_protocol_ = &ws::protocol;
  agreed_ = response.header("sec-websocket-extensions").value_or(Bytes{});
}

// The message is over with the next `bytes`.
Step Http1Dissector::finish(Side& side, std::size_t bytes, State then) {
  done_ = std::move(side.message);
  if (done_->start() == Start::request && graphql::recognize(*done_)) done_->label = &gql_1_1;
  side.state = then;
  side.left = longest_search;
  side.untouched = false;
  side.scanned = 0;
  return Step::message(bytes);
}

Step Http1Dissector::read_length(Side& side, Bytes bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(side.left, bytes.size()));
  Message& message = *side.message;
  message.body.append(bytes.substr(0, size));
  message.body_size += size;
  message.size += size;
  side.left -= size;
  return side.left == 0 ? finish(side, size, State::head) : Step::skip(size);
}

Step Http1Dissector::read_chunks(Side& side, Bytes bytes) {
  Message& message = *side.message;
  Bytes rest = bytes;
  State then = State::head;
  for (bool more = true; more;) {
    const ChunkWalker::Piece piece = side.chunks.next(rest);
    switch (piece.kind) {
      case ChunkWalker::Piece::Kind::data: message.body.append(piece.bytes); break;
      case ChunkWalker::Piece::Kind::trailer:
        message.trailer_lines += piece.bytes.substr(0, longest_trailer - message.trailer_lines.size());
        break;
      case ChunkWalker::Piece::Kind::more:
        message.body_size += bytes.size();
        message.size += bytes.size();
        return Step::skip(bytes.size());
      case ChunkWalker::Piece::Kind::broken:
        message.fault = dissection("malformed chunk");
        then = State::searching;
        more = false;
        break;
      case ChunkWalker::Piece::Kind::end: more = false; break;
    }
  }
  const std::size_t size = bytes.size() - rest.size();
  message.body_size += size;
  message.size += size;
  if (message.fault.type == Fault::Type::none && side.chunks.has_bare_feed()) {
    message.fault = dissection("lines between the chunks end with a bare LF");
  }
  return finish(side, size, then);
}

Step Http1Dissector::read_until_close(Side& side, Bytes bytes) {
  Message& message = *side.message;
  message.body.append(bytes);
  message.body_size += bytes.size();
  message.size += bytes.size();
  return Step::skip(bytes.size());
}

Step Http1Dissector::search(Side& side, Direction direction, Bytes bytes) {
  if (side.state != State::searching) {
    side.state = State::searching;
    side.left = longest_search;
  }
  Head head;
  // Text of a body may look like the beginning of a request with a strange method: here only capitals are believed.
  const bool believed = bytes.front() >= 'A' && bytes.front() <= 'Z';
  switch (believed ? parse_start_line(start_of(direction), bytes, head) : Parsed::malformed) {
    case Parsed::whole:
      if (head.simple) break;  // as any text may look
      side.state = State::head;
      if (direction == Direction::to_client) outstanding_.keep_newest();
      return read_head(direction, bytes);
    case Parsed::partial: return Step::need_more(bytes.size() + 1);
    case Parsed::malformed: break;
  }
  if (bytes.size() > side.left) return Step::lost();
  side.left -= bytes.size();
  return Step::skip(bytes.size());
}

Step Http1Dissector::gap(Direction direction, std::uint64_t missing) {
  Side& side = sides_[index(direction)];
  side.untouched = false;
  side.scanned = 0;
  const bool inside = side.message != nullptr && side.state != State::cut;
  if (!inside) {
    if (side.state != State::cut) side.state = State::searching;
    side.left = longest_search;
    return Step::skip(0);
  }
  Message& message = *side.message;
  message.fault = incomplete("bytes of the body are missing");
  switch (side.state) {
    case State::length:
      if (missing >= side.left) side.state = missing == side.left ? State::length : State::cut;
      missing = std::min(missing, side.left);
      side.left -= missing;
      break;
    case State::chunks:
      if (!side.chunks.gap(missing)) side.state = State::cut;
      break;
    default: break;
  }
  message.body.gap(missing);
  message.body_size += missing;
  return Step::skip(0);
}

Step Http1Dissector::end(Direction direction) {
  Side& side = sides_[index(direction)];
  if (side.message == nullptr) return Step::skip(0);
  const bool whole = side.state == State::until_close || side.refused;
  if (!whole && side.message->fault.type == Fault::Type::none) {
    side.message->fault = incomplete("the stream ended inside the body");
  }
  return finish(side, 0, State::searching);
}

// A line that is no request, but whose end says what it should have been: the server's answer is worth reading.
bool is_botched_request(Bytes start) {
  constexpr Bytes version = " HTTP/1.";
  const std::size_t feed = start.substr(0, longest_head).find('\n');
  if (feed == Bytes::npos) return false;
  const Bytes line = trimmed(start.substr(0, feed));
  return line.size() > version.size() && line.substr(line.size() - version.size() - 1, version.size()) == version;
}

// Yes on the whole first line.
Guess guess(Direction direction, Bytes start, bool datagram) {
  constexpr std::size_t most_before = 8;
  if (datagram) return Guess::no;
  const std::size_t begin = before_head(direction, start);
  if (begin > most_before) return Guess::no;
  if (begin == start.size()) return Guess::maybe;
  Head head;
  switch (parse_start_line(start_of(direction), start.substr(begin), head)) {
    case Parsed::whole: return Guess::yes;
    case Parsed::partial: return Guess::maybe;
    case Parsed::malformed: break;
  }
  return direction == Direction::to_server && is_botched_request(start) ? Guess::yes : Guess::no;
}

std::unique_ptr<Dissector> open(const DissectorOptions& options) {
  return std::make_unique<Http1Dissector>(options);
}

constexpr std::array<std::uint16_t, 5> ports = {80, 8080, 8000, 3128, 8888};
constexpr std::array<const Label*, 8> labels = {&http_0_9, &http_1_0, &http_1_1, &http_2,
                                                &grpc,     &grpc_1_1, &gql_1_1,  &gql_2_0};
constexpr std::array<std::string_view, 4> summary = {"request.method", "request.path", "response.status",
                                                     "response.grpc.message"};

}  // namespace

constinit const Label http_0_9 = {.name = "http",
                                  .version = "0.9",
                                  .abbr = "HTTP",
                                  .long_name = "Hypertext Transfer Protocol -- HTTP/0.9",
                                  .macro = "http"};
constinit const Label http_1_0 = {.name = "http",
                                  .version = "1.0",
                                  .abbr = "HTTP",
                                  .long_name = "Hypertext Transfer Protocol -- HTTP/1.0",
                                  .macro = "http"};
constinit const Label http_1_1 = {.name = "http",
                                  .version = "1.1",
                                  .abbr = "HTTP",
                                  .long_name = "Hypertext Transfer Protocol -- HTTP/1.1",
                                  .macro = "http"};
constinit const Label http_2 = {.name = "http",
                                .version = "2.0",
                                .abbr = "HTTP/2",
                                .long_name = "Hypertext Transfer Protocol Version 2",
                                .macro = "http2"};
constinit const Label grpc = {.name = "http",
                              .version = "2.0",
                              .abbr = "gRPC",
                              .long_name = "Hypertext Transfer Protocol Version 2 [ gRPC over HTTP/2 ]",
                              .macro = "grpc"};
constinit const Label grpc_1_1 = {.name = "http",
                                  .version = "1.1",
                                  .abbr = "gRPC",
                                  .long_name = "Hypertext Transfer Protocol -- HTTP/1.1 [ gRPC-Web ]",
                                  .macro = "grpc"};
constinit const Label gql_1_1 = {.name = "http",
                                 .version = "1.1",
                                 .abbr = "GQL",
                                 .long_name = "Hypertext Transfer Protocol -- HTTP/1.1 [ GraphQL over HTTP/1.1 ]",
                                 .macro = "gql"};
constinit const Label gql_2_0 = {.name = "http",
                                 .version = "2.0",
                                 .abbr = "GQL",
                                 .long_name = "Hypertext Transfer Protocol Version 2 [ GraphQL over HTTP/2 ]",
                                 .macro = "gql"};

constinit const Protocol protocol = {
    .name = "http",
    .title = "Hypertext Transfer Protocol",
    .ports = ports,
    .guess = guess,
    .open = open,
    .hands_over = true,
    .fields = fields,
    .labels = labels,
    .summary = summary,
};

}  // namespace wiretape::http
