// SPDX-License-Identifier: Apache-2.0
// A live recording in front of a person: signals in, lines out.
#include "record_live.hpp"

#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/quantity.hpp"
#include "capture_options.hpp"
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
  std::string text;
  record::Totals others = totals;
  others.dropped_packets = 0;  // stand in tcpdump's lines already
  if (const std::string lost = losses(others); !lost.empty()) text = lost + '\n';
  return text + fmt::format("{} matched in {} (of {} in {}), {} in {}\n", counted(totals.calls, "call", "calls"),
                            counted(totals.streams, "stream", "streams"), counted(totals.all_calls, "call", "calls"),
                            counted(totals.all_streams, "stream", "streams"), size_text(totals.kept_bytes), folder);
}

void say_started(const engine::LiveRequest& request, const std::vector<capture::Interface>& interfaces) {
  const record::Job& job = request.record.job;
  const std::string until =
      job.duration ? fmt::format(" until {} UTC", rfc3339(now() + *job.duration).substr(11, 8)) : "";
  for (const capture::Interface& interface : interfaces) {
    const std::string about = spoken(interface);
    notice(fmt::format("recording \"{}\" on {}{}{}", job.name, interface.name, until, about.substr(about.find(','))));
  }
}

}  // namespace

Result<engine::LiveReport> run_record_live(const engine::LiveRequest& request, Talk talk) {
  const Signals signals;
  const engine::LiveControl control{.descriptor = signals.descriptor(),
                                    .take = [&] { return signals.take(); },
                                    .started =
                                        [&](const auto& interfaces) {
                                          if (talk != Talk::quiet) say_started(request, interfaces);
                                        },
                                    .notice = [](std::string_view sentence) { notice(sentence); },
                                    .report = [](const engine::LiveReport& report) { lines(counters(report)); }};
  auto report = engine::record_live(request, control);
  if (report && talk != Talk::quiet) {
    lines(counters(*report) + matched(*report, request.record.store + '/' + request.record.job.name));
  }
  return report;
}

}  // namespace wiretape::cli
