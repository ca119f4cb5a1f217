// SPDX-License-Identifier: Apache-2.0
#include "proto/tls/tls.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "proto/detect.hpp"
#include "proto/session.hpp"
#include "proto/support/driver.hpp"
#include "proto/support/tls_talk.hpp"
#include "proto/tls/wire.hpp"

namespace wiretape::tls {
namespace {

using test::alert;
using test::bytes_of;
using test::change_cipher_spec;
using test::handshake;
using test::record;
using test::sealed;

constexpr Direction up = Direction::to_server;
constexpr Direction down = Direction::to_client;

// Says of each call, in a line: the name wanted, what the server chose, its certificates, and what went wrong.
class Stream final : public EntryListener {
 public:
  explicit Stream(StreamState state = StreamState::established) : pool_(DissectorOptions{}) {
    facts.state = state;
    facts.client.port = 40000;
    facts.server.port = 443;
    session_ = std::make_unique<Session>(pool_, facts);
  }

  void send(Direction direction, std::string_view bytes, std::size_t piece = SIZE_MAX) {
    for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
      session_->feed({.direction = direction, .time = milliseconds(++now), .bytes = bytes.substr(at, piece)}, *this);
    }
  }
  void lose(Direction direction, std::uint64_t missing) {
    session_->feed({.direction = direction, .time = milliseconds(++now), .missing = missing}, *this);
  }
  void finish() { session_->finish(milliseconds(++now), *this); }
  [[nodiscard]] bool idle() const { return session_->idle(); }

  void complete(const Entry& entry) override {
    CHECK(entry.tls == (entry.schema->name == "tls"));
    log += entry.label->abbr;
    log += ' ';
    log += entry.label->version;
    if (entry.schema->name == "tls") {
      log += ' ' + value(entry, "request.sni") + ' ' + value(entry, "response.version");
      log += ' ' + value(entry, "response.cipherSuite");
    }
    if (entry.fault.type != Fault::Type::none) log += " !" + std::string(name(entry.fault.type));
    if (entry.fault.type == Fault::Type::connection) log += ": " + std::string(entry.fault.message);
    log += '\n';
    document.clear();
    json::Writer writer(document);
    render(entry, writer);
    elapsed = entry.elapsed();
  }
  bool opened(const Entry& entry) override {
    CHECK(entry.stage != Stage::complete);
    return true;
  }
  void identified(const Protocol*) override {}

  [[nodiscard]] std::string value(const Entry& entry, std::string_view path) const {
    for (const Field& field : entry.schema->fields) {
      if (field.path != path) continue;
      std::string out;
      json::Writer writer(out);
      return tell(field, entry, writer) ? out : "-";
    }
    return "no such field";
  }

  static Timestamp milliseconds(std::int64_t count) { return {count * 1'000'000}; }

  StreamFacts facts;
  std::string log;
  std::string document;  // the newest call as JSON
  Duration elapsed;
  std::int64_t now = 0;

