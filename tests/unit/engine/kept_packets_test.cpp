// SPDX-License-Identifier: Apache-2.0
#include "engine/kept_packets.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "capture/file.hpp"
#include "capture/merge.hpp"
#include "support/packets.hpp"

namespace wiretape::engine {
namespace {

using support::pcap;
using support::Record;
using support::TemporaryFolder;

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Packets given from memory, once.
class OnceSource final : public capture::PacketSource {
 public:
  explicit OnceSource(std::vector<net::Packet> packets) : packets_(std::move(packets)) {}
  Result<std::span<const net::Packet>> next() override {
    if (std::exchange(given_, true)) return std::span<const net::Packet>{};
    return std::span<const net::Packet>(packets_);
  }
  [[nodiscard]] std::shared_ptr<const void> hold() override { return nullptr; }
  Result<net::Packet> again(std::uint64_t) override {
    return Error{.kind = ErrorKind::read, .message = "read once only"};
  }
  [[nodiscard]] bool can_read_again() const override { return false; }
  [[nodiscard]] std::span<const capture::Interface> interfaces() const override { return {}; }

 private:
  std::vector<net::Packet> packets_;
  bool given_ = false;
};

std::vector<Record> records_of(const std::string& first, const std::string& second, const std::string& third) {
  return {{.time = {1'000}, .data = first}, {.time = {2'000}, .data = second}, {.time = {3'000}, .data = third}};
}

// Keeps the packets with these places in the source, in the order of the list.
void keep(KeptPackets& kept, capture::PacketSource& source, const std::vector<std::size_t>& places) {
  std::vector<net::Packet> seen;
  auto batch = source.next();
  REQUIRE(batch.has_value());
  seen.assign(batch->begin(), batch->end());
  for (const std::size_t place : places) REQUIRE(kept.keep(seen.at(place)).has_value());
}

TEST_SUITE("engine kept packets") {
  TEST_CASE("packets of a file come out in its order, each once, whatever order they were kept in") {
    const TemporaryFolder folder;
    const std::string path = folder.file("in.pcap", pcap(records_of("one", "two", "three")));
    auto source = capture::open_file(path);
    REQUIRE(source.has_value());
    auto kept = KeptPackets::of(**source);
    REQUIRE(kept.has_value());
    keep(**kept, **source, {2, 0, 2});
    const std::string out = (folder.path() / "out.pcap").string();
    auto written = write_packets({kept->get()}, out);
    REQUIRE(written.has_value());
    CHECK(written->packets == 2);
    CHECK(content(out) == pcap({{.time = {1'000}, .data = "one"}, {.time = {3'000}, .data = "three"}}));
  }

  TEST_CASE("packets of a source that gives them once are kept aside and come out the same") {
    const TemporaryFolder folder;
    const std::vector<std::string> frames = {"one", "two", std::string(100'000, 'x')};
    std::vector<net::Packet> packets;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      packets.push_back(support::captured(frames[i], {static_cast<std::int64_t>(i + 1) * 1000}));
      packets.back().number = i + 1;
    }
    OnceSource source(packets);
    auto kept = KeptPackets::of(source);
    REQUIRE(kept.has_value());
    keep(**kept, source, {2, 0, 2});
    const std::string out = (folder.path() / "out.pcap").string();
    REQUIRE(write_packets({kept->get()}, out).has_value());
    CHECK(content(out) == pcap({{.time = {1'000}, .data = "one"}, {.time = {3'000}, .data = frames[2]}}));
  }

  TEST_CASE("packets of several files come out in order of time") {
    const TemporaryFolder folder;
    const std::string a = folder.file("a.pcap", pcap(records_of("a1", "a2", "a3")));
    const std::string b =
        folder.file("b.pcap", pcap({{.time = {1'500}, .data = "b1"}, {.time = {2'500}, .data = "b2"}}));
    auto source = capture::open_files({a, b}, capture::MergeOrder::by_time);
    REQUIRE(source.has_value());
    auto kept = KeptPackets::of(**source);
    REQUIRE(kept.has_value());
    for (;;) {
      auto batch = (*source)->next();
      REQUIRE(batch.has_value());
      if (batch->empty()) break;
      for (const net::Packet& packet : *batch) REQUIRE((*kept)->keep(packet).has_value());
    }
    const std::string out = (folder.path() / "out.pcap").string();
    REQUIRE(write_packets({kept->get()}, out).has_value());
    CHECK(content(out) == pcap({{.time = {1'000}, .data = "a1"},
                                {.time = {1'500}, .data = "b1"},
                                {.time = {2'000}, .data = "a2"},
                                {.time = {2'500}, .data = "b2"},
                                {.time = {3'000}, .data = "a3"}}));
  }

  TEST_CASE("nothing kept is an empty capture, not an empty file") {
    const TemporaryFolder folder;
    auto source = capture::open_file(folder.file("in.pcap", pcap(records_of("one", "two", "three"))));
    REQUIRE(source.has_value());
    auto kept = KeptPackets::of(**source);
    REQUIRE(kept.has_value());
    const std::string out = (folder.path() / "out.pcap").string();
    REQUIRE(write_packets({kept->get()}, out).has_value());
    CHECK(content(out) == pcap({}));
  }

  TEST_CASE("link types that one pcap cannot hold are refused with a sentence") {
    const TemporaryFolder folder;
    const std::string a = folder.file("a.pcap", pcap(records_of("a1", "a2", "a3")));
    const std::string b = folder.file("b.pcap", pcap(records_of("b1", "b2", "b3"), net::LinkType::raw));
    auto first = capture::open_file(a);
    auto second = capture::open_file(b);
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    auto kept_first = KeptPackets::of(**first);
    auto kept_second = KeptPackets::of(**second);
    REQUIRE(kept_first.has_value());
    REQUIRE(kept_second.has_value());
    keep(**kept_first, **first, {0});
    keep(**kept_second, **second, {0});
    auto written = write_packets({kept_first->get(), kept_second->get()}, (folder.path() / "out.pcap").string());
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().kind == ErrorKind::usage);
    CHECK(written.error().message.find("link types") != std::string::npos);
  }

  TEST_CASE("a full disk is reported as one") {
    const TemporaryFolder folder;
    auto source = capture::open_file(folder.file("in.pcap", pcap(records_of("one", "two", "three"))));
    REQUIRE(source.has_value());
    auto kept = KeptPackets::of(**source);
    REQUIRE(kept.has_value());
    keep(**kept, **source, {0});
    auto written = write_packets({kept->get()}, "/dev/full");
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().kind == ErrorKind::write);
    CHECK(written.error().message == "cannot write \"/dev/full\": No space left on device");
  }
}

}  // namespace
}  // namespace wiretape::engine
