// SPDX-License-Identifier: Apache-2.0
// A recording job and its state: what recording.json holds (wiretape-recording.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "record/format.hpp"

namespace wiretape::record {

enum class State : std::uint8_t { scheduled, recording, waiting, completed, stopped, failed, interrupted };
std::string_view name(State state);
std::optional<State> state_of(std::string_view name);

struct Macro {
  std::string name;
  std::string statement;
  bool operator==(const Macro&) const = default;
};

// tcpdump's options of the same letters.
struct CaptureSettings {
  std::uint64_t buffer_size = 64ULL << 20U;  // -B, bytes
  bool promiscuous = true;                   // -p turns it off
  std::string side;                          // -Q: in, out, "" both
  std::string timestamp_type;                // -j, "" the default
  std::string link_type;                     // -y, "" the default
  bool operator==(const CaptureSettings&) const = default;
};

// How long a stream is kept behind its last matching call; a later one resumes it. Neither: to its end.
struct KeepAfter {
  std::optional<Duration> duration;
  std::optional<std::uint64_t> bytes;  // captured, of the stream
  bool operator==(const KeepAfter&) const = default;
};

struct Job {
  std::string name;
  std::string statement;
  std::vector<std::string> interfaces;  // what is captured from
  std::vector<std::string> files;       // or read from
  std::string packet_filter;
  std::optional<Timestamp> start;    // of the first iteration; none: at once
  std::uint32_t iterations = 1;      // 0: for ever
  std::optional<Duration> duration;  // of an iteration; none: until interrupted or the input's end
  Duration expiration;               // 0: never
  std::uint32_t snapshot_length = 262144;
  std::uint64_t segment_size = 1ULL << 30U;  // bytes
  std::uint64_t storage_limit = 0;           // bytes, 0: none
  std::uint64_t backlog_limit = 256ULL << 20U;
  std::uint64_t spool_limit = 1ULL << 30U;   // of what is held back beyond that
  std::uint64_t body_limit = 1ULL << 20U;    // of each body in a call
  std::vector<std::string> proto_paths;      // folders of .proto files, and
  std::vector<std::string> descriptor_sets;  // files of descriptors: names for what gRPC messages hold
  std::vector<Macro> macros;                 // own words of the statement
  CaptureSettings capture;
  std::optional<std::uint64_t> packet_count;  // ends when so many were read
  KeepAfter keep_after;
  bool ring = false;                // at the storage limit the oldest segment gives way, instead of the recording's end
  bool keep_clear_packets = false;  // packets are stored though the statement redacts: they show what it hides
  std::string on_segment;           // commands for /bin/sh, "" none
  std::string on_end;
};

struct Totals {
  std::uint64_t packets = 0;      // seen
  std::uint64_t calls = 0;        // matched, written
  std::uint64_t all_calls = 0;    // seen
  std::uint64_t streams = 0;      // kept
  std::uint64_t all_streams = 0;  // seen
  std::uint64_t kept_packets = 0;
  std::uint64_t kept_bytes = 0;                 // captured bytes written
  std::uint64_t dropped_packets = 0;            // by the kernel, the interface or its driver
  std::uint64_t interface_dropped_packets = 0;  // those of them that the interface or its driver dropped
  std::uint64_t gap_bytes = 0;
  std::uint64_t backlog_cut_packets = 0;
  std::uint64_t backlog_cut_bytes = 0;
  // Of what was written, let go again to keep within the storage limit (a ring).
  std::uint64_t let_go_segments = 0;
  std::uint64_t let_go_packets = 0;
  std::uint64_t let_go_bytes = 0;  // of files
  std::uint64_t let_go_calls = 0;

  std::uint64_t copied_packets = 0;  // seen on several interfaces: the copies, which are not stored

  Totals& operator+=(const Totals& other);
  bool operator==(const Totals&) const = default;
};

// One run of a job, in a folder of its own.
struct Iteration {
  std::string folder;              // name below the recording's folder
  State state = State::recording;  // recording, completed, stopped, failed, interrupted
  Timestamp scheduled;
  Timestamp began;
  std::optional<Timestamp> ended;
  Totals totals;
  std::string reason;  // why it failed, a sentence; "" otherwise
  std::string chain;   // hash of the manifest's last entry, "" while open or when nothing was written
};

// Of recording.json, in bytes: ten years of daily iterations take 3 MB.
inline constexpr std::size_t longest_description = 64U << 20U;

// recording.json.
struct Description {
  FormatVersion format;
  Job job;
  State state = State::scheduled;
  std::string reason;  // why it failed, a sentence; "" otherwise
  Timestamp created;
  std::optional<Timestamp> ended;
  std::uint32_t missed = 0;  // iterations whose whole time passed without the job running
  std::vector<Iteration> iterations;

  [[nodiscard]] Totals totals() const;  // of all iterations
};

std::string to_json(const Description& description);

// `path` is named in errors. ErrorKind::input for what is no recording.json, is damaged, or has a newer major version.
Result<Description> read_description(std::string_view json, const std::string& path);

// The rule of product.md section 1: [A-Za-z0-9][A-Za-z0-9._-]{0,62}. The error names the rule.
Result<void> check_name(std::string_view name);

}  // namespace wiretape::record
