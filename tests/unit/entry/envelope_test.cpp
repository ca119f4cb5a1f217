// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "entry/field.hpp"
#include "entry/render.hpp"
#include "json/writer.hpp"

namespace wiretape {
namespace {

constexpr Label label = {"talk", "1", "TALK", "Small Talk", "talk"};

struct Call {
  Call() {
    source = {.backend = "file",
              .source = "a.pcap",
              .interface = "eth0",
              .node_name = "worker-1",
              .node_ip = "10.0.0.5",
              .record = "errors"};
    stream.number = 42;
    stream.source = &source;
    stream.vlan = 12;
    stream.client = {Address::v4_of(std::string("\x0a\x00\x01\x14", 4)), 40000};
    stream.server = {Address::v6_of(std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16)), 80};
    request.first = {1'717'490'700'000'000'001};
    request.last = {1'717'490'700'010'000'000};
    request.size = 512;
    response.first = {1'717'490'700'030'000'000};
    response.last = {1'717'490'700'031'200'001};
    response.size = 2048;
    entry = {.stream = &stream, .label = &label, .request = &request, .response = &response, .index = 7};
  }

  // The field as JSON, "missing" where it is.
  std::string operator[](std::string_view path) const {
    for (const Field& field : envelope()) {
      if (field.path != path) continue;
      std::string out;
      json::Writer writer(out);
      return tell(field, entry, writer) ? out : "missing";
    }
    return "no such field";
  }

  SourceFacts source;
  StreamFacts stream;
  Message request;
  Message response;
  Entry entry;
};

TEST_SUITE("envelope") {
  TEST_CASE("what every call says of itself") {
    const struct {
      std::string path, value;
    } rows[] = {
        {"id", R"("worker-1/000000000042-7")"},
        {"index", "7"},
        {"stream", R"("000000000042")"},
        {"record", R"("errors")"},
        {"node", R"({"name":"worker-1","ip":"10.0.0.5"})"},
        {"protocol.name", R"("talk")"},
        {"protocol.version", R"("1")"},
        {"protocol.abbr", R"("TALK")"},
        {"protocol.longName", R"("Small Talk")"},
        {"protocol.macro", R"("talk")"},
        {"protocol.layer4", R"("tcp")"},
        {"protocol.layer3", R"("ip")"},
        {"protocol.ports", "[]"},
        {"tls", "false"},
        {"capture", R"({"backend":"file","source":"a.pcap","interface":"eth0","vlan":12})"},
        {"src.ip", R"("10.0.1.20")"},
        {"src.port", R"("40000")"},
        {"src.name", R"("")"},
        {"src.pod", "null"},
        {"src.resolutionMechanism", R"("none")"},
        {"dst.ip", R"("2001:db8::1")"},
        {"dst.port", R"("80")"},
        {"outgoing", "false"},
        {"timestamp", "1717490700000"},
        {"startTime", R"("2024-06-04T08:45:00.000000001Z")"},
        {"elapsedTime", "31.2"},
        {"requestSize", "512"},
        {"responseSize", "2048"},
        {"error", "null"},
        {"error.type", "missing"},
        {"error.msg", "missing"},
    };
    const Call call;
    for (const auto& row : rows) {
      CAPTURE(row.path);
      CHECK(call[row.path] == row.value);
    }
  }

  TEST_CASE("a call that is not whole says what is wrong") {
    Call call;
    call.entry.response = nullptr;
    call.entry.fault = {Fault::Type::timeout, "No response in time"};
    CHECK(call["error"] == R"({"type":"timeout","msg":"No response in time"})");
    CHECK(call["response"] == "null");
    CHECK(call["responseSize"] == "0");
    CHECK(call["elapsedTime"] == "0");
    CHECK(call["request"] == "{}");
  }

  TEST_CASE("a response alone is the time of its call") {
    Call call;
    call.entry.request = nullptr;
    CHECK(call["timestamp"] == "1717490700030");
    CHECK(call["requestSize"] == "0");
  }

  TEST_CASE("a call is outgoing when the client is on this node") {
    Call call;
    call.source.node_ip = "10.0.1.20";
    CHECK(call["outgoing"] == "true");
    call.source.node_ip = "";
    CHECK(call["outgoing"] == "false");
  }

  TEST_CASE("streams that are not TCP say so in their names") {
    const struct {
      Transport transport;
      std::string stream, port;
    } rows[] = {{Transport::udp, R"("000000000042_udp")", R"("40000")"},
                {Transport::icmp, R"("000000000042_icmp")", R"("")"},
                {Transport::sctp, R"("000000000042_sctp")", R"("40000")"}};
    for (const auto& row : rows) {
      Call call;
      call.stream.transport = row.transport;
      CHECK(call["stream"] == row.stream);
      CHECK(call["src.port"] == row.port);
    }
  }

  TEST_CASE("a source that nobody told is empty, not a crash") {
    Call call;
    call.stream.source = nullptr;
    CHECK(call["id"] == R"("/000000000042-7")");
    CHECK(call["node"] == R"({"name":"","ip":""})");
  }

  TEST_CASE("the longest values have room") {
    Call call;
    call.source.node_name = std::string(300, 'n');
    call.stream.number = UINT64_MAX;
    call.stream.transport = Transport::icmp;
    call.entry.index = UINT64_MAX;
    CHECK(call["id"] == '"' + std::string(253, 'n') + "/18446744073709551615_icmp-18446744073709551615\"");
    call.stream.client.address = Address::v6_of(std::string(16, '\xff'));
    CHECK(call["src.ip"] == R"("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")");
  }

  TEST_CASE("two texts of one entry do not overwrite each other, nor those of another entry") {
    const auto ip = [](std::string_view path, const Entry& entry) {
      for (const Field& field : envelope()) {
        if (field.path == path) return *std::get<Text>(field.get)(entry);
      }
      return std::string_view{};
    };
    Call one, two;
    two.stream.client.address = Address::v4_of(std::string("\x0a\x00\x01\x15", 4));
    const std::string_view source = ip("src.ip", one.entry), destination = ip("dst.ip", one.entry),
                           other = ip("src.ip", two.entry);
    CHECK(source == "10.0.1.20");
    CHECK(destination == "2001:db8::1");
    CHECK(other == "10.0.1.21");
  }

  TEST_CASE("nothing is relied on before it is known") {
    const struct {
      std::string path;
      Stage known;
    } rows[] = {
        {"stream", Stage::stream},        {"src.ip", Stage::stream},          {"protocol.name", Stage::stream},
        {"index", Stage::request_head},   {"timestamp", Stage::request_head}, {"request", Stage::request_head},
        {"requestSize", Stage::request},  {"response", Stage::response_head}, {"responseSize", Stage::complete},
        {"elapsedTime", Stage::complete}, {"error", Stage::complete},         {"error.type", Stage::complete},
    };
    for (const auto& row : rows) {
      CAPTURE(row.path);
      for (const Field& field : envelope()) {
        if (field.path == row.path) CHECK((field.known == row.known));
      }
    }
  }
}

}  // namespace
}  // namespace wiretape
