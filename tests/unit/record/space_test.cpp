// SPDX-License-Identifier: Apache-2.0
#include "record/space.hpp"

#include <doctest/doctest.h>

#include <cerrno>

#include "record/support.hpp"

namespace wiretape::record {
namespace {

using test::outcome;
using test::TempFolder;

constexpr std::uint64_t giga = 1'000'000'000;

// A file system of a size, with so much of it free.
class Disk final : public Files {
 public:
  Disk(std::uint64_t total, std::uint64_t free) : total_(total), free_(free) {}
  std::int64_t free_bytes(int) override { return error_ != 0 ? -error_ : static_cast<std::int64_t>(free_); }
  std::int64_t total_bytes(int) override { return static_cast<std::int64_t>(total_); }
  int openat(int folder, const char* name, int flags, mode_t mode) override {
    ++opened_;
    return Files::openat(folder, name, flags, mode);
  }
  void set_free(std::uint64_t bytes) { free_ = bytes; }
  void fail(int error) { error_ = error; }
  [[nodiscard]] int opened() const { return opened_; }

 private:
  std::uint64_t total_;
  std::uint64_t free_;
  int error_ = 0;
  int opened_ = 0;
};

StorageGuard guard_of(const std::string& store, const SpaceLimits& limits, Files& files) {
  auto guard = StorageGuard::open(store, limits, files);
  REQUIRE(outcome(guard) == "ok");
  return std::move(*guard);
}

Job limited_to(std::uint64_t bytes) {
  Job job = test::job_named("x");
  job.storage_limit = bytes;
  return job;
}

TEST_SUITE("record space") {
  TEST_CASE("what stays free unless somebody says otherwise: size of the file system -> floor") {
    const TempFolder folder;
    const struct {
      std::uint64_t total, free;
      bool enough;
    } rows[] = {
        {10 * giga, giga / 2, true},       // 5 % of it
        {10 * giga, giga / 2 - 1, false},  //
        {1000 * giga, 1ULL << 30U, true},  // 1 GiB of a large one
        {1000 * giga, (1ULL << 30U) - 1, false},
        {0, 0, true},  // a file system without a size
    };
    for (const auto& row : rows) {
      CAPTURE(row.total);
      CAPTURE(row.free);
      Disk disk(row.total, row.free);
      CHECK(guard_of(folder.path(), {}, disk).check().has_value() == row.enough);
    }
  }

  TEST_CASE("too little free space is told with numbers and the cure") {
    const TempFolder folder;
    Disk disk(10 * giga, 200'000'000);
    const auto checked = guard_of(folder.path(), {.store = 0, .floor = giga}, disk).check();
    REQUIRE_FALSE(checked);
    CHECK(bool(checked.error().kind == ErrorKind::write));
    CHECK(checked.error().message == "only 200.0 MB are free in " + folder.path() + ", and 1.0 GB are to stay free");
    CHECK(checked.error().hint == "make room, or let less stay free: WIRETAPE_FREE_SPACE_FLOOR=100M");
    CHECK(guard_of(folder.path(), {.store = 0, .floor = 0}, disk).check());
  }

  TEST_CASE("a store that is not there yet is measured where it will be") {
    const TempFolder folder;
    Disk disk(10 * giga, 200'000'000);
    for (const std::string& store : {folder.path("not/yet"), folder.path("not/yet/"), folder.path("not")}) {
      const auto checked = guard_of(store, {.store = 1, .floor = giga}, disk).check();
      REQUIRE_FALSE(checked);
      CHECK(checked.error().message.find("in " + folder.path() + ",") != std::string::npos);
    }
    CHECK(guard_of("not/yet", {}, system_files()).check());
    CHECK(test::names_in(folder.path()).empty());
  }

  TEST_CASE("a store that is a file, and a file system that does not answer") {
    const TempFolder folder;
    test::write_file(folder.path("file"), "");
    const auto guard = StorageGuard::open(folder.path("file"), {});
    REQUIRE_FALSE(guard);
    CHECK(guard.error().message == "cannot open " + folder.path("file") + ": Not a directory");
    Disk disk(giga, giga);
    auto failing = guard_of(folder.path(), {}, disk);
    disk.fail(EIO);
    CHECK(outcome(failing.check()) == "cannot read " + folder.path() + ": Input/output error");
  }

  TEST_CASE("all recordings together keep within the limit of the store") {
    const TempFolder folder;
    test::small_recording(folder, "a");
    Disk disk(1000 * giga, 900 * giga);
    const std::uint64_t one = Store(folder.path()).load("a")->bytes;
    auto guard = guard_of(folder.path(), {.store = 2 * one, .floor = {}}, disk);
    CHECK(guard.check());
    test::small_recording(folder, "b");
    disk.set_free(900 * giga - one);
    const auto checked = guard.check();
    REQUIRE_FALSE(checked);
    CHECK(bool(checked.error().kind == ErrorKind::write));
    CHECK(checked.error().message.find("the recordings in " + folder.path() + " take ") == 0);
    CHECK(checked.error().message.find(", and WIRETAPE_STORAGE_LIMIT lets them take ") != std::string::npos);
    std::filesystem::remove_all(folder.path("b"));
    CHECK(guard_of(folder.path(), {.store = 2 * one, .floor = {}}, disk).check());
  }

  TEST_CASE("a quiet store is not measured each second") {
    const TempFolder folder;
    test::small_recording(folder, "a");
    Disk disk(1000 * giga, 900 * giga);
    auto guard = guard_of(folder.path(), {.store = giga, .floor = {}}, disk);
    CHECK(guard.check());
    const int before = disk.opened();
    for (int second = 1; second < 30; ++second) CHECK(guard.check());
    CHECK(disk.opened() == before);
    CHECK(guard.check());
    CHECK(disk.opened() > before);
  }

  TEST_CASE("limits come as sizes") {
    const auto limits = parse_space_limits("10G", "512Mi");
    REQUIRE(outcome(limits) == "ok");
    CHECK(limits->store == 10 * giga);
    CHECK(limits->floor == 512ULL << 20U);
    CHECK_FALSE(parse_space_limits("", "")->floor.has_value());
    CHECK(outcome(parse_space_limits("a lot", "")) == "WIRETAPE_STORAGE_LIMIT: 'a lot' is no size");
    CHECK(outcome(parse_space_limits("", "-1")) == "WIRETAPE_FREE_SPACE_FLOOR: '-1' is no size");
  }

  TEST_CASE("a ring without a limit would never close") {
    Job job = test::job_named("x");
    CHECK(check_limits(job));
    job.ring = true;
    CHECK(outcome(check_limits(job)) == "--ring needs --storage-limit");
    job.storage_limit = 1;
    CHECK(check_limits(job));
  }

  TEST_CASE("what the rest of a recording will take, and whether it fits") {
    const TempFolder folder;
    constexpr Duration minute = Duration::seconds(60), hour = Duration::seconds(3600);
    Job ring = limited_to(giga);
    ring.ring = true;
    const struct {
      std::string what;
      Job job;
      Progress progress;
      std::string sentence;
      bool fits;
    } rows[] = {
        {"there is room",
         test::job_named("x"),
         {.written = 35'000'000, .elapsed = minute, .remaining = hour},
         "at this rate 2.1 GB in 60 min; 15.0 GB free",
         true},
        {"until interrupted: the next hour counts",
         test::job_named("x"),
         {.written = 35'000'000, .elapsed = minute, .remaining = {}},
         "at this rate 2.1 GB in 60 min; 15.0 GB free",
         true},
        {"the file system fills",
         test::job_named("x"),
         {.written = giga, .elapsed = minute, .remaining = hour},
         "at this rate 60.0 GB in 60 min; 15.0 GB free: what is to stay free is reached in 14 min",
         false},
        {"the recording's own limit comes first",
         limited_to(3 * giga),
         {.written = giga, .elapsed = minute, .remaining = hour},
         "at this rate 60.0 GB in 60 min; 15.0 GB free: the storage limit is reached in 2 min",
         false},
        {"earlier iterations count for it",
         limited_to(3 * giga),
         {.written = giga, .earlier = giga, .elapsed = minute, .remaining = hour},
         "at this rate 60.0 GB in 60 min; 15.0 GB free: the storage limit is reached in 1 min",
         false},
        {"a ring fits when its limit does",
         ring,
         {.written = giga, .elapsed = minute, .remaining = hour},
         "at this rate 60.0 GB in 60 min; 15.0 GB free",
         true},
        {"nothing written, no time passed",
         test::job_named("x"),
         {.written = 0, .elapsed = {}, .remaining = hour},
         "at this rate 0 bytes in 60 min; 15.0 GB free",
         true},
        {"hours",
         test::job_named("x"),
         {.written = 1'000'000, .elapsed = minute, .remaining = Duration::seconds(5432)},
         "at this rate 90.5 MB in 1 h 30 min; 15.0 GB free",
         true},
    };
    Disk disk(1000 * giga, 15 * giga);
    const StorageGuard guard = guard_of(folder.path(), {.store = 0, .floor = giga}, disk);
    for (const auto& row : rows) {
      CAPTURE(row.what);
      const auto forecast = guard.forecast(row.job, row.progress);
      REQUIRE(outcome(forecast) == "ok");
      CHECK(forecast->sentence == row.sentence);
      CHECK(forecast->fits == row.fits);
    }
    test::small_recording(folder, "a");
    const StorageGuard small = guard_of(folder.path(), {.store = 500'000'000, .floor = giga}, disk);
    const auto forecast =
        small.forecast(test::job_named("x"), {.written = 100'000'000, .elapsed = minute, .remaining = hour});
    CHECK(forecast->sentence ==
          "at this rate 6.0 GB in 60 min; 15.0 GB free: WIRETAPE_STORAGE_LIMIT is reached in 4 min 59 s");
  }
}

}  // namespace
}  // namespace wiretape::record
