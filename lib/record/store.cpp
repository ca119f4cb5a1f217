// SPDX-License-Identifier: Apache-2.0
#include "record/store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "record/lock_owner.hpp"
#include "record/schedule.hpp"

namespace wiretape::record {
namespace {

// Room for the last recording.json and manifest.json of a recording that filled the disk.
constexpr std::size_t reserve_size = 64U << 10U;
// A recording that is being made has a name that no recording can have.
constexpr std::string_view unborn_prefix = ".creating-";

Error no_such_recording(std::string_view name, const std::string& store) {
  return {.kind = ErrorKind::name,
          .message = fmt::format("there is no recording '{}' in {}", name, store),
          .hint = "wiretape record list shows those that are there",
          .detail = {}};
}

Error name_taken(std::string_view name, const std::string& store) {
  return {.kind = ErrorKind::name,
          .message = fmt::format("'{}' exists already in {}", name, store),
          .hint = fmt::format("choose another --name, or remove it: wiretape record delete {}", name),
          .detail = {}};
}

Error in_use(std::string_view name, std::int32_t process) {
  return {.kind = ErrorKind::name,
          .message = process == 0 ? fmt::format("a process is working on '{}'", name)
                                  : fmt::format("process {} is working on '{}'", process, name),
          .hint = fmt::format("end it first: wiretape record stop {}", name),
          .detail = {}};
}

Result<void> take_lock(Files& files, const File& lock, std::string_view name) {
  const int taken = files.lock(lock.descriptor());
  if (taken == -EAGAIN || taken == -EACCES) return in_use(name, process_of(lock));
  if (taken < 0) return system_error("lock", lock.path(), -taken, ErrorKind::write);
  return {};
}

bool is_locked(Files& files, const Folder& recording, std::int32_t& process) {
  const auto lock = recording.open_file(lock_file);
  if (!lock || files.locked(lock->descriptor()) != 1) return false;
  process = process_of(*lock);
  return true;
}

// What is read and cannot be a recording at all, as opposed to one that is damaged.
bool is_marked(std::string_view json) {
  return json.find(recording_mark) != std::string_view::npos;
}

// The folder's name counts: a recording may have been copied or renamed.
Result<Description> read_description_of(const Folder& folder, std::string_view name) {
  const auto text = folder.read_small(recording_file, longest_description);
  if (!text) return text.error();
  auto description = read_description(*text, folder.path_of(recording_file));
  if (description) description->job.name = name;
  return description;
}

Result<Found> read_found(Files& files, const Folder& folder, std::string_view name) {
  Found found;
  // The lock first: who finishes writes the state before giving the lock back.
  found.locked = is_locked(files, folder, found.process);
  auto description = read_description_of(folder, name);
  if (!description) return std::move(description).error();
  found.description = std::move(*description);
  if (!found.locked) note_interruption(found.description);
  found.path = folder.path();
  found.bytes = bytes_below(folder);
  return found;
}

// Whether a folder carries the mark of a recording, readable or not.
bool has_mark(const Folder& folder) {
  const auto text = folder.read_small(recording_file, longest_description);
  return text && is_marked(*text);
}

void remove_unborn(const Folder& store, const std::string& name) {
  if (const auto folder = store.folder(name)) (void)remove_own_files(*folder);
  (void)store.remove_folder(name);
}

// Left by processes that were killed while they made a recording.
void sweep_unborn(Files& files, const Folder& store) {
  const auto entries = store.entries();
  if (!entries) return;
  for (const FolderEntry& entry : *entries) {
    if (entry.kind != EntryKind::folder || entry.name.rfind(unborn_prefix, 0) != 0) continue;
    const auto folder = store.folder(entry.name);
    if (!folder) continue;
    const auto lock = folder->open_file(lock_file);
    if (lock && files.locked(lock->descriptor()) == 0) remove_unborn(store, entry.name);
  }
}

// Fills the folder of a new recording; gives its lock, which is held.
Result<File> furnish(Files& files, const Folder& folder, const Description& description) {
  auto lock = folder.create(lock_file);
  if (!lock) return lock;
  if (auto taken = take_lock(files, *lock, description.job.name); !taken) return std::move(taken).error();
  if (auto noted = sign_lock(*lock); !noted) return std::move(noted).error();
  auto reserve = folder.create(reserve_file);
  if (!reserve) return reserve;
  if (auto filled = reserve->append(std::string(reserve_size, ' ')); !filled) return std::move(filled).error();
  if (auto written = folder.replace(recording_file, to_json(description)); !written) return std::move(written).error();
  return lock;
}

Result<void> give_name(Files& files, const Folder& store, const std::string& unborn, const std::string& name) {
  const int status = files.renameat(store.descriptor(), unborn.c_str(), store.descriptor(), name.c_str());
  if (status == -EEXIST || status == -ENOTEMPTY || status == -ENOTDIR) return name_taken(name, store.path());
  if (status < 0) return system_error("write", store.path_of(name), -status, ErrorKind::write);
  auto synced = store.sync();
  if (!synced) remove_unborn(store, name);
  return synced;
}

std::string environment_text(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// A set of a pattern, behind its '['. Gives where it ends, npos when it does not.
struct Set {
  std::size_t end = std::string_view::npos;
  bool matches = false;
};
Set match_set(std::string_view pattern, std::size_t at, char c) {
  const bool inverted = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (inverted) ++at;
  Set set;
  for (bool first = true; at < pattern.size(); first = false) {
    if (pattern[at] == ']' && !first) {
      set.end = at + 1;
      set.matches = set.matches != inverted;
      return set;
    }
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    const char low = pattern[at++];
    char high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
      high = pattern[at + 1];
      at += 2;
    }
    set.matches = set.matches || (low <= c && c <= high);
  }
  return {};
}

// One item of a pattern, no '*', against one character; gives where the next item begins, npos when it does not match.
std::size_t match_item(std::string_view pattern, std::size_t at, char c) {
  if (pattern[at] == '?') return at + 1;
  if (pattern[at] == '[') {
    if (const Set set = match_set(pattern, at + 1, c); set.end != std::string_view::npos) {
      return set.matches ? set.end : std::string_view::npos;
    }
  }
  if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
  return pattern[at] == c ? at + 1 : std::string_view::npos;
}

}  // namespace

Result<std::string> default_store(const StoreEnvironment& environment) {
  if (!environment.option.empty()) return environment.option;
  if (!environment.wiretape_store.empty()) return environment.wiretape_store;
  if (environment.user == 0) return std::string("/var/lib/wiretape");
  // XDG Base Directory Specification: a relative path is to be ignored.
  if (!environment.xdg_state_home.empty() && environment.xdg_state_home.front() == '/') {
    return environment.xdg_state_home + "/wiretape";
  }
  if (!environment.home.empty()) return environment.home + "/.local/state/wiretape";
  return Error{.kind = ErrorKind::usage,
               .message = "no place for recordings is known: HOME is not set",
               .hint = "give one with --store or WIRETAPE_STORE",
               .detail = {}};
}

StoreEnvironment process_environment(std::string option) {
  return {.option = std::move(option),
          .wiretape_store = environment_text("WIRETAPE_STORE"),
          .xdg_state_home = environment_text("XDG_STATE_HOME"),
          .home = environment_text("HOME"),
          .user = geteuid()};
}

bool matches_pattern(std::string_view pattern, std::string_view name) {
  constexpr std::size_t none = std::string_view::npos;
  std::size_t in_pattern = 0, in_name = 0;
  std::size_t behind_star = none, star_ends = 0;  // the last '*', and how far it reaches for now
  while (in_name < name.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      behind_star = ++in_pattern;
      star_ends = in_name;
      continue;
    }
    const std::size_t next = in_pattern < pattern.size() ? match_item(pattern, in_pattern, name[in_name]) : none;
    if (next != none) {
      in_pattern = next;
      ++in_name;
      continue;
    }
    if (behind_star == none) return false;
    in_pattern = behind_star;
    in_name = ++star_ends;
  }
  return pattern.find_first_not_of('*', in_pattern) == none;
}

