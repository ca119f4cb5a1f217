// SPDX-License-Identifier: Apache-2.0
// wiretape record show: one recording, and its latest calls.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>

#include "base/quantity.hpp"
#include "commands.hpp"
#include "json/writer.hpp"
#include "losses.hpp"
#include "option_types.hpp"
#include "output/output.hpp"
#include "output/printer.hpp"
#include "output/table.hpp"
#include "record/job_text.hpp"
#include "record/reader.hpp"
#include "recording_text.hpp"
#include "terminal.hpp"
#include "watch.hpp"

namespace wiretape::cli {
namespace {

struct RecordShowOptions {
  std::string name;
  std::string store;
  std::optional<std::uint64_t> last;
  std::optional<LossLimit> max_loss;
  bool json = false;
  bool watch = false;
};

constexpr std::size_t calls_shown = 10;
// Of a job that runs daily for years only the latest are of interest; --json has them all.
constexpr std::size_t iterations_shown = 14;

// The last `count` lines of one file. A recording that grows may end in a torn line, which is none.
Result<std::deque<std::string>> last_lines(const std::string& path, std::size_t count) {
  auto lines = record::Lines::open(path);
  if (!lines) return lines.error();
  std::deque<std::string> last;
  while (true) {
    const auto line = lines->next();
    if (!line) return line.error();
    if (!*line) return last;
    if (last.size() == count) last.pop_front();
    last.emplace_back(**line);
  }
}

// The latest calls of all segments, oldest first.
Result<std::deque<std::string>> latest_calls(const std::string& folder, std::size_t count) {
  const auto files = record::open_recording(folder);
  if (!files) return files.error();
  std::deque<std::string> latest;
  for (auto iteration = files->iterations.rbegin(); iteration != files->iterations.rend(); ++iteration) {
    for (auto segment = iteration->segments.rbegin(); segment != iteration->segments.rend(); ++segment) {
      if (latest.size() == count) return latest;
      if (segment->calls.empty()) continue;
      const auto earlier = last_lines(segment->calls, count - latest.size());
      if (!earlier) return earlier.error();
      latest.insert(latest.begin(), earlier->begin(), earlier->end());
    }
  }
  return latest;
}

std::string remarks_on(const record::Iteration& iteration) {
  std::string text = losses(iteration.totals);
  if (!iteration.reason.empty()) text += (text.empty() ? "" : ", ") + iteration.reason;
  return text;
}

std::string iterations_of(const record::Description& description) {
  const Timestamp time = now();
  Table table({{"ITERATION"},
               {"STATE"},
               {"BEGAN"},
               {"ENDED"},
               {"CALLS", Align::right},
               {"STREAMS", Align::right},
               {"KEPT", Align::right},
               {"EXPIRES"},
               {"REMARKS"}});
  const auto& iterations = description.iterations;
  const std::size_t left_out = iterations.size() - std::min(iterations.size(), iterations_shown);
  for (std::size_t i = left_out; i < iterations.size(); ++i) {
    const record::Iteration& iteration = iterations[i];
    table.add({iteration.folder, std::string(record::name(iteration.state)), record::clock_text(iteration.began, time),
               iteration.ended ? record::clock_text(*iteration.ended, time) : "",
               std::to_string(iteration.totals.calls), std::to_string(iteration.totals.streams),
               size_text(iteration.totals.kept_bytes), record::expiry_in_words(description.job, iteration, time),
               remarks_on(iteration)});
  }
  const std::string earlier =
      left_out == 0 ? "" : fmt::format("({})\n", counted(left_out, "earlier iteration", "earlier iterations"));
  return table.text(terminal_width(STDOUT_FILENO)) + earlier;
}

// As lines, each taken from the printer as soon as it stands there.
std::string calls_text(const std::deque<std::string>& calls) {
  Output out(STDOUT_FILENO);
  const auto printer = text_printer(out, {.paint = paint(ColorWish::automatic, STDOUT_FILENO)});
  std::string text;
  for (const std::string& call : calls) {
    printer->call(std::string_view(call));
    text += std::exchange(out.text(), {});
  }
  return text;
}

// What is there of a recording at one moment.
struct Look {
  record::Found recording;
  record::Ledger ledger;
  std::deque<std::string> calls;
};

// The calls' lines are JSON already, and become members as they are.
std::string as_json(const Look& look) {
  std::string text, loss;
  json::Writer writer(text), loss_writer(loss);
  tell(look.recording, writer);
  tell(look.ledger, loss_writer);
  text.pop_back();
  return fmt::format("{},\"loss\":{},\"latestCalls\":[{}]}}\n", text, loss, fmt::join(look.calls, ","));
}

std::string as_text(const Look& look) {
  const auto& [recording, ledger, calls] = look;
  const record::Description& description = recording.description;
  std::string text = description_of(recording, description.iterations.empty() ? "" : spoken(ledger));
  const bool several = description.job.iterations != 1 || description.iterations.size() > 1;
  if (several && !description.iterations.empty()) text += '\n' + iterations_of(description);
  if (!calls.empty()) {
    text += calls.size() == description.totals().calls ? "\nCalls:\n" : "\nLatest calls:\n";
    text += calls_text(calls);
  }
  return text + fmt::format("\nAll of it: wiretape analyze 'record(\"{}\")'\n", description.job.name);
}

Result<Look> look_at(const RecordShowOptions& options) {
  const auto path = store_path(options.store);
  if (!path) return path.error();
  auto recording = record::Store(*path).load(options.name);
  if (!recording) return std::move(recording).error();
  auto calls = latest_calls(recording->path, options.last.value_or(calls_shown));
  if (!calls) return std::move(calls).error();
  auto ledger = ledger_of(*recording);
  if (!ledger) return std::move(ledger).error();
  return Look{.recording = *std::move(recording), .ledger = *std::move(ledger), .calls = *std::move(calls)};
}

Result<ExitStatus> watch_recording(const RecordShowOptions& options) {
  const auto watched = watch([&]() -> Result<std::string> {
    const auto look = look_at(options);
    if (!look) return look.error();
    return as_text(*look);
  });
  if (!watched) return watched.error();
  return ExitStatus::done;
}

Result<ExitStatus> run_record_show(const RecordShowOptions& options) {
  if (options.watch && options.max_loss) {
    return Error{.message = "--max-loss has no effect with --watch, which goes on until it is interrupted"};
  }
  if (options.watch) return options.json ? watch_without_json() : watch_recording(options);
  const auto look = look_at(options);
  if (!look) return look.error();
  const auto printed = print(options.json ? as_json(*look) : as_text(*look));
  if (!printed) return printed.error();
  if (options.max_loss) {
    const auto within = check(look->ledger, *options.max_loss, fmt::format("\"{}\"", options.name));
    if (!within) return within.error();
  }
  return ExitStatus::done;
}

}  // namespace

void add_record_show(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<RecordShowOptions>();
  CLI::App& command = *parent.add_subcommand("show", "Show one recording: its job, its state, its latest calls");
  command.add_option("NAME", options->name, "The recording")->required()->type_name("");
  count_option(command, "--last", options->last, "So many of the latest calls (10)");
  command.add_flag("--json", options->json, "As one JSON object");
  command.add_flag("--watch", options->watch, "Draw it again each second, until interrupted");
  max_loss_option(command, options->max_loss);
  store_option(command, options->store);
  command.callback([options, &chosen] { chosen = [options] { return run_record_show(*options); }; });
}

}  // namespace wiretape::cli
