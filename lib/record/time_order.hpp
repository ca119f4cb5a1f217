// SPDX-License-Identifier: Apache-2.0
// Brings the packets of a segment into the order of time, in bounded memory.
//
// Runs that are in order are merged, at most 32 at a time, so that each is read in large pieces. Where the runs of a
// segment are not known, because there are too many, they are made anew with a window: it is filled, sorted, the older
// half goes out, and it is filled again. Disorder is local as a rule (a stream is held back for seconds), and then the
// first pass gives one run, which is the result.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "record/files.hpp"

namespace wiretape::record {

// More runs than this are not worth remembering.
inline constexpr std::size_t most_runs = 32;

// Where a record of a pcap stands in time, as its header says: for comparisons only.
constexpr std::uint64_t time_key(std::uint32_t seconds, std::uint32_t nanoseconds) {
  return std::uint64_t{seconds} << 32U | nanoseconds;
}

// Writes the packets of `from` into a new file of `folder` and syncs it; gives its name, which no reader takes for a
// segment. Equal times keep their order. `runs` are the offsets at which the runs begin, empty when they are not known;
// `memory` in bytes, at least 1 MiB. On an error nothing of it remains.
Result<std::string> write_in_time_order(const Folder& folder, const File& from, std::uint32_t segment,
                                        const std::vector<std::uint64_t>& runs, std::size_t memory);

}  // namespace wiretape::record