Result<Recording> Store::create(const Job& job, Timestamp created) const {
  if (auto checked = check_name(job.name); !checked) return std::move(checked).error();
  const auto store = Folder::open_or_make(*files_, path_);
  if (!store) return store.error();
  if (store->exists(job.name)) return name_taken(job.name, path_);
  sweep_unborn(*files_, *store);

  const std::string unborn = fmt::format("{}{}-{}", unborn_prefix, job.name, getpid());
  auto folder = store->make_folder(unborn);
  if (!folder) return std::move(folder).error();
  Description description;
  description.job = job;
  description.created = created;
  auto lock = furnish(*files_, *folder, description);
  Result<void> named = lock ? give_name(*files_, *store, unborn, job.name) : Result<void>(lock.error());
  if (!named) {
    remove_unborn(*store, unborn);
    return std::move(named).error();
  }
  folder->set_path(store->path_of(job.name));
  return Recording(std::move(*folder), std::move(*lock), std::move(description));
}

Result<Held> Store::hold(std::string_view name) const {
  auto folder = open_recording_folder(name);
  if (!folder) return std::move(folder).error();
  auto lock = folder->open_or_create(lock_file);
  if (!lock) return std::move(lock).error();
  if (auto taken = take_lock(*files_, *lock, name); !taken) return std::move(taken).error();
  auto description = read_description_of(*folder, name);
  if (!description) return std::move(description).error();
  note_interruption(*description);
  return Held{.folder = std::move(*folder), .lock = std::move(*lock), .description = std::move(*description)};
}

