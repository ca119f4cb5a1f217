// SPDX-License-Identifier: Apache-2.0
// The options of a live capture, as tcpdump has them.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "capture/live.hpp"
#include "kfl/statement.hpp"

namespace wiretape::cli {

struct CaptureOptions {
  std::vector<std::string> interfaces;
  std::optional<std::uint64_t> snapshot_length;
  std::optional<std::uint64_t> buffer_size;  // bytes
  std::string side;
  std::string timestamp_type;
  std::string link_type;
  bool no_promiscuous = false;
};

void add_capture(CLI::App& command, CaptureOptions& options);

// The first of these options that was given, "" when none was: they have no effect on files.
std::string given_capture_option(const CaptureOptions& options);

// Those that were given; the interface of the default route, named on stderr, when none was.
Result<std::vector<std::string>> interfaces_of(const CaptureOptions& options);

// One for each interface; the interface of the default route, named on stderr, when none was given.
Result<std::vector<capture::LiveOptions>> live_options(const CaptureOptions& options, const std::string& packet_filter,
                                                       const kfl::Statement& statement);

// "eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes"
std::string spoken(const capture::Interface& interface);

}  // namespace wiretape::cli
