// SPDX-License-Identifier: Apache-2.0
#include "proto/ws/ws.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "proto/http/http.hpp"
#include "proto/session.hpp"
#include "proto/support/hex.hpp"
#include "proto/support/ws_talk.hpp"

namespace wiretape::ws {
namespace {

using test::binary, test::close, test::fin, test::more, test::packed, test::ping, test::pong, test::text;
using test::brief, test::told, test::Driver, test::Packer;
using test::bytes_of, test::from_client, test::from_server;

constexpr Direction up = Direction::to_server;
constexpr Direction down = Direction::to_client;

DissectorOptions agreed_on(std::string_view extensions, std::size_t limit = 1U << 20U) {
  return {.body_limit = limit, .agreed = extensions};
}

// What is read of frames of one direction that come as they are.
std::string read(std::string_view bytes, Direction direction = down, const DissectorOptions& options = agreed_on("")) {
  Driver driver(protocol, options);
  driver.send(direction, bytes);
  driver.close(direction);
  return told(driver) + (driver.lost ? "lost\n" : "");
}

TEST_SUITE("ws") {
  TEST_CASE("messages: frames of a server -> what is told") {
    const struct {
      std::string situation, frames, told;
    } rows[] = {
        {"a text", from_server(fin | text, "hello"), "< text 5 hello\n"},
        {"nothing in it", from_server(fin | text), "< text 0\n"},
        {"a length in two bytes", from_server(fin | binary, std::string(300, 'x')), "< binary 300 300 bytes\n"},
        {"a length in eight bytes", from_server(fin | binary, std::string(70000, 'x')), "< binary 70000 70000 bytes\n"},
        {"a ping and a pong", from_server(fin | ping, "1") + from_server(fin | pong), "< ping 1 1\n< pong 0\n"},
        {"fragments", from_server(text, "one ") + from_server(more, "and ") + from_server(fin | more, "two"),
         "< text 11 one and two\n"},
        {"fragments with nothing in them", from_server(text) + from_server(more) + from_server(fin | more),
         "< text 0\n"},
        {"control messages between fragments",
         from_server(text, "one ") + from_server(fin | ping, "there?") + from_server(fin | pong) +
             from_server(fin | more, "two"),
         "< ping 6 there?\n< pong 0\n< text 7 one two\n"},
        {"a close without a code", from_server(fin | close), "< close 0\n"},
        {"a close with a code", from_server(fin | close, bytes_of("03e8")), "< close 2 1000\n"},
        {"a close with a reason", from_server(fin | close, bytes_of("0fa0 'good night'")),
         "< close 12 4000 good night\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      CHECK(read(row.frames) == row.told);
    }
  }

  TEST_CASE("what is wrong is told: frames -> what is said of them") {
    const struct {
      std::string situation;
      Direction direction;
      std::string frames, told;
    } rows[] = {
        {"a client without a mask", up, from_server(fin | text, "hi"),
         "> text 2 hi !dissection: a client's frame without a mask\n"},
        {"a server with a mask", down, from_client(fin | text, "hi"),
         "< text 2 hi !dissection: a server's frame with a mask\n"},
        {"a length of 5 in two bytes", down, bytes_of("81 7e 0005 'hello'"),
         "< text 5 hello !dissection: a length in more bytes than it needs\n"},
        {"a length of 5 in eight bytes", down, bytes_of("81 7f 0000000000000005 'hello'"),
         "< text 5 hello !dissection: a length in more bytes than it needs\n"},
        {"an opcode of nobody", down, bytes_of("83 01 'x' | 8b 00"),
         "< reserved 1 x !dissection: an opcode without a meaning\n"
         "< reserved 0 !dissection: an opcode without a meaning\n"},
        {"reserved bits", down, from_server(fin | text | 0x40, "a") + from_server(fin | text | 0x10, "b"),
         "< text 1 a !dissection: a reserved bit that no known extension gives a meaning\n"
         "< text 1 b !dissection: a reserved bit that no known extension gives a meaning\n"},
        {"a control message in fragments", down, from_server(ping, "a") + from_server(fin | text, "b"),
         "< ping unfinished 1 a !dissection: a fragment of a control message\n< text 1 b\n"},
        {"a ping as long as a message", down, from_server(fin | ping, std::string(200, 'p')),
         "< ping 200 200 bytes !dissection: a control message of more than 125 bytes\n"},
        {"a continuation of nothing", down, from_server(more, "a") + from_server(fin | more, "b"),
         "< continuation 2 ab !dissection: a continuation of no message\n"},
        {"a message before the end of the last", down, from_server(text, "a") + from_server(fin | text, "b"),
         "< text unfinished 1 a (cut) !dissection: another message began before the last fragment\n< text 1 b\n"},
        {"half a close code", down, bytes_of("88 01 03"), "< close 1 \x03 !dissection: half a close code\n"},
        {"a close code for local use", down, bytes_of("88 02 03ee"),
         "< close 2 1006 !dissection: a close code that may not be sent\n"},
        {"a length of 2^63", down, bytes_of("82 7f 8000000000000000 00"),
         "< binary 9223372036854775807 !dissection: a length of 2^63 or more\nlost\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      CHECK(read(row.frames, row.direction) == row.told);
    }
  }

  TEST_CASE("bytes behind the end of a direction belong to no message") {
    for (const std::size_t said : {std::size_t{1}, std::size_t{4}, std::size_t{7}}) {
      CAPTURE(said);
      Driver driver(protocol, agreed_on(""));
      driver.send(down, from_server(fin | text, "hello").substr(0, said));
      driver.close(down);
      const std::string before = told(driver);
      driver.send(down, "and more");
      CHECK(driver.lost);
      CHECK(told(driver) == before);
    }
  }

  TEST_CASE("a message is the same however it is cut into segments") {
    Packer pack;
    const std::string one = pack("packed, "), two = pack("packed, packed");
    const std::string talk = from_client(text, "one, ") + from_client(fin | ping, "p") + from_client(more, "two") +
                             from_client(fin | more, ", three") + from_client(packed | text, one) +
                             from_client(fin | more, "") + from_client(fin | packed | text, two) +
                             from_client(fin | binary, std::string(400, 'b')) +
                             from_client(fin | close, bytes_of("03e8 'bye'"));
    const std::string expected =
        "> ping 1 p\n> text 15 one, two, three\n> text packed packed, \n> text packed packed, packed\n"
        "> binary 400 400 bytes\n> close 5 1000 bye\n";
    const DissectorOptions options = agreed_on("permessage-deflate");
    CHECK(read(talk, up, options) == expected);
    for (std::size_t cut = 1; cut < talk.size(); ++cut) {
      CAPTURE(cut);
      Driver driver(protocol, options);
      driver.send(up, talk.substr(0, cut));
      driver.send(up, talk.substr(cut));
      REQUIRE(told(driver) == expected);
    }
    for (const std::size_t size : std::vector<std::size_t>{1, 2, 3, 7, 64}) {
      CAPTURE(size);
      Driver driver(protocol, options);
      driver.send_in_pieces(up, talk, size);
      CHECK(told(driver) == expected);
    }
  }

  TEST_CASE("a message that ends with the stream is told as far as it came") {
    const std::string whole = from_client(text, "one ") + from_client(fin | more, "two");
    const struct {
      std::size_t came;
      std::string told;
    } rows[] = {
        {1, ""},
        {6, "> text unfinished 4 (cut) !incomplete\n"},
        {8, "> text unfinished 4 on (cut) !incomplete\n"},
        {10, "> text unfinished 4 one  (cut) !incomplete\n"},
        {17, "> text 7 one t (cut) !incomplete\n"},
        {whole.size(), "> text 7 one two\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.came);
      CHECK(read(whole.substr(0, row.came), up) == row.told);
    }
  }

  TEST_CASE("of a long message no more is asked for than its head, and no more is kept than the limit") {
    Driver driver(protocol, agreed_on("", 10));
    driver.send_in_pieces(up, from_client(fin | text, std::string(200000, 'x')), 1000);
    CHECK(told(driver) == "> text 200000 xxxxxxxxxx (cut)\n");
    CHECK(driver.longest_wish <= 14);
    CHECK(driver.heads == 1);

    Driver endless(protocol, agreed_on("", 10));
    endless.send(down, bytes_of("82 7f 7fffffffffffffff"));
    endless.send_in_pieces(down, std::string(100000, 'y'), 50000);
    endless.close(down);
    CHECK(told(endless) == "< binary 9223372036854775807 yyyyyyyyyy (cut) !incomplete\n");
  }

  TEST_CASE("a text that the limit cuts ends with a whole character; a reason of a close does not lose its code") {
    const DissectorOptions options = agreed_on("", 5);
    CHECK(read(from_server(fin | text, "caf\xc3\xa9\xc3\xa9"), down, options) == "< text 7 caf\xc3\xa9 (cut)\n");
    CHECK(read(from_server(fin | text, "cafe\xc3\xa9"), down, options) == "< text 6 cafe (cut)\n");
    CHECK(read(from_server(fin | close, bytes_of("03e9 'going away'")), down, options) ==
          "< close 12 1001 going (cut)\n");
  }

  TEST_CASE(
      "of a payload that nobody wants only the beginning is kept, and the next packed message is whole all the same") {
    std::string plain;
    for (unsigned i = 0; i < 1000; ++i) plain += std::to_string(i * i * 7919U);
    for (const std::string agreed : {"permessage-deflate", "permessage-deflate; client_no_context_takeover"}) {
      CAPTURE(agreed);
      const bool fresh = agreed.size() > 20;
      Packer pack, pack_again;
      const std::string one = from_client(fin | packed | text, pack(plain));
      const std::string two = from_client(fin | packed | text, (fresh ? pack_again : pack)(plain));
      Driver driver(protocol, agreed_on(agreed));
      driver.keep_bodies = false;
      driver.send_in_pieces(up, one, 100);
      driver.send(up, two);
      REQUIRE(driver.messages.size() == 2);
      const auto& first = static_cast<const Message&>(*driver.messages[0].message);
      const auto& second = static_cast<const Message&>(*driver.messages[1].message);
      CHECK(first.payload() == plain.substr(0, first.payload().size()));
      CHECK(first.payload().size() < 1000);
      CHECK(first.kept.is_cut());
      CHECK(first.fault.type == Fault::Type::none);
      CHECK(second.payload() == plain);
    }
  }
}

TEST_SUITE("ws deflate") {
  TEST_CASE("with context take-over a message refers to those before it, each direction by itself") {
    Packer client, server;
    Driver driver(protocol, agreed_on("permessage-deflate"));
    for (int i = 0; i < 3; ++i) driver.send(up, from_client(fin | packed | text, client("what the client says")));
    for (int i = 0; i < 2; ++i) driver.send(down, from_server(fin | packed | text, server("what the server says")));
    driver.send(down, from_server(fin | text, "and not packed"));
    CHECK(told(driver) ==
          "> text packed what the client says\n"
          "> text packed what the client says\n"
          "> text packed what the client says\n"
          "< text packed what the server says\n"
          "< text packed what the server says\n"
          "< text 14 and not packed\n");
  }

  TEST_CASE("without it each message stands for itself") {
    Driver driver(protocol, agreed_on("permessage-deflate; server_no_context_takeover; client_no_context_takeover"));
    for (int i = 0; i < 2; ++i) {
      Packer fresh;
      driver.send(down, from_server(fin | packed | text, fresh("what the server says")));
    }
    CHECK(told(driver) ==
          "< text packed what the server says\n"
          "< text packed what the server says\n");
  }

  TEST_CASE("a small window") {
    for (const int bits : {9, 10, 12}) {
      CAPTURE(bits);
      const std::string agreed = "permessage-deflate; server_max_window_bits=" + std::to_string(bits);
      Packer pack(bits);
      std::string plain;
      for (int i = 0; i < 2000; ++i) plain += std::to_string(i * i) + ' ';
      Driver driver(protocol, agreed_on(agreed));
      for (int i = 0; i < 2; ++i) driver.send(down, from_server(fin | packed | text, pack(plain)));
      REQUIRE(driver.messages.size() == 2);
      for (const auto& seen : driver.messages) {
        CHECK(static_cast<const Message&>(*seen.message).payload() == plain);
        CHECK(seen.message->fault.type == Fault::Type::none);
      }
    }
  }

  TEST_CASE("examples of RFC 7692 section 7.2.3") {
    const struct {
      std::string situation, frames, told;
    } rows[] = {
        {"one block", bytes_of("c1 07 f2 48 cd c9 c9 07 00"), "< text packed Hello\n"},
        {"fragments", bytes_of("41 03 f2 48 cd | 80 04 c9 c9 07 00"), "< text packed Hello\n"},
        {"shared window", bytes_of("c1 07 f2 48 cd c9 c9 07 00 | c1 05 f2 00 11 00 00"),
         "< text packed Hello\n< text packed Hello\n"},
        {"no packing in the block", bytes_of("c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00"), "< text packed Hello\n"},
        {"a block said to be the last", bytes_of("c1 08 f3 48 cd c9 c9 07 00 00"), "< text packed Hello\n"},
        {"behind one, a reference to it", bytes_of("c1 08 f3 48 cd c9 c9 07 00 00 | c1 05 f2 00 11 00 00"),
         "< text packed Hello\n< text packed Hello\n"},
        {"two blocks", bytes_of("c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), "< text packed Hello\n"},
        {"nothing packed", bytes_of("c1 01 00"), "< text packed\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      CHECK(read(row.frames, down, agreed_on("permessage-deflate")) == row.told);
    }
  }

  TEST_CASE("what the two agreed on: extensions -> whether a packed message is unpacked") {
    const struct {
      std::string extensions;
      bool unpacked;
    } rows[] = {
        {"permessage-deflate", true},
        {"Permessage-Deflate ; server_max_window_bits=15", true},
        {"x-other; a=b, permessage-deflate;client_max_window_bits=\"12\"", true},
        {"permessage-deflate; server_max_window_bits=99; unknown", true},
        {"", false},
        {"permessage-bzip2", false},
        {"x-permessage-deflate", false},
        {",;,=,", false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.extensions);
      const std::string told = read(bytes_of("c1 07 f2 48 cd c9 c9 07 00"), down, agreed_on(row.extensions));
      CHECK((told == "< text packed Hello\n") == row.unpacked);
    }
  }

  TEST_CASE("what is not deflate is said to be so, and what refers to it is not guessed") {
    Packer pack;
    const std::string one = pack("the same again and again"), two = pack("the same again and again");
    const std::string three = pack("something new that stands for itself");
    CHECK(read(from_server(fin | packed | text, "\xff\xff\xff") + from_server(fin | packed | text, two) +
                   from_server(fin | packed | text, Packer()("new")),
               down, agreed_on("permessage-deflate")) ==
          "< text packed (cut) !dissection: the payload cannot be unpacked\n"
          "< text packed (cut) !dissection: the payload refers to a message that could not be unpacked\n"
          "< text packed new\n");
    CHECK(read(from_server(fin | packed | text, one.substr(0, 10)), down, agreed_on("permessage-deflate")) ==
          "< text packed the same  (cut) !dissection: the payload cannot be unpacked\n");
  }

  TEST_CASE("a bomb is let go") {
    Packer pack;
    const std::string bomb = pack(std::string(50U << 20U, '\0'));
    Driver driver(protocol, agreed_on("permessage-deflate", 1000));
    driver.send(down, from_server(fin | packed | binary, bomb));
    driver.send(down, from_server(fin | packed | text, pack(std::string(100, '\0'))));
    driver.send(down, from_server(fin | packed | text, Packer()("after it")));
    REQUIRE(driver.messages.size() == 3);
    const auto& first = static_cast<const Message&>(*driver.messages[0].message);
    CHECK(first.payload().size() == 1000);
    CHECK(first.kept.is_cut());
    CHECK(brief(static_cast<const Message&>(*driver.messages[1].message)).find("refers to a message") !=
          std::string::npos);
    CHECK(brief(static_cast<const Message&>(*driver.messages[2].message)) == "text packed after it");
  }
}

TEST_SUITE("ws gaps") {
  TEST_CASE("bytes missing inside a payload cost that message only: before, missing, after -> what is told") {
    const std::string whole = from_client(fin | text, "0123456789");  // 6 bytes of head
    const std::string next = from_client(fin | text, "next");
    const struct {
      std::size_t before, missing;
      std::string told;
    } rows[] = {
        {8, 4, "> text 10 01 (cut) !incomplete\n> text 4 next\n"},
        {8, 8, "> text 10 01 (cut) !incomplete\n> text 4 next\n"},
        {6, 10, "> text 10 (cut) !incomplete\n> text 4 next\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.before);
      Driver driver(protocol, agreed_on(""));
      driver.send(up, whole.substr(0, row.before));
      driver.lose(up, row.missing);
      driver.send(up, whole.substr(row.before + row.missing) + next);
      CHECK(told(driver) == row.told);
    }
  }

  TEST_CASE("behind missing frames the next one is found where a segment begins with it") {
    const std::string noise = "this is the rest of some frame whose head is not there";
    Driver driver(protocol, agreed_on(""));
    driver.send(down, from_server(text, "first fragment"));
    driver.lose(down, 1000);
    driver.send(down, noise);
    driver.send(down, from_server(fin | more, "last fragment") + from_server(fin | text, "whole"));
    driver.send(down, from_server(fin | ping, "p"));
    CHECK(told(driver) ==
          "< text unfinished 14 first fragment (cut) !incomplete\n"
          "< continuation 13 last fragment !incomplete\n"
          "< text 5 whole\n"
          "< ping 1 p\n");
  }

  TEST_CASE("behind bytes that are missing a packed message is told when it stands for itself") {
    Packer pack;
    const std::string one = pack("the same again and again"), two = pack("the same again and again");
    const std::string three = pack("xyz");
    Driver driver(protocol, agreed_on("permessage-deflate"));
    driver.lose(down, one.size() + 2);
    driver.send(down, from_server(fin | packed | text, two));
    driver.send(down, from_server(fin | packed | text, three));
    CHECK(told(driver) == "< text packed (cut) !incomplete\n< text packed xyz\n");
  }

  TEST_CASE("a gap within a packed message leaves what came before it") {
    std::string plain;
    for (unsigned i = 0; i < 300; ++i) plain += std::to_string(i * i * 7919U);
    const std::string whole = from_server(fin | packed | text, Packer()(plain));
    Driver driver(protocol, agreed_on("permessage-deflate; server_no_context_takeover", 20));
    driver.send(down, whole.substr(0, 800));
    driver.lose(down, 100);
    driver.send(down, whole.substr(900) + from_server(fin | packed | text, Packer()("next")));
    REQUIRE(driver.messages.size() == 2);
    CHECK(static_cast<const Message&>(*driver.messages[0].message).payload() == plain.substr(0, 20));
    CHECK(driver.messages[0].message->fault.type == Fault::Type::incomplete);
    CHECK(brief(static_cast<const Message&>(*driver.messages[1].message)) == "text packed next");
  }

  TEST_CASE("where no frame begins the search ends") {
    Driver driver(protocol, agreed_on(""));
    driver.lose(up, 1);
    for (int i = 0; i < 20 && !driver.lost; ++i) driver.send(up, std::string(100000, 'n'));
    CHECK(driver.lost);
    CHECK(driver.messages.empty());
  }
}

// A stream from its first byte, or one that was joined in the middle.
class Stream final : public EntryListener {
 public:
  explicit Stream(StreamState state) : pool_(DissectorOptions{}) {
    facts.transport = Transport::tcp;
    facts.state = state;
    facts.client.port = 40000;
    facts.server.port = 8080;
    session_ = std::make_unique<Session>(pool_, facts);
  }

  void send(Direction direction, std::string_view bytes) {
    session_->feed({.direction = direction, .time = {++now_}, .bytes = bytes}, *this);
  }
  void finish() { session_->finish({++now_}, *this); }

  void complete(const Entry& entry) override {
    const bool is_ws = entry.label->name == "ws";
    log += is_ws ? "WS" : "HTTP";
    for (const Field& field : entry.schema->fields) {
      const bool shown = is_ws ? field.path.find("opcode") != std::string_view::npos ||
                                     field.path.find("payload") != std::string_view::npos
                               : field.path == "request.path" || field.path == "response.status";
      std::string value;
      json::Writer writer(value);
      if (shown && tell(field, entry, writer)) log += ' ' + value;
    }
    log += " at " + std::to_string(entry.start().nanoseconds);
    if (entry.fault.type != Fault::Type::none) log += " !" + std::string(name(entry.fault.type));
    log += '\n';
  }
  bool opened(const Entry&) override { return true; }
  void identified(const Protocol*) override {}

  std::string log;
  StreamFacts facts;

 private:
  SessionPool pool_;
  std::unique_ptr<Session> session_;
  std::int64_t now_ = 0;
};

const std::string ask =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n";
const std::string agree =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

TEST_SUITE("ws streams") {
  TEST_CASE("behind an upgrade each message is a call of its own") {
    Packer pack;
    Stream stream(StreamState::established);
    stream.send(up, ask);
    stream.send(down, agree + from_server(fin | packed | text, pack("welcome")));
    stream.send(up, from_client(text, "one "));
    stream.send(up, from_client(fin | ping, "p"));
    stream.send(up, from_client(fin | more, "two"));
    stream.finish();
    CHECK(stream.log ==
          "HTTP \"/chat\" 101 at 1\n"
          "WS \"text\" 9 \"welcome\" at 2\n"
          "WS \"ping\" 1 \"p\" at 4\n"
          "WS \"text\" 7 \"one two\" at 3\n");
    CHECK(stream.facts.dissected == "ws");
  }

  TEST_CASE("what is not text is told as base64") {
    Stream stream(StreamState::established);
    stream.send(up, ask);
    stream.send(down, agree);
    stream.send(up, from_client(fin | binary, bytes_of("ff 00 fe")));
    stream.finish();
    CHECK(stream.log == "HTTP \"/chat\" 101 at 1\nWS \"binary\" 3 \"/wD+\" at 3\n");
  }

  TEST_CASE("a stream that was joined in the middle shows itself by texts") {
    Stream stream(StreamState::midstream);
    stream.send(down, "rest of something");
    stream.send(up, from_client(fin | text, "{\"say\": 1}"));
    stream.send(down, "more of it");
    stream.send(down, from_server(fin | text, "heard"));
    stream.finish();
    CHECK(stream.log == "WS \"text\" 10 \"{\\\"say\\\": 1}\" at 2\nWS \"text\" 5 \"heard\" at 4\n");
  }

  TEST_CASE("what only looks like frames is not taken for them: the first bytes of a client, or of a server") {
    const struct {
      std::string situation, from_client, from_server;
    } rows[] = {
        {"MQTT subscribes", bytes_of("82 09 0001 0004 'a/b/' 00"), bytes_of("90 03 0001 00")},
        {"noise", bytes_of("81 85 12345678 ffffffffff"), ""},
        {"frames without a text", from_client(fin | ping), from_server(fin | pong)},
        {"a server that masks", "", from_client(fin | text, "hello")},
        {"a length that does not fit", bytes_of("81 fe"), ""},
        {"HTTP", "GET / HTTP/1.1\r\n\r\n", ""},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      Stream stream(StreamState::established);
      stream.send(up, row.from_client);
      stream.send(down, row.from_server);
      stream.finish();
      CHECK(stream.facts.dissected != "ws");
    }
  }
}

}  // namespace
}  // namespace wiretape::ws
