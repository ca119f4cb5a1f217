// SPDX-License-Identifier: Apache-2.0
#include "record/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "record/format.hpp"
#include "record/manifest.hpp"

namespace wiretape::record {
namespace {

// Enough to see the mark, which stands at the beginning.
constexpr std::size_t mark_reach = 256;

bool has_mark(const Folder& folder, std::string_view file_name, std::string_view mark) {
  const auto file = folder.open_file(file_name);
  std::string start(mark_reach, '\0');
  if (!file) return false;
  const auto got = file->read(start.data(), start.size(), 0);
  return got && std::string_view(start).substr(0, *got).find(mark) != std::string_view::npos;
}
bool is_recording(const Folder& folder) {
  return has_mark(folder, recording_file, recording_mark);
}
bool is_iteration(const Folder& folder) {
  return has_mark(folder, manifest_file, manifest_mark);
}

std::filesystem::path canonical(const std::string& path) {
  std::error_code error;
  auto found = std::filesystem::canonical(path, error);
  return error ? std::filesystem::path(path).lexically_normal() : found;
}

// The recording that a folder is, "" when it is none.
std::string recording_name(Files& files, const std::filesystem::path& path) {
  const auto folder = Folder::open(files, path);
  return folder && is_recording(*folder) ? path.filename().string() : std::string();
}

Manifest manifest_of(const Folder& folder) {
  const auto text = folder.read_small(manifest_file, longest_manifest);
  if (!text) return {};
  // A damaged manifest proves nothing, and does not stand in the way of reading.
  auto manifest = read_manifest(*text, folder.path_of(manifest_file));
  return manifest ? std::move(*manifest) : Manifest{};
}

Result<IterationFiles> read_iteration(const Folder& folder, std::string name) {
  IterationFiles iteration;
  iteration.path = folder.path();
  iteration.name = std::move(name);
  const auto entries = folder.entries();
  if (!entries) return entries.error();
  const Manifest manifest = manifest_of(folder);
  std::map<std::uint32_t, SegmentFiles> segments;
  for (const FolderEntry& entry : *entries) {
    const auto known = parse_file_name(entry.name);
    if (!known || known->segment == 0 || known->role == FileRole::unfinished || entry.kind != EntryKind::file) continue;
    SegmentFiles& segment = segments[known->segment];
    segment.number = known->segment;
    segment.closed = manifest.find(entry.name) != nullptr;
    const std::string path = folder.path_of(entry.name);
    // One that was being made when its process ended has no header yet, and no packets.
    const bool begun = segment.closed || entry.bytes >= pcap_header_size;
    if (known->role == FileRole::packets && begun) segment.packets = path;
    if (known->role == FileRole::calls) segment.calls = path;
    if (known->role == FileRole::streams) segment.streams = path;
  }
  for (auto& [number, segment] : segments) iteration.segments.push_back(std::move(segment));
  return iteration;
}

// ...Z-2 comes before ...Z-10.
bool earlier(const std::string& a, const std::string& b) {
  return a.size() != b.size() && a.compare(0, 16, b, 0, 16) == 0 ? a.size() < b.size() : a < b;
}

Result<RecordingFiles> read_recording(const Folder& folder) {
  RecordingFiles recording;
  recording.path = folder.path();
  recording.name = std::filesystem::path(folder.path()).filename();
  const auto entries = folder.entries();
  if (!entries) return entries.error();
  std::vector<std::string> names;
  for (const FolderEntry& entry : *entries) {
    if (entry.kind == EntryKind::folder && is_iteration_name(entry.name)) names.push_back(entry.name);
  }
  std::sort(names.begin(), names.end(), earlier);
  for (std::string& name : names) {
    const auto below = folder.folder(name);
    if (!below) return below.error();
    auto iteration = read_iteration(*below, std::move(name));
    if (!iteration) return std::move(iteration).error();
    recording.iterations.push_back(std::move(*iteration));
  }
  return recording;
}

Result<RecordingFiles> read_single_iteration(Files& files, const Folder& folder) {
  const std::filesystem::path path = folder.path();
  auto iteration = read_iteration(folder, path.filename());
  if (!iteration) return std::move(iteration).error();
  RecordingFiles recording;
  recording.name = recording_name(files, path.parent_path());
  recording.path = path.parent_path();
  recording.iterations.push_back(std::move(*iteration));
  return recording;
}

Result<RecordingFiles> read_single_segment(Files& files, const std::filesystem::path& path, const Error& otherwise) {
  const auto known = parse_file_name(path.filename().string());
  const auto folder = Folder::open(files, path.parent_path());
  if (!known || known->segment == 0 || !folder || !is_iteration(*folder)) return otherwise;
  auto recording = read_single_iteration(files, *folder);
  if (!recording) return recording;
  auto& segments = recording->iterations.front().segments;
  std::erase_if(segments, [&](const SegmentFiles& segment) { return segment.number != known->segment; });
  if (segments.empty()) return otherwise;
  return recording;
}

}  // namespace

Result<RecordingFiles> open_recording(const std::string& path, Files& files) {
  const std::filesystem::path real = canonical(path);
  const Error no_recording{
      .kind = ErrorKind::input, .message = fmt::format("{} is no recording", path), .hint = {}, .detail = {}};
  const auto folder = Folder::open(files, real);
  if (!folder) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(real, ignored)) return read_single_segment(files, real, no_recording);
    return folder.error();
  }
  if (is_recording(*folder)) return read_recording(*folder);
  if (is_iteration(*folder)) return read_single_iteration(files, *folder);
  return no_recording;
}

