// SPDX-License-Identifier: Apache-2.0
// What is left of a recording when the power goes, or the disk stops taking anything, at any operation.
#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "record/power_cut.hpp"
#include "record/reader.hpp"
#include "record/support.hpp"
#include "record/verify.hpp"

namespace wiretape::record {
namespace {

using test::a_morning;
using test::outcome;
using test::packet;
using test::TempFolder;
using Then = test::FailingFiles::Then;

constexpr std::size_t packet_size = 600;

// What a recorder was told to be safe.
struct Promised {
  bool created = false;
  bool finished = false;
  int packets = 0;  // the first so many
  int closed = 0;   // of them, in segments that are closed
};

Job job_of(bool ring) {
  Job job = test::job_named("x");
  job.ring = ring;
  job.storage_limit = ring ? 73'000 : 0;
  return job;
}

std::string text_of(int number) {
  std::string text = std::to_string(number);
  text.resize(packet_size, '.');
  return text;
}

// Packets out of order, lines, segments that are closed, a ring that turns: until something fails.
Result<void> record(const Store& store, const Job& job, Promised& promised) {
  auto recording = store.create(job, a_morning);
  if (!recording) return std::move(recording).error();
  promised.created = true;
  auto writer = recording->start_iteration(a_morning, a_morning);
  if (!writer) return std::move(writer).error();
  for (int i = 0; i < 12; ++i) {
    // In pairs, the later one first.
    if (auto done = (*writer)->packet(packet(i ^ 1, text_of(i))); !done) return done;
    if (auto done = (*writer)->stream(R"({"id":"1"})"); !done) return done;
    if (auto done = (*writer)->call(R"({"id":"1-0"})"); !done) return done;
    if (i % 4 == 3) {
      if (auto done = (*writer)->close_segment(); !done) return done;
      promised.closed = i + 1;
    }
    if (i % 3 == 1) {
      if (auto done = (*writer)->sync(); !done) return done;
      promised.packets = i + 1;
    }
  }
  auto finished = recording->finish({.state = State::completed, .reason = {}, .at = a_morning}, {});
  promised.finished = finished.has_value();
  if (finished) promised.packets = promised.closed = 12;
  return finished;
}

// Numbers of the packets that a reader finds, torn ends passed over; each must be whole and there once.
std::set<int> packets_found(const std::string& path) {
  std::set<int> found;
  const auto files = open_recording(path);
  REQUIRE(outcome(files) == "ok");
  for (const IterationFiles& iteration : files->iterations) {
    for (const SegmentFiles& segment : iteration.segments) {
      if (segment.packets.empty()) continue;
      std::string content = test::read_file(segment.packets);
      content.resize(content.size() - (content.size() - pcap_header_size) % (pcap_record_header_size + packet_size));
      for (const auto& stored : test::packets_of(content)) {
        const int number = std::stoi(stored.data);
        CHECK(stored.data == text_of(number));
        CHECK(found.insert(number).second);
      }
    }
  }
  return found;
}

Verification verified(const std::string& path) {
  auto result = verify(path, a_morning);
  REQUIRE(outcome(result) == "ok");
  return std::move(*result);
}

std::string damage_in(const Verification& verification) {
  for (const Finding& finding : verification.findings) {
    if (is_damage(finding.verdict)) return finding.path + ": " + finding.sentence;
  }
  return "";
}

std::size_t good_segments(const Verification& verification) {
  const auto is_good = [](const Finding& finding) {
    return finding.verdict == Verdict::good && finding.path.ends_with(".pcap");
  };
  return static_cast<std::size_t>(std::count_if(verification.findings.begin(), verification.findings.end(), is_good));
}

// Goes on with it, as the next process does.
void go_on(const Store& store) {
  auto recording = store.resume("x", a_morning);
  REQUIRE(outcome(recording) == "ok");
  auto writer = recording->start_iteration(a_morning, a_morning);
  REQUIRE(outcome(writer) == "ok");
  REQUIRE(outcome((*writer)->packet(packet(99, text_of(99)))) == "ok");
  REQUIRE(outcome(recording->finish({.state = State::completed, .reason = {}, .at = a_morning}, {})) == "ok");
}

void check_after_cut(const Store& store, const Job& job, const Promised& promised) {
  const std::string path = store.path() + "/x";
  const auto found = store.load("x");
  if (!found) {
    CHECK_FALSE(promised.created);
    CHECK_FALSE(std::filesystem::exists(path));
    return;
  }
  CHECK((!promised.finished || found->description.state == State::completed));
  const Verification left = verified(path);
  CHECK(damage_in(left) == "");
  const std::set<int> before = packets_found(path);
  if (!job.ring) {
    for (int i = 0; i < promised.packets; ++i) CHECK(before.count(i) == 1);
    CHECK(good_segments(left) >= static_cast<std::size_t>(promised.closed / 4));
  }
  go_on(store);
  CHECK(damage_in(verified(path)) == "");
  std::set<int> after = packets_found(path);
  CHECK(after.count(99) == 1);
  if (!job.ring) {
    after.erase(99);
    CHECK(bool(after == before));
  }
}

TEST_SUITE("record crash") {
  TEST_CASE("a power cut at any moment leaves what was synced, and nothing is invented") {
    std::mt19937 random(6);
    for (const bool ring : {false, true}) {
      const Job job = job_of(ring);
      std::uint64_t operations = 0;
      {
        const TempFolder folder;
        test::PowerCutFiles files(folder.path(), 0, 0);
        Promised promised;
        REQUIRE(outcome(record(Store(folder.path("store"), files), job, promised)) == "ok");
        operations = files.operations();
      }
      REQUIRE(operations > 50);
      for (std::uint32_t round = 0; round < 500; ++round) {
        const std::uint64_t cut_at = 1 + random() % operations;
        CAPTURE(ring);
        CAPTURE(round);
        CAPTURE(cut_at);
        const TempFolder folder, after;
        test::PowerCutFiles files(folder.path(), cut_at, round);
        Promised promised;
        (void)record(Store(folder.path("store"), files), job, promised);
        REQUIRE(files.is_cut());
        files.restore_to(after.path());
        test::SmallDisk disk(1U << 30U);
        check_after_cut(Store(after.path("store"), disk), job, promised);
      }
    }
  }

  TEST_CASE("whichever operation fails, and for whatever reason: one sentence, and all up to then is readable") {
    const struct {
      int error;
      std::string reason;
    } rows[] = {
        {ENOSPC, ": No space left on device"},
        {EIO, ": Input/output error"},
        {EROFS, ": Read-only file system"},
        {EDQUOT, ": Disk quota exceeded"},
    };
    for (const auto& row : rows) {
      for (const auto then : {Then::for_good, Then::only_once}) {
        if (then == Then::only_once && row.error != ENOSPC) continue;  // the reason makes no difference there
        for (std::uint64_t at = 1;; ++at) {
          CAPTURE(row.reason);
          CAPTURE(at);
          const TempFolder folder;
          test::FailingFiles files(at, row.error, then);
          Promised promised;
          const auto result = record(Store(folder.path("store"), files), job_of(false), promised);
          if (files.calls() < at) break;
          if (!result) {
            CHECK(bool(result.error().kind == ErrorKind::write));
            CHECK(result.error().message.ends_with(row.reason));
            CHECK(result.error().message.find('\n') == std::string::npos);
          }
          const Store store(folder.path("store"));
          if (!store.load("x")) {
            CHECK_FALSE(promised.created);
            continue;
          }
          const std::string path = folder.path("store/x");
          CHECK(damage_in(verified(path)) == "");
          const auto found = packets_found(path);
          for (int i = 0; i < promised.packets; ++i) CHECK(found.count(i) == 1);
        }
      }
    }
  }
}

}  // namespace
}  // namespace wiretape::record
