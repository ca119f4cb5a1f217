// SPDX-License-Identifier: Apache-2.0
#include "record/retention.hpp"

#include <doctest/doctest.h>

#include <cerrno>

#include "record/schedule.hpp"
#include "record/support.hpp"
#include "record/verify.hpp"

namespace wiretape::record {
namespace {

using test::a_morning;
using test::names_in;
using test::outcome;
using test::TempFolder;
using Names = std::vector<std::string>;

constexpr Duration hour = Duration::seconds(3600);
constexpr Duration second_before = Duration::seconds(-1);
const std::string monday = "20240604T084500Z";
const std::string tuesday = "20240605T084500Z";

// An hour each morning, each kept for three hours.
Job mornings(const std::string& name, std::uint32_t iterations) {
  Job job = test::job_named(name);
  job.start = a_morning;
  job.iterations = iterations;
  job.duration = hour;
  job.expiration = Duration::seconds(3 * 3600);
  return job;
}

void record_morning(Recording& recording, std::uint32_t iteration, State next) {
  const Window window = window_of(recording.description().job, {}, iteration);
  auto writer = recording.start_iteration(window.begin, window.begin);
  REQUIRE(outcome(writer) == "ok");
  REQUIRE((*writer)->packet(test::packet(1, "a packet")));
  const Recording::Ending ending{.state = State::completed, .reason = {}, .at = *window.end};
  const auto ended =
      next == State::completed ? recording.finish(ending, {}) : recording.end_iteration(ending, {}, next);
  REQUIRE(outcome(ended) == "ok");
}

// So many mornings of it have been recorded, and its process is gone.
void leave_recording(const Store& store, const Job& job, std::uint32_t recorded) {
  auto recording = store.create(job, a_morning);
  REQUIRE(outcome(recording) == "ok");
  for (std::uint32_t i = 0; i < recorded; ++i) {
    record_morning(*recording, i, i + 1 == job.iterations ? State::completed : State::waiting);
  }
}

// "name/iteration", "name" for a whole one.
Names names_of(const Pruning& pruning) {
  Names names;
  for (const Error& error : pruning.failed) names.push_back("failed: " + error.message);
  for (const Expired& expired : pruning.removed) {
    names.push_back(expired.recording + (expired.iteration.empty() ? "" : "/") + expired.iteration);
  }
  return names;
}

TEST_SUITE("record retention") {
  TEST_CASE("each iteration goes on its own, and with the last one the recording") {
    const TempFolder folder;
    const Store store(folder.path());
    leave_recording(store, mornings("x", 2), 2);
    const Timestamp first = a_morning + Duration::seconds(4 * 3600), second = first + day;
    const struct {
      Timestamp at;
      Names removed;
    } rows[] = {
        {a_morning + hour, {}}, {first + second_before, {}},  {first, {"x/" + monday}},
        {first + hour, {}},     {second + second_before, {}}, {second, {"x"}},
        {second + day, {}},
    };
    for (const auto& row : rows) {
      CAPTURE(row.at.nanoseconds);
      CHECK(names_of(prune(store, row.at, PruneMode::only_tell)) == row.removed);
      CHECK(names_of(prune(store, row.at, PruneMode::remove)) == row.removed);
      if (names_in(folder.path()) == Names{"x"}) CHECK(verify(folder.path("x"), row.at)->intact());
    }
    CHECK(names_in(folder.path()).empty());
  }

  TEST_CASE("what is removed is told with its size and since when it had expired") {
    const TempFolder folder;
    const Store store(folder.path());
    leave_recording(store, mornings("x", 2), 2);
    const auto pruned = prune(store, a_morning + day, PruneMode::only_tell);
    REQUIRE(pruned.removed.size() == 1);
    CHECK(bool(pruned.removed[0].since == a_morning + Duration::seconds(4 * 3600)));
    CHECK(pruned.removed[0].bytes > 100);
    const auto whole = prune(store, a_morning + day + day, PruneMode::remove);
    REQUIRE(whole.removed.size() == 1);
    CHECK(whole.removed[0].bytes > 2 * pruned.removed[0].bytes);
  }

  TEST_CASE("what never expires stays") {
    const TempFolder folder;
    const Store store(folder.path());
    Job for_ever_kept = mornings("kept", 1), endless = mornings("endless", 0);
    for_ever_kept.expiration = {};
    leave_recording(store, for_ever_kept, 1);
    leave_recording(store, endless, 1);
    const Timestamp later = a_morning + Duration::seconds(100LL * 365 * 86'400);
    CHECK(names_of(prune(store, later, PruneMode::remove)) == Names{"endless/" + monday});
    CHECK(names_in(folder.path()) == Names{"endless", "kept"});
    CHECK(names_of(prune(Store("/nonexistent/store"), later, PruneMode::remove)).empty());
  }

  TEST_CASE("an interrupted job goes when its schedule has passed, not before") {
    const TempFolder folder;
    const Store store(folder.path());
    leave_recording(store, mornings("x", 3), 1);
    const Timestamp last_end = a_morning + day + day + hour;
    CHECK(names_of(prune(store, last_end, PruneMode::remove)) == Names{"x/" + monday});
    CHECK(names_of(prune(store, last_end + hour, PruneMode::remove)).empty());
    CHECK(names_of(prune(store, last_end + Duration::seconds(3 * 3600), PruneMode::remove)) == Names{"x"});
  }

  TEST_CASE("a recording at work is passed over, and prunes its own finished iterations") {
    const TempFolder folder;
    const Store store(folder.path());
    auto recording = store.create(mornings("x", 3), a_morning);
    REQUIRE(outcome(recording) == "ok");
    record_morning(*recording, 0, State::waiting);
    const Timestamp second = a_morning + day;
    REQUIRE(outcome(recording->start_iteration(second, second)) == "ok");
    const Timestamp far = a_morning + Duration::seconds(365LL * 86'400);
    CHECK(names_of(prune(store, far, PruneMode::remove)).empty());
    CHECK(names_of(prune(*recording, far, PruneMode::only_tell)) == Names{"x/" + monday});
    CHECK(names_of(prune(*recording, far, PruneMode::remove)) == Names{"x/" + monday});
    CHECK(names_of(prune(*recording, far, PruneMode::remove)).empty());
    CHECK(names_in(folder.path("x")) == Names{tuesday, "lock", "recording.json", "reserve"});
    REQUIRE((*recording).writer()->packet(test::packet(2, "still")));
    REQUIRE(outcome(recording->finish({.state = State::stopped, .reason = {}, .at = second}, {})) == "ok");
    CHECK(verify(folder.path("x"), far)->intact());
  }

  TEST_CASE("folders that are no recordings are left alone, whatever they hold") {
    const TempFolder folder, elsewhere;
    const Store store(folder.path()), other(elsewhere.path());
    leave_recording(other, mornings("away", 1), 1);
    std::filesystem::create_directory(folder.path("holiday"));
    test::write_file(folder.path("holiday/000001.pcap"), "precious");
    test::write_file(folder.path("holiday/recording.json"), R"({"name":"somebody else's"})");
    std::filesystem::create_directory_symlink(elsewhere.path("away"), folder.path("link"));
    const Pruning pruned = prune(store, a_morning + day, PruneMode::remove);
    CHECK(names_of(pruned).empty());
    CHECK(pruned.unreadable.empty());
    CHECK(names_in(folder.path()) == Names{"holiday", "link"});
    CHECK(names_in(elsewhere.path("away")).size() == 3);
  }

  TEST_CASE("what somebody put into an iteration stays, is named once, and is not asked about again") {
    const TempFolder folder;
    const Store store(folder.path());
    leave_recording(store, mornings("x", 2), 2);
    const std::string notes = folder.path("x/" + monday + "/notes.txt");
    test::write_file(notes, "mine");
    const Timestamp at = a_morning + day;
    const Pruning pruned = prune(store, at, PruneMode::remove);
    REQUIRE(names_of(pruned) == Names{"x/" + monday});
    CHECK(pruned.removed[0].kept == Names{notes});
    CHECK(names_of(prune(store, at, PruneMode::remove)).empty());
    CHECK(prune(store, at + day, PruneMode::remove).removed.at(0).kept == Names{notes});
    CHECK(test::read_file(notes) == "mine");
    CHECK(names_in(folder.path("x")) == Names{monday});
  }

  TEST_CASE("one that cannot be removed does not stop the rest") {
    const TempFolder folder;
    leave_recording(Store(folder.path()), mornings("a", 1), 1);
    leave_recording(Store(folder.path()), mornings("b", 1), 1);
    leave_recording(Store(folder.path()), mornings("c", 1), 1);
    test::write_file(folder.path("b/recording.json"), test::read_file(folder.path("b/recording.json")).substr(0, 90));
    class Stuck final : public Files {
     public:
      int unlinkat(int at, const char* name, int flags) override {
        const bool stuck = name == std::string_view("000001.pcap") && left_-- > 0;
        return stuck ? -EROFS : Files::unlinkat(at, name, flags);
      }

     private:
      int left_ = 1;
    } files;
    const Pruning pruned = prune(Store(folder.path(), files), a_morning + day, PruneMode::remove);
    CHECK(names_of(pruned) ==
          Names{"failed: cannot remove " + folder.path("a/" + monday) + "/000001.pcap: Read-only file system", "c"});
    REQUIRE(pruned.unreadable.size() == 1);
    CHECK(pruned.unreadable[0].message == folder.path("b/recording.json") + " is damaged: it is no JSON");
    CHECK(names_in(folder.path()) == Names{"a", "b"});
    CHECK(names_of(prune(Store(folder.path()), a_morning + day, PruneMode::remove)) == Names{"a"});
  }
}

}  // namespace
}  // namespace wiretape::record
