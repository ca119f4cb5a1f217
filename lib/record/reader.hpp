// SPDX-License-Identifier: Apache-2.0
// Reads recordings: which files there are, and the lines beside the packets. Packets themselves are read as capture
// files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "record/files.hpp"
#include "record/stream_line.hpp"

namespace wiretape::record {

// The files of one segment, as paths; "" for what is not there.
struct SegmentFiles {
  std::uint32_t number = 0;
  std::string packets;
  std::string calls;
  std::string streams;
  bool closed = false;  // stands in the manifest: in time order, not written any more
};

struct IterationFiles {
  std::string path;
  std::string name;
  std::vector<SegmentFiles> segments;  // by number
};

struct RecordingFiles {
  std::string name;  // of the recording, for the member `record` of its calls
  std::string path;
  std::vector<IterationFiles> iterations;  // by name, which is by time
};

// A recording's folder, an iteration's folder, or one file of a segment (all of that segment is given, nothing else).
// ErrorKind::input when it is none of these. Links are followed in `path`, not below it.
Result<RecordingFiles> open_recording(const std::string& path, Files& files = system_files());
// Whether `path` is a recording's or an iteration's folder, so that open_recording() is worth trying.
bool looks_like_recording(const std::string& path);

// Lines of an NDJSON file, read in large pieces.
class Lines {
 public:
  // Behind a line that next() gives there are at least this many bytes that may be read (simdjson needs them).
  static constexpr std::size_t padding = 64;
  // Longer lines are passed over and counted: no entry with bodies of the usual limit comes near it.
  static constexpr std::size_t longest_line = 64U << 20U;

  static Result<Lines> open(const std::string& path, Files& files = system_files());

  // The next line without its newline, valid until the next call; none at the end. The end may move while somebody
  // writes: after none, next() may be asked again. Empty lines are passed over. ErrorKind::read where the system fails
  // to read.
  Result<std::optional<std::string_view>> next();

  // At the end: bytes of a last line without newline. Somebody writes it, or it is torn for good.
  [[nodiscard]] std::size_t torn() const;
  [[nodiscard]] std::uint64_t too_long() const { return too_long_; }
  // Where the next line begins.
  [[nodiscard]] std::uint64_t position() const { return offset_ - (filled_ - start_); }

 private:
  explicit Lines(File file) : file_(std::move(file)) {}
  Result<bool> fill();

  File file_;
  std::string buffer_;
  std::size_t start_ = 0;    // of the next line in buffer_
  std::size_t scanned_ = 0;  // no newline in [start_, scanned_)
  std::size_t filled_ = 0;
  std::uint64_t offset_ = 0;  // of the file, behind what is in buffer_
  bool skipping_ = false;     // within a line that is too long
  std::uint64_t too_long_ = 0;
};

// The streams of a segment by id: of several lines for one the last counts.
struct StreamTable {
  std::map<std::string, StreamLine, std::less<>> streams;
  std::uint64_t damaged = 0;  // lines that could not be understood
  std::size_t torn = 0;       // bytes of a torn last line
};
Result<StreamTable> read_streams(const std::string& path, Files& files = system_files());

}  // namespace wiretape::record
