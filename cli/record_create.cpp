// SPDX-License-Identifier: Apache-2.0
// wiretape record create: makes a recording.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/quantity.hpp"
#include "capture_options.hpp"
#include "commands.hpp"
#include "engine/live_record.hpp"
#include "interfaces.hpp"
#include "json/writer.hpp"
#include "option_types.hpp"
#include "output/output.hpp"
#include "record_live.hpp"
#include "recording_text.hpp"
#include "report.hpp"
#include "statement_options.hpp"
#include "stop.hpp"
#include "time_text.hpp"

namespace wiretape::cli {
namespace {

struct RecordCreateOptions {
  std::string name;
  StatementOptions statement;
  std::vector<std::string> inputs;
  CaptureOptions capture;
  std::string user;
  std::optional<Duration> duration;
  bool list_interfaces = false;
  std::string packet_filter;
  std::optional<std::uint64_t> packet_count;
  std::uint64_t segment_size = record::Job{}.segment_size;
  std::uint64_t backlog_limit = record::Job{}.backlog_limit;
  std::uint64_t storage_limit = 0;
  std::uint64_t body_limit = engine::RecordRequest{}.body_limit;
  std::uint64_t spool_limit = engine::RecordRequest{}.spool_limit;
  std::size_t workers = engine::default_workers();
  std::string store;
  bool force = false;
  bool keep_clear_packets = false;
  bool quiet = false;
  bool verbose = false;
  bool json = false;
};

// rec-20240604-084500
std::string default_name(Timestamp time) {
  const std::string text = rfc3339(time);  // 2024-06-04T08:45:00...
  return fmt::format("rec-{}{}{}-{}{}{}", text.substr(0, 4), text.substr(5, 2), text.substr(8, 2), text.substr(11, 2),
                     text.substr(14, 2), text.substr(17, 2));
}

// A recording that can never match must not start: its emptiness would be noticed when the traffic is gone.
Result<void> refuse_hopeless(const kfl::Statement& statement, const RecordCreateOptions& options) {
  for (const kfl::Warning& warning : statement.warnings()) {
    const bool hopeless =
        warning.kind == kfl::Warning::Kind::unknown_selector || warning.kind == kfl::Warning::Kind::never_equal;
    if (!hopeless || options.force) {
      report(warning);
      continue;
    }
    const std::size_t end = warning.text.find('\n');
    return Error{.kind = ErrorKind::statement,
                 .message = warning.text.substr(0, end),
                 .hint = "--force records with it all the same",
                 .detail = end == std::string::npos ? "" : warning.text.substr(end + 1)};
  }
  if (!statement.recordings().empty()) {
    return Error{.kind = ErrorKind::statement,
                 .message = fmt::format("record(\"{}\") can never be true of what is being recorded",
                                        statement.recordings().front()),
                 .hint = "record() asks for recordings that are there already: use it with wiretape analyze"};
  }
  return {};
}

// Options of live captures have no effect on files.
Result<void> check_sources(const RecordCreateOptions& options) {
  if (options.inputs.empty()) return {};
  std::string given = given_capture_option(options.capture);
  if (given.empty() && options.duration) given = "--duration";
  if (given.empty() && !options.user.empty()) given = "-Z";
  if (given.empty()) return {};
  return Error{.message = fmt::format("{} has no effect on capture files", given), .hint = "leave out it or -r"};
}

Result<engine::RecordRequest> request_of(const RecordCreateOptions& options, Timestamp time) {
  if (const auto checked = check_sources(options); !checked) return checked.error();
  const auto text = statement_text(options.statement);
  if (!text) return text.error();
  auto statement = compile_statement(options.statement, *text, time);
  if (!statement) return statement.error();
  if (const auto hopeful = refuse_hopeless(*statement, options); !hopeful) return hopeful.error();
  if (options.keep_clear_packets && !statement->redacts()) {
    return Error{.message = "--keep-clear-packets has no effect: the statement redacts nothing"};
  }
  const auto store = store_path(options.store);
  if (!store) return store.error();

  engine::RecordRequest request;
  request.job.name = options.name.empty() ? default_name(time) : options.name;
  request.job.statement = *text;
  request.job.files = options.inputs;
  request.job.interfaces = options.capture.interfaces;
  request.job.duration = options.duration;
  request.job.snapshot_length =
      static_cast<std::uint32_t>(options.capture.snapshot_length.value_or(request.job.snapshot_length));
  request.job.packet_filter = options.packet_filter;
  request.job.segment_size = options.segment_size;
  request.job.storage_limit = options.storage_limit;
  request.job.backlog_limit = options.backlog_limit;
  request.statement = *std::move(statement);
  request.store = *store;
  request.inputs = options.inputs;
  request.packet_count = options.packet_count;
  request.packet_filter = options.packet_filter;
  request.keep_clear_packets = options.keep_clear_packets;
  request.body_limit = options.body_limit;
  request.workers = options.workers;
  request.spool_limit = options.spool_limit;
  request.backlog_limit = options.backlog_limit;
  if (const auto valid = record::check_name(request.job.name); !valid) return valid.error();
  return request;
}

std::string spoken(const std::string& input) {
  return input == "-" ? "standard input" : input;
}

// What was understood; without -v only where reading may take as long as somebody writes.
void announce(const engine::RecordRequest& request, const RecordCreateOptions& options) {
  const bool waits = std::find(request.inputs.begin(), request.inputs.end(), "-") != request.inputs.end();
  if (options.quiet || (!waits && !options.verbose)) return;
  std::vector<std::string> inputs;
  std::transform(request.inputs.begin(), request.inputs.end(), std::back_inserter(inputs), spoken);
  notice(fmt::format("recording \"{}\" from {}", request.job.name, fmt::join(inputs, ", ")));
  if (!options.verbose) return;
  notice(fmt::format("statement: {}", request.job.statement.empty() ? "(none: every packet)" : request.job.statement));
  notice(fmt::format("segments of {}, backlog of at most {}, bodies up to {}", size_text(request.job.segment_size),
                     size_text(request.backlog_limit), size_text(request.body_limit)));
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
  std::string text = counted(stats.packets, "packet", "packets") + " read\n" + in_no_stream(stats);
  const std::string lost = losses({.gap_bytes = stats.gap_bytes,
                                   .backlog_cut_packets = stats.backlog_cut_packets,
                                   .backlog_cut_bytes = stats.backlog_cut_bytes});
  if (!lost.empty()) text += lost + '\n';
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

Result<ExitStatus> record_from_files(const engine::RecordRequest& request, const RecordCreateOptions& options) {
  const std::atomic<bool>& stop = stop_on_signals();
  announce(request, options);
  const auto stats = engine::record_files(request, stop);
  if (!stats) return stats.error();
  if (!options.quiet) summarize(*stats, request.store + '/' + request.job.name);
  if (options.json) {
    if (const auto printed = print_json(request); !printed) return printed.error();
  }
  for (const std::string& sentence : stats->notices) notice(sentence);
  return stats->damage ? failed(*stats->damage) : ExitStatus::done;
}

Result<ExitStatus> record_from_interfaces(engine::RecordRequest request, const RecordCreateOptions& options) {
  auto interfaces = live_options(options.capture, options.packet_filter, request.statement);
  if (!interfaces) return interfaces.error();
  request.job.interfaces.clear();
  for (const capture::LiveOptions& live : *interfaces) request.job.interfaces.push_back(live.interface);
  const engine::LiveRequest live{
      .record = std::move(request), .interfaces = *std::move(interfaces), .user = options.user};
  const auto report = run_record_live(live, options.quiet ? Talk::quiet : Talk::usual);
  if (!report) return report.error();
  if (options.json) {
    if (const auto printed = print_json(live.record); !printed) return printed.error();
  }
  return ExitStatus::done;
}

Result<ExitStatus> run_record_create(const RecordCreateOptions& options) {
  if (options.list_interfaces) return list_interfaces();
  auto request = request_of(options, now());
  if (!request) return request.error();
  if (options.inputs.empty()) return record_from_interfaces(*std::move(request), options);
  return record_from_files(*request, options);
}

}  // namespace

void add_record_create(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<RecordCreateOptions>();
  CLI::App& command = *parent.add_subcommand("create", "Make a recording");
  add_statement(command, options->statement);
  command.add_option("--name", options->name, "Its name (rec-YYYYMMDD-HHMMSS)")->type_name("NAME");
  add_capture(command, options->capture);
  command.add_flag("-D,--list-interfaces", options->list_interfaces, "Show what can be captured here, and end");
  repeatable(command, "-r", options->inputs, "Read a capture file; - is standard input; repeatable")->type_name("FILE");
  parsed(
      command, "--duration",
      [options](const std::string& value) -> Result<void> {
        auto duration = parse_duration(value, "--duration");
        if (!duration) return std::move(duration).error();
        if (duration->nanoseconds <= 0) return Error{.message = "--duration: nothing can be recorded in no time"};
        options->duration = *duration;
        return {};
      },
      "End after so many minutes, or 90s, 1h30m, 3d (when interrupted)")
      ->type_name("MIN");
  command.add_option("-f", options->packet_filter, "Packet filter, as tcpdump takes it")->type_name("BPF");
  count_option(command, "-c", options->packet_count, "End after so many packets");
  size_option(command, "--segment-size", options->segment_size, "Begin a new file after so many bytes (1Gi)");
  size_option(command, "--backlog-limit", options->backlog_limit, "Hold back so much of undecided streams (256Mi)");
  size_option(command, "--spool-limit", options->spool_limit,
              "Move so much of what is held back to a file when memory is used up (1Gi)");
  size_option(command, "--storage-limit", options->storage_limit, "Take no more room on disk than this");
  size_option(command, "--body-limit", options->body_limit, "Keep so much of each body in the calls (1Mi)");
  workers_option(command, options->workers);
  command.add_option("-Z,--relinquish-privileges", options->user, "Write as this user, once the interfaces are open")
      ->type_name("USER");
  store_option(command, options->store);
  command.add_flag("--force", options->force, "Start even when the statement can never match");
  command.add_flag("--keep-clear-packets", options->keep_clear_packets,
                   "Keep the packets although the statement redacts: they show what it hides");
  command.add_flag("-q", options->quiet, "Say nothing but errors");
  command.add_flag("-v", options->verbose, "Say what was understood");
  command.add_flag("--json", options->json, "At the end, the recording as one JSON object");
  command.callback([options, &chosen] { chosen = [options] { return run_record_create(*options); }; });
}

}  // namespace wiretape::cli
