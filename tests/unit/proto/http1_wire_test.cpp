// SPDX-License-Identifier: Apache-2.0
#include "proto/http/http1_wire.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace wiretape::http;
using wiretape::Bytes;

namespace {

std::string outcome(Parsed parsed) {
  return parsed == Parsed::whole ? "whole" : parsed == Parsed::partial ? "partial" : "malformed";
}

struct Walked {
  std::string data, trailer, end;
  std::size_t left = 0;
};

// Feeds a walker in pieces of `size`.
Walked walk(const std::string& wire, std::size_t size) {
  Walked result{"", "", "more", 0};
  ChunkWalker walker;
  for (std::size_t at = 0; at < wire.size(); at += size) {
    Bytes rest = Bytes(wire).substr(at, size);
    for (;;) {
      const auto piece = walker.next(rest);
      if (piece.kind == ChunkWalker::Piece::Kind::more) break;
      if (piece.kind == ChunkWalker::Piece::Kind::data) result.data += piece.bytes;
      if (piece.kind == ChunkWalker::Piece::Kind::trailer) result.trailer += piece.bytes;
      const bool ends = piece.kind == ChunkWalker::Piece::Kind::end;
      if (ends || piece.kind == ChunkWalker::Piece::Kind::broken) {
        result.end = ends ? "end" : "broken";
        result.left = rest.size() + wire.size() - std::min(wire.size(), at + size);
        return result;
      }
    }
  }
  return result;
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("a request line: what is one, what may become one, what never will") {
    const struct {
      std::string line, expected;
    } rows[] = {
        {"GET / HTTP/1.1\r\n", "whole"},
        {"GET / HTTP/1.0\n", "whole"},
        {"M-SEARCH * HTTP/1.1\r\n", "whole"},
        {"PROPFIND /dav/ HTTP/1.1  \r\n", "whole"},
        {"GET /a b c HTTP/1.1\r\n", "whole"},
        {"CONNECT example.org:443 HTTP/1.1\r\n", "whole"},
        {"GET http://example.org/ HTTP/1.1\r\n", "whole"},
        {"G", "partial"},
        {"GET", "partial"},
        {"GET /index.html HTT", "partial"},
        {"GET / HTTP/1.1\r", "partial"},
        {"GET /\r\n", "whole"},  // HTTP/0.9
        {"GET /a b\r\n", "malformed"},
        {"GET key\r\n", "malformed"},
        {"POST /\r\n", "malformed"},
        {"GET  HTTP/1.1\r\n", "malformed"},
        {" GET / HTTP/1.1\r\n", "malformed"},
        {"GET / HTTP/2.0\r\n", "malformed"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "malformed"},
        {"OPTIONS sip:a@b SIP/2.0\r\n", "malformed"},
        {"DESCRIBE rtsp://a/b RTSP/1.0\r\n", "malformed"},
        {"EHLO mail.example.org\r\n", "malformed"},
        {"SSH-2.0-OpenSSH_9.2\r\n", "malformed"},
        {"*1\r\n$4\r\nPING\r\n", "malformed"},
        {std::string("\x16\x03\x01\x02\x00", 5), "malformed"},
        {std::string("GET \0\0\0", 7), "malformed"},
        {std::string(40, 'A'), "malformed"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.line);
      Head head;
      CHECK(outcome(parse_start_line(Start::request, row.line, head)) == row.expected);
    }
  }

  TEST_CASE("a status line: what is one, what may become one, what never will") {
    const struct {
      std::string line, expected;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\n", "whole"},
        {"HTTP/1.0 404\r\n", "whole"},
        {"HTTP/1.1 500 \n", "whole"},
        {"HTTP/1.1 302 Moved over there\r\n", "whole"},
        {"H", "partial"},
        {"HTTP/1.1 2", "partial"},
        {"HTTP/1.1 200", "partial"},
        {"HTTP/1.1 200 O", "partial"},
        {"HTTP/1.1 20\r\n", "malformed"},
        {"HTTP/1.1 2000 OK\r\n", "malformed"},
        {"HTTP/1.1 050 x\r\n", "malformed"},
        {"HTTP/2 200\r\n", "malformed"},
        {"ICY 200 OK\r\n", "malformed"},
        {"GET / HTTP/1.1\r\n", "malformed"},
        {"220 ftp ready\r\n", "malformed"},
        {"RTSP/1.0 200 OK\r\n", "malformed"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.line);
      Head head;
      CHECK(outcome(parse_start_line(Start::response, row.line, head)) == row.expected);
    }
  }

  TEST_CASE("every proper prefix of a head is partial, and longer bytes change nothing") {
    const std::string wire = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-Folded: a\r\n b\r\n\r\n";
    Head head;
    for (std::size_t size = 1; size < wire.size(); ++size) {
      CAPTURE(size);
      CHECK(outcome(parse_head(Start::request, Bytes(wire).substr(0, size), head)) == "partial");
      CHECK(find_head_end(Bytes(wire).substr(0, size), 0) == 0);
    }
    CHECK(outcome(parse_head(Start::request, wire + "12345GET", head)) == "whole");
    CHECK(head.size == wire.size());
    CHECK(head.content_length == 5);
    for (std::size_t from = 0; from < wire.size(); ++from) CHECK(find_head_end(wire, from) == wire.size());
  }

  TEST_CASE("what header lines say of the body's end") {
    const struct {
      std::string lines;
      Length length;
      std::uint64_t value;
      Transfer transfer;
    } rows[] = {
        {"", Length::none, 0, Transfer::none},
        {"Content-Length: 17\r\n", Length::given, 17, Transfer::none},
        {"CONTENT-length:17\r\n", Length::given, 17, Transfer::none},
        {"Content-Length : 17\r\n", Length::given, 17, Transfer::none},
        {"Content-Length:\r\n 17\r\n", Length::given, 17, Transfer::none},
        {"Content-Length: 17\nContent-Length: 17\n", Length::repeated, 17, Transfer::none},
        {"Content-Length: 17, 17\r\n", Length::repeated, 17, Transfer::none},
        {"Content-Length: 17\r\nContent-Length: 18\r\n", Length::conflicting, 17, Transfer::none},
        {"Content-Length: -1\r\n", Length::malformed, 0, Transfer::none},
        {"Content-Length: +5\r\n", Length::malformed, 0, Transfer::none},
        {"Content-Length: 0x10\r\n", Length::malformed, 0, Transfer::none},
        {"Content-Length:\r\n", Length::malformed, 0, Transfer::none},
        {"Content-Length: 99999999999999999999999\r\n", Length::malformed, 0, Transfer::none},
        {"X-Content-Length: 17\r\n", Length::none, 0, Transfer::none},
        {"Transfer-Encoding: chunked\r\n", Length::none, 0, Transfer::chunked},
        {"transfer-encoding: gzip, Chunked\r\n", Length::none, 0, Transfer::chunked},
        {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", Length::none, 0, Transfer::chunked},
        {"Transfer-Encoding: identity\r\n", Length::none, 0, Transfer::none},
        {"Transfer-Encoding: chunked, gzip\r\n", Length::none, 0, Transfer::opaque},
        {"Transfer-Encoding: chunked, chunked\r\n", Length::none, 0, Transfer::opaque},
        {"Transfer-Encoding: xchunked\r\n", Length::none, 0, Transfer::coded},
    };
    for (const auto& row : rows) {
      CAPTURE(row.lines);
      Head head;
      REQUIRE(parse_head(Start::request, "POST / HTTP/1.1\r\n" + row.lines + "\r\n", head) == Parsed::whole);
      CHECK(head.length == row.length);
      if (row.length != Length::malformed) CHECK(head.content_length == row.value);
      CHECK(head.transfer == row.transfer);
    }
  }

  TEST_CASE("a head longer than 64 KiB is malformed at once") {
    const std::string wire = "GET / HTTP/1.1\r\nX: " + std::string(longest_head, 'x') + "\r\n\r\n";
    Head head;
    CHECK(outcome(parse_head(Start::request, wire, head)) == "malformed");
    CHECK(outcome(parse_head(Start::request, Bytes(wire).substr(0, longest_head), head)) == "malformed");
    CHECK(outcome(parse_start_line(Start::request, "GET /" + std::string(longest_head, 'x'), head)) == "malformed");
  }

  TEST_CASE("a chunked body is the same however it is cut") {
    const struct {
      std::string wire, data, trailer, end;
      std::size_t left;
    } rows[] = {
        {"5\r\nhello\r\n0\r\n\r\n", "hello", "", "end", 0},
        {"5\nhello\n0\n\nnext", "hello", "", "end", 4},
        {"1;a=b\r\nx\r\nA ;q=\"1\"\r\n0123456789\r\n00\r\n\r\n", "x0123456789", "", "end", 0},
        {"3\r\nabc\r\n0\r\nSum: 1\r\nB: 2\r\n\r\nGET", "abc", "Sum: 1\r\nB: 2\r\n", "end", 3},
        {"0000000000000000000003\r\nabc\r\n0\r\n\r\n", "abc", "", "end", 0},
        {"5\r\nhelloX", "hello", "", "broken", 1},
        {"g\r\n", "", "", "broken", 3},
        {"\r\n", "", "", "broken", 2},
        {"-1\r\n", "", "", "broken", 4},
        {"ffffffffffffffff\r\n", "", "", "broken", 3},
        {"5\r\nhel", "hel", "", "more", 0},
    };
    for (const auto& row : rows) {
      CAPTURE(row.wire);
      for (std::size_t size = 1; size <= row.wire.size(); ++size) {
        CAPTURE(size);
        const Walked walked = walk(row.wire, size);
        CHECK(walked.data == row.data);
        CHECK(walked.end == row.end);
        CHECK(Bytes(walked.trailer).substr(0, row.trailer.size()) == row.trailer);
        if (row.end == "end") CHECK(walked.left == row.left);
      }
    }
  }

  TEST_CASE("a bare LF between the chunks is noticed however the body is cut") {
    const struct {
      std::string wire;
      bool bare;
    } rows[] = {
        {"3\r\na\nb\r\n0\r\nA: b\r\n\r\n", false},
        {"3;x\r\na\nb\r\n0\r\n\r\n", false},
        {"1\na\r\n0\r\n\r\n", true},
        {"1 ;x\na\r\n0\r\n\r\n", true},
        {"1\r\na\n0\r\n\r\n", true},
        {"1\r\na\r\n0\n\r\n", true},
        {"1\r\na\r\n0\r\nA: b\n\r\n", true},
        {"1\r\na\r\n0\r\n\n", true},
    };
    for (const auto& row : rows) {
      CAPTURE(row.wire);
      for (std::size_t size = 1; size <= row.wire.size(); ++size) {
        ChunkWalker walker;
        for (std::size_t at = 0; at < row.wire.size(); at += size) {
          Bytes rest = Bytes(row.wire).substr(at, size);
          while (!rest.empty() && walker.next(rest).kind != ChunkWalker::Piece::Kind::end) {
          }
        }
        CHECK(walker.has_bare_feed() == row.bare);
      }
    }
  }

  TEST_CASE("a gap in a chunked body is survived inside a chunk only") {
    ChunkWalker walker;
    Bytes rest = "a\r\n01234";
    while (!rest.empty()) static_cast<void>(walker.next(rest));
    CHECK_FALSE(ChunkWalker(walker).gap(6));
    CHECK(walker.gap(5));
    rest = "\r\n0\r\n\r\n";
    CHECK(walker.next(rest).kind == ChunkWalker::Piece::Kind::end);
    CHECK_FALSE(ChunkWalker().gap(1));
  }

  TEST_CASE("header lines: folded, without a colon, with spaces around") {
    Bytes rest = "A: 1\r\nnonsense\r\nB :  two \r\n : none\r\nC:\r\n";
    std::string seen;
    for (Line line; next_line(rest, line);) seen += std::string(line.name) + "=" + std::string(line.value) + ";";
    CHECK(seen == "A=1;B=two \r\n : none;C=;");
  }
}
