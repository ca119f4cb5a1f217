// SPDX-License-Identifier: Apache-2.0
// wiretape analyze: asks recordings and capture files.
#include "engine/analyze.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "analyze_output.hpp"
#include "base/quantity.hpp"
#include "capture_options.hpp"
#include "commands.hpp"
#include "grpc_options.hpp"
#include "losses.hpp"
#include "option_types.hpp"
#include "record/store.hpp"
#include "recording_text.hpp"
#include "report.hpp"
#include "statement_options.hpp"
#include "stop.hpp"

namespace wiretape::cli {
namespace {

struct AnalyzeOptions {
  std::vector<std::string> inputs;
  CaptureOptions capture;
  std::string packet_filter;
  bool follow = false;
  StatementOptions statement;
  AnalyzeOutputOptions output;
  std::optional<std::uint64_t> count;
  std::string write;
  std::string store;
  std::optional<std::uint64_t> body_limit;
  grpc::TypeSources grpc_types;
  std::size_t workers = engine::default_workers();
  bool transport_entries = false;
  bool redissect = false;
  bool fail_empty = false;
  std::optional<LossLimit> max_loss;
};

// The printer as the engine sees it. Away from a terminal text is written in large pieces, unless nothing more comes.
class PrinterSink final : public engine::CallSink {
 public:
  PrinterSink(Printer& printer, Output& out) : printer_(printer), out_(out) {}
  [[nodiscard]] std::unique_ptr<engine::CallTeller> teller() const override { return printer_.teller(); }
  bool told(std::string_view text) override { return printer_.told(text); }
  bool call(std::string_view json) override { return printer_.call(json); }
  bool caught_up() override { return out_.flush(); }

