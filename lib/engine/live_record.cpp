// SPDX-License-Identifier: Apache-2.0
#include "engine/live_record.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "engine/capture_child.hpp"
#include "record/store.hpp"

namespace wiretape::engine {
namespace {

Error system_error(std::string_view what) {
  return {.kind = ErrorKind::capture, .message = fmt::format("{}: {}", what, std::strerror(errno))};
}

timespec to_timespec(std::int64_t nanoseconds) {
  return {.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
}

// The end of a duration: at its time on the wall clock, and never later than by the clock that also counts while the
// machine sleeps.
class Deadline {
 public:
  explicit Deadline(std::optional<Duration> duration) {
    if (!duration) return;
    end_ = now() + *duration;
    wall_ = record::Descriptor(::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
    boot_ = record::Descriptor(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
    arm_wall();
    const itimerspec after{.it_interval = {}, .it_value = to_timespec(duration->nanoseconds)};
    ::timerfd_settime(boot_.number(), 0, &after, nullptr);
  }

  [[nodiscard]] int wall() const { return wall_.number(); }
  [[nodiscard]] int boot() const { return boot_.number(); }

  // Asked when one of the two is readable. A step of the clock wakes the wall clock's too, and it is set again.
  [[nodiscard]] bool reached() {
    std::uint64_t times = 0;
    if (::read(boot_.number(), &times, sizeof times) > 0) return true;
    if (::read(wall_.number(), &times, sizeof times) > 0) return true;
    if (errno == ECANCELED) arm_wall();
    return false;
  }

 private:
  void arm_wall() {
    const itimerspec at{.it_interval = {}, .it_value = to_timespec(end_.nanoseconds)};
    ::timerfd_settime(wall_.number(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, nullptr);
  }

  Timestamp end_;
  record::Descriptor wall_;
  record::Descriptor boot_;
};

class LiveParent {
 public:
  LiveParent(const LiveRequest& request, const LiveControl& control)
      : request_(request), control_(control), store_(request.record.store) {}

  Result<LiveReport> run() {
    auto recording = store_.create(request_.record.job, now());
    if (!recording) return std::move(recording).error();
    if (auto started = start(*std::move(recording)); !started) return undo(std::move(started).error());
    watch();
    return reap();
  }

 private:
  // The recording and its lock are the child's from then on, or nobody's: a locked folder cannot be removed.
  Result<void> start(record::Recording recording) {
    if (auto given = give_to_user(recording.path()); !given) return given;
    return fork_child(std::move(recording));
  }

  Result<void> give_to_user(const std::string& path) {
    if (request_.user.empty()) return {};
    const passwd* user = ::getpwnam(request_.user.c_str());
    if (user == nullptr) {
      return Error{.kind = ErrorKind::usage, .message = fmt::format("there is no user \"{}\"", request_.user)};
    }
    for (const std::string& name : {path, path + "/recording.json", path + "/lock", path + "/reserve"}) {
      if (::lchown(name.c_str(), user->pw_uid, user->pw_gid) == 0 || errno == ENOENT) continue;
      return Error{
          .kind = ErrorKind::permission,
          .message = fmt::format("cannot give \"{}\" to user \"{}\": {}", name, request_.user, std::strerror(errno))};
    }
    return {};
  }

  Result<void> fork_child(record::Recording recording) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return system_error("socketpair");
    const pid_t parent = ::getpid();
    child_ = ::fork();
    if (child_ < 0) {
      ::close(ends[0]);
      ::close(ends[1]);
      return system_error("cannot start the capturing process");
    }
    if (child_ == 0) {
      ::close(ends[0]);
      // Without its parent nobody would end it; Ctrl-C is for the parent, which then says so.
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(1);
      ::signal(SIGINT, SIG_IGN);
      ::signal(SIGTERM, SIG_IGN);
      run_capture_child(request_, std::move(recording), ends[1]);
      ::_exit(0);
    }
    ::close(ends[1]);
    socket_ = record::Descriptor(ends[0]);
    return {};
  }

  // Until the child has said its last word, or has gone without one.
  void watch() {
    std::optional<Deadline> deadline;
    for (;;) {
      std::array<pollfd, 4> waiting = {{{.fd = socket_.number(), .events = POLLIN, .revents = 0},
                                        {.fd = control_.descriptor, .events = POLLIN, .revents = 0},
                                        {.fd = deadline ? deadline->wall() : -1, .events = POLLIN, .revents = 0},
                                        {.fd = deadline ? deadline->boot() : -1, .events = POLLIN, .revents = 0}}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
      if (waiting[1].revents != 0) pass_on_wishes();
      if ((waiting[2].revents != 0 || waiting[3].revents != 0) && deadline->reached()) {
        say(socket_.number(), Word::stop, "duration");
        deadline.reset();
      }
      if (waiting[0].revents == 0) continue;
      const auto heard = hear(socket_.number());
      if (!heard) return;
      switch (heard->word) {
        case Word::started:
          started_ = true;
          deadline.emplace(request_.record.job.duration);
          control_.started(unpack_interfaces(heard->text));
          break;
        case Word::notice: control_.notice(heard->text); break;
        case Word::reported: control_.report(unpack_report(heard->text)); break;
        case Word::failed: error_ = unpack_error(heard->text); return;
        case Word::finished: report_ = unpack_report(heard->text); return;
        case Word::stop:
        case Word::flush:
        case Word::report: break;  // the parent's own words
      }
    }
  }

  void pass_on_wishes() {
    for (const LiveWish wish : control_.take()) {
      switch (wish) {
        case LiveWish::stop: say(socket_.number(), Word::stop, "stopped"); break;
        case LiveWish::report: say(socket_.number(), Word::report); break;
        case LiveWish::flush: say(socket_.number(), Word::flush); break;
      }
    }
  }

  Result<LiveReport> reap() {
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) continue;
    if (report_) return *report_;
    if (error_) return started_ ? Result<LiveReport>(*error_) : undo(*error_);
    Error error{.kind = ErrorKind::capture,
                .message = WIFSIGNALED(status)
                               ? fmt::format("the capturing process was ended by signal {}", WTERMSIG(status))
                               : "the capturing process ended without a word"};
    if (auto resumed = store_.resume(request_.record.job.name, now())) {
      static_cast<void>(resumed->finish({.state = record::State::failed, .reason = error.message, .at = now()}, {}));
    }
    return error;
  }

  // Nothing was recorded: nothing half made remains.
  Result<LiveReport> undo(Error error) {
    static_cast<void>(store_.remove(request_.record.job.name));
    return error;
  }

  const LiveRequest& request_;
  const LiveControl& control_;
  record::Store store_;
  pid_t child_ = -1;
  record::Descriptor socket_;
  bool started_ = false;
  std::optional<Error> error_;
  std::optional<LiveReport> report_;
};

}  // namespace

Result<LiveReport> record_live(const LiveRequest& request, const LiveControl& control) {
  return LiveParent(request, control).run();
}

}  // namespace wiretape::engine
