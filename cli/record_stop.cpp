// SPDX-License-Identifier: Apache-2.0
// wiretape record stop: ends recordings that are being made, and keeps their folders.
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <thread>

#include "commands.hpp"
#include "option_types.hpp"
#include "record/store.hpp"
#include "report.hpp"

namespace wiretape::cli {
namespace {

// A recording writes and closes what it has: a full segment is brought into time order first.
constexpr std::chrono::seconds patience{60};
constexpr std::chrono::milliseconds look_every{20};

struct RecordStopOptions {
  std::vector<std::string> names;
  std::string store;
};

Result<void> stop_one(const record::Store& store, const std::string& name) {
  auto found = store.load(name);
  if (!found) return std::move(found).error();
  if (!found->locked) {
    return Error{.kind = ErrorKind::name,
                 .message = fmt::format("recording \"{}\" is not running, it is {}", name,
                                        record::name(found->description.state))};
  }
  if (found->process <= 0 || ::kill(found->process, SIGTERM) != 0) {
    const char* reason = found->process <= 0 ? "its process is not known" : std::strerror(errno);
    return Error{.kind = errno == EPERM ? ErrorKind::permission : ErrorKind::usage,
                 .message = fmt::format("recording \"{}\" cannot be stopped: {}", name, reason)};
  }
  for (auto waited = look_every; found->locked; waited += look_every) {
    if (waited > patience) {
      return Error{.message = fmt::format("recording \"{}\" was asked to stop and is still at work after {} s", name,
                                          patience.count())};
    }
    std::this_thread::sleep_for(look_every);
    found = store.load(name);
    if (!found) return std::move(found).error();
  }
  return {};
}

Result<ExitStatus> run_record_stop(const RecordStopOptions& options) {
  const auto path = store_path(options.store);
  if (!path) return path.error();
  const record::Store store(*path);
  ExitStatus status = ExitStatus::done;
  for (const std::string& name : options.names) {
    if (const auto stopped = stop_one(store, name); !stopped) {
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
