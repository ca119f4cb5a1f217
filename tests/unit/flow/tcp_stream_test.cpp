// SPDX-License-Identifier: Apache-2.0
#include "flow/tcp_stream.hpp"

#include <doctest/doctest.h>

#include <string>

#include "connection.hpp"

namespace wiretape::flow {
namespace {

constexpr std::uint8_t syn = Flags::syn, ack = Flags::ack, fin = Flags::fin, rst = Flags::rst;
constexpr auto to_server = Direction::to_server;
constexpr auto to_client = Direction::to_client;

std::string name(StreamState state) {
  switch (state) {
    case StreamState::established: return "established";
    case StreamState::closed: return "closed";
    case StreamState::reset: return "reset";
    case StreamState::refused: return "refused";
    case StreamState::half_open: return "half-open";
    case StreamState::midstream: return "midstream";
  }
  return "";
}

}  // namespace

TEST_SUITE("tcp stream") {
  TEST_CASE("a talk from SYN to FIN") {
    Connection talk;
    talk.shake();
    talk.up(0, "hello");
    talk.down(0, "world", 5);
    talk.up(5, "", 5, fin);
    talk.down(5, "", 6, fin);
    talk.up(6, "", 6);
    CHECK(talk.heard.client() == "hello|");
    CHECK(talk.heard.server() == "world|");
    CHECK(name(talk.facts.state) == "closed");
    CHECK(talk.facts.handshake == Duration::milliseconds(2));
    CHECK(talk.client().packets == 5);
    CHECK(talk.server().packets == 3);
    CHECK(talk.client().bytes == 5);
    CHECK(talk.client().retransmissions == 0);
    CHECK(talk.stream.from_start());
    CHECK(talk.facts.last == talk.now + Duration::milliseconds(-1));
  }

  TEST_CASE("what the state is: what happened -> state") {
    using Act = void (*)(Connection&);
    const struct {
      std::string situation;
      Act act;
      std::string state;
    } rows[] = {
        {"a SYN", [](Connection& t) { t.send(to_server, syn, -1); }, "half-open"},
        {"a SYN and its SYN+ACK",
         [](Connection& t) {
           t.send(to_server, syn, -1);
           t.send(to_client, syn | ack, -1);
         },
         "half-open"},
        {"a handshake", [](Connection& t) { t.shake(); }, "established"},
        {"the client's half of a handshake",
         [](Connection& t) {
           t.send(to_server, syn, -1);
           t.up(0);
         },
         "established"},
        {"the server's half of a handshake and its data",
         [](Connection& t) {
           t.send(to_client, syn | ack, -1);
           t.down(0, "220 ready");
         },
         "established"},
        {"a handshake whose SYN+ACK was captured first",
         [](Connection& t) {
           t.send(to_client, syn | ack, -1);
           t.send(to_server, syn, -1);
           t.up(0);
         },
         "established"},
        {"data without a handshake", [](Connection& t) { t.up(0, "x"); }, "midstream"},
        {"a simultaneous open",
         [](Connection& t) {
           t.send(to_server, syn, -1);
           t.send(to_client, syn, -1);
           t.send(to_server, syn | ack, -1);
           t.send(to_client, syn | ack, -1);
         },
         "established"},
        {"a RST in answer to a SYN",
         [](Connection& t) {
           t.send(to_server, syn, -1);
           t.send(to_client, rst | ack, -700001);
         },
         "refused"},
        {"a RST of the client after the SYN+ACK (a scan)",
         [](Connection& t) {
           t.send(to_server, syn, -1);
           t.send(to_client, syn | ack, -1);
           t.send(to_server, rst, 0);
         },
         "reset"},
        {"a RST in a talk",
         [](Connection& t) {
           t.shake();
           t.send(to_client, rst, 0);
         },
         "reset"},
        {"a RST after one FIN",
         [](Connection& t) {
           t.shake();
           t.up(0, "", 0, fin);
           t.send(to_client, rst, 0);
         },
         "reset"},
        {"a RST after both FINs",
         [](Connection& t) {
           t.shake();
           t.up(0, "", 0, fin);
           t.down(0, "", 1, fin);
           t.send(to_server, rst, 1);
         },
         "closed"},
        {"a RST from far outside of the window",
         [](Connection& t) {
           t.shake();
           t.send(to_client, rst, 1'000'000'000);
         },
         "established"},
        {"a FIN of one side (half-close)",
         [](Connection& t) {
           t.shake();
           t.up(0, "bye", 0, fin);
           t.down(0, "still here", 4);
         },
         "established"},
        {"a FIN of both, midstream",
         [](Connection& t) {
           t.up(0, "", 0, fin);
           t.down(0, "", 1, fin);
         },
         "closed"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      Connection talk;
      row.act(talk);
      CHECK(name(talk.facts.state) == row.state);
    }
  }

  TEST_CASE("a half-closed connection goes on in the other direction") {
    Connection talk;
    talk.shake();
    talk.up(0, "request", 0, fin);
    CHECK(talk.heard.client() == "request|");
    talk.down(0, "long ", 8);
    talk.down(5, "answer", 8, fin);
    CHECK(talk.heard.server() == "long answer|");
  }

  TEST_CASE("in order, bytes go through without being copied or held") {
    Connection talk;
    talk.shake();
    for (int i = 0; i < 100; ++i) {
      talk.up(i * 5, "12345");
      REQUIRE(talk.stream.memory() == 0);
    }
    CHECK(talk.heard.chunks == 100);
  }

  TEST_CASE("a segment that was overtaken is waited for, and told with the time it came") {
    Connection talk;
    talk.shake();
    talk.up(5, "world");
    CHECK(talk.heard.client().empty());
    CHECK(talk.stream.memory() > 0);
    CHECK(talk.budget.used > 0);
    const Timestamp came = talk.now;
    talk.up(0, "hello");
    CHECK(talk.heard.client() == "helloworld");
    CHECK(talk.heard.last.time == came);
    CHECK(talk.client().out_of_order == 1);
    CHECK(talk.client().retransmissions == 0);
    CHECK(talk.stream.memory() == 0);
    CHECK(talk.budget.used == 0);
  }

  TEST_CASE("retransmissions are counted and told once") {
    Connection talk;
    talk.shake();
    talk.up(0, "hello");
    talk.up(0, "hello");
    talk.up(2, "llo wo");
    talk.up(0, "hello world");
    CHECK(talk.heard.client() == "hello world");
    CHECK(talk.client().retransmissions == 3);
    talk.up(20, "later");
    talk.up(20, "later");
    CHECK(talk.client().retransmissions == 4);
    CHECK(talk.client().out_of_order == 0);
  }

  TEST_CASE("SYN and FIN that are sent again are retransmissions without effect") {
    Connection talk;
    talk.send(to_server, syn, -1);
    talk.send(to_server, syn, -1);
    talk.send(to_client, syn | ack, -1);
    talk.send(to_client, syn | ack, -1);
    talk.up(0, "x", 0, fin);
    talk.up(1, "", 0, fin);
    CHECK(talk.heard.client() == "x|");
    CHECK(talk.client().retransmissions == 2);
    CHECK(talk.server().retransmissions == 1);
  }

  TEST_CASE("keep-alives tell nothing") {
    Connection talk;
    talk.shake();
    talk.up(0, "hello");
    talk.down(0, "", 5);
    talk.up(4);
    talk.up(4, "\0");
    talk.up(4, Bytes("\0", 1));
    talk.down(0, "", 5);
    talk.up(5, " world");
    CHECK(talk.heard.client() == "hello world");
    CHECK(talk.client().gaps == 0);
  }

  TEST_CASE("a keep-alive seen first does not shift what follows") {
    Connection talk;
    talk.up(99);
    talk.down(0, "", 100);
    talk.up(100, "data");
    talk.finish();
    CHECK(talk.heard.client() == "data");
    CHECK(talk.client().gaps == 0);
  }

  TEST_CASE("an empty segment captured ahead of the first data hides none of them") {
    Connection talk;
    talk.up(100);
    talk.down(0, "", 0);
    talk.up(96, "data");
    talk.up(100, " and more");
    talk.finish();
    CHECK(talk.heard.client() == "data and more");
    CHECK(talk.client().gaps == 0);
    CHECK(talk.client().retransmissions == 0);
  }

  TEST_CASE("a keep-alive of one byte behind an empty segment is no data") {
    Connection talk;
    talk.up(100);
    talk.up(99, Bytes("\0", 1));
    talk.up(100, "data");
    talk.finish();
    CHECK(talk.heard.client() == "data");
  }

  TEST_CASE("data behind a FIN that was seen alone come too late") {
    Connection talk;
    talk.up(100, "", 0, fin);
    talk.up(96, "late");
    talk.finish();
    CHECK(talk.heard.client() == "|");
  }

  TEST_CASE("a probe of a zero window brings a byte that comes again") {
    Connection talk;
    talk.shake();
    talk.up(0, "full");
    talk.up(4, "w");
    talk.down(0, "", 4);
    talk.up(4, "window");
    CHECK(talk.heard.client() == "fullwindow");
  }

  TEST_CASE("of two copies with other data the first one stays, and that is counted") {
    Connection talk;
    talk.shake();
    talk.up(4, "AAAA");
    talk.up(2, "BBBBBBBB");
    talk.up(0, "CCCC");
    CHECK(talk.heard.client() == "CCBBAAAABB");
    CHECK(talk.stream.conflicts() == 2);
  }

  TEST_CASE("a hole that the receiver acknowledged is given up after three more segments") {
    Connection talk;
    talk.shake();
    talk.pace = Duration{};
    talk.up(0, "a");
    talk.up(5, "f");
    talk.down(0, "", 6);
    talk.up(6, "g");
    talk.up(7, "h");
    CHECK(talk.heard.client() == "a");
    talk.up(8, "i");
    CHECK(talk.heard.client() == "a<4>fghi");
    CHECK(talk.client().gaps == 1);
    CHECK(talk.client().gap_bytes == 4);
    talk.up(1, "bcde");
    CHECK(talk.heard.client() == "a<4>fghi");
  }

  TEST_CASE("a hole that the receiver acknowledged is given up after a tenth of a second") {
    Connection talk;
    talk.shake();
    talk.up(5, "f");
    talk.down(0, "", 6);
    CHECK(talk.heard.client().empty());
    talk.pass(Duration::milliseconds(100));
    talk.down(0, "answer", 6);
    CHECK(talk.heard.client() == "<5>f");
    CHECK(talk.heard.server() == "answer");
  }

  TEST_CASE("an acknowledgment captured before what it acknowledges loses nothing") {
    Connection talk;
    talk.shake();
    for (int i = 0; i < 100; ++i) {
      talk.down(0, "", (i + 1) * 10);
      talk.up(i * 10 + 5, "56789");
      talk.up(i * 10, "01234");
    }
    talk.finish();
    CHECK(talk.client().gaps == 0);
    CHECK(talk.heard.client().size() == 1000);
  }

  TEST_CASE("a hole that the receiver has not acknowledged is waited for") {
    Connection talk;
    talk.shake();
    talk.up(5, "fghij");
    talk.down(0, "", 0);
    for (int i = 0; i < 1500; ++i) talk.up(10 + i, "x");
    talk.pass(Duration::seconds(20));
    talk.up(0, "abcde");
    CHECK(talk.client().gaps == 0);
    CHECK(talk.heard.client().size() == 1510);
  }

  TEST_CASE("a request that the capture lost whole is a gap, though nothing followed it") {
    Connection talk;
    talk.shake();
    talk.down(0, "answer", 300);
    talk.pass(Duration::milliseconds(100));
    talk.down(6, " goes on", 300);
    CHECK(talk.heard.client() == "<300>");
    CHECK(talk.heard.server() == "answer goes on");
    talk.up(300, "next", 14);
    CHECK(talk.heard.client() == "<300>next");
  }

  TEST_CASE("a FIN that the capture lost is no gap") {
    Connection talk;
    talk.shake();
    talk.up(0, "all");
    talk.down(0, "", 4);
    talk.pass(Duration::seconds(10));
    talk.down(0, "bye", 4);
    talk.finish();
    CHECK(talk.client().gaps == 0);
  }

  TEST_CASE("a FIN behind a hole waits with its end") {
    Connection talk;
    talk.shake();
    talk.up(3, "def", 0, fin);
    CHECK(talk.heard.client().empty());
    talk.up(0, "abc");
    CHECK(talk.heard.client() == "abcdef|");
  }

  TEST_CASE("at the end of the input what waits comes out, with the gaps") {
    Connection talk;
    talk.shake();
    talk.up(3, "d");
    talk.up(6, "g", 0, fin);
    talk.down(0, "", 0);
    talk.down(2, "z");
    talk.finish();
    CHECK(talk.heard.client() == "<3>d<2>g|");
    CHECK(talk.heard.server() == "<2>z");
    CHECK(talk.stream.memory() == 0);
    CHECK(talk.budget.used == 0);
    CHECK(talk.client().gaps == 2);
  }

  TEST_CASE("a one-sided capture gives up its holes by time and by number") {
    SUBCASE("a second") {
      Connection talk;
      talk.up(0, "a");
      talk.up(5, "f");
      talk.pass(Duration::seconds(1));
      talk.up(6, "g");
      CHECK(talk.heard.client() == "a<4>fg");
    }
    SUBCASE("a thousand segments") {
      Connection talk;
      talk.pace = Duration{};
      talk.up(0, "a");
      for (int i = 0; i < 1025; ++i) talk.up(5 + i, "x");
      CHECK(talk.client().gaps == 1);
    }
    SUBCASE("but waits for a retransmission") {
      Connection talk;
      talk.up(0, "a");
      for (int i = 0; i < 100; ++i) talk.up(5 + i, "x");
      talk.up(1, "bcde");
      CHECK(talk.client().gaps == 0);
    }
  }

  TEST_CASE("a capture that begins midstream starts with the first segment") {
    Connection talk;
    talk.up(5000, "here");
    talk.up(4000, "old");
    talk.up(5004, " on");
    CHECK(talk.heard.client() == "here on");
    CHECK(talk.client().gaps == 0);
    CHECK(talk.client().retransmissions == 1);
    CHECK_FALSE(talk.stream.from_start());
  }

  TEST_CASE("a SYN+ACK says where the client begins, even when its first segment is lost") {
    Connection talk;
    talk.send(to_client, syn | ack, -1);
    talk.up(4, "late");
    talk.up(0, "the ");
    CHECK(talk.heard.client() == "the late");
  }

  TEST_CASE("payload that the snapshot length cut is a gap of what is missing") {
    Connection talk;
    talk.shake();
    talk.snapshot = 3;
    talk.up(0, "abcdef");
    talk.up(12, "mnopqr");
    talk.up(6, "ghijkl");
    CHECK(talk.heard.client() == "abc<3>ghi<3>mno<3>");
    CHECK(talk.client().gap_bytes == 9);
    talk.snapshot = 0;
    talk.up(18, "stu");
    CHECK(talk.heard.client() == "abc<3>ghi<3>mno<3><3>");
  }

  TEST_CASE("data in a SYN: what the server took -> what the client said") {
    const struct {
      std::string situation;
      std::int64_t acked;
      Bytes next;
      std::int64_t at;
      std::string client;
    } rows[] = {
        {"all", 5, " more", 5, "hello more"},
        {"nothing, and it comes again", 0, "HELLO more", 0, "HELLO more"},
        {"a part", 2, "LLO", 2, "heLLO"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      Connection talk;
      talk.send(to_server, syn, -1, "hello");
      // The data count from behind the SYN, as every segment's do.
      CHECK(talk.heard.client().empty());
      talk.send(to_client, syn | ack, -1, "", row.acked);
      talk.up(row.at, row.next);
      CHECK(talk.heard.client() == row.client);
      CHECK(talk.budget.used == 0);
      CHECK(talk.client().gaps == 0);
    }
  }

  TEST_CASE("data in a SYN count without the server's word when the client goes on behind them") {
    Connection talk;
    talk.send(to_server, syn, -1, "hello");
    talk.up(5, " more");
    CHECK(talk.heard.client() == "hello more");
  }

  TEST_CASE("data in a SYN that nobody took are not told") {
    Connection talk;
    talk.send(to_server, syn, -1, "hello");
    talk.finish();
    CHECK(talk.heard.client().empty());
    CHECK(talk.budget.used == 0);
  }

  TEST_CASE("data in a RST are not part of the stream") {
    Connection talk;
    talk.shake();
    talk.down(0, "ok");
    talk.send(to_client, rst, 2, "no such service");
    CHECK(talk.heard.server() == "ok|");
    CHECK(talk.server().bytes == 17);
  }

  TEST_CASE("a RST captured before the last data waits for them") {
    Connection talk;
    talk.shake();
    talk.send(to_client, rst, 4);
    CHECK(talk.heard.server().empty());
    talk.down(0, "last");
    CHECK(talk.heard.server() == "last|");
  }

  TEST_CASE("after a RST no hole is waited for any longer than for late packets") {
    Connection talk;
    talk.shake();
    talk.up(3, "def");
    talk.send(to_client, rst, 0);
    talk.pass(Duration::milliseconds(100));
    talk.up(6, "ghi");
    CHECK(talk.heard.client() == "<3>defghi");
  }

  TEST_CASE("urgent data stay in band") {
    Connection talk;
    talk.shake();
    talk.up(0, "abc", 0, Flags::urg);
    talk.up(3, "def");
    CHECK(talk.heard.client() == "abcdef");
  }

  TEST_CASE("a segment outside of any window is ignored and counted") {
    Connection talk;
    talk.shake();
    talk.up(0, "a");
    talk.up(1'200'000'000, "far ahead");
    talk.up(-1'200'000'000, "far behind");
    talk.up(-1'200'000'000, "", 0, fin);
    talk.down(0, "", 1'000'000'000);
    talk.up(1, "b");
    talk.finish();
    CHECK(talk.heard.client() == "ab");
    CHECK(talk.stream.ignored() == 4);
  }

  TEST_CASE("a connection that goes on far away is followed there") {
    Connection talk;
    talk.shake();
    talk.up(0, "a");
    std::int64_t at = 2'000'000'001;
    for (int i = 0; i < 5; ++i) talk.up(at + i * 2, "zz");
    CHECK(talk.heard.client() == "a<2000000006>zzzz");
    CHECK(talk.stream.ignored() == 4);
  }

  TEST_CASE("data behind the FIN are ignored") {
    Connection talk;
    talk.shake();
    talk.up(0, "abc", 0, fin);
    talk.up(3, "ghost");
    talk.up(4, "ghost");
    CHECK(talk.heard.client() == "abc|");
    Connection other;
    other.shake();
    other.up(3, "", 0, fin);
    other.up(1, "bcdefg");
    other.up(0, "a");
    CHECK(other.heard.client() == "abc|");
  }

  TEST_CASE("four gigabytes and more pass, with acknowledgments that stopped long ago") {
    Connection talk;
    talk.shake();
    talk.down(0, "", 0);
    talk.snapshot = 8;
    const std::string block(64 << 20, 'x');
    for (std::int64_t i = 0; i < 100; ++i) talk.up(i << 26, block);
    talk.finish();
    CHECK(talk.client().gap_bytes == 100 * ((64ULL << 20) - 8));
    CHECK(talk.client().gaps == 100);
    CHECK(talk.stream.ignored() == 0);
  }

  TEST_CASE("facts whose roles were exchanged are counted in their own terms, chunks stay as they were fed") {
    Connection talk;
    talk.facts.swap_roles();
    talk.up(0, "abc");
    CHECK(talk.server().bytes == 3);
    CHECK(talk.client().bytes == 0);
    CHECK(talk.heard.client() == "abc");
  }

  TEST_CASE("the budget of all streams: who asks gives up its own hole") {
    ReorderBudget shared{.per_stream = 1 << 20, .total = 4000};
    Connection greedy, modest;
    greedy.shared = modest.shared = &shared;
    greedy.shake();
    modest.shake();
    const std::string block(1000, 'x');
    for (int i = 1; i < 4; ++i) greedy.up(i * 1000, block);
    CHECK(greedy.heard.client().empty());
    modest.up(1, block);
    CHECK(modest.heard.client() == "<1>" + block);
    greedy.up(9000, block);
    CHECK(greedy.heard.client() == "<1000>" + block + block + block);
    CHECK(shared.used <= shared.total);
  }

  TEST_CASE("what waits is given back to the budget when the stream goes unfinished") {
    ReorderBudget budget;
    {
      Connection talk;
      talk.shake();
      net::Segment segment;
      segment.sequence = talk.client_isn + 100;
      segment.flags = ack;
      segment.payload = "waits";
      segment.payload_length = 5;
      talk.stream.feed(segment, to_server, talk.facts, budget, talk.heard);
      CHECK(budget.used > 0);
      TcpStream moved = std::move(talk.stream);
      CHECK(moved.memory() > 0);
      CHECK(budget.used > 0);
    }
    CHECK(budget.used == 0);
  }

  TEST_CASE("a stream at rest is small") {
    CHECK(sizeof(TcpStream) <= 128);
  }
}

}  // namespace wiretape::flow
