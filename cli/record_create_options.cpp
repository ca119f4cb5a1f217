// SPDX-License-Identifier: Apache-2.0
#include "record_create_options.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/quantity.hpp"
#include "option_types.hpp"
#include "record/schedule.hpp"
#include "report.hpp"
#include "time_text.hpp"

namespace wiretape::cli {
namespace {

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
  const std::array<std::pair<bool, const char*>, 9> live = {{{options.start.has_value(), "--start"},
                                                             {options.iterations.has_value(), "--iterations"},
                                                             {options.duration.has_value(), "--duration"},
                                                             {!options.user.empty(), "-Z"},
                                                             {options.ring, "--ring"},
                                                             {!options.on_segment.empty(), "--on-segment"},
                                                             {!options.on_end.empty(), "--on-end"},
                                                             {options.detach, "--detach"},
                                                             {!options.resume.empty(), "--resume"}}};
  for (const auto& [is_given, name] : live) {
    if (given.empty() && is_given) given = name;
  }
  if (given.empty()) return {};
  return Error{.message = fmt::format("{} has no effect on capture files", given), .hint = "leave out it or -r"};
}

// 5m, 90s, 60 are lengths of time; 10M, 1Gi sizes.
Result<record::KeepAfter> keep_after(const std::string& value) {
  if (const auto duration = parse_duration(value, "--keep-after")) {
    return record::KeepAfter{.duration = *duration, .bytes = {}};
  }
  if (const auto size = parse_size(value, "--keep-after")) return record::KeepAfter{.duration = {}, .bytes = *size};
  return Error{.message = fmt::format("--keep-after: '{}' is neither a length of time nor a size", value),
               .hint = "give 60 (minutes), 90s, 1h30m, or 512K, 10M, 1Gi"};
}

Result<record::Job> job_of(const RecordCreateOptions& options, const std::string& statement, Timestamp time) {
  record::Job job;
  job.name = options.name.empty() ? default_name(time) : options.name;
  if (auto valid = record::check_name(job.name); !valid) return std::move(valid).error();
  job.statement = statement;
  job.files = options.inputs;
  job.interfaces = options.capture.interfaces;
  job.packet_filter = options.packet_filter;
  auto start = record::parse_start(options.start.value_or(""), time);
  if (!start) return std::move(start).error();
  job.start = *start;
  job.iterations = options.iterations.value_or(job.iterations);
  job.duration = options.duration;
  job.expiration = options.expiration.value_or(job.expiration);
  job.snapshot_length = static_cast<std::uint32_t>(options.capture.snapshot_length.value_or(job.snapshot_length));
  job.segment_size = options.segment_size;
  job.storage_limit = options.storage_limit;
  job.backlog_limit = options.backlog_limit;
  job.spool_limit = options.spool_limit;
  job.body_limit = options.body_limit;
  grpc::TypeSources types = absolute(options.grpc_types);
  // Whoever records reads them anew: here they are read to refuse what cannot be read.
  if (const auto loaded = grpc::load_types(types); !loaded) return loaded.error();
  job.proto_paths = std::move(types.proto_paths);
  job.descriptor_sets = std::move(types.descriptor_sets);
  job.packet_count = options.packet_count;
  job.keep_after = options.keep_after;
  job.ring = options.ring;
  job.keep_clear_packets = options.keep_clear_packets;
  job.on_segment = options.on_segment;
  job.on_end = options.on_end;
  job.capture = {.buffer_size = options.capture.buffer_size.value_or(job.capture.buffer_size),
                 .promiscuous = !options.capture.no_promiscuous,
                 .side = options.capture.side == "inout" ? "" : options.capture.side,
                 .timestamp_type = options.capture.timestamp_type,
                 .link_type = options.capture.link_type};
  auto macros = own_words(options.statement);
  if (!macros) return std::move(macros).error();
  for (kfl::Macro& macro : *macros) {
    job.macros.push_back({.name = std::move(macro.name), .statement = std::move(macro.statement)});
  }
  if (job.ring && job.storage_limit == 0) {
    return Error{.message = "--ring has no effect without --storage-limit", .hint = "say how much may be kept"};
  }
  if (auto checked = record::check_schedule(job, time); !checked) return std::move(checked).error();
  return job;
}

}  // namespace

