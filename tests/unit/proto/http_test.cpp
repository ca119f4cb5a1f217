// SPDX-License-Identifier: Apache-2.0
#include "proto/http/http.hpp"

#include <doctest/doctest.h>

#include <string>

#include "proto/support/http_calls.hpp"

using namespace wiretape;
using namespace wiretape::test;

namespace {

constexpr Direction up = Direction::to_server, down = Direction::to_client;

Driver fresh() {
  return Driver(http::protocol);
}

const std::string requests =
    "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
    "POST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
    "HEAD /c HTTP/1.1\r\n\r\n"
    "PUT /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nSum: 9\r\n\r\n"
    "GET /e HTTP/1.0\r\n\r\n";
const std::string responses =
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    "HTTP/1.1 100 Continue\r\n\r\n"
    "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"
    "HTTP/1.0 500 Internal Server Error\r\n\r\nuntil the end";
const std::string requests_told = "GET /a\nPOST /b [5 hello]\nHEAD /c\nPUT /d [32 abcde]\nGET /e";
const std::string responses_told = "200 [2 ok]\n201 [11 x]\n200\n304\n500 [13 until the end]";

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("a pipelined conversation gives the same messages however it is cut") {
    for (std::size_t size = 1; size <= requests.size(); ++size) {
      CAPTURE(size);
      Driver driver = fresh();
      driver.send_in_pieces(up, requests, size);
      driver.send_in_pieces(down, responses, size);
      driver.close(up);
      driver.close(down);
      CHECK(told(driver, up) == requests_told);
      CHECK(told(driver, down) == responses_told);
      CHECK_FALSE(driver.lost);
    }
  }

  TEST_CASE("one cut anywhere changes nothing") {
    for (std::size_t cut = 1; cut < responses.size(); ++cut) {
      CAPTURE(cut);
      Driver driver = fresh();
      driver.send(up, requests);
      driver.send(down, responses.substr(0, cut));
      driver.send(down, responses.substr(cut));
      driver.close(down);
      CHECK(told(driver, down) == responses_told);
    }
  }

  TEST_CASE("sizes are those on the wire") {
    Driver driver = fresh();
    driver.send(up, requests);
    std::uint64_t size = 0;
    for (const auto& seen : driver.messages) size += seen.message->size;
    CHECK(size == requests.size());
  }

