// SPDX-License-Identifier: Apache-2.0
// wiretape record prune: removes what has expired.
#include "record_prune.hpp"

#include <fmt/format.h>

#include <memory>

#include "base/quantity.hpp"
#include "commands.hpp"
#include "json/writer.hpp"
#include "option_types.hpp"
#include "output/output.hpp"
#include "record/retention.hpp"
#include "report.hpp"
#include "time_text.hpp"

namespace wiretape::cli {
namespace {

struct RecordPruneOptions {
  std::string store;
  bool dry_run = false;
  bool verbose = false;
  bool json = false;
};

// To the minute: 2026-11-24 08:45 UTC
std::string minute(Timestamp time) {
  std::string text = moment(time);
  return text.erase(text.rfind(':'), 3);
}

// "errors" 20240604T084500Z (1.2 MB, expired 2026-11-24 08:45 UTC)
std::string sentence(const record::Expired& expired) {
  return fmt::format("\"{}\"{}{} ({}, expired {})", expired.recording, expired.iteration.empty() ? "" : " ",
                     expired.iteration, size_text(expired.bytes), minute(expired.since));
}

// What stayed behind is no failure, and is said all the same: nobody else will look there.
void notice_kept(const record::Pruning& pruning) {
  for (const record::Expired& expired : pruning.removed) {
    for (const std::string& path : expired.kept) {
      notice(fmt::format("{} was not written by wiretape, and is kept", path));
    }
  }
}

std::string as_json(const record::Pruning& pruning) {
  std::string text;
  json::Writer writer(text);
  writer.begin_array();
  for (const record::Expired& expired : pruning.removed) {
    writer.begin_object();
    writer.text("name", expired.recording);
    writer.key("iteration");
    if (expired.iteration.empty()) {
      writer.null();
    } else {
      writer.text(expired.iteration);
    }
    writer.integer("bytes", static_cast<std::int64_t>(expired.bytes));
    writer.text("expired", rfc3339(expired.since));
    writer.key("kept");
    writer.begin_array();
    for (const std::string& path : expired.kept) writer.text(path);
    writer.end_array();
    writer.end_object();
  }
  writer.end_array();
  return text + '\n';
}

std::string as_text(const record::Pruning& pruning, const RecordPruneOptions& options) {
  std::string text;
  for (const record::Expired& expired : pruning.removed) {
    text += fmt::format("{} {}\n", options.dry_run ? "would remove" : "removed", sentence(expired));
  }
  return text;
}

Result<ExitStatus> run_record_prune(const RecordPruneOptions& options) {
  const auto path = store_path(options.store);
  if (!path) return path.error();
  const auto mode = options.dry_run ? record::PruneMode::only_tell : record::PruneMode::remove;
  const record::Pruning pruning = record::prune(record::Store(*path), now(), mode);
  if (const auto printed = print(options.json ? as_json(pruning) : as_text(pruning, options)); !printed) {
    return printed.error();
  }
  notice_kept(pruning);
  if (options.verbose && pruning.removed.empty()) notice(fmt::format("nothing has expired in {}", *path));
  ExitStatus status = ExitStatus::done;
  for (const auto& errors : {pruning.failed, pruning.unreadable}) {
    for (const Error& error : errors) {
      const ExitStatus failure = failed(error);
      if (status == ExitStatus::done) status = failure;
    }
  }
  return status;
}

}  // namespace

void prune_in_passing(const std::string& store, Passing passing) {
  const auto path = store_path(store);
  if (!path) return;  // the command itself will say so
  const record::Pruning pruning = record::prune(record::Store(*path), now(), record::PruneMode::remove);
  if (passing == Passing::told) {
    for (const record::Expired& expired : pruning.removed) notice("removed " + sentence(expired));
  }
  notice_kept(pruning);
  if (pruning.failed.empty()) return;
  // Who asked for something else is told once, not for each.
  Error error = pruning.failed.front();
  if (pruning.failed.size() > 1) {
    error.hint =
        fmt::format("and {} more that have expired: wiretape record prune names them", pruning.failed.size() - 1);
  }
  report(error);
}

void add_record_prune(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<RecordPruneOptions>();
  CLI::App& command = *parent.add_subcommand("prune", "Remove what has expired");
  command.add_flag("--dry-run", options->dry_run, "Only say what would be removed");
  command.add_flag("-v", options->verbose, "Say so when nothing has expired");
  command.add_flag("--json", options->json, "As one JSON array");
  store_option(command, options->store);
  command.callback([options, &chosen] { chosen = [options] { return run_record_prune(*options); }; });
}

}  // namespace wiretape::cli
