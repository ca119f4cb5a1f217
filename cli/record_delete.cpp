// SPDX-License-Identifier: Apache-2.0
// wiretape record delete: removes recordings.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>

#include "base/quantity.hpp"
#include "commands.hpp"
#include "json/writer.hpp"
#include "option_types.hpp"
#include "output/output.hpp"
#include "record/store.hpp"
#include "recording_text.hpp"
#include "report.hpp"
#include "stopping.hpp"
#include "terminal.hpp"

namespace wiretape::cli {
namespace {

struct RecordDeleteOptions {
  std::vector<std::string> names;
  std::string store;
  bool yes = false;
  bool json = false;
};

struct Outcome {
  std::vector<record::Found> deleted;
  ExitStatus status = ExitStatus::done;  // of the first failure

  void fail(const Error& error) {
    const ExitStatus worst = failed(error);
    if (status == ExitStatus::done) status = worst;
  }
};

// Asked on the terminal; without one nothing is taken for a yes.
Result<bool> confirmed(const record::Found& recording) {
  if (!is_terminal(STDIN_FILENO)) {
    return Error{
        .message = fmt::format("'{}' is not deleted without being asked about", recording.description.job.name),
        .hint = "give --yes where there is no terminal"};
  }
  fmt::print(stderr, "delete recording \"{}\", {}, {}? [y/N] ", recording.description.job.name,
             counted(recording.description.totals().calls, "call", "calls"), size_text(recording.bytes));
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

void delete_one(const record::Store& store, const std::string& name, const RecordDeleteOptions& options,
                Outcome& outcome) {
  const auto found = store.load(name);
  // A damaged description does not stop its recording from being deleted by who says --yes.
  if (!found && (found.error().kind != ErrorKind::input || !options.yes)) return outcome.fail(found.error());
  if (found && !options.yes) {
    const auto answer = confirmed(*found);
    if (!answer) return outcome.fail(answer.error());
    if (!*answer) return;
  }
  if (found && found->locked) {
    if (const auto stopped = stop_recording(store, name); !stopped) return outcome.fail(stopped.error());
  }
  const auto removal = store.remove(name);
  if (!removal) return outcome.fail(removal.error());
  if (!removal->kept.empty()) {
    return outcome.fail({.kind = ErrorKind::name,
                         .message = fmt::format("'{}' holds what wiretape did not write, which is kept", name),
                         .detail = fmt::format("  {}", fmt::join(removal->kept, "\n  "))});
  }
  if (found) outcome.deleted.push_back(*found);
}

Result<void> print_deleted(const std::vector<record::Found>& deleted) {
  std::string text;
  json::Writer writer(text);
  writer.begin_array();
  for (const record::Found& recording : deleted) tell(recording, writer);
  writer.end_array();
  return print(text + '\n');
}

Result<ExitStatus> run_record_delete(const RecordDeleteOptions& options) {
  const auto path = store_path(options.store);
  if (!path) return path.error();
  const record::Store store(*path);
  Outcome outcome;
  for (const std::string& name : options.names) delete_one(store, name, options, outcome);
  if (options.json) {
    if (const auto printed = print_deleted(outcome.deleted); !printed) return printed.error();
    return outcome.status;
  }
  for (const record::Found& recording : outcome.deleted) {
    notice(fmt::format("deleted \"{}\", {}", recording.description.job.name, size_text(recording.bytes)));
  }
  return outcome.status;
}

}  // namespace

void add_record_delete(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<RecordDeleteOptions>();
  CLI::App& command = *parent.add_subcommand("delete", "Delete recordings");
  command.add_option("NAME", options->names, "The recordings")->required()->type_name("");
  command.add_flag("--yes", options->yes, "Do not ask");
  command.add_flag("--json", options->json, "What was deleted, as one JSON array");
  store_option(command, options->store);
  command.callback([options, &chosen] { chosen = [options] { return run_record_delete(*options); }; });
}

}  // namespace wiretape::cli
