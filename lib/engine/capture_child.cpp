// SPDX-License-Identifier: Apache-2.0
#include "engine/capture_child.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <type_traits>

#include "engine/disk_writer.hpp"
#include "engine/pipeline.hpp"
#include "engine/reading.hpp"
#include "engine/spool_file.hpp"

namespace wiretape::engine {
namespace {

using Clock = std::chrono::steady_clock;

// How often what was selected goes to the writing thread.
constexpr std::chrono::milliseconds hand_over_every{250};
// ... and at this size at the latest.
constexpr std::size_t hand_over_bytes = 4U << 20U;
// What may wait for a slow disk.
constexpr std::size_t queue_limit = 256U << 20U;
// After the end packets that were sent before it are waited for: until as many have come as the kernel had counted.
// Where it counts some that never come (of the other direction with -Q), so many rounds without any are the end.
constexpr int quiet_rounds = 5;

constexpr std::size_t longest_message = 1U << 16U;

class CaptureChild {
 public:
  CaptureChild(const LiveRequest& request, record::Recording recording, int socket)
      : request_(request),
        recording_(std::move(recording)),
        socket_(socket),
        sink_(request.record.statement, request.record.stored_packets()) {}

  void run() {
    if (auto done = capture(); !done) {
      say(socket_, Word::failed, pack(done.error()));
      return;
    }
    say(socket_, Word::finished, pack(report()));
  }

 private:
  Result<void> capture() {
    auto source = capture::LiveSource::open(request_.interfaces);
    if (!source) return std::move(source).error();
    source_ = *std::move(source);
    if (auto dropped = give_up_privileges(); !dropped) return dropped;

    const Timestamp began = now();
    if (auto writer = recording_.start_iteration(began, began); !writer) return std::move(writer).error();
    learn_sources();
    spool_ = std::make_unique<SpoolFile>(record::system_files(), recording_.folder().descriptor(), recording_.path(),
                                         request_.record.spool_limit);
    pipeline_ = std::make_unique<Pipeline>(
        std::vector<PipelineJob>{{.statement = request_.record.statement,
                                  .sink = &sink_,
                                  .keeps_packets = request_.record.stored_packets() == StoredPackets::whole_streams,
                                  .limit = request_.record.statement.limit().value_or(no_limit)}},
        PipelineOptions{.dissector = {.body_limit = request_.record.body_limit},
                        .backlog_limit = request_.record.backlog_limit,
                        .spool = spool_.get(),
                        .sources = sources_,
                        .workers = request_.record.workers});
    disk_ = std::make_unique<DiskWriter>(recording_, queue_limit);
    const auto interfaces = source_->interfaces();
    say(socket_, Word::started, pack({interfaces.begin(), interfaces.end()}));

    auto ended = read();
    pipeline_->finish();
    hand_over();
    auto written = disk_->finish();
    return finish(std::move(ended), std::move(written));
  }

  // Until told to stop, and then on until nothing comes that was sent before.
  Result<void> read() {
    Clock::time_point next_hand_over = Clock::now() + hand_over_every;
    std::optional<Timestamp> stopped_at;
    std::uint64_t due = 0;  // packets before the end
    for (int quiet = 0; quiet < quiet_rounds && !disk_->failed();) {
      auto batch = source_->next();
      if (!batch) return std::move(batch).error();
      if (batch->empty()) pipeline_->advance(live_time());
      const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(batch->size(), packets_left_));
      const capture::Counters so_far = source_->counters();
      pipeline_->set_drops(so_far.dropped, so_far.interface_dropped);
      pipeline_->feed(batch->first(wanted), source_->hold());
      packets_left_ -= wanted;
      for (const std::string& notice : source_->take_notices()) say(socket_, Word::notice, notice);
      if (Clock::now() >= next_hand_over || sink_.batch().size() >= hand_over_bytes) {
        hand_over();
        next_hand_over = Clock::now() + hand_over_every;
      }
      obey();
      if (stopping_ && !stopped_at) {
        stopped_at = now();
        const capture::Counters counters = source_->counters();
        due = counters.received - std::min(counters.received, counters.dropped);
      }
      if (packets_left_ == 0) return {};
      if (!stopped_at) continue;
      const bool late = !batch->empty() && batch->back().time > *stopped_at;
      if (late || pipeline_->stats().packets >= due) return {};
      quiet = batch->empty() ? quiet + 1 : 0;
    }
    return {};
  }

  void obey() {
    pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
    while (::poll(&ready, 1, 0) > 0) {
      const auto heard = hear(socket_);
      if (!heard) {
        stopping_ = true;
        return;
      }
      if (heard->word == Word::stop) {
        stopping_ = true;
        reason_ = heard->text;
      }
      if (heard->word == Word::report) say(socket_, Word::reported, pack(report()));
      if (heard->word == Word::flush) {
        hand_over();
        disk_->flush();
      }
    }
  }

  void hand_over() { disk_->submit(sink_.batch(), report().totals); }

  Result<void> finish(Result<void> ended, Result<void> written) {
    const bool stopped = reason_ == "stopped";
    record::Recording::Ending ending{
        .state = stopped ? record::State::stopped : record::State::completed, .reason = {}, .at = now()};
    const Error* error = !written ? &written.error() : !ended ? &ended.error() : nullptr;
    if (error != nullptr) {
      ending.state = record::State::failed;
      ending.reason = error->message;
    }
    auto finished = recording_.finish(ending, report().totals);
    if (error != nullptr) return *error;
    return finished;
  }

