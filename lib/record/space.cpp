// SPDX-License-Identifier: Apache-2.0
#include "record/space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/quantity.hpp"

namespace wiretape::record {
namespace {

constexpr std::uint64_t largest_default_floor = 1ULL << 30U;
constexpr std::string_view limit_variable = "WIRETAPE_STORAGE_LIMIT";
constexpr std::string_view floor_variable = "WIRETAPE_FREE_SPACE_FLOOR";

std::string environment_text(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::string() : std::string(value);
}

std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

// The folder that is to hold `path`, or the nearest above it that is there: it is on the same file system.
Result<Folder> nearest_folder(Files& files, std::string path) {
  while (true) {
    auto folder = Folder::open(files, path);
    struct stat status {};
    if (folder || files.fstatat(AT_FDCWD, path.c_str(), status) != -ENOENT) return folder;
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    const std::size_t slash = path.rfind('/');
    if (path == "." || path == "/") return folder;
    path = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  }
}

std::uint64_t bytes_of_store(Files& files, const std::string& path) {
  const auto store = Folder::open(files, path);
  if (!store) return 0;
  const auto entries = store->entries();
  if (!entries) return 0;
  std::uint64_t bytes = 0;
  for (const FolderEntry& entry : *entries) {
    if (entry.kind != EntryKind::folder) continue;
    if (const auto recording = store->folder(entry.name)) bytes += bytes_below(*recording);
  }
  return bytes;
}

// A time as nobody needs it more exactly.
Duration rounded(double seconds) {
  constexpr double most = 100.0 * 365 * 86'400;
  const auto whole = static_cast<std::int64_t>(std::clamp(seconds, 0.0, most));
  const std::int64_t unit = whole < 600 ? 1 : whole < 86'400 ? 60 : 3600;
  return Duration::seconds(whole / unit * unit);
}

// What a recording runs into first.
struct Room {
  std::uint64_t bytes = 0;  // that it may still write
  std::string name;         // the limit, as the subject of "is reached"
};

double seconds_of(Duration duration) {
  return static_cast<double>(duration.nanoseconds) / 1e9;
}

}  // namespace

Result<SpaceLimits> parse_space_limits(const std::string& storage_limit, const std::string& free_space_floor) {
  SpaceLimits limits;
  if (!storage_limit.empty()) {
    const auto bytes = parse_size(storage_limit, limit_variable);
    if (!bytes) return bytes.error();
    limits.store = *bytes;
  }
  if (!free_space_floor.empty()) {
    const auto bytes = parse_size(free_space_floor, floor_variable);
    if (!bytes) return bytes.error();
    limits.floor = *bytes;
  }
  return limits;
}

Result<SpaceLimits> process_space_limits() {
  return parse_space_limits(environment_text(limit_variable), environment_text(floor_variable));
}

Result<void> check_limits(const Job& job) {
  if (job.ring && job.storage_limit == 0) {
    return Error{.kind = ErrorKind::usage,
                 .message = "--ring needs --storage-limit",
                 .hint = "say how much of the newest to keep: --storage-limit 10G"};
  }
  return {};
}

Result<StorageGuard> StorageGuard::open(std::string store, const SpaceLimits& limits, Files& files) {
  auto place = nearest_folder(files, store);
  if (!place) return std::move(place).error();
  const auto total = place->total_bytes();
  if (!total) return total.error();
  const std::uint64_t floor = limits.floor.value_or(std::min(*total / 20, largest_default_floor));
  return StorageGuard(std::move(store), limits.store, floor, std::move(*place), files);
}

bool StorageGuard::is_outdated(std::uint64_t free) const {
  // Half of what was left when it was measured may have been written since.
  return checks_left_ == 0 || minus(free_when_taken_, free) > minus(limit_, taken_) / 2;
}

void StorageGuard::measure(std::uint64_t free) {
  taken_ = bytes_of_store(*files_, store_);
  free_when_taken_ = free;
  checks_left_ = measure_each;
}

Result<void> StorageGuard::check() {
  const auto free = place_.free_bytes();
  if (!free) return free.error();
  if (*free < floor_) {
    return Error{.kind = ErrorKind::write,
                 .message = fmt::format("only {} are free in {}, and {} are to stay free", size_text(*free),
                                        place_.path(), size_text(floor_)),
                 .hint = fmt::format("make room, or let less stay free: {}=100M", floor_variable)};
  }
  if (limit_ == 0) return {};
  if (is_outdated(*free)) measure(*free);
  --checks_left_;
  if (taken_ < limit_) return {};
  return Error{.kind = ErrorKind::write,
               .message = fmt::format("the recordings in {} take {}, and {} lets them take {}", store_,
                                      size_text(taken_), limit_variable, size_text(limit_)),
               .hint = "remove some with wiretape record delete, or raise the limit"};
}

Result<Forecast> StorageGuard::forecast(const Job& job, const Progress& progress) const {
  const auto free = place_.free_bytes();
  if (!free) return free.error();
  std::array<Room, 3> rooms{Room{.bytes = minus(*free, floor_), .name = "what is to stay free"},
                            Room{.bytes = UINT64_MAX, .name = std::string(limit_variable)},
                            Room{.bytes = UINT64_MAX, .name = "the storage limit"}};
  if (limit_ != 0) rooms[1].bytes = minus(limit_, bytes_of_store(*files_, store_));
  const std::uint64_t own = minus(job.storage_limit, progress.written + progress.earlier);
  if (job.storage_limit != 0 && !job.ring) rooms[2].bytes = own;
  const Room& first =
      *std::min_element(rooms.begin(), rooms.end(), [](const Room& a, const Room& b) { return a.bytes < b.bytes; });

  const double rate = static_cast<double>(progress.written) / std::max(seconds_of(progress.elapsed), 1.0);
  const double time = progress.remaining ? seconds_of(*progress.remaining) : 3600;
  // A ring gives back what it takes beyond its limit.
  double to_come = rate * time;
  if (job.ring) to_come = std::min(to_come, static_cast<double>(own));
  const std::string sentence =
      fmt::format("at this rate {} in {}; {} free", size_text(static_cast<std::uint64_t>(rate * time)),
                  duration_text(rounded(time)), size_text(*free));
  if (to_come <= static_cast<double>(first.bytes)) return Forecast{.sentence = sentence, .fits = true};
  return Forecast{.sentence = fmt::format("{}: {} is reached in {}", sentence, first.name,
                                          duration_text(rounded(static_cast<double>(first.bytes) / rate))),
                  .fits = false};
}

}  // namespace wiretape::record
