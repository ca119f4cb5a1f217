// SPDX-License-Identifier: Apache-2.0
#include "engine/pipeline.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "engine/calls.hpp"
#include "support/conversation.hpp"

namespace wiretape::engine {
namespace {

using support::Conversation;
using support::Wire;

const SourceFacts file_facts{.backend = "file", .source = "test.pcap"};

// Remembers what it was given, in the order in which it came.
class Notebook final : public JobSink {
 public:
  [[nodiscard]] std::unique_ptr<JobTeller> teller() const override {
    return std::make_unique<Teller>(const_cast<Notebook&>(*this));
  }
  void packet(const net::Packet& packet) override { packets.push_back(packet.number); }
  void call(std::string_view told) override {
    calls.emplace_back(told);
    packets_before_call.push_back(packets.size());
  }
  void stream(std::string_view) override {}

  [[nodiscard]] std::vector<std::uint64_t> sorted_packets() const {
    auto out = packets;
    std::sort(out.begin(), out.end());
    return out;
  }

  std::vector<std::uint64_t> packets, kept, over;
  std::vector<std::size_t> packets_before_call;
  std::vector<std::string> calls;
  std::vector<record::Loss> first_losses;  // when they were kept
  std::vector<record::Loss> losses;        // when they were over
  StreamPackets counted;

 private:
  // Dissecting and reading are one thread here.
  class Teller final : public JobTeller {
   public:
    explicit Teller(Notebook& notebook) : notebook_(notebook), calls_(json_teller()) {}
    void call(const Entry& entry, std::string& out) override { calls_->tell(entry, out); }
    void stream(StreamEvent event, const StreamFacts& facts, const StreamPackets& held, const record::Loss& loss,
                std::string&) override {
      if (event == StreamEvent::kept) {
        notebook_.first_losses.push_back(loss);
        return notebook_.kept.push_back(facts.number);
      }
      notebook_.over.push_back(facts.number);
      notebook_.counted = held;
      notebook_.losses.push_back(loss);
    }

