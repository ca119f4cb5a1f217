// SPDX-License-Identifier: Apache-2.0
#include "record/lock_owner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>

namespace wiretape::record {
namespace {

std::string boot_id() {
  auto folder = Folder::open(system_files(), "/proc/sys/kernel/random");
  if (!folder) return "unknown";
  auto file = folder->open_file("boot_id");
  std::array<char, 36> text{};
  if (!file || !file->read(text.data(), text.size(), 0)) return "unknown";
  return {text.data(), text.size()};
}

}  // namespace

std::int32_t process_of(const File& lock) {
  std::array<char, 16> text{};
  const auto got = lock.read(text.data(), text.size(), 0);
  std::int32_t process = 0;
  if (got) std::from_chars(text.data(), text.data() + *got, process);
  return process;
}

Result<void> sign_lock(File& lock) {
  if (auto emptied = lock.truncate(); !emptied) return emptied;
  return lock.append(fmt::format("{} {}\n", ::getpid(), boot_id()));
}

}  // namespace wiretape::record
