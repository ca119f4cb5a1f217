// SPDX-License-Identifier: Apache-2.0
// HTTP/1 as whole streams: when a call is known, when it is told, and what it costs meanwhile.
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "proto/http/message.hpp"
#include "proto/session.hpp"

using namespace wiretape;

namespace {

// Writes down what it hears: "head: GET /a", "GET /a 200 [12] !timeout".
class Notes final : public EntryListener {
 public:
  void complete(const Entry& entry) override {
    log += told(entry);
    if (entry.fault.type != Fault::Type::none) log += " !" + std::string(name(entry.fault.type));
    log += '\n';
    elapsed = entry.elapsed();
  }
  bool opened(const Entry& entry) override {
    if (entry.stage == Stage::request_head || entry.stage == Stage::response_head) log += "head: " + told(entry) + '\n';
    return true;
  }
  void identified(const Protocol* protocol) override {
    if (protocol == nullptr) log += "unknown\n";
  }

  std::string log;
  Duration elapsed;

 private:
  static std::string told(const Entry& entry) {
    const auto* request = static_cast<const http::Message*>(entry.request);
    const auto* response = static_cast<const http::Message*>(entry.response);
    std::string out =
        request != nullptr ? std::string(request->method()) + ' ' + std::string(request->target()) : std::string("-");
    if (request != nullptr && request->body_size != 0) out += " [" + std::to_string(request->body_size) + ']';
    if (response == nullptr) return out;
    out += ' ' + std::to_string(response->head().status);
    return response->body_size != 0 ? out + " [" + std::to_string(response->body_size) + ']' : out;
  }
};

class Stream {
 public:
  explicit Stream(StreamState state = StreamState::established) {
    facts.state = state;
    facts.client.port = 40000;
    facts.server.port = 80;
    session_ = std::make_unique<Session>(pool_, facts);
  }
  void ask(std::string_view bytes, std::int64_t second = 0) { send(Direction::to_server, bytes, second); }
  void say(std::string_view bytes, std::int64_t second = 0) { send(Direction::to_client, bytes, second); }
  void close() {
    session_->end(Direction::to_client, {}, notes);
    session_->end(Direction::to_server, {}, notes);
    session_->finish({}, notes);
  }
  void wait_until(std::int64_t second) { session_->expire(time(second), notes); }
  std::string heard() { return std::exchange(notes.log, {}); }
  [[nodiscard]] std::size_t memory() const { return session_->memory(); }

  StreamFacts facts;
  Notes notes;

 private:
  static Timestamp time(std::int64_t second) { return {second * 1'000'000'000}; }
  void send(Direction direction, std::string_view bytes, std::int64_t second) {
    session_->feed({.direction = direction, .time = time(second), .bytes = bytes}, notes);
  }

  SessionPool pool_{DissectorOptions{}};
  std::unique_ptr<Session> session_;
};

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("server-sent events: known at the head, told once, when the stream of events ends") {
    Stream stream;
    stream.ask("GET /events HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n");
    stream.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", 1);
    CHECK(stream.heard() == "head: GET /events 200\n");
    for (std::int64_t second = 2; second < 1000; ++second) {
      stream.say("data: tick\n\n", second);
      stream.wait_until(second);
    }
    CHECK(stream.heard().empty());
    stream.close();
    CHECK(stream.heard() == "GET /events 200 [" + std::to_string(998 * 12) + "]\n");
    CHECK(stream.notes.elapsed == Duration::seconds(999));
  }

  TEST_CASE("a long poll that is answered within the minute is one call") {
    Stream stream;
    stream.ask("GET /poll HTTP/1.1\r\n\r\n", 0);
    stream.wait_until(55);
    CHECK(stream.heard().empty());
    stream.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 55);
    CHECK(stream.heard() == "head: GET /poll 200\nGET /poll 200 [2]\n");
    CHECK(stream.notes.elapsed == Duration::seconds(55));
  }

  TEST_CASE("a long poll that takes longer is told as unanswered, and its late answer does not take another's place") {
    Stream stream;
    stream.ask("GET /poll HTTP/1.1\r\n\r\n", 0);
    stream.wait_until(61);
    CHECK(stream.heard() == "GET /poll !timeout\n");
    stream.say("HTTP/1.1 204 No Content\r\n\r\n", 90);
    stream.ask("GET /next HTTP/1.1\r\n\r\n", 91);
    stream.say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 92);
    CHECK(stream.heard() == "- 204 !pair-not-found\nGET /next 404\n");
  }

  TEST_CASE("a huge upload is known at its head, costs nothing, and is told with its answer") {
    Stream stream;
    constexpr std::size_t pieces = 2000, piece = 64U << 10U;
    stream.ask("PUT /image HTTP/1.1\r\nContent-Length: " + std::to_string(pieces * piece) + "\r\n\r\n");
    CHECK(stream.heard() == "head: PUT /image\n");
    const std::string bytes(piece, 'x');
    for (std::size_t i = 0; i < pieces; ++i) stream.ask(bytes);
    CHECK(stream.memory() < 10'000);
    CHECK(stream.heard().empty());
    stream.say("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    CHECK(stream.heard() == "PUT /image [" + std::to_string(pieces * piece) + "] 201\n");
  }

  TEST_CASE("inside a CONNECT tunnel the next protocol is found, HTTP too") {
    Stream stream;
    stream.ask("CONNECT inner:80 HTTP/1.1\r\n\r\n");
    stream.say("HTTP/1.1 200 Connection established\r\n\r\n");
    stream.ask("GET /inside HTTP/1.1\r\n\r\n");
    stream.say("HTTP/1.1 204 No Content\r\n\r\n");
    stream.close();
    CHECK(stream.heard() == "CONNECT inner:80 200\nGET /inside 204\n");
  }

  TEST_CASE("joined in the middle of a response, calls are told from the next request on") {
    Stream stream(StreamState::midstream);
    stream.say("the rest of some body, </html>\n");
    stream.ask("GET /a HTTP/1.1\r\n\r\n", 1);
    stream.say("HTTP/1.1 204 No Content\r\n\r\n", 2);
    CHECK(stream.heard() == "GET /a 204\n");
  }

  TEST_CASE("answers without requests, and requests without answers, are told with the reason") {
    Stream stream;
    stream.say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    stream.ask("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
    stream.close();
    CHECK(stream.heard() == "- 408 !pair-not-found\nGET /a !pair-not-found\nGET /b !pair-not-found\n");
  }
}
