// SPDX-License-Identifier: Apache-2.0
#include "proto/http2/http2.hpp"

#include <doctest/doctest.h>

#include <string>

#include "proto/http/http.hpp"
#include "proto/support/http2_talk.hpp"

using namespace wiretape;
using namespace wiretape::test;

namespace {

constexpr Direction up = Direction::to_server, down = Direction::to_client;

const std::string requests = std::string(http2::preface) + settings() + get(1, "/a") + post(3, "/b") + get(5, "/c") +
                             data(3, "he", 0) + frame(FrameType::ping, 0, 0, "12345678") + data(3, "llo") +
                             get(7, "/d");
const std::string responses = settings() + answer(5, "200") + answer(1, "103") + answer(1, "404") + data(5, "c1", 0) +
                              data(1, "none") + data(5, "c2") + answer(3, "204", whole) +
                              frame(FrameType::window_update, 0, 0, big_endian(9, 4)) + answer(7, "200") +
                              data(7, "d", 0) + headers(7, {{"sum", "9"}});
const std::string told =
    "GET /a | 404 [4 none]\nGET /c | 200 [4 c1c2]\nPOST /b [5 hello] | 204\nGET /d | 200 [1 d] +trailers\n";

std::string padded(std::string_view bytes, std::size_t padding) {
  return std::string(1, static_cast<char>(padding)) + std::string(bytes) + std::string(padding, '\0');
}

}  // namespace