  LiveReport report() {
    LiveReport report;
    report.counters = source_->counters();
    const Stats stats = pipeline_->stats();
    report.totals = {.packets = stats.packets,
                     .calls = sink_.calls(),
                     .all_calls = stats.calls,
                     .streams = stats.matched_streams,
                     .all_streams = stats.streams,
                     .kept_packets = stats.kept_packets,
                     .kept_bytes = stats.kept_bytes,
                     .dropped_packets = report.counters.dropped + report.counters.interface_dropped,
                     .gap_bytes = stats.gap_bytes,
                     .backlog_cut_packets = stats.backlog_cut_packets,
                     .backlog_cut_bytes = stats.backlog_cut_bytes};
    return report;
  }

  void learn_sources() {
    for (const capture::Interface& interface : source_->interfaces()) {
      facts_.push_back({.backend = "libpcap",
                        .source = interface.name,
                        .interface = interface.name,
                        .node_name = node_name(),
                        .record = std::nullopt});
    }
    for (const SourceFacts& facts : facts_) sources_.push_back(&facts);
  }

  // The interfaces are open; what remains to be done needs no right but to write below the recording's folder.
  Result<void> give_up_privileges() {
    if (request_.user.empty()) return {};
    const passwd* user = ::getpwnam(request_.user.c_str());
    if (user == nullptr) {
      return Error{.kind = ErrorKind::usage, .message = fmt::format("there is no user \"{}\"", request_.user)};
    }
    if (::initgroups(user->pw_name, user->pw_gid) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0) {
      return Error{.kind = ErrorKind::permission,
                   .message = fmt::format("cannot become user \"{}\": {}", request_.user, std::strerror(errno))};
    }
    // A change of user takes this away.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    return {};
  }

  const LiveRequest& request_;
  record::Recording recording_;
  int socket_;
  std::unique_ptr<capture::LiveSource> source_;
  std::deque<SourceFacts> facts_;
  std::vector<const SourceFacts*> sources_;
  RecordingSink sink_;
  std::unique_ptr<SpoolFile> spool_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<DiskWriter> disk_;
  std::uint64_t packets_left_ = request_.record.packet_count.value_or(UINT64_MAX);
  bool stopping_ = false;
  std::string reason_;
};

}  // namespace

bool say(int socket, Word word, std::string_view text) {
  std::string message(1, static_cast<char>(word));
  message += text.substr(0, longest_message - 1);
  ssize_t sent = 0;
  do {
    sent = ::send(socket, message.data(), message.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

std::optional<Saying> hear(int socket) {
  std::string message(longest_message, '\0');
  ssize_t got = 0;
  do {
    got = ::recv(socket, message.data(), message.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return std::nullopt;
  message.resize(static_cast<std::size_t>(got));
  return Saying{.word = static_cast<Word>(message[0]), .text = message.substr(1)};
}

// kind, message, hint, detail, with zero bytes between them.
std::string pack(const Error& error) {
  std::string out(1, static_cast<char>(error.kind));
  out += error.message + '\0' + error.hint + '\0' + error.detail;
  return out;
}

Error unpack_error(std::string_view text) {
  Error error{.kind = ErrorKind::capture, .message = "the capturing process sent nothing"};
  if (text.empty()) return error;
  const auto kind = static_cast<unsigned char>(text[0]);
  if (kind <= static_cast<unsigned char>(ErrorKind::cluster)) error.kind = static_cast<ErrorKind>(kind);
  text.remove_prefix(1);
  const std::size_t first = std::min(text.find('\0'), text.size());
  const std::size_t second = std::min(text.find('\0', first + 1), text.size());
  error.message = text.substr(0, first);
  if (first < text.size()) error.hint = text.substr(first + 1, second - first - 1);
  if (second < text.size()) error.detail = text.substr(second + 1);
  return error;
}

static_assert(std::is_trivially_copyable_v<LiveReport>);

std::string pack(const LiveReport& report) {
  return {reinterpret_cast<const char*>(&report), sizeof report};
}

LiveReport unpack_report(std::string_view text) {
  LiveReport report;
  if (text.size() == sizeof report) std::memcpy(&report, text.data(), sizeof report);
  return report;
}

std::string pack(const std::vector<capture::Interface>& interfaces) {
  std::string out;
  for (const capture::Interface& interface : interfaces) {
    out += fmt::format("{} {} {}\n", static_cast<unsigned>(interface.link), interface.snapshot_length, interface.name);
  }
  return out;
}

std::vector<capture::Interface> unpack_interfaces(std::string_view text) {
  std::vector<capture::Interface> interfaces;
  while (!text.empty()) {
    const std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    unsigned link = 0, snapshot_length = 0;
    int name = 0;
    if (std::sscanf(line.c_str(), "%u %u %n", &link, &snapshot_length, &name) < 2) continue;
    interfaces.push_back({.name = line.substr(static_cast<std::size_t>(name)),
                          .link = static_cast<net::LinkType>(link),
                          .snapshot_length = snapshot_length});
  }
  return interfaces;
}

void run_capture_child(const LiveRequest& request, record::Recording recording, int socket) {
  CaptureChild(request, std::move(recording), socket).run();
}

}  // namespace wiretape::engine
