// SPDX-License-Identifier: Apache-2.0
#include "record/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/quantity.hpp"
#include "record/digest.hpp"
#include "record/format.hpp"
#include "record/job.hpp"
#include "record/schedule.hpp"

namespace wiretape::record {
namespace {

constexpr std::array<std::string_view, 11> verdict_names = {
    "good", "open", "torn", "damaged", "missing", "swapped", "broken", "unlisted", "leftover", "foreign", "let go"};
constexpr std::size_t longest_document = 128U << 20U;

bool has_begun(const Folder& iteration) {
  const auto entries = iteration.entries();
  if (!entries) return true;
  return std::any_of(entries->begin(), entries->end(), [](const FolderEntry& entry) {
    const auto name = parse_file_name(entry.name);
    return !name || name->role != FileRole::unfinished;
  });
}

class Verifier {
 public:
  Verifier(Folder folder, Timestamp at) : folder_(std::move(folder)), at_(at) {}

  Result<Verification> run() {
    check_description();
    const auto entries = folder_.entries();
    if (!entries) return entries.error();
    for (const FolderEntry& entry : *entries) {
      if (entry.kind == EntryKind::folder && is_iteration_name(entry.name)) {
        check_iteration(entry.name);
      } else if (entry.kind != EntryKind::file || !is_recording_file(entry.name)) {
        add(entry.name, Verdict::foreign, "not written by wiretape");
      } else if (entry.name.size() > recording_file.size() && entry.name.rfind(recording_file, 0) == 0) {
        add(entry.name, Verdict::leftover, "of a replacement that was interrupted");
      }
    }
    check_that_iterations_are_there();
    std::sort(result_.findings.begin(), result_.findings.end(),
              [](const Finding& a, const Finding& b) { return a.path < b.path; });
    return std::move(result_);
  }

 private:
  void add(std::string path, Verdict verdict, std::string sentence = {}) {
    result_.findings.push_back({.path = std::move(path), .verdict = verdict, .sentence = std::move(sentence)});
  }

  void check_description() {
    const auto text = folder_.read_small(recording_file, longest_document);
    const std::string name(recording_file);
    if (!text) return add(name, folder_.exists(name) ? Verdict::damaged : Verdict::missing, text.error().message);
    result_.bytes += text->size();
    auto description = read_description(*text, folder_.path_of(recording_file));
    if (!description) return add(name, Verdict::damaged, description.error().message);
    description_ = std::move(*description);
    check_seal(name, *text);
  }

  void check_seal(const std::string& path, std::string_view document) {
    if (is_sealed(document)) return add(path, Verdict::good);
    add(path, Verdict::damaged, "its content is not what its sha256 says");
  }

  [[nodiscard]] const Iteration* described(std::string_view name) const {
    if (!description_) return nullptr;
    const auto& all = description_->iterations;
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.folder == name; });
    return found == all.end() ? nullptr : &*found;
  }

  void check_that_iterations_are_there() {
    if (!description_) return;
    for (const Iteration& iteration : description_->iterations) {
      const auto expiry = expiry_of(description_->job, iteration);
      if (folder_.exists(iteration.folder) || (expiry && *expiry <= at_)) continue;
      add(iteration.folder, Verdict::missing, "the iteration's folder is gone, and it has not expired");
    }
  }

  void check_iteration(const std::string& name) {
    const auto folder = folder_.folder(name);
    if (!folder) return add(name, Verdict::damaged, folder.error().message);
    const Iteration* const iteration = described(name);
    // The power may have failed between making the folder and speaking of it.
    if (iteration == nullptr && !has_begun(*folder)) {
      return add(name, Verdict::leftover, "of an iteration that was interrupted before it began");
    }
    const Manifest manifest = check_manifest(*folder, name, iteration);
    for (const ManifestEntry& entry : manifest.files) {
      if (entry.let_go) {
        check_let_go(*folder, name, entry);
      } else {
        check_listed(*folder, name, manifest, entry);
      }
    }
    result_.let_go += manifest.let_go_total();
    check_unlisted(*folder, name, manifest, iteration);
  }

