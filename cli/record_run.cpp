// SPDX-License-Identifier: Apache-2.0
// wiretape record run: every job of the store in one process, one capture for all that capture alike.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "engine/pipeline.hpp"
#include "option_types.hpp"
#include "record/run_lock.hpp"
#include "record_live.hpp"
#include "report.hpp"
#include "service_manager.hpp"

namespace wiretape::cli {
namespace {

struct RecordRunOptions {
  std::string store;
  std::string user;
  std::size_t workers = engine::default_workers();
  bool quiet = false;
};

Result<ExitStatus> run_record_run(const RecordRunOptions& options) {
  const auto store = store_path(options.store);
  if (!store) return store.error();
  const auto lock = record::RunLock::take(*store);
  if (!lock) return lock.error();
  ServiceManager manager;
  LiveSession session({.store = *store,
                       .user = options.user,
                       .workers = options.workers,
                       .life = engine::RecorderOptions::Life::service},
                      options.quiet ? Talk::quiet : Talk::usual);
  session.each_tick([&] { manager.tick(); });
  if (!options.quiet) notice(fmt::format("running the jobs of {}", *store));
  manager.ready();
  static_cast<void>(session.run());
  manager.stopping();
  return ExitStatus::done;
}

}  // namespace

void add_record_run(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<RecordRunOptions>();
  CLI::App& command = *parent.add_subcommand("run", "Run every job of the store, as a service");
  command.add_option("-Z,--relinquish-privileges", options->user, "Write as this user, once the interfaces are open")
      ->type_name("USER");
  workers_option(command, options->workers);
  store_option(command, options->store);
  command.add_flag("-q", options->quiet, "Say nothing but errors");
  command.callback([options, &chosen] { chosen = [options] { return run_record_run(*options); }; });
}

}  // namespace wiretape::cli
