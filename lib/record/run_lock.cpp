// SPDX-License-Identifier: Apache-2.0
#include "record/run_lock.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace wiretape::record {
namespace {

constexpr std::string_view run_lock_file = ".run.lock";

std::int32_t process_in(const File& file) {
  std::array<char, 16> text{};
  const auto got = file.read(text.data(), text.size(), 0);
  std::int32_t process = 0;
  if (got) std::from_chars(text.data(), text.data() + *got, process);
  return process;
}

}  // namespace

Result<RunLock> RunLock::take(const std::string& store, Files& files) {
  const auto folder = Folder::open_or_make(files, store);
  if (!folder) return folder.error();
  auto file = folder->open_or_create(run_lock_file);
  if (!file) return std::move(file).error();
  const int taken = files.lock(file->descriptor());
  if (taken == -EAGAIN || taken == -EACCES) {
    return Error{.kind = ErrorKind::name,
                 .message = fmt::format("process {} runs the jobs of {} already", process_in(*file), store),
                 .hint = "one is enough: it takes up every job of the store",
                 .detail = {}};
  }
  if (taken < 0) return system_error("lock", file->path(), -taken, ErrorKind::write);
  if (auto emptied = file->truncate(); !emptied) return std::move(emptied).error();
  if (auto signed_ = file->append(fmt::format("{}\n", ::getpid())); !signed_) return std::move(signed_).error();
  return RunLock(*std::move(file));
}

std::optional<std::int32_t> RunLock::holder(const std::string& store, Files& files) {
  const auto folder = Folder::open(files, store);
  if (!folder) return std::nullopt;
  const auto file = folder->open_file(run_lock_file);
  if (!file || files.locked(file->descriptor()) != 1) return std::nullopt;
  return process_in(*file);
}

}  // namespace wiretape::record