 private:
  SessionPool pool_;
  std::unique_ptr<Session> session_;
};

const std::string hello = record(22, handshake(1, test::client_hello(test::server_name("shop.example"))), 0x0301);
const std::string hello_done = handshake(14, "");
const std::string answer = handshake(2, test::server_hello(""));
const std::string chain = handshake(11, test::certificates({test::shop_der}));
const std::string keys = record(22, handshake(16, "keys"));
const std::string answer_13 = record(22, handshake(2, test::server_hello(test::version_13, "1301")));
const std::string told_12 = "TLS 1.2 \"shop.example\" \"TLS 1.2\" \"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"";
const std::string told_13 = "TLS 1.3 \"shop.example\" \"TLS 1.3\" \"TLS_AES_128_GCM_SHA256\"";
const std::string unanswered = "TLS  \"shop.example\" - -";

using Talk = std::vector<std::pair<Direction, std::string>>;

// Pieces of any length: one octet of fragment for each record.
std::string in_small_records(std::string_view fragment) {
  std::string out;
  for (const char octet : fragment) out += record(22, std::string(1, octet), 0x0301);
  return out;
}

TEST_SUITE("tls") {
  TEST_CASE("a handshake is the same however it is cut: what is said -> what is told") {
    const std::string first_hello =
        record(22, handshake(1, test::client_hello(test::server_name("shop.example"), "1301")), 0x0301);
    const std::string retry =
        record(22, handshake(2, test::server_hello(test::version_13, "1301", "0303", test::retry_random)));
    const struct {
      std::string situation;
      Talk talk;
      std::string told;
    } rows[] = {
        {"TLS 1.2, a record for each message",
         {{up, hello},
          {down, record(22, answer) + record(22, chain) + record(22, hello_done)},
          {up, keys + change_cipher_spec + sealed},
          {down, change_cipher_spec + sealed}},
         told_12 + "\n"},
        {"TLS 1.2, one record for all messages",
         {{up, hello}, {down, record(22, answer + chain + hello_done)}, {up, keys}, {down, change_cipher_spec}},
         told_12 + "\n"},
        {"TLS 1.2, records of one octet",
         {{up, in_small_records(hello.substr(5))},
          {down, in_small_records(answer + chain + hello_done)},
          {up, keys},
          {down, change_cipher_spec}},
         told_12 + "\n"},
        {"TLS 1.2, resumed with a new ticket",
         {{up, hello},
          {down, record(22, answer) + record(22, handshake(4, "ticket")) + change_cipher_spec + sealed},
          {up, change_cipher_spec + sealed}},
         told_12 + "\n"},
        {"TLS 1.2, the client leaves before the server goes on",
         {{up, hello}, {down, record(22, answer + chain + hello_done)}},
         told_12 + "\n"},
        {"TLS 1.3",
         {{up, hello}, {down, answer_13 + change_cipher_spec + sealed}, {up, change_cipher_spec + sealed}},
         told_13 + "\n"},
        {"TLS 1.3 with early data",
         {{up, hello + change_cipher_spec + sealed + sealed}, {down, answer_13 + sealed}, {up, sealed}},
         told_13 + "\n"},
        {"TLS 1.3, asked again",
         {{up, first_hello},
          {down, retry + change_cipher_spec},
          {up, change_cipher_spec + hello},
          {down, answer_13 + sealed}},
         told_13 + "\n" + told_13 + "\n"},
        {"with a hello of SSL 2",
         {{up, bytes_of("801c 01 0301 0003 0000 0010 00002f") + std::string(16, 'C')},
          {down, record(22, handshake(2, test::server_hello("", "002f", "0301")) + chain + hello_done)}},
         "TLS 1.0 \"\" \"TLS 1.0\" \"TLS_RSA_WITH_AES_128_CBC_SHA\"\n"},
        {"wished for by a PostgreSQL client",
         {{up, std::string(postgres_request)}, {down, "S"}, {up, hello}, {down, answer_13 + sealed}},
         told_13 + "\n"},
        {"a warning changes nothing", {{up, hello}, {down, alert(1, 112) + answer_13}}, told_13 + "\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{7}}) {
        CAPTURE(piece);
        Stream stream;
        for (const auto& [direction, bytes] : row.talk) stream.send(direction, bytes, piece);
        stream.finish();
        CHECK(stream.log == row.told);
        CHECK(stream.facts.dissected == "tls");
      }
    }
  }

  TEST_CASE("a handshake is the same for every place where its flights are cut in two") {
    const std::string flight = record(22, answer) + record(22, chain + hello_done);
    for (std::size_t cut = 1; cut < hello.size(); ++cut) {
      CAPTURE(cut);
      Stream stream;
      stream.send(up, hello.substr(0, cut));
      stream.send(up, hello.substr(cut));
      stream.send(down, flight);
      stream.finish();
      CHECK(stream.log == told_12 + "\n");
    }
    for (std::size_t cut = 1; cut < flight.size(); ++cut) {
      CAPTURE(cut);
      Stream stream;
      stream.send(up, hello);
      stream.send(down, flight.substr(0, cut));
      stream.send(down, flight.substr(cut));
      stream.send(up, keys);
      stream.send(down, change_cipher_spec);
      CHECK(stream.log == told_12 + "\n");
    }
  }

  TEST_CASE("all fields of a handshake") {
    Stream stream;
    stream.send(up, record(22, handshake(1, test::client_hello(test::server_name("shop.example") +
                                                                   test::protocols({"h2", "\x0a\x0a"}) +
                                                                   test::extension(0x1a1a, "") +
                                                                   test::extension(43, bytes_of("06 2a2a 0304 0303")),
                                                               "0a0a 1301 c02f ffff"))));
    stream.send(down, record(22, handshake(2, test::server_hello(test::protocols({"h2"}))) + chain + hello_done));
    stream.finish();
    const std::string request =
        R"("request":{"version":"TLS 1.2","supportedVersions":["GREASE","TLS 1.3","TLS 1.2"],)"
        R"("cipherSuites":["GREASE","TLS_AES_128_GCM_SHA256","TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256","0xffff"],)"
        R"("sni":"shop.example","alpn":["h2","GREASE"],)"
        R"("extensions":["server_name","application_layer_protocol_negotiation","GREASE","supported_versions"]})";
    const std::string response =
        R"("response":{"version":"TLS 1.2","cipherSuite":"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256","alpn":"h2",)"
        R"("helloRetryRequest":false,"certificates":[{"subject":"CN=shop.example,O=M)"
        "\xc3\xbc"
        R"(ller\\, S)"
        "\xc3\xb6"
        R"(hne")";
    CHECK(stream.document.find(request) != std::string::npos);
    CHECK(stream.document.find(response) != std::string::npos);
    CHECK(stream.document.find(R"("serial":"04d2"})") != std::string::npos);
    CHECK(stream.document.find(R"("protocol":{"name":"tls","version":"1.2","abbr":"TLS")") != std::string::npos);
    CHECK(stream.document.find(R"("tls":true)") != std::string::npos);
  }

  TEST_CASE("a hello of SSL 2 lists suites of three octets") {
    Stream stream;
    stream.send(up, bytes_of("801f 01 0301 0006 0000 0010 00002f 010080") + std::string(16, 'C'));
    stream.finish();
    CHECK(stream.document.find(R"("cipherSuites":["TLS_RSA_WITH_AES_128_CBC_SHA","0x010080"])") != std::string::npos);
  }

  TEST_CASE("who refuses says why: what is said -> what is told") {
    const std::string flight = record(22, answer + chain + hello_done);
    const struct {
      std::string situation;
      Talk talk;
      std::string told;
    } rows[] = {
        {"the server, instead of an answer",
         {{up, hello}, {down, alert(2, 40)}},
         unanswered + " !connection: handshake_failure\n"},
        {"the client, before an answer", {{up, hello + alert(2, 90)}}, unanswered + " !connection: user_canceled\n"},
        {"the client, of the certificate",
         {{up, hello}, {down, flight}, {up, alert(2, 48)}},
         told_12 + " !connection: unknown_ca\n"},
        {"the server, of the client's certificate",
         {{up, hello}, {down, flight}, {up, keys + change_cipher_spec + sealed}, {down, alert(2, 42)}},
         told_12 + " !connection: bad_certificate\n"},
        {"the server, while it answers",
         {{up, hello}, {down, record(22, answer) + alert(2, 80)}},
         told_12 + " !connection: internal_error\n"},
        {"by closing", {{up, hello}, {down, alert(1, 0)}}, unanswered + " !connection: close_notify\n"},
        {"with a number of its own",
         {{up, hello}, {down, alert(2, 200)}},
         unanswered + " !connection: unknown alert\n"},
        {"in sealed words", {{up, hello}, {down, answer_13}, {up, record(21, "sealed alert")}}, told_13 + "\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      for (const std::size_t piece : {SIZE_MAX, std::size_t{1}}) {
        Stream stream;
        for (const auto& [direction, bytes] : row.talk) stream.send(direction, bytes, piece);
        stream.finish();
        CHECK(stream.log == row.told);
      }
    }
  }

  TEST_CASE("the response ends with its flight, not when the handshake goes on") {
    Stream stream;
    stream.send(up, hello);                                         // 1 ms
    stream.send(down, record(22, answer));                          // 2 ms
    stream.send(down, record(22, chain) + record(22, hello_done));  // 3 ms
    stream.now = 900;
    stream.send(up, keys);
    stream.send(down, change_cipher_spec);
    CHECK(stream.elapsed == Duration::milliseconds(2));
    const std::size_t size = record(22, answer).size() + record(22, chain).size() + record(22, hello_done).size();
    CHECK(stream.document.find("\"responseSize\":" + std::to_string(size)) != std::string::npos);
    CHECK(stream.document.find("\"requestSize\":" + std::to_string(hello.size())) != std::string::npos);
  }

  TEST_CASE("a response that the end of the stream ends has its size") {
    for (const std::string& flight : {record(22, answer + chain + hello_done), record(22, answer)}) {
      Stream stream;
      stream.send(up, hello);
      stream.send(down, flight);
      stream.finish();
      CHECK(stream.document.find("\"responseSize\":" + std::to_string(flight.size())) != std::string::npos);
    }
  }

  TEST_CASE("a message over several segments begins with its first octet") {
    Stream stream;
    stream.send(up, in_small_records(hello.substr(5)), 100);
    const std::int64_t asked = stream.now;
    stream.send(down, answer_13);
    CHECK(stream.elapsed == Duration::milliseconds(asked));
  }

  TEST_CASE("once both sides are sealed, the stream is of no more use") {
    Stream stream;
    stream.send(up, hello);
    stream.send(down, answer_13);
    stream.send(down, sealed);
    CHECK(!stream.idle());
    stream.send(up, sealed);
    CHECK(stream.idle());
    stream.finish();
    CHECK(stream.log == told_13 + "\n");
  }

  TEST_CASE("what is missing is said: what is lost -> what is told") {
    const struct {
      std::string situation;
      void (*talk)(Stream&);
      std::string told;
    } rows[] = {
        {"the certificates",
         [](Stream& s) {
           s.send(up, hello);
           s.send(down, record(22, answer));
           s.lose(down, 1000);
           s.send(down, record(22, hello_done));
         },
         told_12 + " !incomplete\n"},
        {"the answer",
         [](Stream& s) {
           s.send(up, hello);
           s.lose(down, 1000);
         },
         unanswered + " !incomplete\n"},
        {"sealed octets after the flight",
         [](Stream& s) {
           s.send(up, hello);
           s.send(down, record(22, answer + chain + hello_done));
           s.lose(down, 1000);
         },
         told_12 + "\n"},
        {"some early data",
         [](Stream& s) {
           s.send(up, hello + record(23, std::string(50, 'e')).substr(0, 25));
           s.lose(up, 30);
           s.send(down, answer_13);
         },
         told_13 + "\n"},
        {"the client's side", [](Stream& s) { s.send(down, answer_13 + sealed); },
         "TLS 1.3 - \"TLS 1.3\" \"TLS_AES_128_GCM_SHA256\" !pair-not-found\n"},
        {"the end",
         [](Stream& s) {
           s.send(up, hello);
           s.send(down, record(22, answer));
         },
         told_12 + " !incomplete\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      Stream stream;
      row.talk(stream);
      stream.finish();
      CHECK(stream.log == row.told);
    }
  }

  TEST_CASE("a connection joined behind its handshake is known, and tells nothing") {
    Stream stream(StreamState::midstream);
    stream.send(down, sealed + sealed);
    stream.send(up, sealed);
    stream.finish();
    CHECK(stream.facts.dissected == "tls");
    CHECK(stream.log.empty());
  }

  TEST_CASE("hellos that cannot be are not believed: record -> what is told") {
    const struct {
      std::string situation, answer, told;
    } rows[] = {
        {"HTTP instead of an answer", "HTTP/1.1 400 Bad Request\r\n\r\n", unanswered + " !dissection\n"},
        {"an answer of three octets", record(22, handshake(2, "abc")), unanswered + " !dissection\n"},
        {"an answer longer than any", record(22, bytes_of("02 ffffff")), unanswered + " !dissection\n"},
        {"a record longer than any", bytes_of("16 0303 ffff"), unanswered + " !dissection\n"},
        {"a hello of the wrong side", record(22, handshake(1, test::client_hello(""))), unanswered + " !dissection\n"},
        {"two answers", record(22, answer + answer), told_12 + " !dissection\n"},
        {"broken extensions",
         record(22, handshake(2, bytes_of("0303") + std::string(32, 'S') + bytes_of("00 c02f 00 ffff 0000"))),
         told_12 + " !incomplete\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      Stream stream;
      stream.send(up, hello);
      stream.send(down, row.answer);
      stream.finish();
      CHECK(stream.log == row.told);
    }
  }

  TEST_CASE("which first octets are its own: side, octets -> guess") {
    const struct {
      std::string situation;
      Direction direction;
      std::string bytes;
      Guess guess;
    } rows[] = {
        {"a hello", up, hello, Guess::yes},
        {"the start of one", up, hello.substr(0, 11), Guess::yes},
        {"too little of one", up, hello.substr(0, 10), Guess::maybe},
        {"one octet", up, bytes_of("16"), Guess::maybe},
        {"another handshake message", up, keys, Guess::no},
        {"DNS over TCP, 5635 octets", up, bytes_of("1603 0100 0001 0000"), Guess::no},
        {"a hello that is too short", up, bytes_of("16 0301 0020 01 00001c 0303"), Guess::no},
        {"a hello of SSL 2", up, bytes_of("801f 01 0301 0006 0000 0010"), Guess::yes},
        {"something with its highest bit set", up, bytes_of("8080 80"), Guess::no},
        {"HTTP", up, "GET / HTTP/1.1\r\n", Guess::no},
        {"an answer", down, record(22, answer), Guess::yes},
        {"an alert", down, alert(2, 40), Guess::maybe},
        {"one sealed record", down, sealed, Guess::maybe},
        {"two sealed records", down, sealed + sealed, Guess::yes},
        {"a sealed record, then noise", down, sealed + "noise", Guess::no},
        {"a wish of PostgreSQL", up, std::string(postgres_request), Guess::maybe},
        {"a wish, then a hello", up, std::string(postgres_request) + hello, Guess::yes},
        {"a wish, then a start-up", up, std::string(postgres_request) + bytes_of("00000008 00030000"), Guess::no},
        {"consent", down, "S", Guess::maybe},
        {"no consent", down, "N", Guess::no},
        {"SSH", down, "SSH-2.0-OpenSSH_9.2", Guess::no},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      CHECK(protocol.guess(row.direction, row.bytes, false) == row.guess);
      CHECK(protocol.guess(row.direction, row.bytes, true) == Guess::no);
    }
  }

  TEST_CASE("behind a proxy's CONNECT comes a handshake") {
    Stream stream;
    stream.send(up, "CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example\r\n\r\n");
    stream.send(down, "HTTP/1.1 200 Connection established\r\n\r\n");
    stream.send(up, hello);
    stream.send(down, answer_13);
    stream.finish();
    CHECK(stream.log == "HTTP 1.1\n" + told_13 + "\n");
  }

  TEST_CASE("a hundred thousand empty records are read in linear time") {
    std::string empties;
    for (int i = 0; i < 100'000; ++i) empties += record(22, "");
    test::Driver driver(protocol);
    std::size_t steps = 0;
    for (Bytes left = empties; !left.empty(); ++steps) {
      const Step step = driver.dissector().next(up, left);
      REQUIRE(step.kind == Step::Kind::skip);
      left.remove_prefix(step.bytes);
    }
    CHECK(steps == 100'000);
  }
}

}  // namespace
}  // namespace wiretape::tls
