// SPDX-License-Identifier: Apache-2.0
#include "stopping.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "record/run_lock.hpp"
#include "record/schedule.hpp"

namespace wiretape::cli {
namespace {

// A recording writes and closes what it has: a full segment is brought into time order first.
constexpr std::chrono::seconds patience{60};
constexpr std::chrono::milliseconds look_every{20};

// A process of its own gets a signal; the one that runs all jobs of the store finds a file.
Result<void> ask_to_stop(const record::Store& store, const record::Found& found) {
  const std::string& name = found.description.job.name;
  const auto runner = record::RunLock::holder(store.path());
  if (runner && *runner == found.process) {
    const auto folder = record::Folder::open(record::system_files(), found.path);
    if (!folder) return folder.error();
    const auto left = folder->open_or_create(record::stop_file);
    return left ? Result<void>() : left.error();
  }
  if (found.process > 0 && ::kill(found.process, SIGTERM) == 0) return {};
  const char* const reason = found.process <= 0 ? "its process is not known" : std::strerror(errno);
  return Error{.kind = found.process > 0 && errno == EPERM ? ErrorKind::permission : ErrorKind::usage,
               .message = fmt::format("recording \"{}\" cannot be stopped: {}", name, reason)};
}

// Nobody works on it: a schedule that was left is ended for good.
Result<void> end_schedule(const record::Store& store, const record::Found& found) {
  const std::string& name = found.description.job.name;
  if (record::is_over(found.description, now())) {
    return Error{.kind = ErrorKind::name,
                 .message = fmt::format("recording \"{}\" is not running, it is {}", name,
                                        record::name(found.description.state))};
  }
  auto recording = store.resume(name, now());
  if (!recording) return std::move(recording).error();
  return recording->finish({.state = record::State::stopped, .reason = {}, .at = now()}, {});
}

}  // namespace

Result<void> stop_recording(const record::Store& store, const std::string& name) {
  auto found = store.load(name);
  if (!found) return std::move(found).error();
  if (!found->locked) return end_schedule(store, *found);
  if (auto asked = ask_to_stop(store, *found); !asked) return asked;
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

}  // namespace wiretape::cli