  TEST_CASE("what ends a response: its status, its request, its length, its chunks, the stream") {
    const struct {
      std::string request, response, expected;
    } rows[] = {
        {"GET", "200 OK\r\nContent-Length: 0\r\n\r\n", "200"},
        {"GET", "204 No Content\r\n\r\n", "204"},
        {"GET", "304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", "304"},
        {"HEAD", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200"},
        {"GET", "200 OK\r\n\r\nall of it", "200 [9 all of it]"},
        {"GET", "200 OK\r\nTransfer-Encoding: gzip\r\n\r\nall of it",
         "200 [9 all of it] !dissection: Transfer-Encoding does not end with chunked"},
        {"GET", "200 OK\r\nContent-Length: 9\r\n\r\nhalf", "200 [4 half] !incomplete"},
        {"GET", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", "200 [7 half] !incomplete"},
        {"GET", "200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
         "200 [11 x] !dissection: both Transfer-Encoding and Content-Length"},
        {"GET", "200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
         "200 [2 ab] !dissection: repeated Content-Length"},
        {"GET", "200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabcd",
         "200 [4 abcd] !dissection: conflicting Content-Length"},
        {"GET", "200 OK\r\nContent-Length: two\r\n\r\nabcd", "200 [4 abcd] !dissection: malformed Content-Length"},
        {"GET", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
         "200 [10 x] !dissection: lines between the chunks end with a bare LF"},
        {"GET", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n",
         "200 [10 x] !dissection: lines between the chunks end with a bare LF"},
        {"GET", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\nA: b\n\r\n",
         "200 [20 x] !dissection: lines between the chunks end with a bare LF"},
        {"GET", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz", "200 [4 x] !dissection: malformed chunk"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.response);
      Driver driver = fresh();
      driver.send(up, row.request + " / HTTP/1.1\r\n\r\n");
      driver.send(down, "HTTP/1.1 " + row.response);
      driver.close(down);
      CHECK(told(driver, down) == row.expected);
    }
  }

  TEST_CASE("a request of unknown length is told, and reading goes on at the next request") {
    const struct {
      std::string lines, expected;
    } rows[] = {
        {"Content-Length: 2\r\nContent-Length: 3\r\n", "POST /bad !dissection: conflicting Content-Length\nGET /next"},
        {"Content-Length: x\r\n", "POST /bad !dissection: malformed Content-Length\nGET /next"},
        {"Transfer-Encoding: x\r\n", "POST /bad !dissection: Transfer-Encoding does not end with chunked\nGET /next"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.lines);
      Driver driver = fresh();
      driver.send(up, "POST /bad HTTP/1.1\r\n" + row.lines + "\r\nbody of whatever length");
      driver.send(up, "GET /next HTTP/1.1\r\n\r\n");
      CHECK(told(driver, up) == row.expected);
    }
  }

  TEST_CASE("heads that servers read in different ways are read, and said to be odd") {
    const std::string feed = " !dissection: lines of the head end with a bare LF";
    const std::string blanks = " !dissection: blanks in the head where none may be";
    const struct {
      std::string head, expected;
    } rows[] = {
        {"GET / HTTP/1.1\n\n", "GET /" + feed},
        {"GET / HTTP/1.1\r\nHost: x\n\r\n", "GET /" + feed},
        {"GET / HTTP/1.1\r\nHost: x\r\n\n", "GET /" + feed},
        {"GET / HTTP/1.1\nHost: x\r\n\r\n", "GET /" + feed},
        {"GET /a b HTTP/1.1\r\n\r\n", "GET /a b" + blanks},
        {"GET  / HTTP/1.1\r\n\r\n", "GET /" + blanks},
        {"GET /\tHTTP/1.1\r\n\r\n", "GET /" + blanks},
        {"GET /  HTTP/1.1\r\n\r\n", "GET /" + blanks},
        {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET /" + blanks},
        {"POST / HTTP/1.1\r\nContent-Length : 2\r\n\r\nhi", "POST / [2 hi]" + blanks},
        {"GET / HTTP/1.1\r\nHost:x \r\nA:\r\nB: :\r\n\r\n", "GET /"},
        {"GET / HTTP/1.1\r\nA: b\r\n c : d\r\n\r\n", "GET /"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.head);
      Driver driver = fresh();
      driver.send(up, row.head);
      CHECK(told(driver, up) == row.expected);
    }
    Driver driver = fresh();
    driver.send(down, "HTTP/1.0 200 OK\nContent-Length: 2\n\nok");
    CHECK(told(driver, down) == "200 [2 ok]" + feed);
  }

  TEST_CASE("chunks in an answer of HTTP/1.0 are read, and said to be wrong") {
    Driver driver = fresh();
    driver.send(up, "GET / HTTP/1.0\r\n\r\n");
    driver.send(down, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    CHECK(told(driver, down) == "200 [11 x] !dissection: Transfer-Encoding in HTTP/1.0");
  }

  TEST_CASE("interim responses are no calls") {
    Driver driver = fresh();
    driver.send(up, "GET / HTTP/1.1\r\n\r\n");
    driver.send(down,
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 204 x\r\n\r\n");
    CHECK(told(driver, down) == "204");
  }

  TEST_CASE("a body that the server refused is not waited for") {
    Driver driver = fresh();
    driver.send(up, "POST /big HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n");
    driver.send(down, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    driver.send(up, "GET /small HTTP/1.1\r\n\r\n");
    CHECK(told(driver, up) == "POST /big\nGET /small");
  }

  TEST_CASE("a body that was expected and allowed is read") {
    Driver driver = fresh();
    driver.send(up, "POST /big HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    driver.send(down, "HTTP/1.1 100 Continue\r\n\r\n");
    driver.send(up, "GET /x");
    CHECK(told(driver, up) == "POST /big [5 GET /]");
  }

  TEST_CASE("after 101 another protocol follows") {
    Driver driver = fresh();
    driver.send(up, "GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    driver.send(down, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n");
    CHECK_FALSE(driver.handed_over);
    CHECK(told(driver, down) == "101");
    driver.send(down, "hi");
    CHECK(driver.handed_over);
    CHECK(driver.dissector().next_protocol() == nullptr);
  }

  TEST_CASE("what goes through a CONNECT tunnel is not HTTP's, even when it comes before the answer is seen") {
    Driver driver = fresh();
    driver.send(up, "CONNECT example.org:443 HTTP/1.1\r\n\r\n");
    driver.send(up, std::string("\x16\x03\x01\x02\x00hello", 10));
    CHECK_FALSE(driver.lost);
    CHECK(driver.waiting(up) == 10);
    driver.send(down, "HTTP/1.1 200 Connection established\r\n\r\n");
    driver.send(up, "more");
    CHECK(driver.handed_over);
    CHECK(told(driver, up) == "CONNECT example.org:443");
    CHECK(told(driver, down) == "200");
  }

  TEST_CASE("a CONNECT that is refused leaves the conversation as it was") {
    Driver driver = fresh();
    driver.send(up, "CONNECT a:443 HTTP/1.1\r\n\r\n");
    driver.send(down, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno");
    driver.send(up, "GET / HTTP/1.1\r\n\r\n");
    driver.send(down, "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(told(driver, up) == "CONNECT a:443\nGET /");
    CHECK(told(driver, down) == "407 [2 no]\n204");
    CHECK_FALSE(driver.handed_over);
  }

  TEST_CASE("a gap inside a body costs that body only") {
    const struct {
      std::string before;
      std::uint64_t missing;
      std::string after, expected;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 4, "de", "200 [9 abc] !incomplete\n204"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 6, "", "200 [9 abc] !incomplete\n204"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 60, "", "200 [9 abc] !incomplete\n204"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", 4, "de\r\n0\r\n\r\n",
         "200 [19 abc] !incomplete\n204"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", 6, "\r\n0\r\n\r\n",
         "200 [19 abc] !incomplete\n204"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", 60, "", "200 [66 abc] !incomplete\n204"},
        {"HTTP/1.1 200 OK\r\nCont", 20, "", "204"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "rest of a lost one", "200 [1 x]\n204"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.before);
      CAPTURE(row.missing);
      Driver driver = fresh();
      driver.send(up, "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
      driver.send(down, row.before);
      driver.lose(down, row.missing);
      driver.send(down, row.after);
      driver.send(down, "HTTP/1.1 204 No Content\r\n\r\n");
      CHECK(told(driver, down) == row.expected);
      CHECK_FALSE(driver.lost);
    }
  }

  TEST_CASE("after lost responses the next one answers the latest request") {
    Driver driver = fresh();
    driver.send(up, "HEAD / HTTP/1.1\r\n\r\n");
    driver.lose(down, 100);
    driver.send(up, "GET / HTTP/1.1\r\n\r\n");
    driver.send(down, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    CHECK(told(driver, down) == "200 [2 ok]");
  }

  TEST_CASE("bytes that belong to no message are passed over, up to a limit") {
    Driver driver = fresh();
    driver.send(down, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    driver.send(down, "{\"more than was promised\": true}\n");
    driver.send(down, "\r\nHTTP/1.1 204 No Content\r\n\r\n");
    driver.send(down, "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(told(driver, down) == "200 [2 ok]\n204");
    for (int i = 0; i < 20 && !driver.lost; ++i) driver.send(down, std::string(100'000, '\1'));
    CHECK(driver.lost);
  }

  TEST_CASE("a health check asks as in HTTP/0.9, and what comes is the body") {
    const std::string page = "<html>fine</html>";
    for (std::size_t size = 1; size <= page.size(); ++size) {
      CAPTURE(size);
      Driver driver = fresh();
      driver.send_in_pieces(up, "GET /health\r\n\r\n", size);
      driver.send_in_pieces(down, page, size);
      driver.close(down);
      CHECK(told(driver, up) == "GET /health");
      CHECK(told(driver, down) == "0 [17 " + page + "]");
    }
  }

  TEST_CASE("a newer server answers HTTP/0.9 with a head") {
    Driver driver = fresh();
    driver.send(up, "GET /\r\n");
    driver.send(down, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
    CHECK(told(driver, down) == "200 [2 ok]");
  }

  TEST_CASE("a line without a version is no request behind others, nor where one is searched for") {
    Driver driver = fresh();
    driver.send(up, "GET /a HTTP/1.1\r\n\r\nGET /b\r\nGET /c HTTP/1.1\r\n\r\n");
    CHECK(told(driver, up).substr(0, 6) == "GET /a");
    CHECK(told(driver, up).find("/b") == std::string::npos);
  }

  TEST_CASE("garbage in front of the first request hides neither its answer nor the next request") {
    Driver driver = fresh();
    driver.send(up, std::string("\xDD\0\0 GET /a HTTP/1.1\r\n\r\n", 23));
    driver.send(down, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    driver.send(up, "GET /b HTTP/1.1\r\n\r\n");
    CHECK(told(driver, up) == "GET /b");
    CHECK(told(driver, down) == "200 [2 ok]");
  }

  TEST_CASE("blanks before a method are forgiven, as servers do") {
    Driver driver = fresh();
    driver.send(up, " GET /txt HTTP/1.1\r\n\r\n");
    CHECK(told(driver, up) == "GET /txt");
  }

  TEST_CASE("empty lines between messages are passed over") {
    Driver driver = fresh();
    driver.send_in_pieces(up, "\r\nGET /a HTTP/1.1\r\n\r\n\r\n\nGET /b HTTP/1.1\r\n\r\n", 1);
    CHECK(told(driver, up) == "GET /a\nGET /b");
  }

  TEST_CASE("a head of more than 64 KiB is lost, and never asked for") {
    const std::string endless = "GET / HTTP/1.1\r\nX: " + std::string(200'000, 'x');
    for (const std::size_t piece : {endless.size(), std::size_t{1400}}) {
      CAPTURE(piece);
      Driver driver = fresh();
      driver.send_in_pieces(up, endless, piece);
      CHECK(driver.lost);
      CHECK(driver.messages.empty());
      CHECK(driver.longest_wish <= 64U << 10U);
    }
  }

  TEST_CASE("a head of nearly 64 KiB that comes byte by byte is read") {
    const std::string wire = "GET / HTTP/1.1\r\nX: " + std::string(65'000, 'x') + "\r\n\r\n";
    Driver driver = fresh();
    driver.send_in_pieces(up, wire, 1);
    CHECK(told(driver, up) == "GET /");
    CHECK(driver.longest_wish <= 64U << 10U);
  }

  TEST_CASE("a long body is consumed in pieces, kept or not") {
    for (const bool keep : {true, false}) {
      CAPTURE(keep);
      Driver driver(http::protocol, {.body_limit = 1000});
      driver.keep_bodies = keep;
      driver.send(down, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
      const std::string piece(100'000, 'x');
      for (int i = 0; i < 100; ++i) {
        driver.send(down, piece);
        REQUIRE(driver.waiting(down) == 0);
      }
      driver.close(down);
      REQUIRE(driver.messages.size() == 1);
      const auto& message = static_cast<const http::Message&>(*driver.messages[0].message);
      CHECK(message.body_size == 10'000'000);
      CHECK(message.body.text().size() == (keep ? 1000 : 0));
    }
  }

  TEST_CASE("the head is shown before its body comes") {
    Driver driver = fresh();
    driver.send(down, "HTTP/1.1 500 Oh no\r\nContent-Length: 5\r\n\r\nhe");
    CHECK(driver.heads == 1);
    const Message* open = driver.dissector().peek(down);
    REQUIRE(open != nullptr);
    CHECK(value(entry_of(nullptr, open), "response.status") == "500");
    driver.send(down, "llo");
    CHECK(driver.dissector().peek(down) == nullptr);
  }

  TEST_CASE("a message that was used before starts afresh") {
    Driver driver = fresh();
    driver.send(up, "POST /first?a=1 HTTP/1.1\r\nCookie: a=b\r\nContent-Length: 2\r\n\r\nxy");
    CHECK(value(entry_of(driver.messages[0].message.get(), nullptr), "request.cookies") == "{\"a\":\"b\"}");
    driver.dissector().recycle(std::move(driver.messages[0].message));
    driver.messages.clear();
    driver.send(up, "GET /second HTTP/1.1\r\n\r\n");
    const Entry entry = entry_of(driver.messages[0].message.get(), nullptr);
    CHECK(value(entry, "request.path") == "\"/second\"");
    CHECK(value(entry, "request.cookies") == "{}");
    CHECK(value(entry, "request.queryString") == "{}");
    CHECK(value(entry, "request.postData.text") == "missing");
  }

  TEST_CASE("the guess knows requests from the client and responses from the server") {
    const auto name = [](Guess guess) -> std::string {
      return guess == Guess::yes ? "yes" : guess == Guess::maybe ? "maybe" : "no";
    };
    const struct {
      Direction direction;
      std::string bytes, expected;
    } rows[] = {
        {up, "GET / HTTP/1.1\r\n", "yes"},
        {up, "\r\nGET / HTTP/1.1\r\n", "yes"},
        {up, "GET / HT", "maybe"},
        {up, "\r\n", "maybe"},
        {up, "HTTP/1.1 200 OK\r\n", "no"},
        {up, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "no"},
        {up, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "no"},
        {up, "get key\r\n", "no"},
        {up, "GET key\r\n", "no"},
        {up, std::string("\xDD\0\0 GET / HTTP/1.1\r\n", 20), "yes"},
        {up, " HTTP/1.1", "no"},
        {up, "GET /\r\n", "yes"},
        {up, "\r\n\r\n\r\n\r\n\r\n\r\n", "no"},
        {down, "HTTP/1.1 200 OK\r\n", "yes"},
        {down, "HTTP/1", "maybe"},
        {down, "GET / HTTP/1.1\r\n", "no"},
        {down, "+OK\r\n", "no"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.bytes);
      CHECK(name(http::protocol.guess(row.direction, row.bytes, false)) == row.expected);
      CHECK(name(http::protocol.guess(row.direction, row.bytes, true)) == "no");
    }
  }
}
