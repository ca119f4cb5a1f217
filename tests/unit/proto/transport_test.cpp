// SPDX-License-Identifier: Apache-2.0
#include "proto/transport.hpp"

#include <doctest/doctest.h>

#include <string>

#include "entry/render.hpp"
#include "json/writer.hpp"

namespace wiretape {
namespace {

std::string json_of(const Entry& entry) {
  std::string out;
  json::Writer writer(out);
  render(entry, writer);
  return out;
}

StreamFacts connection(StreamState state) {
  StreamFacts facts;
  facts.state = state;
  facts.first = {1'000'000'000};
  facts.last = {1'250'000'000};
  facts.handshake = Duration::milliseconds(2);
  facts.sides[0] = {.packets = 5, .bytes = 100, .retransmissions = 1};
  facts.sides[1] = {.packets = 4, .bytes = 2000, .out_of_order = 2, .gaps = 1, .gap_bytes = 10};
  facts.dissected = "http";
  return facts;
}

TEST_SUITE("transport") {
  TEST_CASE("a connection is an entry of its own") {
    const StreamFacts facts = connection(StreamState::closed);
    const std::string json = json_of(transport_entry(facts));
    CAPTURE(json);
    CHECK(json.find(R"("protocol":{"name":"tcp","version":"","abbr":"TCP")") != std::string::npos);
    CHECK(json.find(R"("elapsedTime":250,"requestSize":100,"responseSize":2000)") != std::string::npos);
    CHECK(json.find(R"("request":{"packets":5,"bytes":100,"retransmissions":1,"outOfOrder":0,"gaps":0})") !=
          std::string::npos);
    CHECK(json.find(R"("response":{"packets":4,"bytes":2000,"retransmissions":0,"outOfOrder":2,"gaps":1})") !=
          std::string::npos);
    CHECK(json.find(R"("error":null,"state":"closed","handshakeTime":2,"dissected":"http"})") != std::string::npos);
  }

  TEST_CASE("a connection that failed is at fault") {
    const struct {
      StreamState state;
      std::string error;
    } rows[] = {
        {StreamState::reset, R"("error":{"type":"connection","msg":"Reset"},"state":"reset")"},
        {StreamState::refused, R"("error":{"type":"connection","msg":"Refused"},"state":"refused")"},
        {StreamState::half_open, R"("error":{"type":"connection","msg":"No answer"},"state":"half-open")"},
        {StreamState::established, R"("error":null,"state":"established")"},
        {StreamState::midstream, R"("error":null,"state":"midstream")"},
    };
    for (const auto& row : rows) {
      const StreamFacts facts = connection(row.state);
      const std::string json = json_of(transport_entry(facts));
      CAPTURE(json);
      CHECK(json.find(row.error) != std::string::npos);
    }
  }

  TEST_CASE("the others count packets and bytes") {
    StreamFacts facts = connection(StreamState::established);
    for (const auto& [transport, word] :
         {std::pair{Transport::udp, std::string("udp")}, {Transport::icmp, "icmp"}, {Transport::sctp, "sctp"}}) {
      facts.transport = transport;
      const std::string json = json_of(transport_entry(facts));
      CAPTURE(json);
      CHECK(json.find("\"protocol\":{\"name\":\"" + word + '"') != std::string::npos);
      CHECK(
          json.find(
              R"("request":{"packets":5,"bytes":100},"response":{"packets":4,"bytes":2000},"error":null,"dissected":"http"})") !=
          std::string::npos);
    }
  }
}

}  // namespace
}  // namespace wiretape
