// SPDX-License-Identifier: Apache-2.0
#include "record/ring.hpp"

#include <algorithm>
#include <utility>

#include "record/format.hpp"

namespace wiretape::record {
namespace {

// A file of a segment as the folder has it.
struct Present {
  FolderEntry entry;
  FileName name;
};

std::vector<Present> segment_files(const std::vector<FolderEntry>& entries) {
  std::vector<Present> files;
  for (const FolderEntry& entry : entries) {
    const auto name = parse_file_name(entry.name);
    if (name && name->segment != 0 && entry.kind == EntryKind::file) files.push_back({.entry = entry, .name = *name});
  }
  return files;
}

// Files of segments that were let go when the power failed before they were removed.
Result<void> remove_left_behind(const Folder& iteration, const Manifest& manifest, std::vector<Present>& files) {
  for (const Present& file : files) {
    const ManifestEntry* const listed = manifest.find(file.entry.name);
    if (listed == nullptr || !listed->let_go) continue;
    if (auto removed = iteration.remove_file(file.entry.name); !removed) return removed;
  }
  std::erase_if(files, [&](const Present& file) {
    const ManifestEntry* const listed = manifest.find(file.entry.name);
    return listed != nullptr && listed->let_go;
  });
  return {};
}

// What nobody closed is proven from now on to have been there.
Result<void> enter(const Folder& iteration, Manifest& manifest, const Present& present) {
  if (present.name.role == FileRole::unfinished || manifest.find(present.entry.name) != nullptr) return {};
  const auto file = iteration.open_file(present.entry.name);
  if (!file) return file.error();
  auto measured = measure(*file, present.name.role);
  if (!measured) return std::move(measured).error();
  manifest.append(entry_of(present.entry.name, *std::move(measured)));
  return {};
}

// What is gained counts by the files that go, what is lost by the manifest.
LetGo difference(const LetGo& after, const LetGo& before, std::uint64_t bytes) {
  return {
      .segments = 1, .packets = after.packets - before.packets, .bytes = bytes, .calls = after.calls - before.calls};
}

}  // namespace

Result<LetGo> let_go_oldest(const Folder& iteration, Manifest& manifest, std::span<const std::uint32_t> open) {
  const auto entries = iteration.entries();
  if (!entries) return entries.error();
  auto files = segment_files(*entries);
  if (auto removed = remove_left_behind(iteration, manifest, files); !removed) return std::move(removed).error();
  std::erase_if(
      files, [&](const Present& file) { return std::find(open.begin(), open.end(), file.name.segment) != open.end(); });
  if (files.empty()) return LetGo{};
  const auto oldest = std::min_element(files.begin(), files.end(), [](const Present& a, const Present& b) {
                        return a.name.segment < b.name.segment;
                      })->name.segment;
  std::erase_if(files, [&](const Present& file) { return file.name.segment != oldest; });

  Manifest shorter = manifest;
  std::uint64_t bytes = 0;
  for (const Present& file : files) {
    if (auto entered = enter(iteration, shorter, file); !entered) return std::move(entered).error();
    bytes += file.entry.bytes;
  }
  shorter.let_go(oldest);
  if (auto saved = iteration.replace(manifest_file, to_json(shorter)); !saved) return std::move(saved).error();
  const LetGo gone = difference(shorter.let_go_total(), manifest.let_go_total(), bytes);
  manifest = std::move(shorter);
  for (const Present& file : files) {
    if (auto removed = iteration.remove_file(file.entry.name); !removed) return std::move(removed).error();
  }
  return gone;
}

Result<LetGo> EarlierIterations::let_go_oldest() {
  for (; next_ < names_.size(); ++next_) {
    const auto folder = recording_.folder(names_[next_]);
    if (!folder) continue;
    const auto text = folder->read_small(manifest_file, longest_manifest);
    if (!text) continue;
    auto manifest = read_manifest(*text, folder->path_of(manifest_file));
    if (!manifest) continue;
    auto gone = record::let_go_oldest(*folder, *manifest, {});
    if (!gone) return gone;
    if (gone->segments == 0) continue;
    news_[names_[next_]] += *gone;
    return gone;
  }
  return LetGo{};
}

std::map<std::string, LetGo> EarlierIterations::take_news() {
  return std::exchange(news_, {});
}

}  // namespace wiretape::record
