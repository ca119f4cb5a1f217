// SPDX-License-Identifier: Apache-2.0
// How much room recordings may take: together (WIRETAPE_STORAGE_LIMIT), and of the file system
// (WIRETAPE_FREE_SPACE_FLOOR). The limit of a single recording is its writer's matter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "record/files.hpp"
#include "record/job.hpp"

namespace wiretape::record {

struct SpaceLimits {
  std::uint64_t store = 0;             // bytes that all recordings of a store may take, 0: no limit
  std::optional<std::uint64_t> floor;  // bytes that stay free; none: 5 % of the file system, 1 GiB at most
};
// The two variables as they stand, "" for one that is not set. ErrorKind::usage for what is no size.
Result<SpaceLimits> parse_space_limits(const std::string& storage_limit, const std::string& free_space_floor);
// Of the environment of this process.
Result<SpaceLimits> process_space_limits();

// What the limits of a job need to make sense together: ErrorKind::usage with the cure.
Result<void> check_limits(const Job& job);

// How an iteration goes on.
struct Progress {
  std::uint64_t written = 0;          // bytes of its files so far
  std::uint64_t earlier = 0;          // bytes that the recording took before it began
  Duration elapsed;                   // since it began
  std::optional<Duration> remaining;  // until it ends; none: until interrupted
};

struct Forecast {
  std::string sentence;
  bool fits = true;  // there is room for what is to come, as far as can be seen
};

class StorageGuard {
 public:
  // The store need not be there yet. `files` must outlive the guard. ErrorKind::input, permission or read when its file
  // system cannot be asked.
  static Result<StorageGuard> open(std::string store, const SpaceLimits& limits, Files& files = system_files());

  // Whether recording may begin or go on. ErrorKind::write with numbers and the cure. Cheap enough for once a second:
  // the store is measured anew only now and then, and when the file system has filled considerably since.
  Result<void> check();

  // `at this rate 2.1 GB in 60 min; 14.0 GB free`, or which limit is reached first and when. Of a job with a ring its
  // own limit is none to be reached. To be asked once something has been written for a while.
  [[nodiscard]] Result<Forecast> forecast(const Job& job, const Progress& progress) const;

 private:
  // Checks between two measurements of a store that nothing seems to fill.
  static constexpr int measure_each = 30;

  StorageGuard(std::string store, std::uint64_t limit, std::uint64_t floor, Folder place, Files& files)
      : store_(std::move(store)), limit_(limit), floor_(floor), place_(std::move(place)), files_(&files) {}

  void measure(std::uint64_t free);
  [[nodiscard]] bool is_outdated(std::uint64_t free) const;

  std::string store_;
  std::uint64_t limit_;  // 0: none
  std::uint64_t floor_;
  Folder place_;  // the store, or the nearest folder above it that is there
  Files* files_;
  std::uint64_t taken_ = 0;            // by the recordings, when it was measured
  std::uint64_t free_when_taken_ = 0;  // then
  int checks_left_ = 0;                // until it is measured anyway
};

}  // namespace wiretape::record
