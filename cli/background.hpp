// SPDX-License-Identifier: Apache-2.0
// --detach: a command that goes on in the background once nothing can be refused any more.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "exit_status.hpp"
#include "record/files.hpp"

namespace wiretape::cli {

class Background {
 public:
  // Comes back twice: in the process that goes on, in a session of its own, and in the one that was called, with the
  // status to end with: when the other has left, or has failed before.
  static Result<Background> start();

  // What it says goes to `log` from now on; who called is told that it goes on.
  void leave(const std::string& name, const std::string& log);

  std::optional<ExitStatus> status;  // only in the process that was called

 private:
  Background() = default;
  explicit Background(record::Descriptor caller) : caller_(std::move(caller)) {}

  record::Descriptor caller_;  // who waits to be told
};

}  // namespace wiretape::cli
