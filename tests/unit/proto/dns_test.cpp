// SPDX-License-Identifier: Apache-2.0
#include "proto/dns/dns.hpp"

#include <doctest/doctest.h>

#include <string>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "proto/session.hpp"
#include "proto/support/hex.hpp"

namespace wiretape::dns {
namespace {

using test::bytes_of;

constexpr Direction up = Direction::to_server;
constexpr Direction down = Direction::to_client;

std::string length_before(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8U), static_cast<char>(message.size() & 0xFFU)} + message;
}

const std::string question = "07 'example' 03 'com' 00 0001 0001";
const std::string query = bytes_of("1234 0100 0001 0000 0000 0000" + question);
const std::string answer =
    bytes_of("1234 8180 0001 0001 0000 0000" + question + "c00c 0001 0001 0000012c 0004 5db8d822");
const std::string other_query = bytes_of("1235 0100 0001 0000 0000 0000 01 'b' 00 001c 0001");
const std::string other_answer = bytes_of("1235 8183 0001 0000 0000 0000 01 'b' 00 001c 0001");

// The value of a field as JSON, "missing" where there is none.
std::string value(const Entry& entry, std::string_view path) {
  for (const Field& field : protocol.fields) {
    if (field.path != path) continue;
    std::string out;
    json::Writer writer(out);
    return tell(field, entry, writer) ? out : "missing";
  }
  return "no such field";
}

// Says of each call which name was asked and how it was answered.
class Resolver final : public EntryListener {
 public:
  explicit Resolver(Transport transport) : pool_(DissectorOptions{}) {
    facts.transport = transport;
    facts.state = StreamState::established;
    facts.client.port = 40000;
    facts.server.port = 53;
    session_ = std::make_unique<Session>(pool_, facts);
  }

  void send(Direction direction, std::string_view bytes, std::int64_t at = 0) {
    session_->feed({.direction = direction,
                    .time = {at * 1'000'000},
                    .bytes = bytes,
                    .datagram = facts.transport == Transport::udp},
                   *this);
  }
  void wait_until(std::int64_t at) { session_->expire({at * 1'000'000}, *this); }
  void finish() { session_->finish({}, *this); }
  Session& session() { return *session_; }

  void complete(const Entry& entry) override {
    log += entry.request != nullptr ? value(entry, "request.id") + value(entry, "request.questions") : "-";
    log += " | ";
    log += entry.response != nullptr ? value(entry, "response.id") + value(entry, "response.code") : "-";
    if (entry.fault.type != Fault::Type::none) log += " !" + std::string(name(entry.fault.type));
    log += '\n';
    json.clear();
    json::Writer writer(json);
    render(entry, writer);
  }
  bool opened(const Entry&) override { return true; }
  void identified(const Protocol*) override {}

  std::string log;
  std::string json;  // of the newest call
  StreamFacts facts;

 private:
  SessionPool pool_;
  std::unique_ptr<Session> session_;
};

const std::string asked = R"(4660[{"name":"example.com","type":"A","class":"IN"}])";

