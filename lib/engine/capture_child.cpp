// SPDX-License-Identifier: Apache-2.0
#include "engine/capture_child.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>

#include "engine/live_job.hpp"
#include "engine/reading.hpp"
#include "engine/spool_file.hpp"
#include "engine/words.hpp"

namespace wiretape::engine {
namespace {

using Clock = std::chrono::steady_clock;

// How often what was selected goes to the writing thread.
constexpr std::chrono::milliseconds hand_over_every{250};
// ... and at this size at the latest.
constexpr std::size_t hand_over_bytes = 4U << 20U;

class CaptureChild {
 public:
  CaptureChild(const CaptureRequest& request, int socket) : request_(request), socket_(socket) {}

  void run() {
    auto ended = capture();
    if (!ended) end_all(ended.error());
    if (!ended) say(socket_, Word::failed, pack(ended.error()));
  }

 private:
  Result<void> capture() {
    auto types = grpc::load_types(request_.grpc_types);
    if (!types) return std::move(types).error();
    grpc_types_ = *std::move(types);
    auto source = capture::LiveSource::open(request_.interfaces);
    if (!source) return std::move(source).error();
    source_ = *std::move(source);
    if (auto dropped = give_up_privileges(); !dropped) return dropped;
    learn_sources();
    const auto interfaces = source_->interfaces();
    say(socket_, Word::opened, pack({interfaces.begin(), interfaces.end()}));
    return read();
  }

  Result<void> read() {
    Clock::time_point next_hand_over = Clock::now() + hand_over_every;
    while (!leaving_) {
      auto batch = source_->next();
      if (!batch) return std::move(batch).error();
      const CaptureState state = this->state();
      if (pipeline_) {
        pipeline_->set_drops(state.counters.dropped, state.counters.interface_dropped);
        feed(*batch);
      } else {
        taken_ += batch->size();
      }
      for (const std::string& notice : source_->take_notices()) say(socket_, Word::notice, notice);
      note_slow_disk();
      if (Clock::now() >= next_hand_over || is_much_waiting()) {
        hand_over();
        next_hand_over = Clock::now() + hand_over_every;
      }
      end_those_at_end(batch->empty() ? std::nullopt : std::optional(batch->back().time));
      obey();
    }
    return {};
  }

  // A job that wants so many packets gets no more: the batch is fed in parts.
  void feed(std::span<const net::Packet> packets) {
    if (packets.empty()) return pipeline_->advance(live_time());
    while (!packets.empty()) {
      std::uint64_t most = packets.size();
      const CaptureState now = state();
      for (const auto& job : jobs_) most = std::min(most, job->packets_left(now));
      pipeline_->feed(packets.first(static_cast<std::size_t>(most)), source_->hold());
      pipeline_->flush();
      taken_ += most;
      packets = packets.subspan(static_cast<std::size_t>(most));
      if (!packets.empty()) end_those_at_end(packets.front().time);
    }
  }

  void end_those_at_end(std::optional<Timestamp> last) {
    const CaptureState now = state();
    for (auto job = jobs_.begin(); job != jobs_.end();) {
      job = (*job)->at_end(last, now) ? end(job, nullptr) : job + 1;
    }
  }

  using Jobs = std::vector<std::unique_ptr<LiveJob>>;

  // The report goes when the recording's descriptors are closed: the recorder takes it up again.
  Jobs::iterator end(Jobs::iterator job, const Error* error) {
    const std::string report = pack((*job)->finish(*pipeline_, state(), error));
    job = jobs_.erase(job);
    say(socket_, Word::over, report);
    return job;
  }

  void end_all(const Error& error) {
    while (!jobs_.empty()) end(jobs_.begin(), &error);
  }

  void obey() {
    pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
    while (::poll(&ready, 1, 0) > 0) {
      auto heard = hear(socket_);
      if (!heard) {
        leaving_ = true;
        return;
      }
      switch (heard->word) {
        case Word::add: add(*std::move(heard)); break;
        case Word::end: end(unpack_job_end(heard->text)); break;
        case Word::report: tell_reports(); break;
        case Word::flush: flush(); break;
        case Word::leave: leaving_ = true; return;
        default: break;  // the recorder's ear, not its mouth
      }
    }
  }

