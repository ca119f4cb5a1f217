// SPDX-License-Identifier: Apache-2.0
#include "record/ring.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "record/reader.hpp"
#include "record/support.hpp"
#include "record/verify.hpp"
#include "record/writer.hpp"

namespace wiretape::record {
namespace {

using test::a_morning;
using test::outcome;
using test::packet;
using test::TempFolder;

const std::string call_line = R"({"id":"1-0"})";

Job ring_of(std::uint64_t limit) {
  Job job = test::job_named("x");
  job.storage_limit = limit;
  job.ring = true;
  return job;
}

// A packet of 1000 bytes that says which it is, and a call about it.
void write_one(IterationWriter& writer, int number) {
  std::string data = std::to_string(number);
  data.resize(1000, '.');
  REQUIRE(outcome(writer.packet(packet(number, data))) == "ok");
  REQUIRE(outcome(writer.call(call_line)) == "ok");
}

std::vector<int> numbers_in(const std::string& path) {
  std::vector<int> numbers;
  for (const auto& [name, content] : test::tree(path)) {
    if (!name.ends_with(".pcap")) continue;
    for (const auto& stored : test::packets_of(content)) numbers.push_back(std::stoi(stored.data));
  }
  // Folders of one start do not sort by name.
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<int> from_to(int first, int last) {
  std::vector<int> numbers;
  for (int i = first; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

std::uint64_t bytes_of(const std::string& path) {
  return bytes_below(*Folder::open(system_files(), path));
}

// Of all findings that are not good, by verdict.
std::map<std::string, int> verdicts(const std::string& path) {
  const auto verified = verify(path, a_morning);
  REQUIRE(outcome(verified) == "ok");
  std::map<std::string, int> counts;
  for (const Finding& finding : verified->findings) {
    if (finding.verdict != Verdict::good) ++counts[std::string(name(finding.verdict))];
  }
  return counts;
}
using Verdicts = std::map<std::string, int>;

const Recording::Ending stopped{.state = State::stopped, .reason = {}, .at = a_morning};

TEST_SUITE("record ring") {
  TEST_CASE("the newest packets are kept within the limit, and what was let go is counted") {
    const TempFolder folder;
    const Store store(folder.path());
    constexpr std::uint64_t limit = 200'000;
    auto recording = store.create(ring_of(limit), a_morning);
    REQUIRE(outcome(recording) == "ok");
    auto writer = recording->start_iteration(a_morning, a_morning);
    REQUIRE(outcome(writer) == "ok");
    for (int i = 0; i < 1000; ++i) {
      write_one(**writer, i);
      if (i % 50 != 0) continue;
      REQUIRE(outcome((*writer)->sync()) == "ok");
      // recording.json and manifest.json are not counted.
      CHECK(bytes_of(folder.path("x")) < limit + 20'000);
    }
    REQUIRE(outcome(recording->update({})) == "ok");
    CHECK(store.load("x")->description.totals().let_go_segments > 10);
    REQUIRE(outcome(recording->finish(stopped, {})) == "ok");

    const auto kept = numbers_in(folder.path("x"));
    REQUIRE(kept.size() > 60);
    CHECK(bool(kept == from_to(kept.front(), 999)));
    const Totals totals = store.load("x")->description.totals();
    CHECK(totals.let_go_packets == static_cast<std::uint64_t>(kept.front()));
    CHECK(totals.let_go_calls == totals.let_go_packets);
    CHECK(totals.let_go_bytes > 1000 * totals.let_go_packets);
    CHECK(totals.let_go_segments * 3 > 20);

    const auto verified = verify(folder.path("x"));
    CHECK(verified->intact());
    CHECK(verified->let_go == LetGo{.segments = totals.let_go_segments,
                                    .packets = totals.let_go_packets,
                                    .bytes = totals.let_go_bytes,
                                    .calls = totals.let_go_calls});
    CHECK(verdicts(folder.path("x")) == Verdicts{{"let go", static_cast<int>(2 * totals.let_go_segments)}});
  }

  TEST_CASE("a segment that goes without being let go is damage") {
    const TempFolder folder;
    auto recording = Store(folder.path()).create(ring_of(200'000), a_morning);
    auto writer = recording->start_iteration(a_morning, a_morning);
    for (int i = 0; i < 300; ++i) write_one(**writer, i);
    REQUIRE(outcome(recording->finish(stopped, {})) == "ok");
    const std::string iteration = folder.path("x/20240604T084500Z");
    const auto files = open_recording(iteration);
    REQUIRE(files);
    std::filesystem::remove(files->iterations[0].segments.front().packets);
    CHECK(verdicts(folder.path("x"))["missing"] == 1);
    CHECK_FALSE(verify(folder.path("x"))->intact());
  }

  TEST_CASE("a recording of lines only turns as well") {
    const TempFolder folder;
    WriterOptions options;
    options.storage_limit = 10'000;
    options.ring = true;
    auto writer = IterationWriter::open(*Folder::open(system_files(), folder.path()), options);
    REQUIRE(outcome(writer) == "ok");
    for (int i = 0; i < 2000; ++i) REQUIRE(outcome((*writer)->call(call_line)) == "ok");
    REQUIRE(outcome((*writer)->finish()) == "ok");
    CHECK((*writer)->written().let_go.calls > 1000);
    const auto manifest = read_manifest(test::read_file(folder.path("manifest.json")), "m");
    CHECK(manifest->let_go_total() == (*writer)->written().let_go);
  }

  TEST_CASE("without room for a single record the recording ends after all") {
    const TempFolder folder;
    WriterOptions options;
    options.storage_limit = 500;
    options.ring = true;
    auto writer = IterationWriter::open(*Folder::open(system_files(), folder.path()), options);
    REQUIRE((*writer)->packet(packet(1, "small")));
    const auto refused = (*writer)->packet(packet(2, std::string(1000, 'x')));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "the storage limit of 500 bytes is reached in " + folder.path());
  }

  TEST_CASE("earlier iterations give way first, the open one of a process that was killed too") {
    const TempFolder folder;
    const Store store(folder.path());
    {
      auto recording = store.create(ring_of(300'000), a_morning);
      auto writer = recording->start_iteration(a_morning, a_morning);
      for (int i = 0; i < 100; ++i) write_one(**writer, i);
      REQUIRE(outcome((*writer)->sync()) == "ok");
    }
    CHECK(verdicts(folder.path("x")) == Verdicts{{"open", 2}});
    auto recording = store.resume("x", a_morning);
    REQUIRE(outcome(recording) == "ok");
    auto writer = recording->start_iteration(a_morning, a_morning);
    REQUIRE(outcome(writer) == "ok");
    for (int i = 100; i < 230; ++i) write_one(**writer, i);
    REQUIRE(outcome((*writer)->sync()) == "ok");
    const auto first = numbers_in(folder.path("x")).front();
    CHECK(first > 0);
    CHECK(first < 100);
    for (int i = 230; i < 350; ++i) write_one(**writer, i);
    REQUIRE(outcome(recording->finish(stopped, {})) == "ok");

    const auto kept = numbers_in(folder.path("x"));
    CHECK(bool(kept == from_to(kept.front(), 349)));
    const auto& iterations = recording->description().iterations;
    REQUIRE(iterations.size() == 2);
    CHECK(iterations[0].totals.let_go_packets == 100);
    CHECK(iterations[0].totals.let_go_packets + iterations[1].totals.let_go_packets ==
          static_cast<std::uint64_t>(kept.front()));
    CHECK(verify(folder.path("x"))->intact());
    CHECK(verdicts(folder.path("x")).size() == 1);
  }

  TEST_CASE("files that a power cut left of a segment that was let go are harmless, and go with the next one") {
    const TempFolder folder;
    const auto opened = Folder::open(system_files(), folder.path());
    WriterOptions options;
    options.segment_size = 1100;
    auto writer = IterationWriter::open(*Folder::open(system_files(), folder.path()), options);
    for (int i = 0; i < 3; ++i) write_one(**writer, i);
    REQUIRE((*writer)->finish());
    const std::string first = test::read_file(folder.path("000001.pcap"));
    auto manifest = read_manifest(test::read_file(folder.path("manifest.json")), "m");
    const auto gone = let_go_oldest(*opened, *manifest, {});
    REQUIRE(outcome(gone) == "ok");
    CHECK(*gone == LetGo{.segments = 1, .packets = 1, .bytes = first.size() + call_line.size() + 1, .calls = 1});
    test::write_file(folder.path("000001.pcap"), first);
    const std::vector<std::uint32_t> open = {2};
    REQUIRE(outcome(let_go_oldest(*opened, *manifest, open)) == "ok");
    CHECK(test::names_in(folder.path()) ==
          std::vector<std::string>{"000002.calls.ndjson", "000002.pcap", "manifest.json"});
    CHECK(let_go_oldest(*opened, *manifest, open)->segments == 0);
    CHECK_FALSE(manifest->broken_at());
    CHECK(manifest->chain() == (*writer)->chain());
  }

  TEST_CASE("a manifest forgets the oldest of many, and its chain holds") {
    Manifest manifest;
    LetGo all;
    std::string chain_of_all;
    for (std::uint32_t segment = 1; segment <= 1000; ++segment) {
      for (const FileRole role : {FileRole::packets, FileRole::calls}) {
        manifest.append({.name = file_name(segment, role),
                         .bytes = segment,
                         .records = 2,
                         .first = {},
                         .last = {},
                         .sha256 = "aa",
                         .previous = {}});
      }
      chain_of_all = manifest.chain();
      if (segment < 4) continue;
      manifest.let_go(segment - 3);
      all += {.segments = 1, .packets = 2, .bytes = 2 * (segment - 3), .calls = 2};
    }
    CHECK(manifest.files.size() <= Manifest::most_let_go + 6);
    CHECK(manifest.let_go_total() == all);
    CHECK_FALSE(manifest.broken_at());
    CHECK(manifest.ended_with(chain_of_all));
    auto read = read_manifest(to_json(manifest), "m");
    REQUIRE(outcome(read) == "ok");
    CHECK(bool(read->files == manifest.files));
    CHECK(read->let_go_total() == all);
    CHECK_FALSE(read->broken_at());
    read->files.erase(read->files.begin());
    CHECK(read->broken_at() == 0);
    read = read_manifest(to_json(manifest), "m");
    read->files.pop_back();
    CHECK_FALSE(read->ended_with(chain_of_all));
  }
}

}  // namespace
}  // namespace wiretape::record
