// SPDX-License-Identifier: Apache-2.0
// The ledger of a recording: what is missing in it, summed over its streams, and what was lost beside them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "record/files.hpp"
#include "record/reader.hpp"
#include "record/stream_line.hpp"

namespace wiretape::record {

struct DamagedStream {
  std::string iteration;  // name of its folder
  std::string id;
  Loss loss;
};

struct Ledger {
  // Streams beyond this are counted only.
  static constexpr std::size_t most_listed = 1000;
  // What a dropped packet is taken for where no packet is there to compare it with, in bytes.
  static constexpr std::uint64_t usual_packet = 1000;

  std::uint64_t streams = 0;
  std::uint64_t damaged_streams = 0;    // Loss::damage()
  std::uint64_t midstream_streams = 0;  // began before the capture did
  // What is there of them: captured bytes, or the payload where packets were not to be kept.
  std::uint64_t held_packets = 0;
  std::uint64_t held_bytes = 0;

  std::uint64_t gaps = 0;
  std::uint64_t gap_bytes = 0;  // of payload
  std::uint64_t snaplen_cuts = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t backlog_cut_packets = 0;
  std::uint64_t backlog_cut_bytes = 0;          // captured bytes
  std::uint64_t let_go_packets = 0;             // behind the last matching call, as the job asked for: no damage
  std::uint64_t let_go_bytes = 0;               // captured bytes
  std::uint64_t dropped_packets = 0;            // by the kernel, the interface or its driver: of whatever stream
  std::uint64_t interface_dropped_packets = 0;  // those of them that the interface or its driver dropped
  std::uint64_t unreadable_lines = 0;           // of the side files: what they knew is not known any more
  std::vector<DamagedStream> listed;            // the first most_listed, by iteration and number

  Ledger& operator+=(const Ledger& other);

  // Nothing was lost while the capture ran. Streams that had begun before and contradictory bytes do not count.
  [[nodiscard]] bool complete() const;
  // Gaps and cuts, and each dropped packet as large as those that are there are on average. At least 1 when something
  // was lost of which no size is known.
  [[nodiscard]] std::uint64_t lost_bytes() const;
  // Of what would be there if nothing had been lost, from 0 to 100.
  [[nodiscard]] double lost_percent() const;
};

// Of each iteration the last line of every stream in all segments, and the packets dropped as recording.json has them;
// those of an iteration that stands apart from it are not known. ErrorKind::input or read where a file cannot be read.
Result<Ledger> read_ledger(const RecordingFiles& recording, Files& files = system_files());

}  // namespace wiretape::record
