// SPDX-License-Identifier: Apache-2.0
#include "proto/socks/socks.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "proto/session.hpp"
#include "proto/support/hex.hpp"

namespace wiretape::socks {
namespace {

using test::bytes_of;

constexpr Direction up = Direction::to_server;
constexpr Direction down = Direction::to_client;

// Says of each call what was asked and answered, and which protocols were found.
class Proxy final : public EntryListener {
 public:
  Proxy() : pool_(DissectorOptions{}) {
    facts.transport = Transport::tcp;
    facts.state = StreamState::established;
    facts.client.port = 40000;
    facts.server.port = 1080;
    session_ = std::make_unique<Session>(pool_, facts);
  }

  void send(Direction direction, std::string_view bytes) {
    session_->feed({.direction = direction, .time = {++now_}, .bytes = bytes}, *this);
  }
  void finish() { session_->finish({++now_}, *this); }

  void complete(const Entry& entry) override {
    log += entry.label->abbr;
    log += ' ';
    log += entry.label->version;
    for (const Field& field : entry.schema->fields) {
      if (entry.label->name == "http" && field.path != "request.url" && field.path != "response.status") continue;
      std::string value;
      json::Writer writer(value);
      if (tell(field, entry, writer) && value != "\"\"" && value != "0") log += ' ' + value;
    }
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

const std::string get = "GET / HTTP/1.1\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const std::string http_told = "HTTP 1.1 \"/\" 200\n";

TEST_SUITE("socks") {
  TEST_CASE("what a client asks of its proxy, and HTTP behind it: what is said -> what is told") {
    const struct {
      std::string situation;
      std::vector<std::pair<Direction, std::string>> talk;
      std::string told;
    } rows[] = {
        {"version 4",
         {{up, "04 01 0050 0a000001 'me' 00"}, {down, "00 5a 0000 00000000"}},
         "SOCKS 4 \"connect\" \"me\" \"10.0.0.1\" 80 90 \"succeeded\" \"0.0.0.0\"\n"},
        {"version 4 with a name",
         {{up, "04 01 0050 00000001 00 'example.com' 00"}, {down, "00 5a 0000 00000000"}},
         "SOCKS 4 \"connect\" \"example.com\" 80 90 \"succeeded\" \"0.0.0.0\"\n"},
        {"version 5",
         {{up, "05 02 00 02"}, {down, "05 00"}, {up, "05 01 00 03 03 'a.b' 0050"}, {down, "05 00 00 01 0a000002 9c40"}},
         "SOCKS 5 \"greeting\" \"no authentication\"\n"
         "SOCKS 5 \"connect\" \"a.b\" 80 \"succeeded\" \"10.0.0.2\" 40000\n"},
        {"version 5 with a password, to an IPv6 address",
         {{up, "05 01 02"},
          {down, "05 02"},
          {up, "01 02 'me' 03 'abc'"},
          {down, "01 00"},
          {up, "05 01 00 04 20010db8 00000000 00000000 00000001 0050"},
          {down, "05 00 00 01 00000000 0000"}},
         "SOCKS 5 \"greeting\" 2 \"password\"\n"
         "SOCKS 5 \"password\" \"me\" \"succeeded\"\n"
         "SOCKS 5 \"connect\" \"2001:db8::1\" 80 \"succeeded\" \"0.0.0.0\"\n"},
        {"a proxy that listens answers twice",
         {{up, "05 01 00"},
          {down, "05 00"},
          {up, "05 02 00 01 0a000001 0015"},
          {down, "05 00 00 01 0a000002 0400"},
          {down, "05 00 00 01 0a000001 0014"}},
         "SOCKS 5 \"greeting\" \"no authentication\"\n"
         "SOCKS 5 \"bind\" \"10.0.0.1\" 21 \"succeeded\" \"10.0.0.2\" 1024\n"
         "SOCKS 5 \"succeeded\" \"10.0.0.1\" 20 !pair-not-found\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      for (const std::size_t piece : {std::size_t{1000}, std::size_t{1}}) {
        CAPTURE(piece);
        Proxy proxy;
        for (const auto& [direction, hex] : row.talk) {
          const std::string bytes = bytes_of(hex);
          for (std::size_t at = 0; at < bytes.size(); at += piece) proxy.send(direction, bytes.substr(at, piece));
        }
        proxy.send(up, get);
        proxy.send(down, ok);
        proxy.finish();
        CHECK(proxy.log == row.told + http_told);
      }
    }
  }

  TEST_CASE("a proxy says no") {
    const struct {
      std::string situation, ask, answer, told;
    } rows[] = {
        {"to a version 4 client", "04 01 0050 0a000001 00", "00 5b 0000 00000000",
         "SOCKS 4 \"connect\" \"10.0.0.1\" 80 91 \"rejected or failed\" \"0.0.0.0\"\n"},
        {"to all methods", "05 01 00", "05 ff", "SOCKS 5 \"greeting\" 255 \"no acceptable method\"\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      Proxy proxy;
      proxy.send(up, bytes_of(row.ask));
      proxy.send(down, bytes_of(row.answer));
      proxy.finish();
      CHECK(proxy.log == row.told);
    }
  }

  TEST_CASE("a client that does not wait for the answer loses nothing") {
    Proxy proxy;
    proxy.send(up, bytes_of("04 01 0050 0a000001 00"));
    proxy.send(up, get);
    proxy.send(down, bytes_of("00 5a 0000 00000000"));
    proxy.send(down, ok);
    proxy.finish();
    CHECK(proxy.log == "SOCKS 4 \"connect\" \"10.0.0.1\" 80 90 \"succeeded\" \"0.0.0.0\"\n" + http_told);
  }

  TEST_CASE("what only begins like it is not taken for it") {
    for (const std::string bytes : {"04 01 0000 05000000 00", "05 00 0b 03 10000000", "05 03 00 02 01 00", "05 01 50",
                                    "04 07 0050 0a000001 00"}) {
      CAPTURE(bytes);
      Proxy proxy;
      proxy.send(up, bytes_of(bytes));
      proxy.finish();
      CHECK(proxy.facts.dissected.empty());
      CHECK(proxy.log.empty());
    }
  }

  TEST_CASE("a text that never ends is given up") {
    Proxy proxy;
    proxy.send(up, bytes_of("04 01 0050 0a000001") + std::string(300, 'u'));
    proxy.finish();
    CHECK(proxy.log.empty());
  }

  TEST_CASE("HTTP on its port is HTTP") {
    Proxy proxy;
    proxy.send(up, get);
    proxy.send(down, ok);
    proxy.finish();
    CHECK(proxy.log == http_told);
  }
}

}  // namespace
}  // namespace wiretape::socks
