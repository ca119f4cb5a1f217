// SPDX-License-Identifier: Apache-2.0
#include "record/store.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>

#include "record/support.hpp"
#include "record/verify.hpp"

namespace wiretape::record {
namespace {

using test::a_morning;
using test::job_named;
using test::names_in;
using test::outcome;
using test::packet;
using test::TempFolder;
using Names = std::vector<std::string>;

// All that a recorder does, until something fails.
Result<void> record_something(const Store& store) {
  auto recording = store.create(job_named("x"), a_morning);
  if (!recording) return std::move(recording).error();
  auto writer = recording->start_iteration(a_morning, a_morning);
  if (!writer) return std::move(writer).error();
  const auto write = [&]() -> Result<void> {
    for (int i = 0; i < 4; ++i) {
      if (auto done = (*writer)->packet(packet(9 - i, "packet")); !done) return done;
      if (auto done = (*writer)->stream(R"({"id":"1"})"); !done) return done;
      if (auto done = (*writer)->call(R"({"id":"1-0"})"); !done) return done;
      if (i == 1) {
        if (auto done = (*writer)->close_segment(); !done) return done;
      }
      if (auto done = (*writer)->sync(); !done) return done;
    }
    return {};
  };
  auto written = write();
  auto finished = recording->finish({.state = State::completed, .reason = {}, .at = a_morning}, {});
  return written ? finished : written;
}

std::size_t count_lines(std::string_view text) {
  std::size_t lines = 0;
  for (const char c : text) lines += c == '\n' ? 1U : 0U;
  return lines;
}

TEST_SUITE("record store") {
  TEST_CASE("where recordings are kept") {
    const struct {
      StoreEnvironment environment;
      std::string store;
    } rows[] = {
        {{"/opt/tape", "/env", "/xdg", "/home/u", 0}, "/opt/tape"},
        {{"", "/env", "/xdg", "/home/u", 0}, "/env"},
        {{"", "", "/xdg", "/root", 0}, "/var/lib/wiretape"},
        {{"", "", "/xdg", "/home/u", 1000}, "/xdg/wiretape"},
        {{"", "", "relative", "/home/u", 1000}, "/home/u/.local/state/wiretape"},
        {{"", "", "", "/home/u", 1000}, "/home/u/.local/state/wiretape"},
    };
    for (const auto& row : rows) {
      const auto store = default_store(row.environment);
      REQUIRE(store);
      CHECK(*store == row.store);
    }
    CHECK(outcome(default_store({"", "", "", "", 1000})) == "no place for recordings is known: HOME is not set");
  }

  TEST_CASE("patterns: pattern, name -> whether it matches") {
    const struct {
      std::string pattern, name;
      bool matches;
    } rows[] = {
        {"*", "anything", true},
        {"", "", true},
        {"", "x", false},
        {"err*", "errors", true},
        {"err*", "terrors", false},
        {"*rr*rs", "errors", true},
        {"e?rors", "errors", true},
        {"e?rors", "erors", false},
        {"[a-e]*", "errors", true},
        {"[!a-e]*", "errors", false},
        {"[^x]rrors", "errors", true},
        {"[]e]rrors", "errors", true},
        {"[e", "[e", true},
        {"\\*", "*", true},
        {"\\*", "x", false},
        {"a**b", "ab", true},
        {"*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"a\\", "a\\", true},
        {"*.*", "a.b", true},
        {"x[0-9]", "x7", true},
    };
    for (const auto& row : rows) {
      CAPTURE(row.pattern);
      CAPTURE(row.name);
      CHECK(matches_pattern(row.pattern, row.name) == row.matches);
    }
  }

  TEST_CASE("a new recording is scheduled, locked, and nobody else's to read") {
    const TempFolder folder;
    const Store store(folder.path("deep/er/store"));
    const auto recording = store.create(job_named("errors"), a_morning);
    REQUIRE(outcome(recording) == "ok");
    CHECK(names_in(store.path()) == Names{"errors"});
    CHECK(names_in(store.path() + "/errors") == Names{"lock", "recording.json", "reserve"});
    const auto found = store.load("errors");
    REQUIRE(outcome(found) == "ok");
    CHECK(found->locked);
    CHECK(found->process == ::getpid());
    CHECK(bool(found->description.state == State::scheduled));
    CHECK(found->description.job.statement == job_named("errors").statement);
    using std::filesystem::perms;
    CHECK(bool(std::filesystem::status(store.path() + "/errors").permissions() == perms::owner_all));
    CHECK(bool(std::filesystem::status(store.path() + "/errors/recording.json").permissions() ==
               (perms::owner_read | perms::owner_write)));
  }

  TEST_CASE("a name that exists is refused, whatever has it") {
    const TempFolder folder;
    const Store store(folder.path());
    REQUIRE(store.create(job_named("taken"), a_morning));
    std::filesystem::create_directory(folder.path("folder"));
    test::write_file(folder.path("file"), "");
    std::filesystem::create_symlink("nowhere", folder.path("link"));
    for (const std::string name : {"taken", "folder", "file", "link"}) {
      const auto created = store.create(job_named(name), a_morning);
      REQUIRE_FALSE(created);
      CHECK(created.error().message == "'" + name + "' exists already in " + folder.path());
      CHECK(bool(created.error().kind == ErrorKind::name));
    }
    CHECK(bool(store.create(job_named("../out"), a_morning).error().kind == ErrorKind::usage));
    CHECK(names_in(folder.path()) == Names{"file", "folder", "link", "taken"});
  }

  TEST_CASE("a store that is not there is empty") {
    const Store store("/nonexistent/store");
    const auto listing = store.list();
    REQUIRE(outcome(listing) == "ok");
    CHECK(listing->recordings.empty());
    CHECK(outcome(store.load("x")) == "there is no recording 'x' in /nonexistent/store");
  }

  TEST_CASE("only folders with the mark are listed, damaged ones as problems") {
    const TempFolder folder;
    test::small_recording(folder, "b");
    test::small_recording(folder, "a");
    const std::string damaged = test::small_recording(folder, "damaged");
    test::write_file(damaged + "/recording.json", test::read_file(damaged + "/recording.json").substr(0, 200));
    std::filesystem::create_directory(folder.path("holiday"));
    std::filesystem::create_directory(folder.path("other"));
    test::write_file(folder.path("other/recording.json"), R"({"format":{"name":"something else"}})");
    std::filesystem::create_directory_symlink(folder.path("a"), folder.path("link"));
    const Store store(folder.path());
    const auto listing = store.list();
    REQUIRE(outcome(listing) == "ok");
    REQUIRE(listing->recordings.size() == 2);
    CHECK(listing->recordings[0].description.job.name == "a");
    CHECK(listing->recordings[1].description.job.name == "b");
    CHECK(listing->recordings[0].bytes > 1000);
    REQUIRE(listing->problems.size() == 1);
    CHECK(listing->problems[0].message == damaged + "/recording.json is damaged: it is no JSON");
    CHECK(store.list("[b-z]*")->recordings.size() == 1);
    CHECK(bool(store.load("other").error().kind == ErrorKind::name));
    CHECK(bool(store.load("damaged").error().kind == ErrorKind::input));
  }

  TEST_CASE("a copied recording goes by its new name") {
    const TempFolder folder;
    std::filesystem::rename(test::small_recording(folder, "old"), folder.path("new"));
    const auto found = Store(folder.path()).load("new");
    REQUIRE(found);
    CHECK(found->description.job.name == "new");
  }

  TEST_CASE("a recording whose process is gone is interrupted") {
    const TempFolder folder;
    const Store store(folder.path());
    {
      auto recording = store.create(job_named("x"), a_morning);
      REQUIRE(recording);
      REQUIRE(recording->start_iteration(a_morning, a_morning));
      CHECK(bool(store.load("x")->description.state == State::recording));
    }
    auto found = store.load("x");
    CHECK(bool(found->description.state == State::interrupted));
    CHECK(bool(found->description.iterations[0].state == State::interrupted));

    auto resumed = store.resume("x", a_morning + Duration::seconds(60));
    REQUIRE(outcome(resumed) == "ok");
    CHECK(bool(resumed->description().iterations[0].ended == a_morning + Duration::seconds(60)));
    CHECK(bool(store.resume("x", a_morning).error().kind == ErrorKind::name));
    REQUIRE(outcome(resumed->start_iteration(a_morning, a_morning + Duration::seconds(61))) == "ok");
    CHECK(resumed->description().iterations[1].folder == "20240604T084500Z-2");
    REQUIRE(outcome(resumed->finish({.state = State::stopped, .reason = {}, .at = a_morning}, {})) == "ok");
    CHECK(bool(store.load("x")->description.state == State::stopped));
  }

  TEST_CASE("a job of several iterations waits between them and adds up") {
    const TempFolder folder;
    const Store store(folder.path());
    auto recording = store.create(job_named("x"), a_morning);
    REQUIRE(recording);
    Totals totals;
    totals.calls = 2;
    for (std::int64_t i = 0; i < 2; ++i) {
      const Timestamp start = a_morning + Duration::seconds(i * 86'400);
      auto writer = recording->start_iteration(start, start);
      REQUIRE(outcome(writer) == "ok");
      REQUIRE((*writer)->packet(packet(1, "x")));
      REQUIRE(outcome(recording->update(totals)) == "ok");
      CHECK(store.load("x")->description.iterations.back().totals.calls == 2);
      REQUIRE(outcome(recording->end_iteration({.state = State::completed, .reason = {}, .at = start}, totals,
                                               State::waiting)) == "ok");
      CHECK(bool(store.load("x")->description.state == State::waiting));
    }
    REQUIRE(outcome(recording->note_missed(1)) == "ok");
    REQUIRE(outcome(recording->finish({.state = State::completed, .reason = {}, .at = a_morning}, {})) == "ok");
    const auto found = store.load("x");
    CHECK(found->description.totals().calls == 4);
    CHECK(found->description.missed == 1);
    CHECK(names_in(folder.path("x")) == Names{"20240604T084500Z", "20240605T084500Z", "lock", "recording.json"});
    CHECK(verify(folder.path("x"))->intact());
  }

  TEST_CASE("the storage limit counts what earlier iterations took") {
    const TempFolder folder;
    Job job = job_named("x");
    job.storage_limit = 200'000;
    auto recording = Store(folder.path()).create(job, a_morning);
    REQUIRE(recording);
    auto first = recording->start_iteration(a_morning, a_morning);
    REQUIRE((*first)->packet(packet(1, std::string(100'000, 'x'))));
    REQUIRE(recording->end_iteration({.state = State::completed, .reason = {}, .at = a_morning}, {}, State::waiting));
    auto second = recording->start_iteration(a_morning, a_morning);
    CHECK_FALSE((*second)->packet(packet(1, std::string(100'000, 'x'))));
    const auto finished = recording->finish({.state = State::completed, .reason = {}, .at = a_morning}, {});
    CHECK_FALSE(finished);
    CHECK(bool(recording->description().state == State::failed));
    CHECK(recording->description().reason == finished.error().message);
  }

  TEST_CASE("deleting removes what wiretape wrote") {
    const TempFolder folder;
    test::small_recording(folder, "x");
    const auto removal = Store(folder.path()).remove("x");
    REQUIRE(outcome(removal) == "ok");
    CHECK(removal->kept.empty());
    CHECK(names_in(folder.path()).empty());
    CHECK(outcome(Store(folder.path()).remove("x")) == "there is no recording 'x' in " + folder.path());
  }

  TEST_CASE("deleting keeps and names what wiretape did not write, and follows no link") {
    const TempFolder folder, elsewhere;
    const std::string path = test::small_recording(folder, "x");
    const std::string iteration = path + "/20240604T084500Z";
    test::write_file(elsewhere.path("000001.pcap"), "precious");
    test::write_file(iteration + "/notes.txt", "mine");
    std::filesystem::create_symlink(elsewhere.path("000001.pcap"), iteration + "/000009.pcap");
    std::filesystem::create_directory_symlink(elsewhere.path(), path + "/20240605T084500Z");
    std::filesystem::create_directory(path + "/backup");
    const auto removal = Store(folder.path()).remove("x");
    REQUIRE(outcome(removal) == "ok");
    CHECK(removal->kept ==
          Names{iteration + "/000009.pcap", iteration + "/notes.txt", path + "/20240605T084500Z", path + "/backup"});
    CHECK(names_in(path) == Names{"20240604T084500Z", "20240605T084500Z", "backup"});
    CHECK(names_in(iteration) == Names{"000009.pcap", "notes.txt"});
    CHECK(test::read_file(elsewhere.path("000001.pcap")) == "precious");
  }

  TEST_CASE("what is being recorded is not deleted") {
    const TempFolder folder;
    const Store store(folder.path());
    auto recording = store.create(job_named("x"), a_morning);
    REQUIRE(recording->start_iteration(a_morning, a_morning));
    const auto removal = store.remove("x");
    REQUIRE_FALSE(removal);
    CHECK(removal.error().message == "process " + std::to_string(::getpid()) + " is working on 'x'");
    CHECK(bool(removal.error().kind == ErrorKind::name));
    CHECK_FALSE(store.remove_iteration("x", "20240604T084500Z"));
    CHECK(names_in(folder.path("x")).size() == 4);
  }

  TEST_CASE("an iteration can be removed alone") {
    const TempFolder folder;
    test::small_recording(folder, "x");
    const Store store(folder.path());
    CHECK_FALSE(store.remove_iteration("x", "../x"));
    CHECK_FALSE(store.remove_iteration("x", "20240604T084500Z-2"));
    REQUIRE(outcome(store.remove_iteration("x", "20240604T084500Z")) == "ok");
    CHECK(names_in(folder.path("x")) == Names{"lock", "recording.json"});
  }

  TEST_CASE("creating leaves nothing half made, whichever call fails") {
    for (std::uint64_t at = 1;; ++at) {
      CAPTURE(at);
      const TempFolder folder;
      test::FailingFiles files(at, ENOSPC, test::FailingFiles::Then::only_once);
      const Store store(folder.path("store"), files);
      std::filesystem::create_directory(folder.path("store"));
      const auto created = store.create(job_named("x"), a_morning);
      if (files.calls() < at) break;
      if (created) continue;  // what failed did not matter: the folder was there already
      CHECK(bool(created.error().kind == ErrorKind::write));
      CHECK(created.error().message.find(": No space left on device") != std::string::npos);
      CHECK(names_in(folder.path("store")).empty());
    }
  }

  TEST_CASE("what a killed process left half made is swept by the next one") {
    const TempFolder folder;
    std::filesystem::create_directory(folder.path(".creating-x-1"));
    test::write_file(folder.path(".creating-x-1/lock"), "1 boot\n");
    test::write_file(folder.path(".creating-x-1/recording.json.new"), "{");
    REQUIRE(Store(folder.path()).create(job_named("x"), a_morning));
    CHECK(names_in(folder.path()) == Names{"x"});
  }

  TEST_CASE("whichever call fails for good, what is there is readable and says what became of it") {
    for (std::uint64_t at = 1;; ++at) {
      CAPTURE(at);
      const TempFolder folder;
      test::FailingFiles files(at, at % 2 == 0 ? ENOSPC : EIO, test::FailingFiles::Then::for_good);
      const Result<void> result = record_something(Store(folder.path(), files));
      if (files.calls() < at) {
        CHECK(outcome(result) == "ok");
        break;
      }
      if (names_in(folder.path()).empty()) continue;
      const auto found = Store(folder.path()).load("x");
      REQUIRE(outcome(found) == "ok");
      CHECK_FALSE(found->locked);
      const State state = found->description.state;
      CHECK(bool(result.has_value() == (state == State::completed) || state == State::completed));
      CHECK(bool(state == State::completed || state == State::interrupted || state == State::failed));
      std::size_t packets = 0, calls = 0;
      for (const auto& file : test::tree(folder.path("x"))) {
        const std::string &name = file.first, &content = file.second;
        CAPTURE(name);
        if (name.ends_with(".pcap")) packets += test::packets_of(content).size();
        if (!name.ends_with(".calls.ndjson")) continue;
        CHECK((content.empty() || content.back() == '\n'));
        calls += count_lines(content);
      }
      CHECK(calls <= packets);
      const auto verified = verify(folder.path("x"));
      REQUIRE(outcome(verified) == "ok");
      for (const Finding& finding : verified->findings) {
        CAPTURE(finding.path);
        CAPTURE(finding.sentence);
        CHECK_FALSE(is_damage(finding.verdict));
      }
    }
  }

  TEST_CASE("a recording that fills the disk ends as failed, with the reason and all that fitted") {
    for (std::uint64_t size = 70'000; size < 90'000; size += 777) {
      CAPTURE(size);
      const TempFolder folder;
      test::SmallDisk disk(size);
      auto recording = Store(folder.path(), disk).create(job_named("x"), a_morning);
      REQUIRE(outcome(recording) == "ok");
      auto writer = recording->start_iteration(a_morning, a_morning);
      REQUIRE(outcome(writer) == "ok");
      Result<void> written;
      for (int i = 0; written && i < 1000; ++i) {
        written = (*writer)->packet(packet(i, std::string(100, 'x')));
        if (written) written = (*writer)->call(R"({"id":"1-0"})");
        if (written) written = (*writer)->flush();
      }
      REQUIRE_FALSE(written);
      const auto finished = recording->finish({.state = State::completed, .reason = {}, .at = a_morning}, {});
      REQUIRE_FALSE(finished);
      CHECK(finished.error().message == written.error().message);
      const auto found = Store(folder.path()).load("x");
      REQUIRE(outcome(found) == "ok");
      CHECK(bool(found->description.state == State::failed));
      CHECK(found->description.reason == written.error().message);
      CHECK(found->description.iterations[0].reason == written.error().message);
      CHECK(verify(folder.path("x"))->intact());
    }
  }

  TEST_CASE("a recording that was created survives a power cut") {
    const TempFolder folder;
    test::ForgetfulFiles files;
    const Store store(folder.path("new/store"), files);
    {
      auto recording = store.create(job_named("x"), a_morning);
      REQUIRE(outcome(recording) == "ok");
      auto writer = recording->start_iteration(a_morning, a_morning);
      REQUIRE(outcome(writer) == "ok");
      REQUIRE((*writer)->packet(packet(1, "safe")));
      REQUIRE((*writer)->sync());
      REQUIRE((*writer)->packet(packet(2, "lost")));
      REQUIRE((*writer)->flush());
      files.cut_power();
    }
    const auto found = Store(store.path()).load("x");
    REQUIRE(outcome(found) == "ok");
    CHECK(bool(found->description.state == State::interrupted));
    const auto stored = test::packets_of(test::read_file(store.path() + "/x/20240604T084500Z/000001.pcap"));
    REQUIRE(stored.size() == 1);
    CHECK(stored[0].data == "safe");
  }
}

}  // namespace
}  // namespace wiretape::record
