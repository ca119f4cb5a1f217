// SPDX-License-Identifier: Apache-2.0
// Live recordings in front of a person, or as a service: signals in, lines out.
#include "record_live.hpp"

#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <set>
#include <utility>

#include "base/quantity.hpp"
#include "capture_options.hpp"
#include "losses.hpp"
#include "recording_text.hpp"
#include "report.hpp"

namespace wiretape::cli {
namespace {

// The signals as something that can be waited for together with other things.
class Signals {
 public:
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) sigaddset(&set, signal);
    // Under nohup a closed terminal is no reason to end.
    struct sigaction hangup {};
    if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    descriptor_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Signals() { ::close(descriptor_); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }

  [[nodiscard]] std::vector<engine::LiveWish> take() const {
    std::vector<engine::LiveWish> wishes;
    signalfd_siginfo caught{};
    while (::read(descriptor_, &caught, sizeof caught) == sizeof caught) {
      wishes.push_back(caught.ssi_signo == SIGUSR1   ? engine::LiveWish::report
                       : caught.ssi_signo == SIGUSR2 ? engine::LiveWish::flush
                                                     : engine::LiveWish::stop);
    }
    return wishes;
  }

 private:
  int descriptor_ = -1;
};

// In tcpdump's words, so that scripts that look for them find them.
std::string counters(const engine::LiveReport& report) {
  std::string text = fmt::format("{}\n{} received by filter\n{} dropped by kernel\n",
                                 counted(report.totals.packets, "packet captured", "packets captured"),
                                 counted(report.counters.received, "packet", "packets"),
                                 counted(report.counters.dropped, "packet", "packets"));
  if (report.counters.interface_dropped != 0) {
    text += counted(report.counters.interface_dropped, "packet", "packets") + " dropped by interface\n";
  }
  return text;
}

std::string matched(const engine::LiveReport& report, const std::string& folder) {
  const record::Totals& totals = report.totals;
  return fmt::format("{} matched in {} (of {} in {}), {} in {}\n", counted(totals.calls, "call", "calls"),
                     counted(totals.streams, "stream", "streams"), counted(totals.all_calls, "call", "calls"),
                     counted(totals.all_streams, "stream", "streams"), size_text(totals.kept_bytes), folder);
}

void say_began(const record::Job& job, const std::vector<capture::Interface>& interfaces,
               std::optional<Timestamp> end) {
  const std::string until = end ? fmt::format(" until {} UTC", rfc3339(*end).substr(11, 8)) : "";
  for (const capture::Interface& interface : interfaces) {
    const std::string about = spoken(interface);
    notice(fmt::format("recording \"{}\" on {}{}{}", job.name, interface.name, until, about.substr(about.find(','))));
  }
}

}  // namespace

struct LiveSession::Impl {
  Impl(const engine::RecorderOptions& wanted, Talk how) : options(wanted), talk(how) {
    control.descriptor = signals.descriptor();
    control.take = [this] { return signals.take(); };
    control.notice = [](std::string_view sentence) { notice(sentence); };
    control.report = [](const engine::JobReport& report) { lines(counters(report.report)); };
    control.began = [this](const record::Job& job, const std::vector<capture::Interface>& interfaces,
                           std::optional<Timestamp> until) {
      recording.insert(job.name);
      if (talk != Talk::quiet) say_began(job, interfaces, until);
      tell_ready();
    };
    control.iteration_over = [this](const engine::JobReport& report) { sum_up(report); };
    control.job_over = [this](const engine::JobReport& report) { over(report); };
    control.tick = [this] {
      if (tick) tick();
    };
  }

  void tell_ready() {
    if (ready) std::exchange(ready, nullptr)();
  }

  void sum_up(const engine::JobReport& report) {
    outcome.last = report;
    if (recording.erase(report.name) == 0 || talk == Talk::quiet) return;
    lines(counters(report.report) + matched(report.report, options.store + '/' + report.name));
    say_losses(record::Store(options.store), report.name, report.report.totals);
  }

  void over(const engine::JobReport& report) {
    if (report.error) {
      outcome.error = report.error;
      if (options.life == engine::RecorderOptions::Life::service) {
        notice(fmt::format("\"{}\" failed: {}", report.name, report.error->message));
      }
    } else {
      sum_up(report);
    }
    outcome.last = report;
  }

  const engine::RecorderOptions options;
  const Talk talk;
  Signals signals;
  engine::RecorderControl control;
  std::function<void()> ready;
  std::function<void()> tick;
  std::set<std::string> recording;  // names of those that record now
  LiveOutcome outcome;
  engine::Recorder recorder{options, control};
};

LiveSession::LiveSession(const engine::RecorderOptions& options, Talk talk)
    : impl_(std::make_unique<Impl>(options, talk)) {}
LiveSession::~LiveSession() = default;

void LiveSession::add(record::Recording recording, engine::Recorder::Stillborn stillborn) {
  impl_->recorder.add(std::move(recording), stillborn);
}
void LiveSession::when_ready(std::function<void()> ready) {
  impl_->ready = std::move(ready);
}
void LiveSession::each_tick(std::function<void()> tick) {
  impl_->tick = std::move(tick);
}
LiveOutcome LiveSession::run() {
  impl_->recorder.run();
  return impl_->outcome;
}

}  // namespace wiretape::cli