TEST_SUITE("dns") {
  TEST_CASE("a query and its answer over UDP") {
    Resolver dns(Transport::udp);
    dns.send(up, query, 1);
    dns.send(down, answer, 3);
    CHECK(dns.log == asked + " | 4660\"No Error\"\n");
    CHECK(dns.facts.dissected == "dns");
  }

  TEST_CASE("the whole entry as JSON") {
    Resolver dns(Transport::udp);
    dns.send(up, query, 1);
    dns.send(down, answer, 3);
    const auto from = dns.json.find("\"request\"");
    REQUIRE(from != std::string::npos);
    CHECK(
        dns.json.substr(from) ==
        R"("request":{"opCode":"Query","id":4660,"questions":[{"name":"example.com","type":"A","class":"IN"}]},)"
        R"("response":{"id":4660,"questions":[{"name":"example.com","type":"A","class":"IN"}],)"
        R"("code":"No Error","rcode":0,"answers":[{"name":"example.com","type":"A","class":"IN","ttl":300,)"
        R"("ip":"93.184.216.34","ns":"","cname":"","ptr":"","txts":"","soa":"","srv":"","mx":"","opt":"","uri":"","data":""}],)"
        R"("authorities":[],"additionals":[],"flags":{"authoritative":false,"truncated":false,)"
        R"("recursionDesired":true,"recursionAvailable":true}},"error":null})");
    CHECK(dns.json.find(R"("protocol":{"name":"dns","version":"","abbr":"DNS")") != std::string::npos);
    CHECK(dns.json.find(R"("elapsedTime":2,"requestSize":29,"responseSize":45)") != std::string::npos);
  }

  TEST_CASE("over TCP a message is the same however it is cut into segments") {
    const std::string asks = length_before(query) + length_before(other_query);
    const std::string says = length_before(other_answer) + length_before(answer);
    const std::string expected = R"(4661[{"name":"b","type":"AAAA","class":"IN"}] | 4661"Non-Existent Domain")"
                                 "\n" +
                                 asked + " | 4660\"No Error\"\n";
    for (std::size_t cut = 0; cut <= asks.size(); ++cut) {
      CAPTURE(cut);
      Resolver dns(Transport::tcp);
      dns.send(up, asks.substr(0, cut));
      dns.send(up, asks.substr(cut));
      for (const char c : says) dns.send(down, {&c, 1});
      CHECK(dns.log == expected);
    }
    for (std::size_t cut = 0; cut <= says.size(); ++cut) {
      CAPTURE(cut);
      Resolver dns(Transport::tcp);
      for (const char c : asks) dns.send(up, {&c, 1});
      dns.send(down, says.substr(0, cut));
      dns.send(down, says.substr(cut));
      CHECK(dns.log == expected);
    }
  }

  TEST_CASE("the same identifier with another question is another call") {
    Resolver dns(Transport::udp);
    std::string same_id = other_query;
    same_id[1] = '\x34';
    dns.send(up, query);
    dns.send(up, same_id);
    dns.send(down, answer);
    CHECK(dns.log == asked + " | 4660\"No Error\"\n");
  }

  TEST_CASE("a server may write the name in another case") {
    std::string shouted = answer;
    for (std::size_t at = 13; at < 20; ++at) shouted[at] = static_cast<char>(shouted[at] - 32);
    Resolver dns(Transport::udp);
    dns.send(up, query);
    dns.send(down, shouted);
    CHECK(dns.log == asked + " | 4660\"No Error\"\n");
  }

  TEST_CASE("a repeated query is told, and so is a repeated answer") {
    Resolver dns(Transport::udp);
    dns.send(up, query, 1);
    dns.send(up, query, 2);
    dns.send(down, answer, 3);
    dns.send(down, answer, 4);
    CHECK(dns.log ==
          asked + " | - !pair-not-found\n" + asked + " | 4660\"No Error\"\n- | 4660\"No Error\" !pair-not-found\n");
  }

  TEST_CASE("a query without an answer is told after ten seconds") {
    Resolver dns(Transport::udp);
    dns.send(up, query, 0);
    dns.wait_until(9999);
    CHECK(dns.log.empty());
    dns.wait_until(10000);
    CHECK(dns.log == asked + " | - !timeout\n");
  }

  TEST_CASE("an answer without the question belongs to the newest query with its identifier") {
    Resolver dns(Transport::udp);
    dns.send(up, query);
    dns.send(down, bytes_of("1234 8181 0000 0000 0000 0000"));
    CHECK(dns.log == asked + " | 4660\"Format Error\"\n");
  }

  TEST_CASE("the upper bits of the code come from EDNS") {
    Resolver dns(Transport::udp);
    dns.send(up, query);
    dns.send(down, bytes_of("1234 8180 0001 0000 0000 0001" + question + "00 0029 04d0 01000000 0000"));
    CHECK(dns.log == asked + " | 4660\"Bad OPT Version\"\n");
    CHECK(dns.json.find(R"("rcode":0)") != std::string::npos);
    CHECK(dns.json.find(R"("type":"OPT","class":"","ttl":16777216)") != std::string::npos);
  }

  TEST_CASE("multicast asks everybody and nobody owes an answer") {
    Resolver dns(Transport::udp);
    dns.facts.client.port = dns.facts.server.port = 5353;
    dns.send(up, bytes_of("0000 0000 0001 0000 0000 0000 05 '_http' 04 '_tcp' 05 'local' 00 000c 8001"));
    dns.send(up, bytes_of("0000 8400 0000 0001 0000 0000 05 'local' 00 0001 8001 00000078 0004 0a000001"));
    CHECK(dns.log == R"(0[{"name":"_http._tcp.local","type":"PTR","class":"IN"}] | -)"
                     "\n- | 0\"No Error\"\n");
  }

  TEST_CASE("answers first: the roles are exchanged") {
    Resolver dns(Transport::udp);
    dns.facts.server.port = 50000;
    dns.send(up, answer);
    CHECK(dns.facts.swapped);
    dns.send(down, query);
    dns.send(up, answer);
    CHECK(dns.log == "- | 4660\"No Error\" !pair-not-found\n" + asked + " | 4660\"No Error\"\n");
  }

  TEST_CASE("a message that breaks off is told as far as it goes") {
    for (std::size_t cut = 12; cut < answer.size(); ++cut) {
      CAPTURE(cut);
      Resolver dns(Transport::udp);
      dns.send(up, query);
      dns.send(down, answer.substr(0, cut));
      dns.finish();
      CHECK(dns.log.find("4660\"No Error\" !dissection\n") != std::string::npos);
    }
  }

  TEST_CASE("a snapshot that ends within the header still shows that there was an answer") {
    for (std::size_t cut = 4; cut < 12; ++cut) {
      CAPTURE(cut);
      Resolver dns(Transport::udp);
      dns.send(up, query);
      dns.send(down, answer.substr(0, cut));
      CHECK(dns.log == asked + " | 4660\"No Error\" !dissection\n");
    }
  }

  TEST_CASE("less than identifier and flags is no message") {
    Resolver dns(Transport::udp);
    dns.send(up, query.substr(0, 3));
    dns.send(up, query);
    dns.send(down, answer.substr(0, 3));
    dns.send(down, answer);
    CHECK(dns.log == asked + " | 4660\"No Error\"\n");
  }

  TEST_CASE("a question whose name cannot be read to its end says why") {
    std::string long_name;
    for (int i = 0; i < 5; ++i) long_name += '\x3f' + std::string(63, 'a');
    const struct {
      std::string why, name, shown, type = "", klass = "";
    } rows[] = {
        {"a kind of label that was given up", bytes_of("01 'a' 41 'b' 00"), "<Unknown extended label>"},
        {"a pointer to the label before it", bytes_of("01 'a' c00c"), "<Name contains a pointer that loops>", "A",
         "IN"},
        {"a pointer to itself", bytes_of("c00c"), "<Name contains a pointer that loops>", "A", "IN"},
        {"five labels of 63 octets", long_name + '\0', "<Name too long>"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.why);
      Resolver dns(Transport::udp);
      dns.send(up, bytes_of("1234 0100 0001 0000 0000 0000") + row.name + bytes_of("0001 0001"));
      dns.finish();
      CHECK(dns.log == "4660[{\"name\":\"" + row.shown + "\",\"type\":\"" + row.type + "\",\"class\":\"" + row.klass +
                           "\"}] | - !pair-not-found\n");
    }
  }

  TEST_CASE("of a question without a single label that can be read nothing is told") {
    for (const std::string name : {"41 'b' 00", "c123", "80"}) {
      CAPTURE(name);
      Resolver dns(Transport::udp);
      dns.send(up, bytes_of("1234 0100 0001 0000 0000 0000" + name + "0001 0001"));
      dns.finish();
      CHECK(dns.log == "4660[] | - !pair-not-found\n");
    }
  }

  TEST_CASE("Windows asks for a zone transfer and marks it behind the message") {
    Resolver dns(Transport::tcp);
    const std::string ask = bytes_of("0007 0100 0001 0000 0000 0000 05 'local' 00 00fc 0001 'MS'");
    const std::string framed = length_before(ask);
    dns.send(up, framed.substr(0, 2));
    dns.send(up, framed.substr(2));
    dns.send(down, length_before(bytes_of("0007 8182 0001 0000 0000 0000 05 'local' 00 00fc 0001")));
    CHECK(dns.log == R"(7[{"name":"local","type":"AXFR","class":"IN"}] | 7"Server Failure")"
                     "\n");
  }

  TEST_CASE("content shows DNS on any port") {
    Resolver dns(Transport::udp);
    dns.facts.server.port = 40001;
    dns.send(up, query);
    dns.send(down, answer);
    CHECK(dns.log == asked + " | 4660\"No Error\"\n");
  }

  TEST_CASE("content shows DNS on any port, when the answer breaks off too") {
    Resolver dns(Transport::udp);
    dns.facts.server.port = 40001;
    dns.send(down, answer.substr(0, answer.size() - 2));
    CHECK(dns.log == "- | 4660\"No Error\" !pair-not-found\n");
  }

  TEST_CASE("what only resembles DNS is not taken for it") {
    const struct {
      std::string what, bytes;
      Transport transport;
    } rows[] = {
        {"NetBIOS names", "1234 0110 0001 0000 0000 0000 20 'CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' 00 0021 0001",
         Transport::udp},
        {"a damaged NetBIOS name", "1234 0110 0001 0000 0000 0000 20 'CKAAAAAAAA:AAAAAAAAAAAAAAAAAAAAA' 00 0020 0001",
         Transport::udp},
        {"a damaged NetBIOS name of another type",
         "1234 0110 0001 0000 0000 0000 20 'CKAAAAAAAA:AAAAAAA4AAAAAAAAAAAAA' 00 7120 0001", Transport::udp},
        {"random numbers", "9e3b 71f0 a2cc 0d14 7766 5544 3322 1100", Transport::udp},
        {"a question and something behind it", "1234 0100 0001 0000 0000 0000 01 'a' 00 0001 0001 ff", Transport::udp},
        {"HTTP", "'GET / HTTP/1.1' 0d0a 0d0a", Transport::udp},
        {"a length that is too short", "0004 1234 0100 0001 0000 0000 0000 01 'a' 00 0001 0001", Transport::tcp},
        {"a question that ends before its message", "0014 1234 0100 0001 0000 0000 0000 01 'a' 00 0001 0001 00",
         Transport::tcp},
        {"an answer from the client", "0013 1234 8180 0001 0000 0000 0000 01 'a' 00 0001 0001", Transport::tcp},
    };
    for (const auto& row : rows) {
      CAPTURE(row.what);
      Resolver dns(row.transport);
      dns.facts.server.port = 40001;
      for (int i = 0; i < 3; ++i) dns.send(up, bytes_of(row.bytes));
      dns.finish();
      CHECK(dns.log.empty());
      CHECK(dns.session().idle());
    }
  }

  TEST_CASE("on its port a query that is not quite right is still one") {
    Resolver dns(Transport::udp);
    dns.send(up, bytes_of("1234 7100 0001 0000 0000 0000 01 'a' 00 0001 0001"));
    dns.wait_until(10000);
    CHECK(dns.log == R"(4660[{"name":"a","type":"A","class":"IN"}] | - !timeout)"
                     "\n");
  }

  TEST_CASE("a gap in a TCP stream is the end of what can be read") {
    Resolver dns(Transport::tcp);
    dns.send(up, length_before(query));
    dns.session().feed({.direction = down, .missing = 20}, dns);
    dns.send(up, length_before(other_query));
    CHECK(dns.log == asked + R"( | - !incomplete
4661[{"name":"b","type":"AAAA","class":"IN"}] | - !incomplete
)");
  }

  TEST_CASE("a hostile count costs no more than the message has bytes") {
    Resolver dns(Transport::udp);
    std::string message = bytes_of("1234 8180 0000 ffff ffff ffff");
    while (message.size() + 13 < 65000) message += bytes_of("c00c 0001 0001 00000000 0001 00");
    dns.send(up, query);
    dns.send(down, message);
    CHECK(dns.log.find("!dissection") != std::string::npos);
  }
}

}  // namespace
}  // namespace wiretape::dns