  void add(Saying heard) {
    const NewJob asked = unpack_new_job(heard.text);
    const auto refuse = [&](Error error) {
      say(socket_, Word::over,
          pack(JobReport{.name = asked.name, .report = {}, .state = record::State::failed, .error = std::move(error)}));
    };
    if (heard.descriptors.size() != 2) {
      return refuse({.kind = ErrorKind::capture, .message = "the recording's folder was not handed over"});
    }
    auto recording = record::Recording::adopt(std::move(heard.descriptors[0]), std::move(heard.descriptors[1]));
    if (!recording) return refuse(std::move(recording).error());
    if (!pipeline_) open_pipeline(*recording);
    auto job = LiveJob::begin(*std::move(recording), asked, *pipeline_, state());
    if (!job) return refuse(std::move(job).error());
    jobs_.push_back(*std::move(job));
    say(socket_, Word::began, asked.name);
  }

  // With the first job: the spool stands in its folder.
  void open_pipeline(const record::Recording& first) {
    spool_folder_ = record::Descriptor(::dup(first.folder().descriptor()));
    spool_ =
        std::make_unique<SpoolFile>(record::system_files(), spool_folder_.number(), first.path(), request_.spool_limit);
    pipeline_ = std::make_unique<Pipeline>(
        std::vector<PipelineJob>{},
        PipelineOptions{.dissector = {.body_limit = request_.body_limit, .grpc_types = grpc_types_.get()},
                        .backlog_limit = request_.backlog_limit,
                        .spool = spool_.get(),
                        .sources = sources_,
                        .workers = request_.workers});
  }

  void end(const JobEnd& asked) {
    const auto found =
        std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& job) { return job->name() == asked.name; });
    if (found == jobs_.end()) return;
    CaptureState latest = state();
    latest.counters = source_->latest_counters();
    (*found)->end_with(asked, now(), latest);
  }

  void tell_reports() {
    const CaptureState now = state();
    for (const auto& job : jobs_) say(socket_, Word::reported, pack(job->report(now)));
  }

  void flush() {
    hand_over();
    for (const auto& job : jobs_) job->flush();
  }

  void hand_over() {
    const CaptureState now = state();
    for (const auto& job : jobs_) job->hand_over(now);
  }

  bool is_much_waiting() {
    return std::any_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->waiting() >= hand_over_bytes; });
  }

  // Once: what follows is in the reports.
  void note_slow_disk() {
    const auto waits = [](const auto& job) { return job->waits() != 0; };
    if (!disk_is_slow_ && std::any_of(jobs_.begin(), jobs_.end(), waits)) {
      disk_is_slow_ = true;
      say(socket_, Word::notice,
          "the disk is slower than the traffic: what is to be written waits, and the kernel's buffer fills");
    }
    if (!spool_has_failed_ && spool_ && spool_->error()) {
      spool_has_failed_ = true;
      say(socket_, Word::notice, spool_->error()->message + ": what memory has no room for is let go");
    }
  }

  CaptureState state() {
    return {.stats = pipeline_ ? pipeline_->stats() : Stats{}, .counters = source_->counters(), .taken = taken_};
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

  // The interfaces are open; what remains to be done needs no right but to write below the recordings' folders.
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

  const CaptureRequest& request_;
  int socket_;
  std::shared_ptr<const grpc::Types> grpc_types_;
  std::unique_ptr<capture::LiveSource> source_;
  std::deque<SourceFacts> facts_;
  std::vector<const SourceFacts*> sources_;
  record::Descriptor spool_folder_;
  std::unique_ptr<SpoolFile> spool_;
  Jobs jobs_;
  std::unique_ptr<Pipeline> pipeline_;  // goes before the jobs, whose sinks it uses
  std::uint64_t taken_ = 0;             // packets of the source
  bool leaving_ = false;
  bool disk_is_slow_ = false;
  bool spool_has_failed_ = false;
};

}  // namespace

void run_capture_child(const CaptureRequest& request, int socket) {
  CaptureChild(request, socket).run();
}

}  // namespace wiretape::engine
