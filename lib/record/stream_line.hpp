// SPDX-License-Identifier: Apache-2.0
// One line of streams.ndjson: what is known of a kept stream, and what is missing of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/stream_facts.hpp"
#include "base/time.hpp"
#include "json/sink.hpp"

namespace wiretape::record {

// Bytes of one direction that were never seen: [offset, offset + bytes) of what that side sent.
struct GapRange {
  Direction direction = Direction::to_server;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  // Of the packet behind the gap, or when the gap was given up where none came; none in lines of older programs.
  std::optional<Timestamp> time = {};
  bool operator==(const GapRange&) const = default;
};

struct TimeSpan {
  Timestamp first;
  Timestamp last;
  bool operator==(const TimeSpan&) const = default;
};

// The ledger of a stream: everything that could not be kept.
struct Loss {
  // Gaps beyond this are counted only: a stream of holes must not fill the disk with its ledger.
  static constexpr std::size_t most_ranges = 64;

  std::vector<GapRange> ranges;  // the first most_ranges
  std::uint64_t gaps = 0;
  std::uint64_t gap_bytes = 0;
  std::uint64_t backlog_cut_packets = 0;
  std::uint64_t backlog_cut_bytes = 0;            // captured bytes
  std::optional<TimeSpan> backlog_cut_span = {};  // from the earliest to the latest of the packets let go
  std::uint64_t snaplen_cuts = 0;                 // packets that were captured in part
  std::uint64_t conflicts = 0;                    // overlapping segments with other bytes than the first copy
  // Packets dropped while the stream was open, of whatever stream: by the kernel, by the interface or its driver.
  std::uint64_t kernel_drops = 0;
  std::uint64_t interface_drops = 0;
  // Not kept because the last matching call was too far back (Job::keep_after); not counted as damage: it was asked for.
  std::uint64_t let_go_packets = 0;
  std::uint64_t let_go_bytes = 0;  // captured bytes
  bool midstream = false;          // began before the capture did

  void add_gap(const GapRange& gap);
  [[nodiscard]] bool none() const { return *this == Loss{}; }
  // Something that was sent during the capture is surely not there. Neither what was sent before it nor a
  // contradiction is damage, and a dropped packet may have been another stream's.
  [[nodiscard]] bool damage() const { return gaps != 0 || backlog_cut_packets != 0 || snaplen_cuts != 0; }
  bool operator==(const Loss&) const = default;
};

// A line, read back. `facts.source` and `facts.dissected` point into nothing: `protocol` and `interface` hold the
// texts.
struct StreamLine {
  std::string id;
  StreamFacts facts;
  std::string protocol;     // name of the protocol found, "" when none
  std::string interface;    // "" when unknown
  std::uint64_t calls = 0;  // matched so far
  std::uint64_t kept_packets = 0;
  std::uint64_t kept_bytes = 0;  // captured bytes
  Loss loss;
};

struct StreamCounts {
  std::uint64_t calls = 0;
  std::uint64_t kept_packets = 0;
  std::uint64_t kept_bytes = 0;
};

// Appends the JSON text without newline.
void append_stream_line(std::string& out, const StreamFacts& facts, const StreamCounts& counts, const Loss& loss);

// None for what is no such line, or has a newer major format. Unknown members are ignored.
std::optional<StreamLine> read_stream_line(std::string_view json);

// Tells a loss as the value that stands in the line: null when there is none.
void tell(json::Sink& out, const Loss& loss);

std::string_view name(Transport transport);
std::string_view name(StreamState state);

}  // namespace wiretape::record
