// SPDX-License-Identifier: Apache-2.0
#include "engine/workers.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include "engine/pipeline.hpp"
#include "engine/support.hpp"

namespace wiretape::engine {
namespace {

using namespace test;
using support::Conversation;
using support::Wire;

const SourceFacts file_facts{.backend = "file", .source = "test.pcap"};

// Everything that a job is given, in order, as text.
class Journal final : public JobSink {
 public:
  [[nodiscard]] std::unique_ptr<JobTeller> teller() const override { return std::make_unique<Teller>(); }
  void packet(const net::Packet& packet) override {
    lines.push_back("packet " + std::to_string(packet.number) + ' ' + std::to_string(packet.data.size()));
  }
  void call(std::string_view told) override { lines.emplace_back(told); }
  void stream(std::string_view told) override { lines.emplace_back(told); }

  std::vector<std::string> lines;

 private:
  class Teller final : public JobTeller {
   public:
    void call(const Entry& entry, std::string& out) override { calls_->tell(entry, out); }
    void stream(StreamEvent event, const StreamFacts& facts, const StreamPackets& packets, const record::Loss& loss,
                std::string& out) override {
      out += event == StreamEvent::kept ? "kept " : "over ";
      record::append_stream_line(out, facts, {.kept_packets = packets.packets, .kept_bytes = packets.bytes}, loss);
    }

   private:
    std::unique_ptr<CallTeller> calls_ = json_teller();
  };
};

// Forty conversations at a time, some answered, some not, with datagrams in fragments and errors that quote a stream.
Wire busy_wire() {
  Wire wire;
  for (int round = 0; round < 20; ++round) {
    std::deque<Conversation> talks;
    for (int i = 0; i < 40; ++i) {
      talks.emplace_back(wire, "10.0.0.1:" + std::to_string(40000 + i), "10.0.0.2:80").connect();
    }
    for (int i = 0; i < 40; ++i) talks[static_cast<std::size_t>(i)].request(get("/" + std::to_string(i)));
    for (int i = 0; i < 40; ++i) {
      if (i % 7 == 3) continue;  // told when the time for an answer is over
      talks[static_cast<std::size_t>(i)].response(answer(i % 5 == 0 ? 500 : 200));
    }
    const std::string query = support::bytes_of({0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 't', 'p', 0, 0, 1, 0, 1});
    const std::string datagram = support::udp({.payload = query + std::string(40, '\0')});
    const auto id = static_cast<std::uint16_t>(round + 1);
    wire.send(support::ethernet(
        support::ipv4({.protocol = 17, .identification = id, .more_fragments = true}, datagram.substr(0, 40))));
    wire.send(support::ethernet(
        support::ipv4({.protocol = 17, .identification = id, .fragment_offset = 40}, datagram.substr(40))));
    if (round % 2 == 0) wire.pause(Duration::seconds(20));
    for (int i = 0; i < 40; i += 2) talks[static_cast<std::size_t>(i)].close();
    wire.pause(Duration::seconds(6));
  }
  return wire;
}

struct Told {
  std::vector<std::string> lines;
  Stats stats;
};

Told tell(const Wire& wire, const std::vector<std::string>& statements, std::size_t workers) {
  std::deque<Journal> journals(statements.size());
  std::vector<PipelineJob> jobs;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    const kfl::Statement compiled = statement(statements[i]);
    jobs.push_back({.statement = compiled, .sink = &journals[i], .limit = compiled.limit().value_or(no_limit)});
  }
  const SourceFacts* facts = &file_facts;
  Pipeline pipeline(std::move(jobs), {.sources = {&facts, 1}, .workers = workers});
  const auto packets = wire.packets();
  for (std::size_t at = 0; at < packets.size(); at += 100) {
    pipeline.feed(std::span(packets).subspan(at, std::min<std::size_t>(100, packets.size() - at)));
  }
  pipeline.finish();
  Told told{.lines = {}, .stats = pipeline.stats()};
  for (const Journal& journal : journals) {
    told.lines.insert(told.lines.end(), journal.lines.begin(), journal.lines.end());
  }
  return told;
}

TEST_SUITE("engine workers") {
  TEST_CASE("with any number of workers the same comes out, in the same order") {
    const Wire wire = busy_wire();
    const std::vector<std::vector<std::string>> questions = {
        {""},
        {"http"},
        {"http and response.status == 500"},
        {"tcp or udp or icmp"},
        {"dns", "response.status == 500", "elapsedTime > 5", "http and limit(7)"},
    };
    for (const auto& statements : questions) {
      CAPTURE(statements.front());
      const Told alone = tell(wire, statements, 0);
      CHECK(alone.lines.size() > 20);
      for (const std::size_t workers : {1U, 2U, 5U}) {
        CAPTURE(workers);
        const Told together = tell(wire, statements, workers);
        CHECK(together.lines == alone.lines);
        CHECK(together.stats.calls == alone.stats.calls);
        CHECK(together.stats.matched_calls == alone.stats.matched_calls);
        CHECK(together.stats.kept_packets == alone.stats.kept_packets);
        CHECK(together.stats.streams == alone.stats.streams);
      }
    }
  }

  TEST_CASE("every worker gets every batch, in order, and what it wrote is seen by who waits for it") {
    constexpr std::uint32_t first = UINT32_MAX - 50;  // numbers begin anew
    std::array<std::vector<std::uint32_t>, 3> seen;
    {
      Workers workers(seen.size(), first,
                      [&](std::size_t worker, std::uint32_t batch) { seen[worker].push_back(batch); });
      for (std::uint32_t i = 0; i < 100; ++i) {
        workers.publish();
        if (i % 10 != 0) continue;
        workers.wait_for(first + i);
        CHECK(workers.finished(first + i));
        CHECK_FALSE(workers.finished(first + i + 1));
        for (const auto& batches : seen) CHECK(batches.size() == i + 1);
      }
    }
    for (const auto& batches : seen) {
      REQUIRE(batches.size() == 100);
      for (std::uint32_t i = 0; i < 100; ++i) CHECK(batches[i] == first + i);
    }
  }
}

}  // namespace
}  // namespace wiretape::engine