void add_options(CLI::App& command, RecordCreateOptions& options) {
  add_statement(command, options.statement);
  command.add_option("--name", options.name, "Its name (rec-YYYYMMDD-HHMMSS)")->type_name("NAME");
  add_capture(command, options.capture);
  command.add_flag("-D,--list-interfaces", options.list_interfaces, "Show what can be captured here, and end");
  repeatable(command, "-r", options.inputs, "Read a capture file; - is standard input; repeatable")->type_name("FILE");
  parsed(
      command, "--duration",
      [&options](const std::string& value) -> Result<void> {
        auto duration = parse_duration(value, "--duration");
        if (!duration) return std::move(duration).error();
        if (duration->nanoseconds <= 0) return Error{.message = "--duration: nothing can be recorded in no time"};
        options.duration = *duration;
        return {};
      },
      "End after so many minutes, or 90s, 1h30m, 3d (when interrupted)")
      ->type_name("MIN");
  command.add_option("--start", options.start, "Begin at this time of day in UTC, or at this moment (now)")
      ->type_name("HH:MM");
  parsed(
      command, "--iterations",
      [&options](const std::string& value) -> Result<void> {
        std::uint32_t number = 0;
        const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (problem != std::errc() || end != value.data() + value.size()) {
          return Error{.message = fmt::format("--iterations: '{}' is not a number of days", value),
                       .hint = "0 is for ever, 1 once, 7 every day for a week"};
        }
        options.iterations = number;
        return {};
      },
      "Record on so many days, 0 for ever (1)")
      ->type_name("N");
  parsed(
      command, "--expiration",
      [&options](const std::string& value) -> Result<void> {
        auto duration = parse_duration(value, "--expiration");
        if (!duration) return std::move(duration).error();
        options.expiration = *duration;
        return {};
      },
      "Keep each day's recording so many minutes, or 90s, 1h30m, 3d; 0 for ever (0)")
      ->type_name("MIN");
  parsed(
      command, "--keep-after",
      [&options](const std::string& value) -> Result<void> {
        auto kept = keep_after(value);
        if (!kept) return std::move(kept).error();
        options.keep_after = *kept;
        return {};
      },
      "Keep a stream so long, or so many bytes, behind its last matching call (its end)")
      ->type_name("DURATION|SIZE");
  command.add_flag("--ring", options.ring, "At --storage-limit let the oldest go instead of ending");
  command.add_option("--on-segment", options.on_segment, "Run this when a segment is finished")->type_name("CMD");
  command.add_option("--on-end", options.on_end, "Run this when the recording is over")->type_name("CMD");
  command.add_flag("--detach", options.detach, "Go on in the background");
  command.add_option("--resume", options.resume, "Go on with this recording, by its schedule")->type_name("NAME");
  command.add_option("-f", options.packet_filter, "Packet filter, as tcpdump takes it")->type_name("BPF");
  count_option(command, "-c", options.packet_count, "End after so many packets");
  size_option(command, "--segment-size", options.segment_size, "Begin a new file after so many bytes (1Gi)");
  size_option(command, "--backlog-limit", options.backlog_limit, "Hold back so much of undecided streams (256Mi)");
  size_option(command, "--spool-limit", options.spool_limit,
              "Move so much of what is held back to a file when memory is used up (1Gi)");
  size_option(command, "--storage-limit", options.storage_limit, "Take no more room on disk than this");
  size_option(command, "--body-limit", options.body_limit, "Keep so much of each body in the calls (1Mi)");
  add_grpc_types(command, options.grpc_types);
  max_loss_option(command, options.max_loss);
  workers_option(command, options.workers);
  command.add_option("-Z,--relinquish-privileges", options.user, "Write as this user, once the interfaces are open")
      ->type_name("USER");
  store_option(command, options.store);
  command.add_flag("--force", options.force, "Start even when the statement can never match");
  command.add_flag("--keep-clear-packets", options.keep_clear_packets,
                   "Keep the packets although the statement redacts: they show what it hides");
  command.add_flag("-q", options.quiet, "Say nothing but errors");
  command.add_flag("-v", options.verbose, "Say what was understood");
  command.add_flag("--json", options.json, "At the end, the recording as one JSON object");
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
  auto job = job_of(options, *text, time);
  if (!job) return std::move(job).error();

  engine::RecordRequest request;
  request.job = *std::move(job);
  request.statement = *std::move(statement);
  request.store = *store;
  request.workers = options.workers;
  return request;
}

}  // namespace wiretape::cli