TEST_SUITE("http2") {
  TEST_CASE("answers find their requests whatever their order") {
    Connection2 connection(StreamState::established);
    connection.ask(requests);
    connection.say(responses);
    CHECK(connection.heard() == told);
    CHECK(connection.calls.protocol == &http2::protocol);
    CHECK(connection.calls.last_label == &http::http_2);
  }

  TEST_CASE("a conversation gives the same calls however it is cut") {
    for (std::size_t size = 1; size < 60; ++size) {
      CAPTURE(size);
      Connection2 connection(StreamState::established);
      for (std::size_t at = 0; at < requests.size(); at += size) connection.ask(requests.substr(at, size));
      for (std::size_t at = 0; at < responses.size(); at += size) connection.say(responses.substr(at, size));
      CHECK(connection.heard() == told);
    }
  }

  TEST_CASE("one cut anywhere changes nothing") {
    for (std::size_t cut = 1; cut < responses.size(); ++cut) {
      CAPTURE(cut);
      Connection2 connection(StreamState::established);
      connection.ask(requests);
      connection.say(responses.substr(0, cut));
      connection.say(responses.substr(cut));
      CHECK(connection.heard() == told);
    }
  }

  TEST_CASE("a call begins with the first byte of its request and ends with the last of its response") {
    Connection2 connection;
    connection.ask(post(1, "/"), 10);
    connection.ask(get(3, "/"), 11);
    connection.ask(data(1, "x"), 20);
    connection.say(answer(1, "200"), 30);
    connection.say(answer(3, "200"), 40);
    connection.say(data(3, "x"), 50);
    CHECK(connection.calls.last_start == Timestamp{11'000'000});
    CHECK(connection.calls.last_elapsed == Duration::milliseconds(39));
    connection.say(data(1, "x"), 60);
    CHECK(connection.calls.last_start == Timestamp{10'000'000});
    CHECK(connection.calls.last_elapsed == Duration::milliseconds(50));
  }

  TEST_CASE("sizes: frames of the head, data without padding, all that came") {
    Connection2 connection;
    connection.calls.on_complete = [](const Entry& entry) {
      const auto& request = static_cast<const http::Message&>(*entry.request);
      CHECK(request.head().size == post(1, "/").size());
      CHECK(request.body_size == 5);
      CHECK(request.size == post(1, "/").size() + 2 * 9 + 1 + 5 + 20);
    };
    connection.ask(post(1, "/") + data(1, "he", 0) + frame(FrameType::data, 0x9, 1, padded("llo", 20)));
    connection.say(answer(1, "200", whole));
    CHECK(connection.heard() == "POST / [5 hello] | 200\n");
  }

  TEST_CASE("padding, priority and continuation are not the fields") {
    const std::string fields = block({{":method", "GET"}, {":path", "/"}, {"cookie", "a=1"}, {"cookie", "b=2"}});
    const std::string priority = big_endian(0x80000003, 4) + "\x10";
    const struct {
      std::string name, bytes;
    } rows[] = {
        {"padded", frame(FrameType::headers, whole | 0x8, 1, padded(fields, 255))},
        {"with a priority", frame(FrameType::headers, whole | 0x20, 1, priority + fields)},
        {"both", frame(FrameType::headers, whole | 0x28, 1, "\x02" + priority + fields + "\x01\x02")},
        {"in two", frame(FrameType::headers, end_stream, 1, fields.substr(0, 5)) +
                       frame(FrameType::continuation, end_headers, 1, fields.substr(5))},
        {"in three, one empty", frame(FrameType::headers, end_stream, 1, "") +
                                    frame(FrameType::continuation, 0, 1, fields.substr(0, 20)) +
                                    frame(FrameType::continuation, end_headers, 1, fields.substr(20))},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      Connection2 connection;
      connection.calls.on_complete = [](const Entry& entry) {
        const auto& request = static_cast<const http::Message&>(*entry.request);
        CHECK(request.header("Cookie") == "a=1; b=2");
        CHECK(request.cookies().get("b") == "2");
        CHECK(request.header(":method") == "GET");
      };
      connection.ask(row.bytes);
      connection.say(answer(1, "200", whole));
      CHECK(connection.heard() == "GET / | 200\n");
    }
  }

  TEST_CASE("the table of header fields lasts as long as the connection") {
    Connection2 connection;
    connection.ask(frame(FrameType::headers, whole, 1,
                         field(":method", "GET", Adds::entry) + field(":path", "/again", Adds::entry)));
    connection.ask(frame(FrameType::headers, whole, 3, indexed(63) + indexed(62)));
    connection.say(answer(1, "200", whole) + answer(3, "201", whole));
    CHECK(connection.heard() == "GET /again | 200\nGET /again | 201\n");
  }

  TEST_CASE("a response that is whole before its request is one call with it") {
    Connection2 connection;
    connection.ask(post(1, "/big") + data(1, "half", 0));
    connection.say(answer(1, "413", whole));
    CHECK(connection.heard().empty());
    connection.ask(data(1, " all"));
    CHECK(connection.heard() == "POST /big [8 half all] | 413\n");
  }

  TEST_CASE("a server that answers early and wants no more") {
    Connection2 connection;
    connection.ask(post(1, "/big") + data(1, "half", 0));
    connection.say(answer(1, "413", whole) + reset(1, 0));
    CHECK(connection.heard() == "POST /big [4 half] | 413\n");
    connection.ask(data(1, "more that was on its way"));
    CHECK(connection.heard().empty());
  }

  TEST_CASE("heads are shown with what is known of the other half") {
    Connection2 connection;
    connection.calls.heads = true;
    connection.ask(post(1, "/chat") + data(1, "a", 0) + post(3, "/other"));
    connection.say(answer(1, "200"));
    connection.ask(data(3, "b"));
    connection.say(answer(3, "200"));
    CHECK(connection.heard() ==
          "head: POST /chat | -\nhead: POST /other | -\nhead: POST /chat [1 a] | 200\nhead: POST /other [1 b] | 200\n");
  }

  TEST_CASE("bodies that nobody wants are counted and not kept") {
    Connection2 connection;
    connection.calls.keep_bodies = false;
    connection.ask(post(1, "/") + data(1, "hello"));
    connection.say(answer(1, "200") + data(1, "ok"));
    CHECK(connection.heard() == "POST / [5 ] | 200 [2 ]\n");
  }

  TEST_CASE("who resets a stream ends its call") {
    const struct {
      std::string name, asked, said, expected;
    } rows[] = {
        {"before the response", get(1, "/") + reset(1, 8), "", "GET / | - !connection: Reset: CANCEL\n"},
        {"within the request", post(1, "/") + data(1, "x", 0) + reset(1, 8), "",
         "POST / [1 x] | - !connection: Reset: CANCEL\n"},
        {"within the response", get(1, "/"), answer(1, "200") + data(1, "x", 0) + reset(1, 2),
         "GET / | 200 [1 x] !connection: Reset: INTERNAL_ERROR\n"},
        {"within both", post(1, "/"), answer(1, "200") + reset(1, 2),
         "POST / | 200 !connection: Reset: INTERNAL_ERROR\n"},
        {"refused", get(1, "/"), reset(1, 7), "GET / | - !connection: Reset: REFUSED_STREAM\n"},
        {"after the call", get(1, "/"), answer(1, "200", whole) + reset(1, 8), "GET / | 200\n"},
        {"a stream of nobody", get(1, "/"), reset(9, 8), ""},
        {"for a reason without a name", get(1, "/"), reset(1, 0xFFFF), "GET / | - !connection: Reset: unknown error\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      Connection2 connection;
      connection.ask(row.asked);
      connection.say(row.said);
      CHECK(connection.heard() == row.expected);
    }
  }

  TEST_CASE("an answer that crosses a reset belongs to no call") {
    Connection2 connection;
    connection.ask(get(1, "/1") + reset(1, 8) + get(3, "/3"));
    CHECK(connection.heard() == "GET /1 | - !connection: Reset: CANCEL\n");
    connection.say(answer(1, "200") + data(1, "late") + answer(3, "200", whole));
    CHECK(connection.heard() == "GET /3 | 200\n");
  }

  TEST_CASE("a GOAWAY ends what the server has not looked at") {
    Connection2 connection;
    connection.ask(get(1, "/1") + get(3, "/3") + post(5, "/5") + data(5, "x", 0) + get(7, "/7"));
    connection.say(frame(FrameType::goaway, 0, 0, big_endian(1, 4) + big_endian(0, 4) + "bye"));
    CHECK(connection.heard() ==
          "GET /3 | - !connection: Not processed: NO_ERROR\nGET /7 | - !connection: Not processed: NO_ERROR\n"
          "POST /5 [1 x] | - !connection: Not processed: NO_ERROR\n");
    connection.say(answer(1, "200", whole));
    CHECK(connection.heard() == "GET /1 | 200\n");
  }

  TEST_CASE("a GOAWAY that names no stream ends all, one that announces the end none") {
    const struct {
      std::uint32_t last;
      std::string expected;
    } rows[] = {{0, "GET /1 | - !connection: Not processed: ENHANCE_YOUR_CALM\n"}, {0x7FFFFFFF, ""}};
    for (const auto& row : rows) {
      Connection2 connection;
      connection.ask(get(1, "/1"));
      connection.say(frame(FrameType::goaway, 0, 0, big_endian(row.last, 4) + big_endian(11, 4)));
      CHECK(connection.heard() == row.expected);
    }
  }

  TEST_CASE("what a server pushes is a call, and a GOAWAY does not mean it") {
    Connection2 connection;
    connection.ask(get(1, "/page"));
    connection.say(frame(FrameType::push_promise, end_headers, 1,
                         big_endian(2, 4) + block({{":method", "GET"}, {":path", "/style"}})));
    connection.say(frame(FrameType::goaway, 0, 0, big_endian(1, 4) + big_endian(0, 4)));
    connection.say(answer(1, "200", whole) + answer(2, "200") + data(2, "css"));
    CHECK(connection.heard() == "GET /page | 200\nGET /style | 200 [3 css]\n");
  }

  TEST_CASE("a pushed call that the client does not want") {
    Connection2 connection;
    connection.ask(get(1, "/page"));
    connection.say(frame(FrameType::push_promise, end_headers | 0x8, 1,
                         padded(big_endian(2, 4) + block({{":method", "GET"}, {":path", "/style"}}), 7)));
    connection.ask(reset(2, 8));
    CHECK(connection.heard() == "GET /style | - !connection: Reset: CANCEL\n");
  }

  TEST_CASE("a tunnel is a call, what goes through it is none") {
    Connection2 connection;
    connection.ask(headers(1, {{":method", "CONNECT"}, {":authority", "a:443"}}, end_headers));
    connection.say(answer(1, "200"));
    connection.ask(data(1, "secret", 0));
    connection.say(data(1, "secret"));
    CHECK(connection.heard() == "CONNECT a:443 | 200\n");
  }

  TEST_CASE("WebSocket through a stream: the CONNECT is a call, each message another") {
    const Fields connect = {
        {":method", "CONNECT"}, {":protocol", "websocket"}, {":path", "/chat"}, {":authority", "a"}};
    const std::string hello("\x81\x85\0\0\0\0hello", 11);
    for (std::size_t cut = 0; cut <= hello.size(); ++cut) {
      CAPTURE(cut);
      Connection2 connection;
      connection.ask(headers(1, connect, end_headers));
      connection.say(answer(1, "200"));
      connection.ask(get(3, "/") + data(1, hello.substr(0, cut), 0), 10);
      connection.ask(data(1, hello.substr(cut) + hello + hello.substr(0, 3), 0), 20);
      connection.say(answer(3, "200", whole) + data(1, std::string("\x81\x02hi", 4), 0));
      CHECK(connection.heard() == "CONNECT /chat | 200\nws > 11 bytes\nws > 11 bytes\nGET / | 200\nws < 4 bytes\n");
      connection.ask(data(1, "", end_stream));
      connection.say(data(1, std::string("\x88\x00", 2)));
      CHECK(connection.heard() == "ws < 2 bytes\n");
      CHECK_FALSE(connection.session().idle());
    }
  }

  TEST_CASE("WebSocket through a stream: the stream is reset within a message") {
    Connection2 connection;
    connection.ask(headers(1, {{":method", "CONNECT"}, {":protocol", "websocket"}, {":path", "/"}}, end_headers));
    connection.say(answer(1, "200") + data(1, "\x81\x09half", 0) + reset(1, 8));
    CHECK(connection.heard() == "CONNECT / | 200\nws < 6 bytes !incomplete: the stream ended inside the message\n");
  }

  TEST_CASE("a CONNECT that is refused is an ordinary call") {
    Connection2 connection;
    connection.ask(headers(1, {{":method", "CONNECT"}, {":authority", "a:443"}}, end_headers));
    connection.say(answer(1, "403") + data(1, "no"));
    connection.ask(data(1, ""));
    CHECK(connection.heard() == "CONNECT a:443 | 403 [2 no]\n");
  }

  TEST_CASE("labels") {
    const struct {
      std::string type;
      const Label* label;
    } rows[] = {{"application/json", &http::http_2},
                {"application/grpc", &http::grpc},
                {"application/grpc+proto", &http::grpc}};
    for (const auto& row : rows) {
      CAPTURE(row.type);
      Connection2 connection;
      connection.ask(headers(1, {{":method", "POST"}, {":path", "/a.B/C"}, {"content-type", row.type}}));
      connection.say(answer(1, "200", whole));
      CHECK(connection.calls.last_label == row.label);
    }
  }

  TEST_CASE("a question in GraphQL has its own label") {
    Connection2 connection;
    connection.ask(
        headers(1, {{":method", "POST"}, {":path", "/graphql"}, {"content-type", "application/json"}}, end_headers) +
        data(1, R"({"query":"query Cart { cart { id } }"})"));
    connection.say(answer(1, "200", whole));
    CHECK(connection.calls.last_label == &http::gql_2_0);
  }

  TEST_CASE("the end of the stream ends what is open") {
    Connection2 connection;
    connection.ask(post(1, "/1") + data(1, "x", 0) + get(3, "/3") + get(5, "/5"));
    connection.say(answer(3, "200") + data(3, "y", 0));
    connection.finish();
    CHECK(connection.heard() ==
          "GET /3 | 200 [1 y] !incomplete: The stream ended within the message\n"
          "GET /5 | - !pair-not-found: The stream ended without a response\n"
          "POST /1 [1 x] | - !incomplete: The stream ended within the message\n");
  }

  TEST_CASE("an answer that goes on does not let its request time out, the others do") {
    Connection2 connection;
    connection.ask(get(1, "/events") + get(3, "/dead") + get(5, "/slow"), 1);
    connection.say(answer(1, "200") + answer(5, "200"), 2);
    connection.wait_until(59'000);
    CHECK(connection.heard().empty());
    connection.wait_until(61'000);
    CHECK(connection.heard() == "GET /dead | - !timeout: No response in time\n");
    CHECK(connection.session().next_expiry() == Timestamp{INT64_MAX});
    connection.say(data(5, "late"), 90'000);
    CHECK(connection.heard() == "GET /slow | 200 [4 late]\n");
  }

  TEST_CASE("fields that may not be are shown, and said to be wrong") {
    const struct {
      std::string name, value, shown, fault;
    } rows[] = {
        {"x", std::string("a\0b", 3), std::string("a\0b", 3), "NUL, CR or LF in a header value"},
        {"x", "a\r\nEvil: b", "a\r Evil: b", "NUL, CR or LF in a header value"},
        {"X", "a", "a", "malformed header name"},
        {"x y", "a", "", "malformed header name"},
        {"", "a", "", "malformed header name"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      Connection2 connection;
      static std::string shown;
      shown = row.shown;
      connection.calls.on_complete = [](const Entry& entry) {
        const auto& request = static_cast<const http::Message&>(*entry.request);
        CHECK(request.header("x").value_or("") == shown);
        CHECK(request.header("Evil").has_value() == false);
      };
      connection.ask(headers(1, {{":method", "GET"}, {":path", "/"}, {row.name, row.value}}));
      connection.say(answer(1, "200", whole));
      CHECK(connection.heard() == "GET / | 200 !dissection: " + row.fault + "\n");
    }
  }

  TEST_CASE("joined in the middle, what was said before is unknown and the calls are kept") {
    Connection2 connection(StreamState::midstream);
    const std::string table = field("x-seen", "1", Adds::entry);
    connection.ask(frame(FrameType::headers, whole, 101, indexed(2) + table + indexed(70)) +
                   frame(FrameType::headers, whole, 103, indexed(2) + indexed(62) + indexed(4) + indexed(64)));
    connection.say(answer(101, "200", whole) + answer(103, "200") + data(103, "ok"));
    CHECK(connection.heard() ==
          "GET ? | 200 !incomplete: Header fields were said where the capture has no bytes\n"
          "GET / | 200 [2 ok] !incomplete: Header fields were said where the capture has no bytes\n");
  }

  TEST_CASE("joined in the middle, whatever comes first") {
    const std::string answers = answer(101, "200") + data(101, std::string(3000, 'x'));
    const struct {
      std::string name, asked, said, expected;
    } rows[] = {
        {"a request", get(101, "/") + get(103, "/3"), answers, "GET / | 200\n"},
        {"a frame that says nothing", frame(FrameType::ping, 0, 0, "12345678") + get(101, "/"), answers,
         "GET / | 200\n"},
        {"the answer, whose request was not seen", "", answers,
         "- | 200 !pair-not-found: No request for this response\n"},
        {"the end of an answer", "", data(99, "of long ago", 0) + headers(99, {{"grpc-status", "0"}}) + answers,
         "- | 0 +trailers !incomplete: The head is missing in the capture\n"
         "- | 200 !pair-not-found: No request for this response\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      Connection2 connection(StreamState::midstream);
      connection.calls.keep_bodies = false;
      if (!row.asked.empty()) connection.ask(row.asked);
      connection.say(row.said);
      std::string heard = connection.heard();
      for (std::size_t at = heard.find(" [3000 ]"); at != std::string::npos; at = heard.find(" [3000 ]"))
        heard.erase(at, 8);
      CHECK(heard == row.expected);
    }
  }

  TEST_CASE("joined in the middle with client and server taken for each other, the fields of a head tell them apart") {
    const std::uint8_t first = http2::flag::priority | whole;
    const struct {
      std::string name, asked, said;
    } rows[] = {
        {"a method and a status", frame(FrameType::headers, whole, 101, indexed(2) + indexed(4)),
         frame(FrameType::headers, whole, 101, indexed(8))},
        {"a priority before the fields, a path as the first of them",
         frame(FrameType::headers, first, 101, std::string(5, '\0') + indexed(4) + indexed(2)),
         frame(FrameType::headers, first, 101, std::string(5, '\0') + indexed(8))},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      Connection2 connection(StreamState::midstream);
      connection.say(row.asked + get(103, "/3"));
      connection.ask(row.said + answer(103, "404", whole));
      CHECK(connection.heard() == "GET / | 200\nGET /3 | 404\n");
    }
  }

  TEST_CASE("a gap within a body costs that body only") {
    Connection2 connection;
    connection.ask(get(1, "/1") + get(3, "/3"));
    const std::string body = data(1, std::string(1000, 'x'));
    connection.say(answer(1, "200") + body.substr(0, 209));
    connection.lose(down, 500);
    connection.say(body.substr(709) + answer(3, "200", whole));
    const std::string heard = connection.heard();
    CHECK(heard.starts_with("GET /1 | 200 [1000 xxxx"));
    CHECK(heard.ends_with("xx] !incomplete: Bytes of the message may be missing in the capture\nGET /3 | 200\n"));
  }

  TEST_CASE("a gap that swallows the end of a body") {
    Connection2 connection;
    connection.ask(get(1, "/1") + get(3, "/3"));
    const std::string body = data(1, "0123456789");
    connection.say(answer(1, "200") + body.substr(0, 12));
    connection.lose(down, 7);
    CHECK(connection.heard() ==
          "GET /1 | 200 [10 012] !incomplete: Bytes of the message may be missing in the capture\n");
    connection.say(answer(3, "200", whole));
    CHECK(connection.heard() == "GET /3 | 200\n");
  }

  TEST_CASE("behind a gap frames are found again") {
    const std::string lost = answer(1, "200") + data(1, std::string(500, 'y'), 0);
    const std::string after = answer(3, "200") + data(3, "three");
    for (std::size_t seen = 0; seen < lost.size(); seen += 7) {
      CAPTURE(seen);
      Connection2 connection;
      connection.ask(get(1, "/1") + get(3, "/3"));
      connection.lose(down, lost.size() - seen);
      connection.say(lost.substr(lost.size() - seen) + after);
      CHECK(connection.heard() == "GET /3 | 200 [5 three]\n");
      CHECK_FALSE(connection.session().idle());
    }
  }

  TEST_CASE("an answer goes on behind a gap, and is not what it was") {
    Connection2 connection;
    connection.ask(get(1, "/1"));
    connection.say(answer(1, "200") + data(1, "before", 0));
    connection.lose(down, 100);
    connection.say(data(1, "behind", 0) + headers(1, {{"grpc-status", "0"}}));
    CHECK(connection.heard() ==
          "GET /1 | 200 [12 beforebehind] +trailers !incomplete: Bytes of the message may be missing in the capture\n");
  }

  TEST_CASE("frames that may not be") {
    const std::string good = get(1, "/1");
    const struct {
      std::string name, bytes;
    } rows[] = {
        {"data for no stream", data(0, "x")},
        {"a reset that is too long", frame(FrameType::rst_stream, 0, 1, "12345")},
        {"settings of a stream", frame(FrameType::settings, 0, 1, "")},
        {"half a setting", frame(FrameType::settings, 0, 0, "123")},
        {"a short ping", frame(FrameType::ping, 0, 0, "1")},
        {"more padding than data", frame(FrameType::data, 0x8, 1,
                                         "\x09"
                                         "1")},
        {"more padding than headers", frame(FrameType::headers, 0x8 | whole, 1,
                                            "\x09"
                                            "1")},
        {"headers that end in their priority", frame(FrameType::headers, 0x20 | whole, 1, "123")},
        {"a promise of nothing", frame(FrameType::push_promise, end_headers, 1, "12")},
        {"a continuation of nothing", frame(FrameType::continuation, end_headers, 1, "\x82")},
        {"a frame of a type to come", frame(static_cast<FrameType>(0x77), 0xFF, 1, "whatever")},
        {"another frame where the block goes on", frame(FrameType::headers, end_stream, 9, "\x82") + data(9, "x")},
        {"a window of a wrong size", frame(FrameType::window_update, 0, 0, "123")},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      Connection2 connection;
      connection.ask(row.bytes + good + get(3, "/3"));
      connection.say(answer(1, "200", whole) + answer(3, "204", whole));
      CHECK(connection.heard() == "GET /1 | 200\nGET /3 | 204\n");
    }
  }

  TEST_CASE("header compression that is broken costs the fields, not the calls") {
    Connection2 connection;
    connection.ask(frame(FrameType::headers, whole, 1, indexed(2) + "\x40\x7F\xFF\xFF\xFF\xFF\xFF"));
    connection.ask(get(3, "/3"));
    connection.say(answer(1, "400", whole) + answer(3, "200", whole));
    CHECK(connection.heard() == "GET ? | 400 !dissection: malformed header compression\nGET /3 | 200\n");
  }

  TEST_CASE("a head without end is passed over, a long one is cut") {
    Connection2 connection;
    std::string endless = frame(FrameType::headers, end_stream, 1, block({{":method", "GET"}, {":path", "/"}}));
    for (int i = 0; i < 40; ++i) endless += frame(FrameType::continuation, 0, 1, field("x", std::string(10'000, 'v')));
    connection.ask(endless + frame(FrameType::continuation, end_headers, 1, ""));
    std::string longer = frame(FrameType::headers, end_stream, 3, block({{":method", "GET"}, {":path", "/"}}));
    for (int i = 0; i < 9; ++i) longer += frame(FrameType::continuation, 0, 3, field("x", std::string(10'000, 'v')));
    connection.ask(longer + frame(FrameType::continuation, end_headers, 3, ""));
    connection.say(answer(1, "431", whole) + answer(3, "200", whole));
    CHECK(connection.heard() ==
          "? ? | 431 !dissection: malformed header compression\n"
          "GET / | 200 !dissection: header fields beyond 64 KiB are left out\n");
  }

  TEST_CASE("of too many open streams the oldest is told as it is") {
    Connection2 connection;
    for (std::uint32_t i = 0; i < 1024; ++i) connection.ask(post(2 * i + 1, "/"));
    CHECK(connection.heard().empty());
    connection.ask(post(4001, "/last"));
    connection.say(answer(1, "200", whole));
    CHECK(connection.heard() == "POST / | 200 !incomplete: Too many streams are open\n");
    connection.finish();
    CHECK(connection.session().calls() == 1025);
  }

  TEST_CASE("what all bodies of a connection may hold is bounded") {
    Connection2 connection(StreamState::established, 1000);
    connection.ask(std::string(http2::preface) + settings());
    connection.say(settings());
    for (std::uint32_t i = 0; i < 20; ++i) {
      connection.ask(get(2 * i + 1, "/"));
      connection.say(answer(2 * i + 1, "200") + data(2 * i + 1, std::string(1000, 'x'), 0));
    }
    static std::size_t kept;
    kept = 0;
    connection.calls.on_complete = [](const Entry& entry) {
      kept += static_cast<const http::Message&>(*entry.response).body_text().size();
    };
    connection.finish();
    CHECK(kept == 16'000);
  }

  TEST_CASE("an upgrade from HTTP/1.1: the 101 is a call, and so is the answer that follows it") {
    Connection2 connection(StreamState::established);
    connection.ask("GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n");
    connection.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    CHECK(connection.heard() == "GET /up | 101\n");
    CHECK(connection.calls.last_label == &http::http_1_1);
    connection.say(settings() + answer(1, "200") + data(1, "ok"));
    connection.ask(std::string(http2::preface) + settings() + get(3, "/three"));
    connection.say(answer(3, "200", whole));
    CHECK(connection.heard() == "GET /up | 200 [2 ok]\nGET /three | 200\n");
    CHECK(connection.calls.last_label == &http::http_2);
  }

  TEST_CASE("what is not HTTP/2 is not taken for it") {
    const std::string rows[] = {
        "PRI * HTTP/1.1\r\n\r\nxxxxxxxxx",
        "*1\r\n$4\r\nPING\r\n",
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
        std::string("\x00\x00\x00\x2e\x00\x12\x00\x03\x00\x00\x00\x01", 12),
        std::string(64, '\0'),
    };
    for (const auto& row : rows) {
      CHECK(http2::protocol.guess(up, row, false) == Guess::no);
      CHECK(http2::protocol.guess(down, row, false) == Guess::no);
      CHECK(http2::protocol.guess(up, row, true) == Guess::no);
    }
  }
}
