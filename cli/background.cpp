// SPDX-License-Identifier: Apache-2.0
#include "background.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "report.hpp"

namespace wiretape::cli {
namespace {

Error cannot(std::string_view what) {
  return {.message = fmt::format("cannot go on in the background: {}: {}", what, std::strerror(errno))};
}

// What the process in the background came to: it has left, or has ended with a status.
ExitStatus wait_for(int from, pid_t process) {
  char word = 0;
  ssize_t got = 0;
  do {
    got = ::read(from, &word, 1);
  } while (got < 0 && errno == EINTR);
  if (got == 1) return ExitStatus::done;
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? static_cast<ExitStatus>(WEXITSTATUS(status)) : ExitStatus::usage;
}

}  // namespace

Result<Background> Background::start() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return cannot("pipe");
  const record::Descriptor from(ends[0]);
  record::Descriptor to(ends[1]);
  const pid_t process = ::fork();
  if (process < 0) return cannot("fork");
  if (process == 0) {
    ::setsid();
    return Background(std::move(to));
  }
  to = {};
  Background called;
  called.status = wait_for(from.number(), process);
  return called;
}

void Background::leave(const std::string& name, const std::string& log) {
  if (caller_.number() < 0) return;
  notice(fmt::format("\"{}\" goes on in the background as process {}; what it says goes to {}", name, ::getpid(), log));
  const record::Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const record::Descriptor file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  ::dup2(nothing.number(), STDIN_FILENO);
  const int text = file.number() >= 0 ? file.number() : nothing.number();
  ::dup2(text, STDOUT_FILENO);
  ::dup2(text, STDERR_FILENO);
  const char word = '+';
  static_cast<void>(::write(caller_.number(), &word, 1));
  caller_ = {};
}

}  // namespace wiretape::cli
