// SPDX-License-Identifier: Apache-2.0
#include "engine/recorder.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <list>
#include <set>
#include <utility>

#include "capture/devices.hpp"
#include "engine/capture_process.hpp"
#include "engine/hooks.hpp"
#include "engine/job_clock.hpp"
#include "engine/job_statement.hpp"
#include "engine/jobs.hpp"
#include "record/manifest.hpp"
#include "record/retention.hpp"
#include "record/space.hpp"
#include "record/store.hpp"

namespace wiretape::engine {
namespace {

using Clock = std::chrono::steady_clock;
using record::State;

// How often the store and the clock are looked at; a step of the clock is noticed as soon.
constexpr std::chrono::milliseconds look_every{250};
// How often it is asked whether there is room left, and when it is told how long it will do.
constexpr std::chrono::seconds check_room_every{1};
constexpr Duration forecast_after = Duration::seconds(30);
// How often a service removes what has expired.
constexpr std::chrono::minutes prune_every{1};
// How long hooks may go on when everything else is over.
constexpr std::chrono::seconds patience_with_hooks{60};

// A job, and how far it has come.
struct Job {
  enum class Phase : std::uint8_t { waiting, starting, recording, ending, over };

  Job(record::Recording taken, Recorder::Stillborn wish)
      : recording(std::move(taken)), clock(recording.description()), stillborn(wish) {}

  [[nodiscard]] const std::string& name() const { return recording.description().job.name; }
  [[nodiscard]] const record::Job& wanted() const { return recording.description().job; }

  record::Recording recording;
  JobClock clock;
  Recorder::Stillborn stillborn;
  Phase phase = Phase::waiting;
  std::size_t segments_told = 0;  // to --on-segment, of the iteration that is being recorded
  std::optional<record::StorageGuard> guard;
  Moment began;                  // when the iteration was asked for
  std::uint64_t earlier = 0;     // bytes that the recording took then
  Clock::time_point next_check;  // of the room that is left
  bool forecast = false;         // was told
};

// A capturing process and whom it works for.
struct Capture {
  std::string key;
  CaptureProcess process;
  std::vector<capture::Interface> interfaces;  // known once it is open
  bool open = false;
  std::vector<Job*> jobs;
};

std::string key_of(const CaptureRequest& request) {
  std::string key = fmt::format("{} {} {}", request.body_limit, request.backlog_limit, request.spool_limit);
  for (const std::string& path : request.grpc_types.proto_paths) key += "\nproto " + path;
  for (const std::string& path : request.grpc_types.descriptor_sets) key += "\nset " + path;
  for (const capture::LiveOptions& live : request.interfaces) {
    key += fmt::format("\n{}\t{} {} {} {}\t{}\t{}\t{}", live.interface, live.snapshot_length, live.buffer_size,
                       live.promiscuous, static_cast<int>(live.side), live.timestamp_type, live.link_type,
                       live.packet_filter);
    for (const std::string& filter : live.statement_filters) key += '\t' + filter;
  }
  return key;
}

}  // namespace

struct Recorder::Impl {
  Impl(const RecorderOptions& wanted, const RecorderControl& outside)
      : options(wanted), control(outside), store(wanted.store) {}

  void run();
  void look();
  void wait();

  // Jobs.
  void look_at(Job& job, const Moment& now);
  void begin(Job& job, const JobClock::Todo& todo, const Moment& now);
  void end(Job& job, State state);
  void closed(Job& job, const JobReport& report);
  void over(Job& job, State state, const std::optional<Error>& error, JobReport report);
  void stop_all();
  void take_up_new_ones();
  void prune_store();
  bool take_stop_file(Job& job);
  Result<void> find_room(Job& job);
  void watch_room(Job& job, const Moment& now);

  // Captures.
  Result<Capture*> capture_for(Job& job);
  Result<CaptureRequest> request_of(const Job& job) const;
  void hear(Capture& capture);
  void opened(Capture& capture, std::string_view interfaces);
  void hand_to(Capture& capture, Job& job);
  void gone(Capture& capture, std::optional<Error> why);
  void leave(Capture& capture);
  [[nodiscard]] Capture* capture_of(const Job& job);
  [[nodiscard]] Job* find(const std::string& name);
  Result<void> give_to_user(const Job& job) const;

