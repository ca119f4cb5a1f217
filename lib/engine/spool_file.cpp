// SPDX-License-Identifier: Apache-2.0
#include "engine/spool_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace wiretape::engine {
namespace {

constexpr mode_t file_mode = 0600;

std::uint64_t offset(flow::Spool::Place place) {
  return std::uint64_t{place} * SpoolSpace::step;
}

}  // namespace

SpoolFile::SpoolFile(record::Files& files, int folder, std::string directory, std::uint64_t limit)
    : files_(files), folder_(folder), directory_(std::move(directory)), space_(limit) {}

Result<void> SpoolFile::open() {
  const std::lock_guard lock(mutex_);
  if (!open_if_needed()) return *error_;
  return {};
}

std::optional<flow::Spool::Place> SpoolFile::put(Bytes bytes) {
  const auto place = take(bytes.size());
  if (!place) return {};
  if (write(offset(*place), bytes)) return place;
  give_back(*place, bytes.size());
  return {};
}

std::optional<flow::Spool::Place> SpoolFile::append(Place place, std::size_t size, Bytes bytes) {
  const std::size_t all = size + bytes.size();
  if (SpoolSpace::slot(all) == SpoolSpace::slot(size)) {
    if (failed_.load(std::memory_order_relaxed) || !write(offset(place) + size, bytes)) return {};
    const std::lock_guard lock(mutex_);
    ++counts_.blocks;
    return place;
  }
  const auto larger = take(all);
  if (!larger) return {};
  const bool done = copy(place, *larger, size) && write(offset(*larger) + size, bytes);
  give_back(done ? place : *larger, done ? size : all);
  return done ? larger : std::nullopt;
}

bool SpoolFile::get(Place place, std::span<char> into) {
  return read(offset(place), into);
}

void SpoolFile::give_back(Place place, std::size_t size) {
  const std::lock_guard lock(mutex_);
  space_.give_back(place, size);
}

std::optional<Error> SpoolFile::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

SpoolCounts SpoolFile::counts() const {
  const std::lock_guard lock(mutex_);
  SpoolCounts counts = counts_;
  counts.bytes = space_.used();
  return counts;
}

std::optional<flow::Spool::Place> SpoolFile::take(std::size_t size) {
  const std::lock_guard lock(mutex_);
  if (error_ || !open_if_needed()) return {};
  const auto place = space_.take(size);
  if (!place) return {};
  ++counts_.blocks;
  counts_.most_bytes = std::max(counts_.most_bytes, space_.used());
  return place;
}

// Under the lock.
bool SpoolFile::open_if_needed() {
  if (descriptor_.number() >= 0) return true;
  if (error_) return false;
  const int opened = open_unnamed();
  if (opened >= 0) {
    descriptor_ = record::Descriptor(opened);
    return true;
  }
  error_ = record::system_error("make a spool file in", directory_, -opened, ErrorKind::write);
  failed_.store(true, std::memory_order_relaxed);
  return false;
}

// A file system that cannot make a file without a name gets one with a name that is taken away at once.
int SpoolFile::open_unnamed() {
  constexpr int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
  const int unnamed = files_.openat(folder_, directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, file_mode);
  if (unnamed != -EOPNOTSUPP && unnamed != -EISDIR && unnamed != -EINVAL) return unnamed;
  const std::string name = fmt::format("{}/.spool-{}", directory_, ::getpid());
  const int named = files_.openat(folder_, name.c_str(), flags | O_CREAT | O_EXCL, file_mode);
  if (named < 0) return named;
  record::Descriptor made(named);
  const int removed = files_.unlinkat(folder_, name.c_str(), 0);
  return removed < 0 ? removed : made.release();
}

bool SpoolFile::copy(Place from, Place to, std::size_t size) {
  std::array<char, 16U << 10U> buffer;
  for (std::size_t done = 0; done < size;) {
    const std::span<char> part(buffer.data(), std::min(buffer.size(), size - done));
    if (!read(offset(from) + done, part) || !write(offset(to) + done, Bytes(part.data(), part.size()))) return false;
    done += part.size();
  }
  return true;
}

bool SpoolFile::write(std::uint64_t at, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = files_.pwrite(descriptor_.number(), bytes.data(), bytes.size(), at);
    if (wrote == -EINTR) continue;
    if (wrote <= 0) {
      fail("write", wrote == 0 ? ENOSPC : static_cast<int>(-wrote), ErrorKind::write);
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
    at += static_cast<std::uint64_t>(wrote);
  }
  return true;
}

bool SpoolFile::read(std::uint64_t at, std::span<char> into) {
  while (!into.empty()) {
    const ssize_t got = files_.pread(descriptor_.number(), into.data(), into.size(), at);
    if (got == -EINTR) continue;
    if (got <= 0) {
      fail("read", got == 0 ? EIO : static_cast<int>(-got), ErrorKind::read);
      return false;
    }
    into = into.subspan(static_cast<std::size_t>(got));
    at += static_cast<std::uint64_t>(got);
  }
  return true;
}

// The first one is what is told.
void SpoolFile::fail(std::string_view action, int error, ErrorKind kind) {
  const std::lock_guard lock(mutex_);
  if (error_) return;
  error_ = record::system_error(action, fmt::format("the spool file in {}", directory_), error, kind);
  failed_.store(true, std::memory_order_relaxed);
}

}  // namespace wiretape::engine
