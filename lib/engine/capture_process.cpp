// SPDX-License-Identifier: Apache-2.0
#include "engine/capture_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace wiretape::engine {
namespace {

Error system_error(std::string_view what) {
  return {.kind = ErrorKind::capture, .message = fmt::format("{}: {}", what, std::strerror(errno))};
}

// Nothing of the parent's stays open here: locks and pipes would outlive it by the moment that this process does.
void keep_only(int socket, CaptureRequest::Terminal terminal) {
  const auto number = static_cast<unsigned>(socket);
  if (number > 3) ::close_range(3, number - 1, 0);
  ::close_range(number + 1, ~0U, 0);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(nothing, STDOUT_FILENO);
  if (terminal == CaptureRequest::Terminal::left) ::dup2(nothing, STDERR_FILENO);
  ::close(nothing);
}

[[noreturn]] void live_as_child(const CaptureRequest& request, int socket, pid_t parent) {
  // Without its parent nobody would end it; Ctrl-C is for the parent, which then says so.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  keep_only(socket, request.terminal);
  run_capture_child(request, socket);
  ::_exit(0);
}

}  // namespace

Result<CaptureProcess> CaptureProcess::start(const CaptureRequest& request) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return system_error("socketpair");
  record::Descriptor ours(ends[0]), its(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return system_error("cannot start the capturing process");
  if (child == 0) {
    ours = {};
    live_as_child(request, its.number(), parent);
  }
  return CaptureProcess(child, std::move(ours));
}

CaptureProcess::CaptureProcess(CaptureProcess&& other) noexcept
    : process_(std::exchange(other.process_, -1)), socket_(std::move(other.socket_)) {}

CaptureProcess& CaptureProcess::operator=(CaptureProcess&& other) noexcept {
  std::swap(process_, other.process_);
  std::swap(socket_, other.socket_);
  return *this;
}

CaptureProcess::~CaptureProcess() {
  if (process_ > 0) static_cast<void>(last_words());
}

void CaptureProcess::add(const NewJob& job, const record::Recording& recording) {
  say(socket(), Word::add, pack(job), {recording.folder().descriptor(), recording.lock()});
}

std::string CaptureProcess::last_words() {
  socket_ = {};  // it leaves when nobody listens any more
  int status = 0;
  while (process_ > 0 && ::waitpid(process_, &status, 0) < 0 && errno == EINTR) continue;
  process_ = -1;
  if (WIFSIGNALED(status)) return fmt::format("the capturing process was ended by signal {}", WTERMSIG(status));
  return "the capturing process ended without a word";
}

}  // namespace wiretape::engine
