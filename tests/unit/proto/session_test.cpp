// SPDX-License-Identifier: Apache-2.0
#include "proto/session.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>

#include "proto/support/talk.hpp"

namespace {
std::size_t allocations = 0;
}

// Counted, so that a test can say that nothing was allocated.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size != 0 ? size : 1);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

namespace wiretape {
namespace {

using test::Stream;
using test::talk_by_id;
using test::talk_in_order;
using test::talk_single;

constexpr Direction up = Direction::to_server;
constexpr Direction down = Direction::to_client;

TEST_SUITE("session") {
  TEST_CASE("a question and its answer are one call") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n", 10);
    stream.say("say a\n", 35);
    CHECK(stream.heard() == "#0 ask a | say a\n");
    CHECK(stream.notes.times[0].start == Stream::time(10));
    CHECK(stream.notes.times[0].elapsed == Duration::milliseconds(25));
    CHECK(stream.facts.dissected == "talk");
    CHECK(stream.session().calls() == 1);
  }

  TEST_CASE("pipelined questions are answered in their order") {
    Stream stream(talk_in_order);
    stream.ask("ask a\nask b\nask c\n");
    stream.say("say 1\nsay 2\n");
    stream.say("say 3\n");
    CHECK(stream.heard() == "#0 ask a | say 1\n#1 ask b | say 2\n#2 ask c | say 3\n");
  }

  TEST_CASE("answers find their questions by id, in any order") {
    Stream stream(talk_by_id);
    stream.ask("ask a\nask b\nask c\n");
    stream.say("say c\nsay a\nsay b\n");
    CHECK(stream.heard() == "#0 ask c | say c\n#1 ask a | say a\n#2 ask b | say b\n");
  }

  TEST_CASE("where nothing pairs, each message is a call") {
    Stream stream(talk_single);
    stream.ask("ask a\n");
    stream.say("say a\n");
    stream.finish();
    CHECK(stream.heard() == "#0 ask a | -\n#1 - | say a\n");
  }

  TEST_CASE("who shouts gets no answer, and the next question does") {
    Stream stream(talk_in_order);
    stream.ask("ask a\nshout x\n");
    stream.say("shout y\nsay a\n");
    CHECK(stream.heard() == "#0 shout x | -\n#1 - | shout y\n#2 ask a | say a\n");
  }

  TEST_CASE("a conversation is the same however it is cut into segments") {
    const std::string asked = "ask a+5\nhelloask b\nask c+3\nxyz", said = "say a\nsay b+4\nbodysay c\n";
    const std::string expected = "#0 ask a+5 | say a\n#1 ask b | say b+4\n#2 ask c+3 | say c\n";
    for (std::size_t cut = 0; cut <= asked.size(); ++cut) {
      CAPTURE(cut);
      Stream stream(talk_in_order);
      stream.ask(asked.substr(0, cut));
      stream.ask(asked.substr(cut));
      for (const char c : said) stream.say({&c, 1});
      CHECK(stream.heard() == expected);
    }
    for (std::size_t cut = 0; cut <= said.size(); ++cut) {
      CAPTURE(cut);
      Stream stream(talk_in_order);
      for (const char c : asked) stream.ask({&c, 1});
      stream.say(said.substr(0, cut));
      stream.say(said.substr(cut));
      CHECK(stream.heard() == expected);
    }
  }

  TEST_CASE("a message's times are those of its own first and last byte") {
    Stream stream(talk_in_order);
    stream.ask("ask", 1);
    stream.ask(" a\nas", 2);
    stream.ask("k b\n", 3);
    stream.say("sa", 5);
    stream.say("y a\nsay b", 6);
    stream.say("\n", 9);
    REQUIRE(stream.notes.times.size() == 2);
    CHECK(stream.notes.times[0].start == Stream::time(1));
    CHECK(stream.notes.times[0].elapsed == Duration::milliseconds(5));
    CHECK(stream.notes.times[1].start == Stream::time(2));
    CHECK(stream.notes.times[1].elapsed == Duration::milliseconds(7));
  }

