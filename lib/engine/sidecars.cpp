// SPDX-License-Identifier: Apache-2.0
#include "engine/sidecars.hpp"

#include <fmt/format.h>

#include "json/writer.hpp"

namespace wiretape::engine {
namespace {

bool has_members(std::string_view object) {
  const std::size_t first = object.find_first_not_of(" \t\r", 1);
  return first != std::string_view::npos && object[first] != '}';
}

}  // namespace

Sidecars::Sidecars(const record::RecordingFiles& recording, Shown& shown, Stats& stats)
    : recording_(recording), shown_(shown), stats_(stats) {}

Result<void> Sidecars::look_again() {
  auto files = record::open_recording(recording_.path);
  if (!files) return std::move(files).error();
  recording_ = *std::move(files);
  return {};
}

Result<void> Sidecars::read() {
  for (const record::IterationFiles& iteration : recording_.iterations) {
    for (const record::SegmentFiles& segment : iteration.segments) {
      if (shown_.satisfied()) return {};
      if (segment.calls.empty()) continue;
      auto found = files_.find(segment.calls);
      if (found == files_.end()) {
        auto lines = record::Lines::open(segment.calls);
        if (!lines) return std::move(lines).error();
        found = files_.emplace(segment.calls, Open{.path = segment.calls, .lines = *std::move(lines)}).first;
      }
      if (auto done = read(found->second); !done) return done;
    }
  }
  return {};
}

Result<void> Sidecars::read(Open& file) {
  while (!shown_.satisfied()) {
    auto line = file.lines.next();
    if (!line) return std::move(line).error();
    file.ended = !*line;
    if (file.ended) break;
    show(**line, file);
  }
  return {};
}

void Sidecars::show(std::string_view line, Open& file) {
  if (line.front() != '{') return void(++file.damaged);
  const auto matches = shown_.statement().matches(line, recording_.name, scratch_);
  if (!matches) return void(++file.damaged);
  ++stats_.calls;
  if (!*matches) return;
  ++stats_.matched_calls;
  line_ = "{\"record\":";
  json::append_quoted(line_, recording_.name);
  line_ += has_members(line) ? "," : "";
  line_ += line.substr(1);
  shown_.call(std::string_view(line_));
}

void Sidecars::finish() {
  for (auto& [path, file] : files_) {
    if (const std::uint64_t damaged = file.damaged + file.lines.too_long(); damaged != 0) {
      stats_.notices.push_back(damaged == 1
                                   ? fmt::format("\"{}\": 1 line is no call and was passed over", path)
                                   : fmt::format("\"{}\": {} lines are no calls and were passed over", path, damaged));
    }
    if (file.ended && file.lines.torn() != 0) {
      stats_.notices.push_back(fmt::format("\"{}\" ends in the middle of a line: its last {} bytes were passed over",
                                           path, file.lines.torn()));
    }
  }
}

}  // namespace wiretape::engine
