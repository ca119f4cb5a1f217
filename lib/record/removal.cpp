// SPDX-License-Identifier: Apache-2.0
#include "record/removal.hpp"

#include <string_view>

#include "record/format.hpp"

namespace wiretape::record {

Result<void> remove_iteration_below(const Folder& recording, const std::string& name, Removal& removal) {
  const auto folder = recording.folder(name);
  if (!folder) return folder.error();
  const auto entries = folder->entries();
  if (!entries) return entries.error();
  bool foreign = false;
  for (const FolderEntry& entry : *entries) {
    if (entry.kind != EntryKind::file || !parse_file_name(entry.name)) {
      removal.kept.push_back(folder->path_of(entry.name));
      foreign = true;
      continue;
    }
    if (auto removed = folder->remove_file(entry.name); !removed) return removed;
  }
  return foreign ? Result<void>() : recording.remove_folder(name);
}

Result<void> remove_content(const Folder& recording, Removal& removal) {
  const auto entries = recording.entries();
  if (!entries) return entries.error();
  for (const FolderEntry& entry : *entries) {
    if (entry.kind == EntryKind::folder && is_iteration_name(entry.name)) {
      if (auto removed = remove_iteration_below(recording, entry.name, removal); !removed) return removed;
    } else if (entry.kind != EntryKind::file || !is_recording_file(entry.name)) {
      removal.kept.push_back(recording.path_of(entry.name));
    }
  }
  return {};
}

Result<void> remove_own_files(const Folder& recording) {
  const std::string unfinished = std::string(recording_file) + std::string(unfinished_suffix);
  for (const std::string_view name :
       {reserve_file, stop_file, log_file, std::string_view(unfinished), lock_file, recording_file}) {
    if (auto removed = recording.remove_file(name); !removed) return removed;
  }
  return {};
}

}  // namespace wiretape::record
