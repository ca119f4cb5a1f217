// SPDX-License-Identifier: Apache-2.0
// Which process runs the jobs of a store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "record/files.hpp"

namespace wiretape::record {

// Held as long as it lives.
class RunLock {
 public:
  // Makes the store where it is missing. ErrorKind::name when another process holds it.
  static Result<RunLock> take(const std::string& store, Files& files = system_files());
  // The process that holds it; 0 when its number is not known, none when nobody does.
  static std::optional<std::int32_t> holder(const std::string& store, Files& files = system_files());

 private:
  explicit RunLock(File file) : file_(std::move(file)) {}
  File file_;
};

}  // namespace wiretape::record
