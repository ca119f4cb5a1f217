// SPDX-License-Identifier: Apache-2.0
// wiretape record list: all recordings of the store.
#include <unistd.h>

#include <memory>

#include "base/quantity.hpp"
#include "commands.hpp"
#include "json/writer.hpp"
#include "option_types.hpp"
#include "output/output.hpp"
#include "output/table.hpp"
#include "recording_text.hpp"
#include "report.hpp"
#include "terminal.hpp"
#include "time_text.hpp"

namespace wiretape::cli {
namespace {

struct RecordListOptions {
  std::string pattern;
  std::string store;
  bool json = false;
};

std::string as_json(const std::vector<record::Found>& recordings) {
  std::string text;
  json::Writer writer(text);
  writer.begin_array();
  for (const record::Found& recording : recordings) tell(recording, writer);
  writer.end_array();
  return text + '\n';
}

std::string as_table(const std::vector<record::Found>& recordings) {
  Table table({{"NAME"},
               {"STATE"},
               {"CREATED"},
               {"CALLS", Align::right},
               {"STREAMS", Align::right},
               {"SIZE", Align::right},
               {"STATEMENT"}});
  for (const record::Found& recording : recordings) {
    const record::Description& description = recording.description;
    const record::Totals totals = description.totals();
    table.add({description.job.name, std::string(record::name(description.state)), moment(description.created),
               std::to_string(totals.calls), std::to_string(totals.streams), size_text(recording.bytes),
               description.job.statement});
  }
  return table.text(terminal_width(STDOUT_FILENO));
}

Result<ExitStatus> run_record_list(const RecordListOptions& options) {
  const auto path = store_path(options.store);
  if (!path) return path.error();
  const auto listing = record::Store(*path).list(options.pattern);
  if (!listing) return listing.error();

  const auto printed = print(options.json ? as_json(listing->recordings) : as_table(listing->recordings));
  if (!printed) return printed.error();
  if (listing->problems.empty()) return ExitStatus::done;
  for (const Error& problem : listing->problems) report(problem);
  return exit_status(listing->problems.front().kind);
}

}  // namespace

void add_record_list(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<RecordListOptions>();
  CLI::App& command = *parent.add_subcommand("list", "List all recordings");
  command.add_option("PATTERN", options->pattern, "Only those whose name matches, as file names do: 'web-*'")
      ->type_name("");
  command.add_flag("--json", options->json, "As one JSON array");
  store_option(command, options->store);
  command.callback([options, &chosen] { chosen = [options] { return run_record_list(*options); }; });
}

}  // namespace wiretape::cli
