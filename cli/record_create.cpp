// SPDX-License-Identifier: Apache-2.0
// wiretape record create: makes a recording.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "background.hpp"
#include "base/quantity.hpp"
#include "commands.hpp"
#include "interfaces.hpp"
#include "json/writer.hpp"
#include "option_types.hpp"
#include "output/output.hpp"
#include "record/job_text.hpp"
#include "record/run_lock.hpp"
#include "record/schedule.hpp"
#include "record/store.hpp"
#include "record_create_options.hpp"
#include "record_live.hpp"
#include "recording_text.hpp"
#include "report.hpp"
#include "stop.hpp"
#include "time_text.hpp"

namespace wiretape::cli {
namespace {

std::string spoken(const std::string& input) {
  return input == "-" ? "standard input" : input;
}

// What was understood; without -v only where reading may take as long as somebody writes.
void announce(const engine::RecordRequest& request, const RecordCreateOptions& options) {
  const bool waits = std::find(request.job.files.begin(), request.job.files.end(), "-") != request.job.files.end();
  if (options.quiet || (!waits && !options.verbose)) return;
  std::vector<std::string> inputs;
  std::transform(request.job.files.begin(), request.job.files.end(), std::back_inserter(inputs), spoken);
  notice(fmt::format("recording \"{}\" from {}", request.job.name, fmt::join(inputs, ", ")));
  if (!options.verbose) return;
  notice(fmt::format("statement: {}", request.job.statement.empty() ? "(none: every packet)" : request.job.statement));
  notice(fmt::format("segments of {}, backlog of at most {}, bodies up to {}", size_text(request.job.segment_size),
                     size_text(request.job.backlog_limit), size_text(request.job.body_limit)));
}

// Packets that are in no stream, by reason. Waiting fragments are none of them.
std::string in_no_stream(const engine::Stats& stats) {
  std::vector<std::string> reasons;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < stats.drops.size(); ++i) {
    const auto drop = static_cast<net::Drop>(i);
    if (stats.drops[i] == 0 || drop == net::Drop::none || drop == net::Drop::fragment_held) continue;
    reasons.push_back(fmt::format("{} {}", stats.drops[i], net::name(drop)));
    all += stats.drops[i];
  }
  if (all == 0) return "";
  return fmt::format("{} in no stream ({})\n", counted(all, "packet", "packets"), fmt::join(reasons, ", "));
}

// The closing lines, in the words of tcpdump where it has some.
void summarize(const engine::Stats& stats, const std::string& folder) {
  const std::string text = counted(stats.packets, "packet", "packets") + " read\n" + in_no_stream(stats);
  lines(fmt::format("{}{} matched in {} (of {} in {}), {} in {}\n", text, counted(stats.matched_calls, "call", "calls"),
                    counted(stats.matched_streams, "stream", "streams"), counted(stats.calls, "call", "calls"),
                    counted(stats.streams, "stream", "streams"), size_text(stats.kept_bytes), folder));
}

Result<void> print_json(const engine::RecordRequest& request) {
  const auto found = record::Store(request.store).load(request.job.name);
  if (!found) return found.error();
  std::string text;
  json::Writer writer(text);
  tell(*found, writer);
  return print(text + '\n');
}

Result<ExitStatus> within_max_loss(const record::Store& store, const std::string& name,
                                   const RecordCreateOptions& options) {
  if (!options.max_loss) return ExitStatus::done;
  const auto within = check(store, name, *options.max_loss);
  if (!within) return within.error();
  return ExitStatus::done;
}

Result<ExitStatus> record_from_files(const engine::RecordRequest& request, const RecordCreateOptions& options) {
  const std::atomic<bool>& stop = stop_on_signals();
  announce(request, options);
  const auto stats = engine::record_files(request, stop);
  if (!stats) return stats.error();
  const record::Store store(request.store);
  if (!options.quiet) {
    summarize(*stats, request.store + '/' + request.job.name);
    say_losses(store, request.job.name,
               {.gap_bytes = stats->gap_bytes, .backlog_cut_packets = stats->backlog_cut_packets});
  }
  if (options.json) {
    if (const auto printed = print_json(request); !printed) return printed.error();
  }
  for (const std::string& sentence : stats->notices) notice(sentence);
  if (stats->damage) return failed(*stats->damage);
  return within_max_loss(store, request.job.name, options);
}

// Who runs the jobs of the store takes it up.
Result<ExitStatus> leave_to(std::int32_t process, const engine::RecordRequest& request) {
  auto made = record::Store(request.store).create(request.job, now());
  if (!made) return std::move(made).error();
  notice(
      fmt::format("\"{}\" is left to process {}, which runs the jobs of {}", request.job.name, process, request.store));
  return ExitStatus::done;
}

// In the foreground, or in the background from the moment on when nothing can be refused any more.
Result<ExitStatus> record_live(const std::string& name, engine::RecorderOptions recorder,
                               const RecordCreateOptions& options,
                               const std::function<Result<record::Recording>()>& open) {
  std::optional<Background> background;
  if (options.detach) {
    auto started = Background::start();
    if (!started) return std::move(started).error();
    if (started->status) return *started->status;
    background.emplace(*std::move(started));
    recorder.terminal = engine::CaptureRequest::Terminal::left;
  }
  auto recording = open();
  if (!recording) return std::move(recording).error();
  const bool begins_later = recording->description().job.start.value_or(Timestamp{}) > now();
  const std::string folder = recording->path();
  LiveSession session(recorder, options.quiet ? Talk::quiet : Talk::usual);
  session.add(*std::move(recording), options.resume.empty() ? engine::Recorder::Stillborn::removed
                                                            : engine::Recorder::Stillborn::kept_as_failed);
  const auto leave = [&] {
    if (background) background->leave(name, folder + '/' + std::string(record::log_file));
  };
  session.when_ready(leave);
  if (begins_later) leave();
  const LiveOutcome outcome = session.run();
  if (outcome.error) return failed(*outcome.error);
  return within_max_loss(record::Store(recorder.store), name, options);
}

Result<ExitStatus> record_from_interfaces(engine::RecordRequest request, const RecordCreateOptions& options) {
  auto interfaces = interfaces_of(options.capture);
  if (!interfaces) return std::move(interfaces).error();
  request.job.interfaces = *std::move(interfaces);
  const record::Job& job = request.job;
  const bool by_schedule = job.start || job.iterations != 1 || job.expiration.nanoseconds != 0;
  if (!options.quiet && (by_schedule || options.verbose)) {
    const Timestamp time = now();
    notice(record::job_in_words(job, record::window_of(job, time, 0), time));
  }
  if (const auto runner = record::RunLock::holder(request.store)) return leave_to(*runner, request);
  auto status =
      record_live(request.job.name, {.store = request.store, .user = options.user, .workers = request.workers}, options,
                  [&] { return record::Store(request.store).create(request.job, now()); });
  if (status && *status == ExitStatus::done && options.json) {
    if (const auto printed = print_json(request); !printed) return printed.error();
  }
  return status;
}

Result<ExitStatus> resume(const RecordCreateOptions& options) {
  const auto store = store_path(options.store);
  if (!store) return store.error();
  const auto found = record::Store(*store).load(options.resume);
  if (!found) return found.error();
  if (!found->locked && record::is_over(found->description, now())) {
    return Error{
        .kind = ErrorKind::name,
        .message = fmt::format("\"{}\" is over: it is {}", options.resume, record::name(found->description.state))};
  }
  return record_live(options.resume, {.store = *store, .user = options.user, .workers = options.workers}, options,
                     [&] { return record::Store(*store).resume(options.resume, now()); });
}

Result<ExitStatus> run_record_create(const RecordCreateOptions& options) {
  if (options.list_interfaces) return list_interfaces();
  if (!options.resume.empty()) return resume(options);
  auto request = request_of(options, now());
  if (!request) return request.error();
  if (options.inputs.empty()) return record_from_interfaces(*std::move(request), options);
  return record_from_files(*request, options);
}

}  // namespace

void add_record_create(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<RecordCreateOptions>();
  CLI::App& command = *parent.add_subcommand("create", "Make a recording");
  add_options(command, *options);
  command.callback([options, &chosen] { chosen = [options] { return run_record_create(*options); }; });
}

}  // namespace wiretape::cli
