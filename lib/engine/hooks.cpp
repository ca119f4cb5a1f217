// SPDX-License-Identifier: Apache-2.0
#include "engine/hooks.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace wiretape::engine {
namespace {

constexpr std::size_t most_at_a_time = 4;

class SpawnAttributes {
 public:
  // In a group of its own, with no signal blocked or ignored: Ctrl-C is not for it.
  SpawnAttributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

}  // namespace

void Hooks::run(std::string job, std::string about, std::string command, Environment environment) {
  waiting_.push_back({.job = std::move(job),
                      .about = std::move(about),
                      .command = std::move(command),
                      .environment = std::move(environment),
                      .process = 0});
}

bool Hooks::start(Hook& hook) {
  std::vector<std::string> texts;
  for (char** variable = environ; *variable != nullptr; ++variable) texts.emplace_back(*variable);
  for (const auto& [name, value] : hook.environment) texts.push_back(fmt::format("{}={}", name, value));
  std::vector<char*> variables;
  variables.reserve(texts.size() + 1);
  for (std::string& text : texts) variables.push_back(text.data());
  variables.push_back(nullptr);
  std::string shell = "/bin/sh", option = "-c";
  char* const arguments[] = {shell.data(), option.data(), hook.command.data(), nullptr};
  const SpawnAttributes attributes;
  const int failed =
      ::posix_spawn(&hook.process, shell.c_str(), nullptr, attributes.get(), arguments, variables.data());
  errno = failed;
  return failed == 0;
}

// The first one of a job of which none is running.
std::deque<Hooks::Hook>::iterator Hooks::next() {
  if (running_.size() >= most_at_a_time) return waiting_.end();
  return std::find_if(waiting_.begin(), waiting_.end(), [&](const Hook& hook) {
    return std::none_of(running_.begin(), running_.end(), [&](const Hook& other) { return other.job == hook.job; });
  });
}

std::vector<std::string> Hooks::look() {
  std::vector<std::string> failures;
  for (auto hook = running_.begin(); hook != running_.end();) {
    int status = 0;
    const pid_t ended = ::waitpid(hook->process, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) {
      ++hook;
      continue;
    }
    if (ended > 0 && status != 0) failures.push_back(fmt::format("{} {}", hook->about, how_it_ended(status)));
    hook = running_.erase(hook);
  }
  for (auto turn = next(); turn != waiting_.end(); turn = next()) {
    Hook hook = std::move(*turn);
    waiting_.erase(turn);
    if (start(hook)) {
      running_.push_back(std::move(hook));
    } else {
      failures.push_back(fmt::format("{} could not be started: {}", hook.about, std::strerror(errno)));
    }
  }
  return failures;
}

}  // namespace wiretape::engine
