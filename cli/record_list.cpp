// SPDX-License-Identifier: Apache-2.0
// wiretape record list: all recordings of the store.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/quantity.hpp"
#include "commands.hpp"
#include "json/writer.hpp"
#include "option_types.hpp"
#include "output/output.hpp"
#include "output/table.hpp"
#include "record/job_text.hpp"
#include "record/outlook.hpp"
#include "recording_text.hpp"
#include "report.hpp"
#include "terminal.hpp"
#include "watch.hpp"

namespace wiretape::cli {
namespace {

struct RecordListOptions {
  std::string pattern;
  std::vector<std::string> states;
  std::string store;
  bool json = false;
  bool watch = false;
};

constexpr std::array states = {record::State::scheduled,  record::State::recording, record::State::waiting,
                               record::State::completed,  record::State::stopped,   record::State::failed,
                               record::State::interrupted};

Error unknown_state(const std::string& word) {
  std::vector<std::string> names;
  std::transform(states.begin(), states.end(), std::back_inserter(names),
                 [](record::State state) { return std::string(record::name(state)); });
  const std::string suggestion = did_you_mean(word, names);
  return {.message = fmt::format("--state: there is no state '{}', only {}", word, fmt::join(names, ", ")),
          .hint = suggestion};
}

Result<record::Listing> listing_of(const RecordListOptions& options) {
  const auto path = store_path(options.store);
  if (!path) return path.error();
  auto listing = record::Store(*path).list(options.pattern);
  if (!listing || options.states.empty()) return listing;
  const auto unwanted = [&](const record::Found& recording) {
    const std::string_view state = record::name(recording.description.state);
    return std::find(options.states.begin(), options.states.end(), state) == options.states.end();
  };
  auto& recordings = listing->recordings;
  recordings.erase(std::remove_if(recordings.begin(), recordings.end(), unwanted), recordings.end());
  return listing;
}

std::string as_json(const std::vector<record::Found>& recordings) {
  std::string text;
  json::Writer writer(text);
  writer.begin_array();
  for (const record::Found& recording : recordings) tell(recording, writer);
  writer.end_array();
  return text + '\n';
}

// The columns that some recording has something to say in: most have one iteration, and are kept until deleted.
struct Columns {
  bool iterations = false;
  bool expiry = false;
};

Columns columns_for(const std::vector<record::Found>& recordings) {
  Columns columns;
  for (const record::Found& recording : recordings) {
    const record::Job& job = recording.description.job;
    columns.iterations |= job.iterations != 1;
    columns.expiry |= job.expiration.nanoseconds > 0;
  }
  return columns;
}

Table table_with(const Columns& columns) {
  std::vector<Table::Column> all = {{"NAME"}, {"STATE"}, {"WHEN"}};
  if (columns.iterations) all.push_back({"ITERATION", Align::right});
  all.insert(all.end(), {{"CALLS", Align::right}, {"STREAMS", Align::right}, {"SIZE", Align::right}});
  if (columns.expiry) all.push_back({"EXPIRES"});
  all.push_back({"STATEMENT"});
  return Table(std::move(all));
}

std::vector<std::string> row_of(const record::Found& recording, const Columns& columns, Timestamp time) {
  const record::Description& description = recording.description;
  const record::Job& job = description.job;
  const record::Totals totals = description.totals();
  const record::Outlook outlook = record::outlook_of(description, time);
  std::vector<std::string> row = {job.name, std::string(record::name(description.state)),
                                  record::next_in_words(description, outlook, time)};
  if (columns.iterations) row.push_back(record::iteration_in_words(job, outlook));
  row.push_back(std::to_string(totals.calls));
  row.push_back(std::to_string(totals.streams));
  row.push_back(size_text(recording.bytes));
  if (columns.expiry) row.push_back(record::expiry_in_words(job, outlook, time));
  row.push_back(job.statement);
  return row;
}

// The statement is last, so that it is what a narrow terminal cuts.
std::string as_table(const std::vector<record::Found>& recordings) {
  const Timestamp time = now();
  const Columns columns = columns_for(recordings);
  Table table = table_with(columns);
  for (const record::Found& recording : recordings) table.add(row_of(recording, columns, time));
  return table.text(terminal_width(STDOUT_FILENO));
}

Result<ExitStatus> watch_list(const RecordListOptions& options) {
  const auto watched = watch([&]() -> Result<std::string> {
    const auto listing = listing_of(options);
    if (!listing) return listing.error();
    return as_table(listing->recordings);
  });
  if (!watched) return watched.error();
  return ExitStatus::done;
}

Result<ExitStatus> print_list(const RecordListOptions& options) {
  const auto listing = listing_of(options);
  if (!listing) return listing.error();
  const auto printed = print(options.json ? as_json(listing->recordings) : as_table(listing->recordings));
  if (!printed) return printed.error();
  if (listing->problems.empty()) return ExitStatus::done;
  for (const Error& problem : listing->problems) report(problem);
  return exit_status(listing->problems.front().kind);
}

Result<ExitStatus> run_record_list(const RecordListOptions& options) {
  for (const std::string& state : options.states) {
    if (!record::state_of(state)) return unknown_state(state);
  }
  if (!options.watch) return print_list(options);
  if (options.json) return watch_without_json();
  return watch_list(options);
}

}  // namespace

void add_record_list(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<RecordListOptions>();
  CLI::App& command = *parent.add_subcommand("list", "List all recordings");
  command.add_option("PATTERN", options->pattern, "Only those whose name matches, as file names do: 'web-*'")
      ->type_name("");
  repeatable(command, "--state", options->states, "Only those in this state; repeatable")->type_name("STATE");
  command.add_flag("--json", options->json, "As one JSON array");
  command.add_flag("--watch", options->watch, "Draw it again each second, until interrupted");
  store_option(command, options->store);
  command.callback([options, &chosen] { chosen = [options] { return run_record_list(*options); }; });
}

}  // namespace wiretape::cli