 private:
  Printer& printer_;
  Output& out_;
};

// `analyze file.pcap` would otherwise ask for calls that have a field "file.pcap".
bool looks_like_file(const std::string& text) {
  const auto ends_with = [&text](std::string_view end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
  };
  const bool named_so =
      text.find('/') != std::string::npos || ends_with(".pcap") || ends_with(".pcapng") || ends_with(".cap");
  return named_so && ::access(text.c_str(), F_OK) == 0;
}

// The options of a capture name no interface by themselves.
Result<void> check_capture(const AnalyzeOptions& options) {
  if (!options.capture.interfaces.empty()) return {};
  std::string given = given_capture_option(options.capture);
  if (given.empty() && !options.packet_filter.empty()) given = "-f";
  if (given.empty()) return {};
  return Error{.message = fmt::format("{} has no effect without -i", given)};
}

Result<void> check(const AnalyzeOptions& options) {
  if (const auto checked = check_capture(options); !checked) return checked.error();
  if (options.follow && (options.redissect || !options.write.empty())) {
    return Error{.message = fmt::format("--follow has no effect with {}", options.redissect ? "--redissect" : "-w"),
                 .hint = "it shows the calls of recordings as they are written"};
  }
  if (const auto& text = options.statement.positional; text && looks_like_file(*text)) {
    return Error{.message = fmt::format("'{}' is a file, where a statement is expected", *text),
                 .hint = fmt::format("read it with -r {}", *text)};
  }
  if (!options.write.empty() && !options.output.format && says_anything(options.output)) {
    return Error{.message = "-w alone shows no calls, so that how to show them has no effect",
                 .hint = "add -T text to see the calls as well"};
  }
  if (options.write == "-" && options.output.format) {
    return Error{.message = "standard output cannot take packets and calls at once",
                 .hint = "give -w a file, or leave out -T"};
  }
  return check(options.output);
}

// Nothing named means all recordings of the store; a store without any is more likely the wrong one.
Result<void> check_inputs(const AnalyzeOptions& options, const std::string& store, const kfl::Statement& statement) {
  if (!options.inputs.empty() || !options.capture.interfaces.empty() || !statement.recordings().empty()) return {};
  const auto listing = record::Store(store).list();
  if (!listing) return listing.error();
  if (!listing->recordings.empty()) return {};
  return Error{.message = fmt::format("nothing to read: no -r is given, and there is no recording in {}", store),
               .hint = "give a capture file or a recording's folder with -r"};
}

Result<engine::AnalyzeRequest> request_of(const AnalyzeOptions& options, Timestamp time) {
  const auto text = statement_text(options.statement);
  if (!text) return text.error();
  auto statement = compile_statement(options.statement, *text, time);
  if (!statement) return statement.error();
  for (const kfl::Warning& warning : statement->warnings()) report(warning);
  const auto store = store_path(options.store);
  if (!store) return store.error();
  if (const auto checked = check_inputs(options, *store, *statement); !checked) return checked.error();

  auto types = grpc::load_types(options.grpc_types);
  if (!types) return std::move(types).error();

  engine::AnalyzeRequest request;
  request.inputs = options.inputs;
  request.follow = options.follow;
  if (!options.capture.interfaces.empty()) {
    auto interfaces = live_options(options.capture, options.packet_filter, *statement);
    if (!interfaces) return std::move(interfaces).error();
    request.interfaces = *std::move(interfaces);
  }
  request.stop = &stop_on_signals();
  request.store = *store;
  request.statement = *std::move(statement);
  request.count = options.count;
  request.write = options.write;
  request.show_calls = options.write.empty() || options.output.format.has_value();
  request.transport_entries = options.transport_entries;
  request.redissect = options.redissect;
  request.sum_losses = options.max_loss.has_value();
  if (options.body_limit) request.body_limit = *options.body_limit;
  request.grpc_types = *std::move(types);
  request.workers = options.workers;
  request.want_bodies = request.show_calls && shows_bodies(options.output);
  return request;
}

Result<engine::Stats> show_calls(const engine::AnalyzeRequest& request, const AnalyzeOptions& options, Timestamp time) {
  Output out(STDOUT_FILENO, options.output.line_buffered ? Flush::each_record : default_flush(STDOUT_FILENO));
  const auto printer = make_printer(out, options.output, options.statement, time);
  if (!printer) return printer.error();
  PrinterSink sink(**printer, out);
  auto stats = engine::analyze(request, &sink);
  // An array that was begun is ended, whatever happened.
  (*printer)->finish();
  const auto written = out.finish();
  if (stats && !written) return written.error();
  return stats;
}

// On a terminal only: elsewhere stderr is for what is wrong.
void summarize(const engine::Stats& stats, const std::string& file) {
  lines(fmt::format("{} ({}) of {} written to {}\n", counted(stats.kept_packets, "packet", "packets"),
                    size_text(stats.kept_bytes), counted(stats.matched_streams, "stream", "streams"), file));
}

// Where only packets are wanted, streams are counted and calls are not.
bool nothing_matched(const engine::Stats& stats) {
  return stats.matched_calls == 0 && stats.matched_streams == 0;
}

Result<ExitStatus> run_analyze(const AnalyzeOptions& options) {
  if (const auto checked = check(options); !checked) return checked.error();
  const Timestamp time = now();
  const auto request = request_of(options, time);
  if (!request) return request.error();

  const auto stats = request->show_calls ? show_calls(*request, options, time) : engine::analyze(*request, nullptr);
  if (!stats) return stats.error();
  if (!options.write.empty() && is_terminal(STDERR_FILENO)) summarize(*stats, options.write);
  for (const std::string& sentence : stats->notices) notice(sentence);
  if (stats->damage) return failed(*stats->damage);
  if (options.max_loss) {
    if (const auto within = check(stats->ledger, *options.max_loss, "what was read"); !within) return within.error();
  }
  return options.fail_empty && nothing_matched(*stats) ? ExitStatus::nothing_matched : ExitStatus::done;
}

}  // namespace

void add_analyze(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<AnalyzeOptions>();
  CLI::App& command = *parent.add_subcommand("analyze", "Ask recordings and capture files");
  repeatable(command, "-r", options->inputs,
             "Read a capture file or a recording's folder; - is standard input; repeatable")
      ->type_name("FILE");
  add_capture(command, options->capture);
  command.add_option("-f", options->packet_filter, "Packet filter for the interfaces, as tcpdump takes it")
      ->type_name("BPF");
  command.add_flag("--follow", options->follow, "Go on with recordings that are being made, until they end");
  add_statement(command, options->statement, "-Y,--kfl");
  add_output(command, options->output);
  count_option(command, "-c", options->count, "End after so many calls");
  command.add_option("-w", options->write, "Write the packets of the streams of these calls; - is standard output")
      ->type_name("FILE");
  command.add_flag("--l4", options->transport_entries, "Show connections and flows too, as calls of tcp and udp");
  command.add_flag("--redissect", options->redissect, "Take the packets of recordings apart again");
  parsed(
      command, "--body-limit",
      [options](const std::string& value) -> Result<void> {
        const auto size = parse_size(value, "--body-limit");
        if (!size) return size.error();
        options->body_limit = *size;
        return {};
      },
      "Keep so much of each body (1Mi)")
      ->type_name("SIZE");
  add_grpc_types(command, options->grpc_types);
  workers_option(command, options->workers);
  command.add_flag("--fail-empty", options->fail_empty, "Exit with status 20 when nothing matches");
  max_loss_option(command, options->max_loss);
  store_option(command, options->store);
  command.callback([options, &chosen] { chosen = [options] { return run_analyze(*options); }; });
}

}  // namespace wiretape::cli