   private:
    Notebook& notebook_;
    std::unique_ptr<CallTeller> calls_;
  };
};

kfl::Statement statement(const std::string& text) {
  auto compiled = kfl::compile(text, {.catalog = &catalog(), .macros = {}, .now = {}});
  REQUIRE_MESSAGE(compiled.has_value(), text);
  return *compiled;
}

Stats run(const Wire& wire, std::vector<PipelineJob> jobs, std::size_t backlog_limit = 64U << 20U) {
  const SourceFacts* facts = &file_facts;
  Pipeline pipeline(std::move(jobs), {.backlog_limit = backlog_limit, .sources = {&facts, 1}});
  pipeline.feed(wire.packets());
  pipeline.finish();
  return pipeline.stats();
}

Stats run(const Wire& wire, const std::string& text, Notebook& notebook) {
  return run(wire, {{.statement = statement(text), .sink = &notebook}});
}

std::vector<std::uint64_t> from_to(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> out;
  for (; first <= last; ++first) out.push_back(first);
  return out;
}

std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: shop\r\n\r\n";
}
std::string answer(int status, const std::string& body = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_SUITE("engine pipeline") {
  TEST_CASE("a stream is kept from its SYN to its last ACK when its third call matches") {
    Wire wire;
    Conversation quiet(wire, "10.0.0.1:40000", "10.0.0.2:80");
    quiet.connect();  // 1 to 3
    quiet.request(get("/"));
    quiet.response(answer(200));
    Conversation loud(wire, "10.0.0.1:40001", "10.0.0.2:80");
    loud.connect();  // 6 to 8
    for (const int status : {200, 200, 500, 200}) {
      loud.request(get("/charge"));
      loud.response(answer(status));
    }
    loud.close();
    Notebook notebook;
    const Stats stats = run(wire, "http and response.status == 500", notebook);

    CHECK(notebook.sorted_packets() == from_to(6, wire.size()));
    REQUIRE(notebook.calls.size() == 1);
    CHECK(contains(notebook.calls[0], "\"status\":500"));
    CHECK(notebook.packets_before_call[0] >= 8);
    CHECK(notebook.kept == std::vector<std::uint64_t>{1});
    CHECK(notebook.over == std::vector<std::uint64_t>{1});
    CHECK(notebook.counted.packets == notebook.packets.size());
    CHECK(stats.streams == 2);
    CHECK(stats.calls == 5);
    CHECK(stats.matched_calls == 1);
    CHECK(stats.matched_streams == 1);
  }

  TEST_CASE("a statement that nothing matches keeps nothing") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/"));
    talk.response(answer(200));
    talk.close();
    Notebook notebook;
    run(wire, "http and response.status == 500", notebook);
    CHECK(notebook.packets.empty());
    CHECK(notebook.calls.empty());
    CHECK(notebook.over.empty());
  }

  TEST_CASE("an empty statement keeps every packet, also those in no stream") {
    Wire wire;
    wire.send(support::ethernet(0x0806, std::string(28, '\1')));  // ARP
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/"));
    talk.response(answer(200));
    wire.send("short");
    Notebook notebook;
    const Stats stats = run(wire, "", notebook);
    CHECK(notebook.packets == from_to(1, wire.size()));
    CHECK(notebook.calls.size() == 1);
    CHECK(stats.kept_packets == wire.size());
  }

  TEST_CASE("a stream of no known protocol is kept by its addresses from its first packet on") {
    Wire wire;
    Conversation talk(wire, "10.0.0.9:40000", "10.0.0.2:9999");
    talk.connect();
    talk.request("\x01\x02\x03\x04 what is this");
    talk.response("\x05\x06\x07\x08 who knows");
    Conversation other(wire, "10.0.0.8:40000", "10.0.0.2:9999");
    other.connect();
    Notebook notebook;
    run(wire, "src.ip == \"10.0.0.9\"", notebook);
    CHECK(notebook.packets == from_to(1, 5));
    CHECK(notebook.kept == std::vector<std::uint64_t>{0});
    CHECK(notebook.calls.empty());  // streams' own entries are told where the statement says tcp
  }

  TEST_CASE("a statement that says tcp tells the streams themselves") {
    Wire wire;
    Conversation talk(wire, "10.0.0.9:40000", "10.0.0.2:9999");
    talk.connect();
    talk.close();
    Notebook notebook;
    run(wire, "tcp", notebook);
    REQUIRE(notebook.calls.size() == 1);
    CHECK(contains(notebook.calls[0], "\"state\":\"closed\""));
    CHECK(notebook.packets == from_to(1, wire.size()));
  }

  TEST_CASE("two jobs that want different calls of one stream both have it from its first packet") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/a"));
    talk.response(answer(500));
    talk.request(get("/b"));
    talk.response(answer(404));
    talk.close();
    Notebook errors, missing, none;
    run(wire, {{.statement = statement("response.status == 500"), .sink = &errors},
               {.statement = statement("response.status == 404"), .sink = &missing},
               {.statement = statement("response.status == 418"), .sink = &none}});
    CHECK(errors.packets == from_to(1, wire.size()));
    CHECK(missing.packets == from_to(1, wire.size()));
    CHECK(errors.calls.size() == 1);
    CHECK(missing.calls.size() == 1);
    CHECK(none.packets.empty());
  }

  TEST_CASE("the decision falls at the head of a response whose body never ends") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/events"));
    talk.response(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    const std::size_t until_here = wire.size();
    Notebook notebook;
    const SourceFacts* facts = &file_facts;
    Pipeline pipeline(
        {{.statement = statement("response.headers[\"content-type\"] == \"text/event-stream\""), .sink = &notebook}},
        {.sources = {&facts, 1}});
    pipeline.feed(wire.packets());
    CHECK(notebook.packets == from_to(1, until_here));
    CHECK(notebook.calls.empty());
    pipeline.finish();
    CHECK(notebook.calls.size() == 1);
  }

