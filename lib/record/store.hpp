// SPDX-License-Identifier: Apache-2.0
// The folder of all recordings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "record/job.hpp"
#include "record/recording.hpp"
#include "record/removal.hpp"

namespace wiretape::record {

// What decides where the store is (product.md section 3).
struct StoreEnvironment {
  std::string option;          // --store
  std::string wiretape_store;  // WIRETAPE_STORE
  std::string xdg_state_home;  // XDG_STATE_HOME
  std::string home;            // HOME
  std::uint32_t user = 0;      // effective user id, 0 is root
};
// --store, else WIRETAPE_STORE, else /var/lib/wiretape for root, else $XDG_STATE_HOME/wiretape, else
// ~/.local/state/wiretape.
Result<std::string> default_store(const StoreEnvironment& environment);
// The environment of this process.
StoreEnvironment process_environment(std::string option);

// Shell pattern: `*` any text, `?` any character, `[a-z]` `[!a-z]` one of a set, `\` takes the next as it is. Linear
// memory, no recursion.
bool matches_pattern(std::string_view pattern, std::string_view name);

// A recording as it is found. `description.state` is `interrupted` where the state on disk says that a process works on
// it and no process does; the open iteration's state likewise.
struct Found {
  Description description;
  std::string path;
  std::uint64_t bytes = 0;   // of all its files
  bool locked = false;       // a process works on it
  std::int32_t process = 0;  // its id while locked, 0 when unknown
};

struct Listing {
  std::vector<Found> recordings;  // by name
  std::vector<Error> problems;    // folders that look like recordings and cannot be read, one sentence each
};

// A recording that no process works on, with its lock taken as long as this lives: nobody else goes on with it.
struct Held {
  Folder folder;
  File lock;
  Description description;  // as Found has it
};

class Store {
 public:
  // Nothing is opened or made before it is needed. `files` must outlive the store and what comes from it.
  explicit Store(std::string path, Files& files = system_files()) : path_(std::move(path)), files_(&files) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Files& files() const { return *files_; }

  // Makes the folder with recording.json, lock taken, state `scheduled`; the store too where it is missing. Whole or
  // not at all. ErrorKind::usage for a bad name, ErrorKind::name when the name exists, permission, write.
  [[nodiscard]] Result<Recording> create(const Job& job, Timestamp created) const;

  // ErrorKind::name: not there, or a process works on it; ErrorKind::input: damaged.
  [[nodiscard]] Result<Held> hold(std::string_view name) const;
  // The description alone, without taking the lock; the same errors.
  [[nodiscard]] Result<Description> idle(std::string_view name) const;

  // Takes the lock of a recording that no process works on, and notes an iteration left open as interrupted.
  // ErrorKind::name: not there, or a process works on it.
  [[nodiscard]] Result<Recording> resume(std::string_view name, Timestamp at) const;

  // Recordings whose name matches, all for an empty pattern. A store that is not there is empty. A folder is a
  // recording only if its recording.json carries the format's mark.
  [[nodiscard]] Result<Listing> list(std::string_view pattern = {}) const;
  // ErrorKind::name when there is none of that name; ErrorKind::input when it is damaged.
  [[nodiscard]] Result<Found> load(std::string_view name) const;

  // Removes what wiretape wrote, following no link. ErrorKind::name when it is not there or a process works on it.
  [[nodiscard]] Result<Removal> remove(std::string_view name) const;
  // The same for one iteration that is over: the folder only, recording.json is the caller's matter.
  [[nodiscard]] Result<Removal> remove_iteration(std::string_view name, std::string_view iteration) const;

 private:
  [[nodiscard]] Result<Folder> open_recording_folder(std::string_view name) const;

  std::string path_;
  Files* files_;
};

}  // namespace wiretape::record