  TEST_CASE("a call is announced as far as it is known") {
    Stream stream(talk_in_order);
    stream.notes.heads = stream.notes.names = true;
    stream.ask("ask a+4\n");
    CHECK(stream.heard() == "is talk\nrequest head: ask a+4 | -\n");
    stream.ask("body");
    CHECK(stream.heard() == "request: ask a+4 | -\n");
    stream.say("say a+2\n");
    CHECK(stream.heard() == "response head: ask a+4 | say a+2\n");
    stream.say("ok");
    CHECK(stream.heard() == "#0 ask a+4 | say a+2\n");
  }

  TEST_CASE("an answer may begin, and end, before the question is whole") {
    Stream stream(talk_in_order);
    stream.notes.heads = true;
    stream.ask("ask a+4\nbo");
    stream.say("say a+2\nno");
    CHECK(stream.heard() == "request head: ask a+4 | -\nresponse head: ask a+4 | say a+2\n");
    stream.ask("dy");
    CHECK(stream.heard() == "#0 ask a+4 | say a+2\n");
  }

  TEST_CASE("an early answer is told with the half of a question that came") {
    Stream stream(talk_in_order);
    stream.ask("ask a+4\nbo");
    stream.say("say a\n");
    stream.finish();
    CHECK(stream.heard() == "#0 ask a+4 | say a !incomplete\n");
  }

  TEST_CASE("an answer until the end of the stream ends with it") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n");
    stream.say("say a*\nmore and more");
    CHECK(stream.heard().empty());
    stream.close(down);
    CHECK(stream.heard() == "#0 ask a | say a*\n");
    stream.finish();
    CHECK(stream.heard().empty());
  }

  TEST_CASE("what is not whole at the end is told with the reason") {
    const struct {
      std::string asked, said, told;
    } rows[] = {
        {"ask a\n", "", "#0 ask a | - !pair-not-found\n"},
        {"ask a\n", "say a+9\nbo", "#0 ask a | say a+9 !incomplete\n"},
        {"ask a+9\nbo", "", "#0 ask a+9 | - !incomplete\n"},
        {"ask a\nas", "say a\nsay", "#0 ask a | say a\n"},
        {"ask a\nask b\n", "say a+9\nbo", "#0 ask a | say a+9 !incomplete\n#1 ask b | - !pair-not-found\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.asked);
      Stream stream(talk_in_order);
      stream.ask(row.asked);
      stream.say(row.said);
      stream.finish();
      CHECK(stream.heard() == row.told);
    }
  }

  TEST_CASE("a question cut off by a reset says so") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n");
    stream.facts.state = StreamState::reset;
    stream.finish();
    CHECK(stream.heard() == "#0 ask a | - !connection\n");
  }

  TEST_CASE("an answer that nobody asked for is a call of its own") {
    Stream stream(talk_in_order);
    stream.say("say x\n");
    stream.ask("ask a\n", 5);
    stream.say("say a\n", 6);
    CHECK(stream.heard() == "#0 - | say x !pair-not-found\n#1 ask a | say a\n");
  }

