// SPDX-License-Identifier: Apache-2.0
#include "record/retention.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "record/format.hpp"
#include "record/removal.hpp"
#include "record/schedule.hpp"

namespace wiretape::record {
namespace {

bool is_ours(const FolderEntry& entry) {
  return entry.kind == EntryKind::file && parse_file_name(entry.name).has_value();
}

// Bytes of the files that an iteration would lose; none when there is nothing to remove: no such folder, or what was
// left there belongs to somebody else.
std::optional<std::uint64_t> removable_bytes(const Folder& recording, const std::string& iteration) {
  if (!is_iteration_name(iteration)) return std::nullopt;
  const auto folder = recording.folder(iteration);
  if (!folder) return std::nullopt;
  const auto entries = folder->entries();
  if (!entries) return std::nullopt;
  std::uint64_t bytes = 0;
  bool any = entries->empty();
  for (const FolderEntry& entry : *entries) {
    if (!is_ours(entry)) continue;
    bytes += entry.bytes;
    any = true;
  }
  return any ? std::optional(bytes) : std::nullopt;
}

// Removes one iteration, or says what would be removed.
void prune_iteration(const Folder& recording, Expired expired, PruneMode mode, Pruning& pruning) {
  const auto bytes = removable_bytes(recording, expired.iteration);
  if (!bytes) return;
  expired.bytes = *bytes;
  if (mode == PruneMode::remove) {
    Removal removal;
    if (auto removed = remove_iteration_below(recording, expired.iteration, removal); !removed) {
      return pruning.failed.push_back(std::move(removed).error());
    }
    expired.kept = std::move(removal.kept);
  }
  pruning.removed.push_back(std::move(expired));
}

Result<void> remove_whole(const Folder& store, const Folder& recording, const std::string& name, Removal& removal) {
  if (auto removed = remove_content(recording, removal); !removed) return removed;
  if (auto removed = remove_own_files(recording); !removed) return removed;
  return removal.kept.empty() ? store.remove_folder(name) : Result<void>();
}

void prune_whole(const Folder& store, const Folder& recording, Expired expired, PruneMode mode, Pruning& pruning) {
  expired.bytes = bytes_below(recording);
  if (mode == PruneMode::remove) {
    Removal removal;
    if (auto removed = remove_whole(store, recording, expired.recording, removal); !removed) {
      return pruning.failed.push_back(std::move(removed).error());
    }
    expired.kept = std::move(removal.kept);
  }
  pruning.removed.push_back(std::move(expired));
}

void prune_all(const Folder& store, const Folder& recording, std::vector<Expired> all, PruneMode mode,
               Pruning& pruning) {
  for (Expired& expired : all) {
    if (expired.iteration.empty()) {
      prune_whole(store, recording, std::move(expired), mode, pruning);
    } else {
      prune_iteration(recording, std::move(expired), mode, pruning);
    }
  }
}

// ErrorKind::name: it went meanwhile, a process works on it, or it is no recording. Nothing to speak of.
void note(Error error, std::vector<Error>& errors) {
  if (error.kind != ErrorKind::name) errors.push_back(std::move(error));
}

void prune_recording(const Store& store, const Folder& folder, const std::string& name, Timestamp at, PruneMode mode,
                     Pruning& pruning) {
  // Looked at without the lock, so that who passes by keeps nobody from working on it.
  auto idle = store.idle(name);
  if (!idle) return note(std::move(idle).error(), pruning.unreadable);
  auto expired = expired_of(*idle, at);
  if (expired.empty()) return;
  if (mode == PruneMode::only_tell) {
    const auto recording = folder.folder(name);
    if (recording) prune_all(folder, *recording, std::move(expired), mode, pruning);
    return;
  }
  auto held = store.hold(name);
  if (!held) return note(std::move(held).error(), pruning.failed);
  // Asked again: it may have been gone on with before the lock was ours.
  prune_all(folder, held->folder, expired_of(held->description, at), mode, pruning);
}

}  // namespace

std::vector<Expired> expired_of(const Description& description, Timestamp at) {
  std::vector<Expired> expired;
  const std::string& name = description.job.name;
  if (const auto expiry = expiry_of(description); expiry && *expiry <= at) {
    expired.push_back({.recording = name, .since = *expiry});
    return expired;
  }
  for (const Iteration& iteration : description.iterations) {
    const auto expiry = expiry_of(description.job, iteration);
    if (!expiry || *expiry > at) continue;
    expired.push_back({.recording = name, .iteration = iteration.folder, .since = *expiry});
  }
  return expired;
}

Pruning prune(const Store& store, Timestamp at, PruneMode mode) {
  Pruning pruning;
  const auto folder = Folder::open(store.files(), store.path());
  if (!folder) return pruning;
  const auto entries = folder->entries();
  if (!entries) {
    pruning.failed.push_back(entries.error());
    return pruning;
  }
  for (const FolderEntry& entry : *entries) {
    if (entry.kind != EntryKind::folder || !check_name(entry.name)) continue;
    prune_recording(store, *folder, entry.name, at, mode, pruning);
  }
  return pruning;
}

Pruning prune(const Recording& recording, Timestamp at, PruneMode mode) {
  Pruning pruning;
  for (Expired& expired : expired_of(recording.description(), at)) {
    if (expired.iteration.empty()) continue;
    prune_iteration(recording.folder(), std::move(expired), mode, pruning);
  }
  return pruning;
}

}  // namespace wiretape::record
