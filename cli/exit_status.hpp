// SPDX-License-Identifier: Apache-2.0
// What the shell is told: the numbers of EXIT STATUS in wiretape(1).
#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace wiretape::cli {

enum class ExitStatus : std::uint8_t {
  done = 0,
  usage = 1,
  interface = 2,
  input = 3,
  statement = 4,
  permission = 5,
  read = 14,
  write = 15,
  capture = 17,
  nothing_matched = 20,
  incomplete = 21,
  name = 23,
  cluster = 24,
};

constexpr ExitStatus exit_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return ExitStatus::usage;
    case ErrorKind::interface: return ExitStatus::interface;
    case ErrorKind::input: return ExitStatus::input;
    case ErrorKind::statement: return ExitStatus::statement;
    case ErrorKind::permission: return ExitStatus::permission;
    case ErrorKind::read: return ExitStatus::read;
    case ErrorKind::write: return ExitStatus::write;
    case ErrorKind::capture: return ExitStatus::capture;
    case ErrorKind::incomplete: return ExitStatus::incomplete;
    case ErrorKind::name: return ExitStatus::name;
    case ErrorKind::cluster: return ExitStatus::cluster;
  }
  return ExitStatus::usage;
}

}  // namespace wiretape::cli