  TEST_CASE("an answer that began before the question does not answer it") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n", 10);
    stream.say("say x\n", 9);
    stream.say("say a\n", 11);
    CHECK(stream.heard() == "#0 - | say x !pair-not-found\n#1 ask a | say a\n");
  }

  TEST_CASE("a question waits for ten seconds of packet time") {
    Stream stream(talk_by_id);
    stream.ask("ask a\n", 1000);
    CHECK(stream.session().next_expiry() == Stream::time(11000));
    stream.wait_until(10999);
    CHECK(stream.heard().empty());
    stream.wait_until(11000);
    CHECK(stream.heard() == "#0 ask a | - !timeout\n");
    CHECK(stream.session().next_expiry() == Timestamp{INT64_MAX});
    stream.say("say a\n", 12000);
    CHECK(stream.heard() == "#1 - | say a !pair-not-found\n");
  }

  TEST_CASE("a late answer does not answer the next question") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n", 0);
    stream.wait_until(10000);
    stream.ask("ask b\n", 11000);
    stream.say("say a\n", 12000);
    stream.say("say b\n", 13000);
    CHECK(stream.heard() == "#0 ask a | - !timeout\n#1 - | say a !pair-not-found\n#2 ask b | say b\n");
  }

  TEST_CASE("a question is not overdue while its answer is coming") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n", 0);
    stream.say("say a+4\n", 1);
    CHECK(stream.session().next_expiry() == Timestamp{INT64_MAX});
    stream.wait_until(60000);
    stream.say("slow", 70000);
    CHECK(stream.heard() == "#0 ask a | say a+4\n");
  }

  TEST_CASE("a repeated question is told once more, and the first copy keeps the answer") {
    Stream stream(talk_by_id);
    stream.ask("ask a\n", 0);
    stream.ask("ask a\n", 5);
    stream.say("say a\n", 7);
    stream.say("say a\n", 8);
    CHECK(stream.heard() == "#0 ask a | - !pair-not-found\n#1 ask a | say a\n#2 - | say a !pair-not-found\n");
    CHECK(stream.notes.times[1].elapsed == Duration::milliseconds(7));
  }

  TEST_CASE("questions that nobody answers do not pile up") {
    Stream stream(talk_in_order);
    for (int i = 0; i < 1500; ++i) stream.ask("ask a\n", i);
    const std::string told = stream.heard();
    CHECK(std::count(told.begin(), told.end(), '\n') == 1500 - 1024);
    CHECK(told.substr(0, 21) == "#0 ask a | - !timeout");
    // Their answers, should they come, are not taken for those of later questions.
    for (int i = 0; i < 1500 - 1024; ++i) stream.say("say a\n", 2000);
    CHECK(stream.heard().find("ask") == std::string::npos);
    stream.say("say z\n", 2000);
    CHECK(stream.heard() == "#952 ask a | say z\n");
  }

  TEST_CASE("a gap within a body costs its message, not the stream") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n", 0);
    stream.say("say a+10\n123", 1);
    stream.lose(down, 4);
    stream.say("890", 2);
    stream.ask("ask b\n", 3);
    stream.say("say b\n", 4);
    CHECK(stream.heard() == "#0 ask a | say a+10 !incomplete\n#1 ask b | say b\n");
  }

  TEST_CASE("a gap up to the end of a body ends its message") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n", 0);
    stream.say("say a+10\n123", 1);
    stream.lose(down, 7);
    CHECK(stream.heard() == "#0 ask a | say a+10 !incomplete\n");
  }

  TEST_CASE("an answer lost in a gap does not shift those behind it") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n", 0);
    stream.say("say a\n", 1);
    stream.ask("ask b\n", 2);
    stream.lose(down, 6);
    stream.ask("ask c\n", 4);
    stream.say("say c\n", 5);
    CHECK(stream.heard() == "#0 ask a | say a\n#1 ask b | - !incomplete\n#2 ask c | say c\n");
  }

  TEST_CASE("a question lost in a gap does not shift the answers") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n", 0);
    stream.say("say a\n", 1);
    stream.lose(up, 6);
    stream.say("say b\n", 3);
    stream.ask("ask c\n", 4);
    stream.say("say c\n", 5);
    CHECK(stream.heard() == "#0 ask a | say a\n#1 - | say b !incomplete\n#2 ask c | say c\n");
    // What comes unasked behind an answer to a later question was not lost in that gap.
    stream.say("say d\n", 6);
    CHECK(stream.heard() == "#3 - | say d !pair-not-found\n");
  }

  TEST_CASE("a question lost before anything else was seen") {
    Stream stream(talk_in_order);
    stream.lose(up, 6, 1);
    stream.say("say a\n", 2);
    stream.ask("ask b\n", 3);
    stream.say("say b\n", 4);
    CHECK(stream.heard() == "#0 - | say a !incomplete\n#1 ask b | say b\n");
  }

  TEST_CASE("questions whose answers may be in a gap are incomplete, those behind it are not") {
    const struct {
      std::string what;
      void (*then)(Stream&);
      std::string told;
    } rows[] = {
        {"the stream ends", [](Stream& stream) { stream.finish(100); },
         "#0 ask a | - !incomplete\n#1 ask b | - !pair-not-found\n"},
        {"time passes", [](Stream& stream) { stream.wait_until(60'000); },
         "#0 ask a | - !incomplete\n#1 ask b | - !timeout\n"},
        {"the answers turn to rubbish", [](Stream& stream) { stream.say("rubbish\n", 30); },
         "#0 ask a | - !incomplete\n#1 ask b | - !dissection\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.what);
      Stream stream(talk_in_order);
      stream.ask("ask a\n", 0);
      stream.lose(down, 6, 10);
      stream.ask("ask b\n", 20);
      row.then(stream);
      CHECK(stream.heard() == row.told);
    }
  }

  TEST_CASE("a question with a hole is incomplete, whatever becomes of it") {
    Stream stream(talk_in_order);
    stream.ask("ask a+10\n123", 0);
    stream.lose(up, 7, 1);
    stream.wait_until(60'000);
    CHECK(stream.heard() == "#0 ask a+10 | - !incomplete\n");
  }

  TEST_CASE("when answers cannot be read any more, questions are still told") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n", 0);
    stream.say("rubbish\n", 1);
    stream.ask("ask b\n", 2);
    CHECK(stream.heard() == "#0 ask a | - !dissection\n#1 ask b | - !dissection\n");
    CHECK(!stream.session().idle());
    stream.ask("rubbish\n", 3);
    CHECK(stream.session().idle());
    stream.ask("ask c\n", 4);
    stream.finish();
    CHECK(stream.heard().empty());
    CHECK(stream.session().protocol() == &talk_in_order);
  }

  TEST_CASE("answers lost for good in a gap leave their questions incomplete") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n", 0);
    stream.say("say a+5\n", 0);
    stream.lose(down, 666);
    stream.ask("ask b\n", 2);
    CHECK(stream.heard() == "#0 ask a | say a+5 !incomplete\n#1 ask b | - !incomplete\n");
  }

  TEST_CASE("a line without end is not kept for ever") {
    Stream stream(talk_in_order);
    stream.ask("ask a", 0);
    const std::string much(10000, 'x');
    for (int i = 0; i < 10; ++i) stream.ask(much);
    CHECK(stream.session().memory() < 2000);
    stream.finish();
    CHECK(stream.heard().empty());
  }

  TEST_CASE("another protocol is looked for behind a farewell, on both sides") {
    Stream stream(talk_in_order);
    stream.notes.names = true;
    stream.ask("ask a\nask b\n");
    stream.say("say a\nbye\nsa");
    CHECK(stream.heard() == "is talk\n#0 ask a | say a\n#1 ask b | - !pair-not-found\n");
    stream.ask("ask c\n");
    stream.say("y c\n");
    CHECK(stream.heard() == "is talk\n#2 ask c | say c\n");
  }

  TEST_CASE("farewells without end do not go on for ever") {
    Stream stream(talk_in_order);
    for (int i = 0; i < 20; ++i) stream.ask("ask a\nbye\n");
    CHECK(stream.session().idle());
  }

  TEST_CASE("a stream that speaks nothing known is told so, once") {
    Stream stream(talk_in_order);
    stream.notes.names = true;
    stream.ask("GET / HTTP/1.1\r\n");
    CHECK(stream.heard() == "is nothing known\n");
    CHECK(stream.session().idle());
    CHECK(stream.session().protocol() == nullptr);
    stream.ask("ask a\n");
    stream.finish();
    CHECK(stream.heard().empty());
  }

  TEST_CASE("a protocol that nobody wants is found and then not read") {
    Stream stream(talk_in_order);
    stream.pool().want(talk_in_order, false);
    stream.notes.names = true;
    stream.ask("ask a\n");
    CHECK(stream.heard() == "is talk\n");
    CHECK(stream.session().idle());
    CHECK(stream.facts.dissected == "talk");
    stream.say("say a\n");
    stream.finish();
    CHECK(stream.heard().empty());
  }

  TEST_CASE("without a SYN, bytes show who is the client") {
    Stream stream(talk_in_order, StreamState::midstream);
    stream.ask("say a\n", 0);
    CHECK(stream.facts.swapped);
    CHECK(stream.facts.client.port == 4000);
    stream.say("ask b\n", 1);
    stream.ask("say b\n", 2);
    CHECK(stream.heard() == "#0 - | say a !pair-not-found\n#1 ask b | say b\n");
  }

  TEST_CASE("with a SYN, roles are not up for discussion") {
    Stream stream(talk_in_order);
    stream.ask("say a\n");
    CHECK(!stream.facts.swapped);
    CHECK(stream.session().idle());
  }

  TEST_CASE("joined within a body, a stream is read from its next message on") {
    Stream stream(talk_in_order, StreamState::midstream);
    stream.say("the middle of something", 0);
    stream.say("and its end", 1);
    CHECK(!stream.session().idle());
    stream.ask("ask a\n", 2);
    stream.say("say a\n", 3);
    CHECK(stream.heard() == "#0 ask a | say a\n");
    CHECK(!stream.facts.swapped);
  }

  TEST_CASE("a gap before anything was known makes a start in the middle") {
    Stream stream(talk_in_order);
    stream.lose(down, 100);
    stream.say("the end of something", 1);
    stream.ask("ask a\n", 2);
    stream.say("say a\n", 3);
    CHECK(stream.heard() == "#0 ask a | say a\n");
  }

  TEST_CASE("datagrams stand for themselves") {
    Stream stream(talk_by_id, StreamState::established, Transport::udp);
    stream.ask("ask a\n", 0);
    stream.ask("ask b", 1);
    stream.ask("rubbish\n", 2);
    stream.say("say a\n", 3);
    stream.say("say b\n", 4);
    stream.finish();
    CHECK(stream.heard() == "#0 ask a | say a\n#1 - | say b !pair-not-found\n");
  }

  TEST_CASE("a datagram that was cut is incomplete") {
    Stream stream(talk_by_id, StreamState::established, Transport::udp);
    stream.ask("ask a\n", 0);
    stream.cut(down, "say a\n", 100, 1);
    stream.ask("ask b\n", 2);
    stream.say("say b\n", 3);
    CHECK(stream.heard() == "#0 ask a | say a !incomplete\n#1 ask b | say b\n");
  }

  TEST_CASE("of a datagram nothing but its length is there") {
    Stream stream(talk_by_id, StreamState::established, Transport::udp);
    stream.ask("ask a\n", 0);
    stream.cut(down, "", 100, 1);
    stream.finish(2);
    CHECK(stream.heard() == "#0 ask a | - !pair-not-found\n");
  }

  TEST_CASE("three datagrams that say nothing are enough") {
    Stream stream(talk_by_id, StreamState::established, Transport::udp);
    stream.ask("x");
    stream.ask("y");
    CHECK(!stream.session().idle());
    stream.ask("z");
    CHECK(stream.session().idle());
  }

  TEST_CASE("a thousand calls of a long connection allocate nothing after the first ones") {
    Stream stream(talk_in_order);
    const std::string body(3000, 'b');
    std::size_t before = 0;
    std::size_t counted = 0;
    struct Counter final : EntryListener {
      void complete(const Entry&) override { ++calls; }
      bool opened(const Entry&) override { return true; }
      void identified(const Protocol*) override {}
      std::size_t calls = 0;
    } counter;
    const auto send = [&](Direction direction, std::string_view bytes, std::int64_t at) {
      stream.session().feed({.direction = direction, .time = Stream::time(at), .bytes = bytes}, counter);
    };
    for (int call = 0; call < 1000; ++call) {
      if (call == 10) before = allocations;
      send(up, "ask ", call);
      send(up, "a+3000\n", call);
      send(up, body, call);
      send(down, "say a+3000\nbb", call);
      send(down, std::string_view(body).substr(2), call);
    }
    counted = allocations - before;
    CHECK(counter.calls == 1000);
    CHECK(counted == 0);
  }

  TEST_CASE("an open stream costs little") {
    Stream stream(talk_in_order);
    stream.ask("ask a\n");
    stream.say("say a\n");
    CHECK(stream.session().memory() < 512);
  }
}

}  // namespace
}  // namespace wiretape
