// SPDX-License-Identifier: Apache-2.0
#include "record/run_lock.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <string_view>

#include "record/lock_owner.hpp"

namespace wiretape::record {
namespace {

constexpr std::string_view run_lock_file = ".run.lock";

}  // namespace

Result<RunLock> RunLock::take(const std::string& store, Files& files) {
  const auto folder = Folder::open_or_make(files, store);
  if (!folder) return folder.error();
  auto file = folder->open_or_create(run_lock_file);
  if (!file) return std::move(file).error();
  const int taken = files.lock(file->descriptor());
  if (taken == -EAGAIN || taken == -EACCES) {
    return Error{.kind = ErrorKind::name,
                 .message = fmt::format("process {} runs the jobs of {} already", process_of(*file), store),
                 .hint = "one is enough: it takes up every job of the store",
                 .detail = {}};
  }
  if (taken < 0) return system_error("lock", file->path(), -taken, ErrorKind::write);
  if (auto noted = sign_lock(*file); !noted) return std::move(noted).error();
  return RunLock(*std::move(file));
}

std::optional<std::int32_t> RunLock::holder(const std::string& store, Files& files) {
  const auto folder = Folder::open(files, store);
  if (!folder) return std::nullopt;
  const auto file = folder->open_file(run_lock_file);
  if (!file || files.locked(file->descriptor()) != 1) return std::nullopt;
  return process_of(*file);
}

}  // namespace wiretape::record
