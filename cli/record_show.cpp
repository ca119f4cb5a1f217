// SPDX-License-Identifier: Apache-2.0
// wiretape record show: one recording, and its latest calls.
#include <fmt/format.h>
#include <unistd.h>

#include <deque>
#include <memory>

#include "base/quantity.hpp"
#include "commands.hpp"
#include "json/writer.hpp"
#include "option_types.hpp"
#include "output/output.hpp"
#include "output/printer.hpp"
#include "output/table.hpp"
#include "record/reader.hpp"
#include "recording_text.hpp"
#include "terminal.hpp"

namespace wiretape::cli {
namespace {

struct RecordShowOptions {
  std::string name;
  std::string store;
  std::optional<std::uint64_t> last;
  bool json = false;
};

constexpr std::size_t calls_shown = 10;

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

// The lines are JSON already, and become members as they are.
std::string as_json(const record::Found& recording, const std::deque<std::string>& calls) {
  std::string text;
  json::Writer writer(text);
  tell(recording, writer);
  text.pop_back();
  return fmt::format("{},\"latestCalls\":[{}]}}\n", text, fmt::join(calls, ","));
}

std::string iterations_of(const record::Description& description) {
  Table table({{"ITERATION"},
               {"STATE"},
               {"CALLS", Align::right},
               {"STREAMS", Align::right},
               {"KEPT", Align::right},
               {"MISSING"}});
  for (const record::Iteration& iteration : description.iterations) {
    table.add({iteration.folder, std::string(record::name(iteration.state)), std::to_string(iteration.totals.calls),
               std::to_string(iteration.totals.streams), size_text(iteration.totals.kept_bytes),
               losses(iteration.totals)});
  }
  return table.text(terminal_width(STDOUT_FILENO));
}

void print_calls(Output& out, const std::deque<std::string>& calls) {
  const auto printer = text_printer(out, {.paint = paint(ColorWish::automatic, STDOUT_FILENO)});
  for (const std::string& call : calls) {
    if (!printer->call(std::string_view(call))) break;
  }
  printer->finish();
}

Result<void> print_text(const record::Found& recording, const std::deque<std::string>& calls) {
  const record::Description& description = recording.description;
  Output out(STDOUT_FILENO);
  out.text() += description_of(recording);
  if (description.iterations.size() > 1) out.text() += '\n' + iterations_of(description);
  if (!calls.empty()) {
    out.text() += calls.size() == description.totals().calls ? "\nCalls:\n" : "\nLatest calls:\n";
    print_calls(out, calls);
  }
  fmt::format_to(std::back_inserter(out.text()), "\nAll of it: wiretape analyze 'record(\"{}\")'\n",
                 description.job.name);
  return out.finish();
}

Result<ExitStatus> run_record_show(const RecordShowOptions& options) {
  const auto path = store_path(options.store);
  if (!path) return path.error();
  const auto recording = record::Store(*path).load(options.name);
  if (!recording) return recording.error();
  const auto calls = latest_calls(recording->path, options.last.value_or(calls_shown));
  if (!calls) return calls.error();

  const auto printed = options.json ? print(as_json(*recording, *calls)) : print_text(*recording, *calls);
  if (!printed) return printed.error();
  return ExitStatus::done;
}

}  // namespace

void add_record_show(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<RecordShowOptions>();
  CLI::App& command = *parent.add_subcommand("show", "Show one recording: its job, its state, its latest calls");
  command.add_option("NAME", options->name, "The recording")->required()->type_name("");
  count_option(command, "--last", options->last, "So many of the latest calls (10)");
  command.add_flag("--json", options->json, "As one JSON object");
  store_option(command, options->store);
  command.callback([options, &chosen] { chosen = [options] { return run_record_show(*options); }; });
}

}  // namespace wiretape::cli
