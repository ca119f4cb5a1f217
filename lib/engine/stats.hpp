// SPDX-License-Identifier: Apache-2.0
// What happened in a run, in numbers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/segment.hpp"
#include "record/ledger.hpp"

namespace wiretape::engine {

// What is counted where streams are dissected.
struct StreamCounts {
  std::uint64_t calls = 0;
  std::uint64_t matched_calls = 0;
  std::uint64_t matched_streams = 0;
  std::uint64_t kept_packets = 0;
  std::uint64_t kept_bytes = 0;  // captured bytes written
  std::uint64_t backlog_cut_packets = 0;
  std::uint64_t backlog_cut_bytes = 0;
  std::uint64_t gap_bytes = 0;  // missing on the wire or in the capture

  StreamCounts& operator+=(const StreamCounts& other) {
    calls += other.calls;
    matched_calls += other.matched_calls;
    matched_streams += other.matched_streams;
    kept_packets += other.kept_packets;
    kept_bytes += other.kept_bytes;
    backlog_cut_packets += other.backlog_cut_packets;
    backlog_cut_bytes += other.backlog_cut_bytes;
    gap_bytes += other.gap_bytes;
    return *this;
  }
};

struct Stats : StreamCounts {
  using StreamCounts::operator+=;

  std::uint64_t packets = 0;
  std::uint64_t packet_bytes = 0;                                                  // captured
  std::array<std::uint64_t, static_cast<std::size_t>(net::Drop::count_)> drops{};  // packets in no stream, by reason
  std::uint64_t copies = 0;  // of packets seen on another interface before
  std::uint64_t streams = 0;
  record::Ledger ledger;             // what is missing of what was read; filled by analyze(), when it is asked to
  std::optional<Error> damage;       // an input that was cut or damaged: read up to there
  std::vector<std::string> notices;  // what else a person should know of the inputs, a sentence each
};

}  // namespace wiretape::engine