bool looks_like_recording(const std::string& path) {
  const auto folder = Folder::open(system_files(), path);
  return folder && (is_recording(*folder) || is_iteration(*folder));
}

Result<Lines> Lines::open(const std::string& path, Files& files) {
  const int number = files.openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  if (number < 0) return system_error("open", path, -number, ErrorKind::input);
  return Lines(File(files, Descriptor(number), path, 0));
}

Result<std::optional<std::string_view>> Lines::next() {
  while (true) {
    const void* const found =
        scanned_ == filled_ ? nullptr : std::memchr(buffer_.data() + scanned_, '\n', filled_ - scanned_);
    if (found != nullptr) {
      const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
      const std::string_view line(buffer_.data() + start_, end - start_);
      start_ = scanned_ = end + 1;
      if (std::exchange(skipping_, false) || line.empty()) continue;
      return std::optional(line);
    }
    scanned_ = filled_;
    const auto more = fill();
    if (!more) return more.error();
    if (!*more) return std::optional<std::string_view>();
  }
}

// Reads on behind what is there; false at the end.
Result<bool> Lines::fill() {
  // Most files are small, and large ones are worth large reads.
  constexpr std::size_t small = 1U << 16U, large = 1U << 20U;
  const std::size_t piece = offset_ < small ? small : large;
  if (filled_ - start_ > longest_line) {
    if (!skipping_) ++too_long_;
    skipping_ = true;
    start_ = scanned_ = filled_;
  }
  if (start_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + start_, filled_ - start_);
    filled_ -= start_;
    scanned_ -= start_;
    start_ = 0;
  }
  if (buffer_.size() < filled_ + piece + padding) buffer_.resize(filled_ + piece + padding);
  const auto got = file_.read(buffer_.data() + filled_, piece, offset_);
  if (!got) return got.error();
  filled_ += *got;
  offset_ += *got;
  return *got != 0;
}

std::size_t Lines::torn() const {
  return filled_ - start_;
}

Result<StreamTable> read_streams(const std::string& path, Files& files) {
  auto lines = Lines::open(path, files);
  if (!lines) return std::move(lines).error();
  StreamTable table;
  while (true) {
    const auto text = lines->next();
    if (!text) return text.error();
    if (!*text) break;
    if (auto line = read_stream_line(**text)) {
      const std::string id = line->id;
      table.streams.insert_or_assign(id, std::move(*line));
    } else {
      ++table.damaged;
    }
  }
  table.damaged += lines->too_long();
  table.torn = lines->torn();
  return table;
}

}  // namespace wiretape::record
