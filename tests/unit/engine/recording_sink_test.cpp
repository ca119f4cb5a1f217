// SPDX-License-Identifier: Apache-2.0
#include "engine/recording_sink.hpp"

#include "engine/pipeline.hpp"
#include "engine/support.hpp"
#include "record/stream_line.hpp"

namespace wiretape::engine {
namespace {

using namespace test;
using support::Wire;

const SourceFacts file_facts{.backend = "file", .source = "test.pcap"};

void feed(const Wire& wire, const std::string& text, RecordingSink& sink) {
  const SourceFacts* facts = &file_facts;
  Pipeline pipeline({{.statement = statement(text), .sink = &sink}}, {.sources = {&facts, 1}});
  pipeline.feed(wire.packets());
  pipeline.finish();
}

std::vector<std::string> split(const std::string& lines) {
  std::vector<std::string> out;
  for (std::size_t start = 0; start < lines.size();) {
    const std::size_t end = lines.find('\n', start);
    REQUIRE(end != std::string::npos);
    out.push_back(lines.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

TEST_SUITE("engine recording sink") {
  TEST_CASE("packets that cannot be read again are copied, one behind the other") {
    Wire wire;
    talk(wire, 40001, {{"/1", 500}});
    RecordingSink sink(statement("http"), StoredPackets::whole_streams);
    feed(wire, "http", sink);
    std::vector<std::string> copied, expected;
    sink.batch().packets.each([&](const net::Packet& packet) { copied.emplace_back(packet.data); });
    for (const net::Packet& packet : wire.packets()) expected.emplace_back(packet.data);
    CHECK(copied == expected);
    CHECK(sink.batch().positions.empty());
  }

  TEST_CASE("packets that can be read again are remembered by their place") {
    RecordingSink sink(statement(""), StoredPackets::whole_streams);
    net::Packet packet;
    packet.position = 24;
    sink.packet(packet);
    CHECK(sink.batch().packets.empty());
    CHECK(sink.batch().positions.size() == 1);
  }

  TEST_CASE("a stream has a line when it is kept and one when it is over, the last with all its calls") {
    Wire wire;
    talk(wire, 40001, {{"/1", 500}, {"/2", 200}, {"/3", 500}});
    RecordingSink sink(statement("response.status == 500"), StoredPackets::whole_streams);
    feed(wire, "response.status == 500", sink);
    const auto lines = split(sink.batch().stream_lines);
    REQUIRE(lines.size() == 2);
    const auto kept = record::read_stream_line(lines[0]), over = record::read_stream_line(lines[1]);
    REQUIRE(kept.has_value());
    REQUIRE(over.has_value());
    CHECK(kept->id == over->id);
    CHECK(kept->calls == 0);
    CHECK(over->calls == 2);
    CHECK(over->kept_packets == wire.size());
    CHECK(split(sink.batch().call_lines).size() == 2);
    CHECK(sink.calls() == 2);
  }

  TEST_CASE("what is redacted never reaches the batch") {
    Wire wire;
    talk(wire, 40001, {{"/secret", 500}});
    const std::string text =
        "http and redact(\"request.path\", \"request.url\", \"request.targetUri\", \"request.pathSegments\")";
    RecordingSink sink(statement(text), StoredPackets::none);
    feed(wire, text, sink);
    CHECK(contains(sink.batch().call_lines, "[REDACTED]"));
    CHECK_FALSE(contains(sink.batch().call_lines, "secret"));
  }

  TEST_CASE("a batch that was written serves again") {
    Wire wire;
    talk(wire, 40001, {{"/1", 500}});
    RecordingSink sink(statement("http"), StoredPackets::whole_streams);
    feed(wire, "http", sink);
    CHECK_FALSE(sink.batch().empty());
    const Desk desk;
    record::Job job;
    job.name = "r";
    auto recording = record::Store(desk.store()).create(job, {0});
    REQUIRE(recording.has_value());
    auto writer = recording->start_iteration({0}, {0});
    REQUIRE(writer.has_value());
    REQUIRE(write(sink.batch(), nullptr, **writer).has_value());
    CHECK(sink.batch().empty());
    CHECK(sink.batch().packets.size() == 0);
    CHECK((*writer)->written().packets == wire.size());
    CHECK((*writer)->written().calls == 1);
    CHECK((*writer)->written().stream_lines == 2);
  }
}

}  // namespace
}  // namespace wiretape::engine
