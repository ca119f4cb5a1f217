// SPDX-License-Identifier: Apache-2.0
// wiretape record stop: ends recordings that are being made, and keeps their folders.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "option_types.hpp"
#include "record/store.hpp"
#include "report.hpp"
#include "stopping.hpp"

namespace wiretape::cli {
namespace {

struct RecordStopOptions {
  std::vector<std::string> names;
  std::string store;
};

Result<ExitStatus> run_record_stop(const RecordStopOptions& options) {
  const auto path = store_path(options.store);
  if (!path) return path.error();
  const record::Store store(*path);
  ExitStatus status = ExitStatus::done;
  for (const std::string& name : options.names) {
    if (const auto stopped = stop_recording(store, name); !stopped) {
      const ExitStatus failure = failed(stopped.error());
      if (status == ExitStatus::done) status = failure;
      continue;
    }
    notice(fmt::format("stopped \"{}\"", name));
  }
  return status;
}

}  // namespace

void add_record_stop(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<RecordStopOptions>();
  CLI::App& command = *parent.add_subcommand("stop", "End recordings that are being made, and keep their folders");
  command.add_option("NAME", options->names, "The recordings")->required()->type_name("");
  store_option(command, options->store);
  command.callback([options, &chosen] { chosen = [options] { return run_record_stop(*options); }; });
}

}  // namespace wiretape::cli
