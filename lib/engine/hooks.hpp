// SPDX-License-Identifier: Apache-2.0
// Commands that a job has asked to be run: when a segment is finished, when the job is over.
#pragma once

#include <sys/types.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace wiretape::engine {

// Each runs as `/bin/sh -c COMMAND` in a process group of its own, with its facts in the environment: nothing from the
// traffic becomes part of a shell's text. A few at a time, and those of one job one after the other; the others wait
// their turn.
class Hooks {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  Hooks() = default;
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  // `about` names it in sentences: "--on-end of \"errors\"".
  void run(std::string job, std::string about, std::string command, Environment environment);

  // Takes note of those that have ended, and starts those that wait: a sentence for each that failed.
  std::vector<std::string> look();

  [[nodiscard]] bool idle() const { return running_.empty() && waiting_.empty(); }

 private:
  struct Hook {
    std::string job;
    std::string about;
    std::string command;
    Environment environment;
    pid_t process = 0;
  };
  static bool start(Hook& hook);
  [[nodiscard]] std::deque<Hook>::iterator next();

  std::vector<Hook> running_;
  std::deque<Hook> waiting_;
};

}  // namespace wiretape::engine