  // Empty when it cannot be read: then all files are unlisted or open.
  Manifest check_manifest(const Folder& folder, const std::string& name, const Iteration* iteration) {
    const std::string path = name + '/' + std::string(manifest_file);
    const auto text = folder.read_small(manifest_file, longest_document);
    if (!text) {
      add(path, folder.exists(manifest_file) ? Verdict::damaged : Verdict::missing, text.error().message);
      return {};
    }
    result_.bytes += text->size();
    auto manifest = read_manifest(*text, folder.path_of(manifest_file));
    if (!manifest) {
      add(path, Verdict::damaged, manifest.error().message);
      return {};
    }
    if (const auto at = manifest->broken_at()) {
      add(path, Verdict::broken,
          fmt::format("{} does not follow from what stands before it", manifest->files[*at].name));
    } else if (iteration != nullptr && iteration->ended && !manifest->ended_with(iteration->chain) &&
               iteration->state != State::interrupted) {
      add(path, Verdict::broken, "it is not the one that the recording ended with");
    } else {
      check_seal(path, *text);
    }
    return std::move(*manifest);
  }

  void check_let_go(const Folder& folder, const std::string& iteration, const ManifestEntry& entry) {
    const std::string path = iteration + '/' + entry.name;
    if (folder.exists(entry.name)) return add(path, Verdict::leftover, "of a segment that was let go");
    add(path, Verdict::let_go, fmt::format("{} made room for newer ones", size_text(entry.bytes)));
  }

  void check_listed(const Folder& folder, const std::string& iteration, const Manifest& manifest,
                    const ManifestEntry& entry) {
    const std::string path = iteration + '/' + entry.name;
    const auto measured = measured_file(folder, entry.name);
    if (!measured) {
      const bool there = folder.exists(entry.name);
      return add(path, there ? Verdict::damaged : Verdict::missing, measured.error().message);
    }
    if (measured->sha256 == entry.sha256) return add(path, Verdict::good);
    for (const ManifestEntry& other : manifest.files) {
      if (other.sha256 != measured->sha256) continue;
      return add(path, Verdict::swapped, fmt::format("it holds what the manifest says of {}", other.name));
    }
    add(path, Verdict::damaged,
        measured->bytes == entry.bytes
            ? std::string("its content is not what the manifest says")
            : fmt::format("it has {} bytes, the manifest says {}", measured->bytes, entry.bytes));
  }

  Result<Measured> measured_file(const Folder& folder, const std::string& name) {
    const auto file = folder.open_file(name);
    if (!file) return file.error();
    const auto known = parse_file_name(name);
    auto measured = measure(*file, known ? known->role : FileRole::calls);
    if (measured) result_.bytes += measured->bytes;
    return measured;
  }

  void check_unlisted(const Folder& folder, const std::string& name, const Manifest& manifest,
                      const Iteration* iteration) {
    const auto entries = folder.entries();
    if (!entries) return add(name, Verdict::damaged, entries.error().message);
    const bool over =
        iteration != nullptr && (iteration->state == State::completed || iteration->state == State::stopped);
    for (const FolderEntry& entry : *entries) {
      const std::string path = name + '/' + entry.name;
      const auto known = parse_file_name(entry.name);
      if (manifest.find(entry.name) != nullptr || (known && known->role == FileRole::manifest)) continue;
      if (!known || entry.kind != EntryKind::file) {
        add(path, Verdict::foreign, "not written by wiretape");
      } else if (known->role == FileRole::unfinished) {
        add(path, Verdict::leftover, "of a segment's end that was interrupted");
      } else if (over) {
        add(path, Verdict::unlisted, "the manifest does not know it, though the iteration has ended");
      } else {
        check_open(folder, entry.name, path);
      }
    }
  }

  void check_open(const Folder& folder, const std::string& name, const std::string& path) {
    const auto measured = measured_file(folder, name);
    if (!measured) return add(path, Verdict::damaged, measured.error().message);
    if (measured->whole_bytes == measured->bytes) {
      return add(path, Verdict::open, "its segment has not been closed: readable, not proven");
    }
    add(path, Verdict::torn,
        fmt::format("its last {} bytes are no whole record", measured->bytes - measured->whole_bytes));
  }

  Folder folder_;
  Timestamp at_;
  std::optional<Description> description_;
  Verification result_;
};

}  // namespace

std::string_view name(Verdict verdict) {
  return verdict_names[static_cast<std::size_t>(verdict)];
}

bool is_damage(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
    case Verdict::open:
    case Verdict::torn:
    case Verdict::leftover:
    case Verdict::foreign:
    case Verdict::let_go: return false;
    case Verdict::damaged:
    case Verdict::missing:
    case Verdict::swapped:
    case Verdict::broken:
    case Verdict::unlisted: return true;
  }
  return true;
}

bool Verification::intact() const {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& one) { return is_damage(one.verdict); });
}

Result<Verification> verify(const std::string& path, Timestamp at, Files& files) {
  auto folder = Folder::open(files, path);
  if (!folder) return std::move(folder).error();
  return Verifier(std::move(*folder), at).run();
}

}  // namespace wiretape::record