  TEST_CASE("an unanswered request is told when the stream ends") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/slow"));
    Notebook notebook;
    run(wire, "request.path == \"/slow\"", notebook);
    REQUIRE(notebook.calls.size() == 1);
    CHECK(contains(notebook.calls[0], "\"response\":null"));
    CHECK_FALSE(contains(notebook.calls[0], "\"error\":null"));
  }

  TEST_CASE("an unanswered request is told after a minute, while other traffic goes on") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/slow"));
    wire.pause(Duration::seconds(61));
    wire.send(support::udp_frame({.payload = "tick"}));
    Notebook notebook;
    const SourceFacts* facts = &file_facts;
    Pipeline pipeline({{.statement = statement("request.path == \"/slow\""), .sink = &notebook}},
                      {.sources = {&facts, 1}});
    pipeline.feed(wire.packets());
    CHECK(notebook.calls.size() == 1);
    CHECK(notebook.packets == from_to(1, 4));
  }

  TEST_CASE("packets that come after the last ACK belong to the stream for five seconds") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/"));
    talk.response(answer(500));
    talk.close();
    wire.pause(Duration::seconds(4));
    wire.send(support::tcp_frame({.sequence = 1000, .flags = 0x04}));  // a late RST
    Notebook notebook;
    run(wire, "response.status == 500", notebook);
    CHECK(notebook.packets == from_to(1, wire.size()));
    CHECK(notebook.over.size() == 1);
  }

  TEST_CASE("an ICMP error is kept with the stream that it quotes, once") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/"));
    talk.response(answer(500));
    const std::string quoted = support::tcp_packet({});
    const std::string icmp = support::bytes_of({3, 1, 0, 0, 0, 0, 0, 0}) + quoted;
    wire.send(support::ethernet(support::ip(support::address("10.0.0.254"), support::address("10.0.0.1"), 1, icmp)));
    Notebook notebook;
    run(wire, "response.status == 500", notebook);
    CHECK(notebook.packets == from_to(1, wire.size()));
  }

  TEST_CASE("a query whose second fragment never came is told by its first, with the packet that was captured") {
    const std::string query = support::bytes_of({0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 't', 'p', 0, 0, 1, 0, 1});
    const std::string datagram = support::udp({.payload = query + std::string(40, '\0')});
    Wire wire;
    wire.send(support::ethernet(
        support::ipv4({.protocol = 17, .identification = 9, .more_fragments = true}, datagram.substr(0, 40))));
    Notebook at_end;
    const Stats stats = run(wire, "dns", at_end);
    CHECK(at_end.calls.size() == 1);
    CHECK(at_end.packets == from_to(1, 1));
    CHECK(stats.drops[static_cast<std::size_t>(net::Drop::fragment_held)] == 1);

    Notebook nothing;
    Wire headless;
    headless.send(support::ethernet(
        support::ipv4({.protocol = 17, .identification = 9, .fragment_offset = 40}, datagram.substr(40))));
    run(headless, "dns", nothing);
    CHECK(nothing.calls.empty());
  }

  TEST_CASE("bytes that are missing stand in the ledger") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/"));
    talk.response("HTTP/1.1 500 X\r\nContent-Length: 300\r\n\r\n" + std::string(100, 'a'));
    talk.lose_response(100);
    talk.response(std::string(100, 'c'));
    talk.close();
    Notebook notebook;
    const Stats stats = run(wire, "response.status == 500", notebook);
    REQUIRE(notebook.losses.size() == 1);
    CHECK(notebook.losses[0].gap_bytes == 100);
    REQUIRE(notebook.losses[0].ranges.size() == 1);
    CHECK(notebook.losses[0].ranges[0].direction == Direction::to_client);
    CHECK(notebook.losses[0].ranges[0].bytes == 100);
    REQUIRE(notebook.losses[0].ranges[0].time);
    CHECK(bool(*notebook.losses[0].ranges[0].time == wire.packets()[5].time));
    CHECK(stats.gap_bytes == 100);
    REQUIRE(notebook.calls.size() == 1);
    CHECK(contains(notebook.calls[0], "incomplete"));
  }

  TEST_CASE("what the snapshot length cut of a datagram stands in the ledger, and in its call") {
    const std::string query("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1", 19);
    Wire wire;
    wire.send(support::udp_frame({.payload = query}));
    wire.send(support::udp_frame({.payload = query}));
    auto packets = wire.packets();
    packets[1].data.remove_suffix(5);
    Notebook notebook;
    const SourceFacts* facts = &file_facts;
    Pipeline pipeline({{.statement = statement("dns"), .sink = &notebook}}, {.sources = {&facts, 1}});
    pipeline.feed(packets);
    pipeline.finish();
    REQUIRE(notebook.losses.size() == 1);
    const record::Loss& loss = notebook.losses[0];
    CHECK(loss.snaplen_cuts == 1);
    CHECK(loss.gap_bytes == 5);
    REQUIRE(loss.ranges.size() == 1);
    CHECK(bool(loss.ranges[0] ==
               record::GapRange{.direction = Direction::to_server, .offset = 33, .bytes = 5, .time = packets[1].time}));
    CHECK(pipeline.stats().gap_bytes == 5);
    REQUIRE(notebook.calls.size() == 2);
    const bool first_is_cut = contains(notebook.calls[0], "incomplete");
    CHECK(first_is_cut != contains(notebook.calls[1], "incomplete"));
  }

  TEST_CASE("a stream that had begun before says so, however it ends") {
    for (const bool connects : {true, false}) {
      for (const bool closes : {true, false}) {
        CAPTURE(connects);
        CAPTURE(closes);
        Wire wire;
        Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
        if (connects) talk.connect();
        talk.request(get("/"));
        talk.response(answer(500));
        if (closes) talk.close();
        Notebook notebook;
        run(wire, "", notebook);
        REQUIRE(notebook.losses.size() == 1);
        CHECK(notebook.losses[0].midstream != connects);
        REQUIRE(notebook.first_losses.size() == 1);
        CHECK(notebook.first_losses[0].midstream != connects);
      }
    }
  }

  TEST_CASE("a stream names what was dropped in its life, whoever dropped it") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/"));
    talk.response(answer(500));
    const auto packets = wire.packets();
    Notebook notebook;
    const SourceFacts* facts = &file_facts;
    Pipeline pipeline({{.statement = statement("http"), .sink = &notebook}}, {.sources = {&facts, 1}});
    pipeline.set_drops(100, 10);
    pipeline.feed(std::span(packets).first(3));
    pipeline.set_drops(107, 13);
    pipeline.feed(std::span(packets).subspan(3));
    pipeline.finish();
    REQUIRE(notebook.losses.size() == 1);
    CHECK(notebook.losses[0].kernel_drops == 7);
    CHECK(notebook.losses[0].interface_drops == 3);
    CHECK_FALSE(notebook.losses[0].damage());
  }

  TEST_CASE("after the last call that is wanted no further stream is kept, and the one that had it stays whole") {
    Wire wire;
    Conversation first(wire, "10.0.0.1:40000", "10.0.0.2:80");
    first.connect();
    first.request(get("/1"));
    first.response(answer(500));
    const std::size_t second_begins = wire.size() + 1;
    Conversation second(wire, "10.0.0.1:40001", "10.0.0.2:80");
    second.connect();
    second.request(get("/2"));
    second.response(answer(500));
    const std::size_t second_ends = wire.size();
    first.close();
    Notebook notebook;
    run(wire, {{.statement = statement("response.status == 500"), .sink = &notebook, .limit = 1}});
    CHECK(notebook.calls.size() == 1);
    CHECK(notebook.packets.size() == wire.size() - (second_ends - second_begins + 1));
  }

  TEST_CASE("a job that comes later has a stream that is held for another one from its first packet on") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/a"));
    const std::size_t before = wire.size();
    talk.response(answer(404));
    talk.close();
    Notebook errors, missing;
    const SourceFacts* facts = &file_facts;
    Pipeline pipeline({{.statement = statement("response.status == 500"), .sink = &errors}}, {.sources = {&facts, 1}});
    const auto packets = wire.packets();
    pipeline.feed(std::span(packets).first(before));
    CHECK(pipeline.add_job({.statement = statement("response.status == 404"), .sink = &missing}) == 1);
    pipeline.feed(std::span(packets).subspan(before));
    pipeline.finish();
    CHECK(missing.packets == from_to(1, wire.size()));
    REQUIRE(missing.losses.size() == 1);
    CHECK_FALSE(missing.losses[0].midstream);
    CHECK(missing.counted.packets == wire.size());
    CHECK(errors.packets.empty());
  }

  TEST_CASE("a job that comes later to a stream that nobody read has it from then on, and its ledger says so") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/a"));
    talk.response(answer(200));
    const std::size_t before = wire.size();
    talk.request(get("/b"));
    talk.response(answer(500));
    talk.close();
    Notebook datagrams, errors;
    const SourceFacts* facts = &file_facts;
    Pipeline pipeline({{.statement = statement("udp"), .sink = &datagrams}}, {.sources = {&facts, 1}});
    const auto packets = wire.packets();
    pipeline.feed(std::span(packets).first(before));
    pipeline.add_job({.statement = statement("response.status == 500"), .sink = &errors});
    pipeline.feed(std::span(packets).subspan(before));
    pipeline.finish();
    CHECK(errors.packets == from_to(before + 1, wire.size()));
    CHECK(errors.calls.size() == 1);
    REQUIRE(errors.losses.size() == 1);
    CHECK(errors.losses[0].midstream);
    CHECK(errors.counted.packets == wire.size() - before);
  }

  TEST_CASE("a job that ends has its streams told over, and the others go on") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/a"));
    talk.response(answer(500));
    const std::size_t before = wire.size();
    talk.request(get("/b"));
    talk.response(answer(500));
    talk.close();
    Notebook first, second, third;
    const SourceFacts* facts = &file_facts;
    Pipeline pipeline({{.statement = statement("response.status == 500"), .sink = &first},
                       {.statement = statement("response.status == 500"), .sink = &second}},
                      {.sources = {&facts, 1}});
    const auto packets = wire.packets();
    pipeline.feed(std::span(packets).first(before));
    CHECK(first.over.empty());
    pipeline.end_job(0);
    CHECK(first.over == std::vector<std::uint64_t>{0});
    CHECK(first.counted.packets == before);
    CHECK(pipeline.add_job({.statement = statement("dns"), .sink = &third}) == 0);
    pipeline.feed(std::span(packets).subspan(before));
    pipeline.finish();
    CHECK(first.packets == from_to(1, before));
    CHECK(first.over.size() == 1);
    CHECK(second.packets == from_to(1, wire.size()));
    CHECK(second.calls.size() == 2);
    CHECK(third.packets.empty());
  }

  TEST_CASE(
      "a pooled connection is kept for a while behind its last match, and again from the call that matches next") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    const auto call = [&](int status) {
      talk.request(get("/"));
      talk.response(answer(status));
    };
    talk.connect();
    call(500);
    const std::size_t kept = wire.size();
    wire.pause(Duration::seconds(60));
    for (int i = 0; i < 10; ++i) call(200);
    const std::size_t let_go = wire.size();
    call(500);
    const std::size_t resumed = wire.size();
    wire.pause(Duration::seconds(60));
    for (int i = 0; i < 5; ++i) call(200);
    talk.close();

    const record::KeepAfter rows[] = {{.duration = Duration::seconds(30), .bytes = {}}, {.duration = {}, .bytes = 50}};
    for (const record::KeepAfter& keep_after : rows) {
      Notebook notebook;
      run(wire, {{.statement = statement("response.status == 500"), .sink = &notebook, .keep_after = keep_after}});
      auto expected = from_to(1, kept);
      for (const std::uint64_t number : from_to(let_go + 1, resumed)) expected.push_back(number);
      // By bytes, the next packet is the first that is too many.
      if (keep_after.bytes) expected.insert(expected.begin() + static_cast<std::ptrdiff_t>(kept), kept + 1);
      if (keep_after.bytes) expected.push_back(resumed + 1);
      CHECK(notebook.packets == expected);
      CHECK(notebook.calls.size() == 2);
      REQUIRE(notebook.losses.size() == 1);
      CHECK(notebook.losses[0].let_go_packets == wire.size() - expected.size());
      CHECK_FALSE(notebook.losses[0].damage());
    }
  }

  TEST_CASE("what is held back for another job is there when a job that had let go of the stream matches again") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    for (const int status : {500, 200, 200, 500}) {
      talk.request(get("/"));
      talk.response(answer(status));
      wire.pause(Duration::seconds(60));
    }
    Notebook errors, missing;
    run(wire, {{.statement = statement("response.status == 500"),
                .sink = &errors,
                .keep_after = {.duration = Duration::seconds(30), .bytes = {}}},
               {.statement = statement("response.status == 404"), .sink = &missing}});
    CHECK(errors.packets == from_to(1, wire.size()));
    CHECK(errors.losses.at(0).let_go_packets == 0);
    CHECK(missing.packets.empty());
  }

  TEST_CASE("a packet that comes by on two interfaces is dissected once") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    talk.request(get("/"));
    talk.response(answer(500));
    talk.close();
    std::vector<net::Packet> twice;
    for (net::Packet packet : wire.packets()) {
      twice.push_back(packet);
      packet.interface = 1;
      packet.time = packet.time + Duration{1000};
      twice.push_back(packet);
    }
    for (std::size_t i = 0; i < twice.size(); ++i) twice[i].number = i + 1;
    Notebook notebook;
    const SourceFacts bridge{.backend = "file", .source = "br0"}, port{.backend = "file", .source = "veth0"};
    const std::array<const SourceFacts*, 2> facts = {&bridge, &port};
    Pipeline pipeline({{.statement = statement("response.status == 500"), .sink = &notebook}}, {.sources = facts});
    pipeline.feed(twice);
    pipeline.finish();
    CHECK(notebook.calls.size() == 1);
    CHECK(notebook.packets.size() == wire.size());
    CHECK(pipeline.stats().copies == wire.size());
    CHECK_FALSE(contains(notebook.calls.at(0), "retransmissions\":1"));
  }

  TEST_CASE("a recording's own statement still holds when its packets are read with another one") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    for (const int status : {200, 500}) {
      talk.request(get("/"));
      talk.response(answer(status));
    }
    Notebook notebook;
    run(wire, {{.statement = statement("http"), .within = statement("response.status == 500"), .sink = &notebook}});
    CHECK(notebook.calls.size() == 1);
  }

  TEST_CASE(
      "a long quiet stream that matches late has lost its middle to the backlog's limit, and the ledger says how "
      "much") {
    Wire wire;
    Conversation talk(wire, "10.0.0.1:40000", "10.0.0.2:80");
    talk.connect();
    for (int i = 0; i < 2000; ++i) {
      talk.request(get("/"));
      talk.response(answer(200, std::string(1000, 'x')));
    }
    talk.request(get("/"));
    talk.response(answer(500));
    talk.close();
    Notebook notebook;
    const Stats stats = run(wire, {{.statement = statement("response.status == 500"), .sink = &notebook}}, 1U << 20U);
    REQUIRE(notebook.losses.size() == 1);
    CHECK(notebook.losses[0].backlog_cut_packets > 0);
    CHECK(notebook.packets.size() + notebook.losses[0].backlog_cut_packets == wire.size());
    CHECK(notebook.packets.front() == 1);
    CHECK(stats.backlog_cut_packets == notebook.losses[0].backlog_cut_packets);
    const auto& span = notebook.losses[0].backlog_cut_span;
    REQUIRE(span);
    CHECK(bool(wire.packets().front().time < span->first));
    CHECK(bool(span->first < span->last));
    CHECK(bool(span->last < wire.packets().back().time));
  }
}

}  // namespace
}  // namespace wiretape::engine