Result<Description> Store::idle(std::string_view name) const {
  const auto folder = open_recording_folder(name);
  if (!folder) return folder.error();
  if (std::int32_t process = 0; is_locked(*files_, *folder, process)) return in_use(name, process);
  auto description = read_description_of(*folder, name);
  if (description) note_interruption(*description);
  return description;
}

Result<Recording> Store::resume(std::string_view name, Timestamp at) const {
  auto held = hold(name);
  if (!held) return std::move(held).error();
  if (auto noted = sign_lock(held->lock); !noted) return std::move(noted).error();
  for (Iteration& iteration : held->description.iterations) {
    if (iteration.state == State::interrupted && !iteration.ended) iteration.ended = at;
  }
  Recording recording(std::move(held->folder), std::move(held->lock), std::move(held->description));
  if (auto saved = recording.save(); !saved) return std::move(saved).error();
  return recording;
}

Result<Listing> Store::list(std::string_view pattern) const {
  Listing listing;
  const auto store = Folder::open(*files_, path_);
  if (!store) {
    struct stat status {};
    if (files_->fstatat(AT_FDCWD, path_.c_str(), status) == -ENOENT) return listing;
    return store.error();
  }
  const auto entries = store->entries();
  if (!entries) return entries.error();
  for (const FolderEntry& entry : *entries) {
    if (entry.kind != EntryKind::folder || !check_name(entry.name)) continue;
    if (!pattern.empty() && !matches_pattern(pattern, entry.name)) continue;
    const auto folder = store->folder(entry.name);
    if (!folder || !has_mark(*folder)) continue;
    auto found = read_found(*files_, *folder, entry.name);
    if (found) {
      listing.recordings.push_back(std::move(*found));
    } else {
      listing.problems.push_back(std::move(found).error());
    }
  }
  return listing;
}

Result<Found> Store::load(std::string_view name) const {
  const auto folder = open_recording_folder(name);
  if (!folder) return folder.error();
  return read_found(*files_, *folder, name);
}

Result<Folder> Store::open_recording_folder(std::string_view name) const {
  if (auto checked = check_name(name); !checked) return std::move(checked).error();
  const auto store = Folder::open(*files_, path_);
  if (!store) {
    return store.error().kind == ErrorKind::permission ? store.error() : no_such_recording(name, path_);
  }
  auto folder = store->folder(name);
  if (!folder) {
    return folder.error().kind == ErrorKind::permission ? folder.error() : no_such_recording(name, path_);
  }
  if (!has_mark(*folder)) return no_such_recording(name, path_);
  return folder;
}

Result<Removal> Store::remove(std::string_view name) const {
  const auto folder = open_recording_folder(name);
  if (!folder) return folder.error();
  auto lock = folder->open_or_create(lock_file);
  if (!lock) return std::move(lock).error();
  if (auto taken = take_lock(*files_, *lock, name); !taken) return std::move(taken).error();
  Removal removal;
  if (auto removed = remove_content(*folder, removal); !removed) return std::move(removed).error();
  if (auto removed = remove_own_files(*folder); !removed) return std::move(removed).error();
  if (!removal.kept.empty()) return removal;
  const auto store = Folder::open(*files_, path_);
  if (!store) return store.error();
  if (auto removed = store->remove_folder(name); !removed) return std::move(removed).error();
  return removal;
}

Result<Removal> Store::remove_iteration(std::string_view name, std::string_view iteration) const {
  const auto folder = open_recording_folder(name);
  if (!folder) return folder.error();
  const auto found = read_found(*files_, *folder, name);
  if (!found) return found.error();
  const auto& iterations = found->description.iterations;
  const bool active = std::any_of(iterations.begin(), iterations.end(), [&](const Iteration& candidate) {
    return candidate.folder == iteration && candidate.state == State::recording;
  });
  if (active) return in_use(name, found->process);
  if (!is_iteration_name(iteration) || !folder->exists(iteration)) {
    return no_such_recording(fmt::format("{}/{}", name, iteration), path_);
  }
  Removal removal;
  if (auto removed = remove_iteration_below(*folder, std::string(iteration), removal); !removed) {
    return std::move(removed).error();
  }
  return removal;
}

}  // namespace wiretape::record