  // Hooks.
  void tell_segments(Job& job);
  void tell_end(Job& job, State state, const std::string& reason);
  void look_at_hooks();

  void notice(std::string_view sentence) const {
    if (control.notice) control.notice(sentence);
  }

  const RecorderOptions& options;
  const RecorderControl& control;
  record::Store store;
  std::list<Job> jobs;
  std::list<Capture> captures;
  Hooks hooks;
  std::set<std::pair<std::string, std::uint64_t>> settled;  // names and folders that need not be looked at again
  Clock::time_point next_look = Clock::now();
  Clock::time_point next_prune = Clock::now();
  bool stopping = false;
};

void Recorder::Impl::run() {
  const bool service = options.life == RecorderOptions::Life::service;
  std::optional<Clock::time_point> give_up;
  for (;;) {
    if (Clock::now() >= next_look) look();
    const bool working =
        std::any_of(jobs.begin(), jobs.end(), [](const Job& job) { return job.phase != Job::Phase::over; });
    if (!working && (stopping || !service)) {
      if (hooks.idle()) return;
      if (!give_up) give_up = Clock::now() + patience_with_hooks;
      if (Clock::now() > *give_up) return;
    }
    wait();
  }
}

// Everything that is not told but has to be looked for.
void Recorder::Impl::look() {
  next_look = Clock::now() + look_every;
  if (!stopping && options.life == RecorderOptions::Life::service) {
    take_up_new_ones();
    prune_store();
  }
  const Moment now = moment_now();
  for (Job& job : jobs) look_at(job, now);
  if (options.life == RecorderOptions::Life::service)
    jobs.remove_if([](const Job& job) { return job.phase == Job::Phase::over; });
  look_at_hooks();
  if (control.tick) control.tick();
}

void Recorder::Impl::wait() {
  std::vector<pollfd> waiting = {{.fd = control.descriptor, .events = POLLIN, .revents = 0}};
  for (const Capture& capture : captures) {
    waiting.push_back({.fd = capture.process.socket(), .events = POLLIN, .revents = 0});
  }
  auto until = next_look;
  const Moment now = moment_now();
  for (const Job& job : jobs) {
    const auto wakes = job.phase == Job::Phase::over ? std::nullopt : job.clock.wakes(now);
    if (!wakes) continue;
    const auto left = std::chrono::nanoseconds(std::max<std::int64_t>((*wakes - now.wall).nanoseconds, 0));
    if (left < look_every) until = std::min(until, Clock::now() + std::chrono::duration_cast<Clock::duration>(left));
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  next_look = until;
  if (::poll(waiting.data(), waiting.size(), static_cast<int>(std::max<std::int64_t>(left, 0))) <= 0) return;

  if (waiting[0].revents != 0) {
    for (const LiveWish wish : control.take()) {
      if (wish == LiveWish::stop) stop_all();
      for (Capture& capture : captures) {
        if (wish == LiveWish::report) capture.process.ask(Word::report);
        if (wish == LiveWish::flush) capture.process.ask(Word::flush);
      }
    }
  }
  // By its socket: captures go when they are heard, and when their jobs are stopped.
  for (std::size_t at = 1; at < waiting.size(); ++at) {
    if (waiting[at].revents == 0) continue;
    const auto ready = std::find_if(captures.begin(), captures.end(),
                                    [&](const Capture& capture) { return capture.process.socket() == waiting[at].fd; });
    if (ready != captures.end()) hear(*ready);
  }
}

// Jobs

void Recorder::Impl::look_at(Job& job, const Moment& now) {
  if (job.phase == Job::Phase::over) return;
  if (take_stop_file(job)) return end(job, State::stopped);
  if (job.phase == Job::Phase::recording) {
    tell_segments(job);
    watch_room(job, now);
  }
  if (job.phase != Job::Phase::waiting && job.phase != Job::Phase::recording) return;

  const JobClock::Todo todo = job.clock.at(now);
  if (todo.missed != 0) {
    static_cast<void>(job.recording.note_missed(todo.missed));
    job.clock.missed(todo.missed);
    notice(fmt::format("\"{}\": {} missed: nothing was recorded then", job.name(),
                       todo.missed == 1 ? "1 iteration was" : fmt::format("{} iterations were", todo.missed)));
  }
  switch (todo.kind) {
    case JobClock::Todo::Kind::nothing: return;
    case JobClock::Todo::Kind::begin: return begin(job, todo, now);
    case JobClock::Todo::Kind::end: return end(job, State::completed);
    case JobClock::Todo::Kind::over: return over(job, State::completed, std::nullopt, {});
  }
}

void Recorder::Impl::begin(Job& job, const JobClock::Todo& todo, const Moment& now) {
  if (auto room = find_room(job); !room) return over(job, State::failed, room.error(), {});
  auto capture = capture_for(job);
  if (!capture) return over(job, State::failed, capture.error(), {});
  job.began = now;
  job.clock.began(todo, now);
  job.phase = Job::Phase::starting;
  job.segments_told = 0;
  (*capture)->jobs.push_back(&job);
  if ((*capture)->open) hand_to(**capture, job);
}

// What was sent until now is still taken; the capturing process says when it is done.
void Recorder::Impl::end(Job& job, State state) {
  if (job.phase == Job::Phase::waiting) return over(job, state, std::nullopt, {});
  if (job.phase == Job::Phase::ending) return;
  Capture* const capture = capture_of(job);
  const bool begun = job.phase == Job::Phase::recording;
  job.phase = Job::Phase::ending;
  if (!begun && !capture->open) {
    std::erase(capture->jobs, &job);
    over(job, state, std::nullopt, {});
    return leave(*capture);
  }
  const bool more = state == State::interrupted || (state == State::completed && job.clock.has_more());
  capture->process.end({.name = job.name(), .state = state, .behind = more ? Behind::more : Behind::nothing});
}

// The iteration is closed, and the recording is this process's matter again.
void Recorder::Impl::closed(Job& job, const JobReport& report) {
  if (Capture* const capture = capture_of(job)) {
    std::erase(capture->jobs, &job);
    leave(*capture);
  }
  const bool never_began = job.phase == Job::Phase::starting && report.error.has_value();
  tell_segments(job);
  std::optional<Error> error = report.error;
  const auto read = job.recording.reload();
  if (!read && !error) error = read.error();
  if (!read) return over(job, State::failed, error, report);
  if (never_began || job.recording.description().state != State::waiting) {
    return over(job, report.state, error, report);
  }
  job.clock.ended();
  job.phase = report.state == State::interrupted ? Job::Phase::over : Job::Phase::waiting;
  static_cast<void>(record::prune(job.recording, now(), record::PruneMode::remove));
  if (control.iteration_over) control.iteration_over(report);
}

// The job has come to its end, with its last iteration or without having had one.
void Recorder::Impl::over(Job& job, State state, const std::optional<Error>& error, JobReport report) {
  job.phase = Job::Phase::over;
  const record::Description& before = job.recording.description();
  const bool unborn = before.iterations.empty() && error.has_value();
  report.name = job.name();
  report.state = state;
  report.error = error;
  if (unborn && job.stillborn == Stillborn::removed) {
    const std::string name = job.name();
    { const record::Recording last(std::move(job.recording)); }  // lets go of the lock
    static_cast<void>(store.remove(name));
  } else if (!before.ended) {
    const std::string reason = error ? error->message : "";
    if (state == State::interrupted) {
      static_cast<void>(job.recording.set_state(State::waiting));
    } else if (auto finished = job.recording.finish({.state = state, .reason = reason, .at = now()}, {});
               !finished && !report.error) {
      report.error = finished.error();
    }
  }
  tell_end(job, state, error ? error->message : "");
  if (control.job_over) control.job_over(report);
}

void Recorder::Impl::stop_all() {
  stopping = true;
  const State state = options.life == RecorderOptions::Life::service ? State::interrupted : State::stopped;
  for (Job& job : jobs) {
    if (job.phase != Job::Phase::over) end(job, state);
  }
}

void Recorder::Impl::take_up_new_ones() {
  const auto folder = record::Folder::open(record::system_files(), options.store);
  const auto entries = folder ? folder->entries() : Result<std::vector<record::FolderEntry>>(folder.error());
  if (!entries) return;
  std::set<std::pair<std::string, std::uint64_t>> seen;
  for (const record::FolderEntry& entry : *entries) {
    struct stat status {};
    if (entry.kind != record::EntryKind::folder || !record::check_name(entry.name)) continue;
    if (record::system_files().fstatat(folder->descriptor(), entry.name.c_str(), status) != 0) continue;
    const std::pair key(entry.name, static_cast<std::uint64_t>(status.st_ino));
    seen.insert(key);
    if (settled.contains(key) || find(entry.name) != nullptr) continue;
    const auto found = store.load(entry.name);
    if (found && found->locked) continue;  // somebody else's, who may leave it
    settled.insert(key);
    if (!found || record::is_over(found->description, now()) || found->description.job.interfaces.empty()) continue;
    auto recording = store.resume(entry.name, now());
    if (!recording) continue;
    settled.erase(key);
    jobs.emplace_back(*std::move(recording), Stillborn::kept_as_failed);
    static_cast<void>(jobs.back().recording.set_state(State::scheduled));
    notice(fmt::format("took up \"{}\"", entry.name));
  }
  std::erase_if(settled, [&](const auto& key) { return !seen.contains(key); });
}

void Recorder::Impl::prune_store() {
  if (Clock::now() < next_prune) return;
  next_prune = Clock::now() + prune_every;
  const record::Pruning pruning = record::prune(store, now(), record::PruneMode::remove);
  for (const Error& error : pruning.failed) notice(error.message);
}

// record stop leaves it.
bool Recorder::Impl::take_stop_file(Job& job) {
  if (job.phase == Job::Phase::ending || !job.recording.folder().exists(record::stop_file)) return false;
  static_cast<void>(job.recording.folder().remove_file(record::stop_file));
  return true;
}

Result<void> Recorder::Impl::find_room(Job& job) {
  const auto limits = record::process_space_limits();
  if (!limits) return limits.error();
  auto guard = record::StorageGuard::open(options.store, *limits);
  if (!guard) return std::move(guard).error();
  job.guard = *std::move(guard);
  job.earlier = record::bytes_below(job.recording.folder());
  job.forecast = false;
  job.next_check = Clock::now() + check_room_every;
  return job.guard->check();
}

// What is recorded ends while there is still room for its last lines.
void Recorder::Impl::watch_room(Job& job, const Moment& now) {
  if (Clock::now() < job.next_check) return;
  job.next_check = Clock::now() + check_room_every;
  if (auto room = job.guard->check(); !room) {
    job.phase = Job::Phase::ending;
    return capture_of(job)->process.end(
        {.name = job.name(), .state = State::failed, .behind = Behind::nothing, .reason = room.error().message});
  }
  const Duration elapsed{now.boot.nanoseconds - job.began.boot.nanoseconds};
  if (job.forecast || elapsed < forecast_after) return;
  job.forecast = true;
  const std::uint64_t taken = record::bytes_below(job.recording.folder());
  const auto end = job.clock.end();
  const auto forecast =
      job.guard->forecast(job.wanted(), {.written = taken - std::min(taken, job.earlier),
                                         .earlier = job.earlier,
                                         .elapsed = elapsed,
                                         .remaining = end ? std::optional(*end - now.wall) : std::nullopt});
  if (forecast && !forecast->sentence.empty()) notice(fmt::format("\"{}\": {}", job.name(), forecast->sentence));
}

Job* Recorder::Impl::find(const std::string& name) {
  const auto found = std::find_if(jobs.begin(), jobs.end(), [&](const Job& job) { return job.name() == name; });
  return found == jobs.end() ? nullptr : &*found;
}

// Captures

Result<CaptureRequest> Recorder::Impl::request_of(const Job& job) const {
  const record::Job& wanted = job.wanted();
  CaptureRequest request{.interfaces = {},
                         .user = options.user,
                         .body_limit = wanted.body_limit,
                         .backlog_limit = wanted.backlog_limit,
                         .spool_limit = wanted.spool_limit,
                         .grpc_types = {.proto_paths = wanted.proto_paths, .descriptor_sets = wanted.descriptor_sets},
                         .workers = options.workers,
                         .terminal = options.terminal};
  std::vector<std::string> names = wanted.interfaces;
  if (names.empty()) {
    auto name = capture::default_interface();
    if (!name) return std::move(name).error();
    names.push_back(*std::move(name));
  }
  for (const std::string& name : names) {
    capture::LiveOptions& live = request.interfaces.emplace_back();
    live.interface = name;
    live.snapshot_length = wanted.snapshot_length;
    live.buffer_size = wanted.capture.buffer_size;
    live.promiscuous = wanted.capture.promiscuous;
    live.side = wanted.capture.side == "in"    ? capture::Side::in
                : wanted.capture.side == "out" ? capture::Side::out
                                               : capture::Side::both;
    live.timestamp_type = wanted.capture.timestamp_type;
    live.link_type = wanted.capture.link_type;
    live.packet_filter = wanted.packet_filter;
  }
  // A service's captures are shared by statements of all kinds.
  if (options.life == RecorderOptions::Life::service) return request;
  const auto statement = compile(wanted, now());
  if (!statement) return statement.error();
  for (capture::LiveOptions& live : request.interfaces) {
    live.statement_filters = {statement->packet_filter(), statement->untagged_packet_filter()};
  }
  return request;
}

Result<Capture*> Recorder::Impl::capture_for(Job& job) {
  if (auto given = give_to_user(job); !given) return std::move(given).error();
  auto request = request_of(job);
  if (!request) return std::move(request).error();
  const std::string key = key_of(*request);
  for (Capture& capture : captures) {
    if (capture.key == key && capture.jobs.size() < most_jobs) return &capture;
  }
  auto process = CaptureProcess::start(*request);
  if (!process) return std::move(process).error();
  captures.push_back({.key = key, .process = *std::move(process), .interfaces = {}, .open = false, .jobs = {}});
  return &captures.back();
}

Result<void> Recorder::Impl::give_to_user(const Job& job) const {
  if (options.user.empty()) return {};
  const passwd* user = ::getpwnam(options.user.c_str());
  if (user == nullptr) {
    return Error{.kind = ErrorKind::usage, .message = fmt::format("there is no user \"{}\"", options.user)};
  }
  const std::string& path = job.recording.path();
  for (const std::string& name : {path, path + "/recording.json", path + "/lock", path + "/reserve"}) {
    if (::lchown(name.c_str(), user->pw_uid, user->pw_gid) == 0 || errno == ENOENT) continue;
    return Error{
        .kind = ErrorKind::permission,
        .message = fmt::format("cannot give \"{}\" to user \"{}\": {}", name, options.user, std::strerror(errno))};
  }
  return {};
}

void Recorder::Impl::hear(Capture& capture) {
  auto heard = capture.process.hear();
  if (!heard) return gone(capture, std::nullopt);
  switch (heard->word) {
    case Word::opened: return opened(capture, heard->text);
    case Word::notice: return notice(heard->text);
    case Word::began:
      if (Job* const job = find(heard->text); job != nullptr && job->phase == Job::Phase::starting) {
        job->phase = Job::Phase::recording;
        if (control.began) control.began(job->wanted(), capture.interfaces, job->clock.end());
      }
      return;
    case Word::reported:
      if (control.report) control.report(unpack_job_report(heard->text));
      return;
    case Word::over: {
      const JobReport report = unpack_job_report(heard->text);
      if (Job* const job = find(report.name)) closed(*job, report);
      return;
    }
    case Word::failed: return gone(capture, unpack_error(heard->text));
    default: return;  // the process's ear, not its mouth
  }
}

void Recorder::Impl::opened(Capture& capture, std::string_view interfaces) {
  capture.open = true;
  capture.interfaces = unpack_interfaces(interfaces);
  for (Job* const job : capture.jobs) hand_to(capture, *job);
}

void Recorder::Impl::hand_to(Capture& capture, Job& job) {
  const auto scheduled = job.clock.at(moment_now()).window.begin;
  capture.process.add(
      {.name = job.name(), .scheduled = scheduled, .behind = job.clock.has_more() ? Behind::more : Behind::nothing},
      job.recording);
}

// With whom it worked for. An iteration that it has not closed ends where its last flush ended.
void Recorder::Impl::gone(Capture& capture, std::optional<Error> why) {
  const std::vector<Job*> left = std::exchange(capture.jobs, {});
  const std::string last_words = capture.process.last_words();
  if (!why) why = Error{.kind = ErrorKind::capture, .message = last_words};
  captures.remove_if([&](const Capture& candidate) { return &candidate == &capture; });
  for (Job* const job : left) {
    if (job->phase != Job::Phase::starting) {
      static_cast<void>(job->recording.reload());
      job->recording.note_interruption(now());
    }
    over(*job, State::failed, why, {});
  }
}

void Recorder::Impl::leave(Capture& capture) {
  if (!capture.jobs.empty()) return;
  capture.process.ask(Word::leave);
  captures.remove_if([&](const Capture& candidate) { return &candidate == &capture; });
}

Capture* Recorder::Impl::capture_of(const Job& job) {
  for (Capture& capture : captures) {
    if (std::find(capture.jobs.begin(), capture.jobs.end(), &job) != capture.jobs.end()) return &capture;
  }
  return nullptr;
}

// Hooks

void Recorder::Impl::tell_segments(Job& job) {
  const std::string& command = job.wanted().on_segment;
  if (command.empty()) return;
  // What the capturing process has written meanwhile.
  const auto text = job.recording.folder().read_small(record::recording_file, record::longest_description);
  const auto description = text ? record::read_description(*text, job.recording.path()) : text.error();
  if (!description || description->iterations.empty()) return;
  const std::string& iteration = description->iterations.back().folder;
  const auto folder = job.recording.folder().folder(iteration);
  if (!folder) return;
  const auto json = folder->read_small(record::manifest_file, record::longest_description);
  if (!json) return;
  const auto manifest = record::read_manifest(*json, folder->path_of(record::manifest_file));
  if (!manifest) return;
  for (std::size_t at = job.segments_told; at < manifest->files.size(); ++at) {
    const record::ManifestEntry& entry = manifest->files[at];
    const auto parts = record::parse_file_name(entry.name);
    if (!parts || parts->role != record::FileRole::packets) continue;
    const auto* const calls = manifest->find(record::file_name(parts->segment, record::FileRole::calls));
    hooks.run(job.name(), fmt::format("--on-segment of \"{}\"", job.name()), command,
              {{"WIRETAPE_NAME", job.name()},
               {"WIRETAPE_FOLDER", job.recording.path()},
               {"WIRETAPE_ITERATION", iteration},
               {"WIRETAPE_FILE", folder->path_of(entry.name)},
               {"WIRETAPE_PACKETS", std::to_string(entry.records)},
               {"WIRETAPE_CALLS", std::to_string(calls == nullptr ? 0 : calls->records)},
               {"WIRETAPE_BYTES", std::to_string(entry.bytes)}});
  }
  job.segments_told = manifest->files.size();
}

void Recorder::Impl::tell_end(Job& job, State state, const std::string& reason) {
  const std::string command = job.wanted().on_end;
  if (command.empty() || state == State::interrupted) return;
  const record::Totals totals = job.recording.description().totals();
  hooks.run(job.name(), fmt::format("--on-end of \"{}\"", job.name()), command,
            {{"WIRETAPE_NAME", job.name()},
             {"WIRETAPE_FOLDER", job.recording.path()},
             {"WIRETAPE_STATE", std::string(record::name(state))},
             {"WIRETAPE_REASON", reason},
             {"WIRETAPE_PACKETS", std::to_string(totals.kept_packets)},
             {"WIRETAPE_CALLS", std::to_string(totals.calls)},
             {"WIRETAPE_BYTES", std::to_string(totals.kept_bytes)}});
}

void Recorder::Impl::look_at_hooks() {
  for (const std::string& failure : hooks.look()) notice(failure);
}

Recorder::Recorder(const RecorderOptions& options, const RecorderControl& control)
    : impl_(std::make_unique<Impl>(options, control)) {}
Recorder::~Recorder() = default;
void Recorder::add(record::Recording recording, Stillborn stillborn) {
  impl_->jobs.emplace_back(std::move(recording), stillborn);
}
void Recorder::run() {
  impl_->run();
}

}  // namespace wiretape::engine
