// SPDX-License-Identifier: Apache-2.0
// The options of a live capture, as tcpdump has them.
#include "capture_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/quantity.hpp"
#include "capture/devices.hpp"
#include "option_types.hpp"
#include "report.hpp"

namespace wiretape::cli {
namespace {

constexpr std::uint64_t longest_snapshot = 262144;

// A plain number is in KiB, as tcpdump takes it; with a suffix it is a size.
Result<std::uint64_t> buffer_size(const std::string& value) {
  const bool plain =
      !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  auto size = parse_size(plain ? value + "Ki" : value, "-B");
  if (!size) return std::move(size).error();
  if (*size < 4096 || *size > INT32_MAX) {
    return Error{.message = fmt::format("-B: a capture buffer of {} cannot be had", size_text(*size)),
                 .hint = "it is between 4Ki and 2047Mi"};
  }
  return *size;
}

// 0 is the longest, as for tcpdump.
Result<std::uint64_t> snapshot_length(const std::string& value) {
  std::uint64_t length = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (problem != std::errc() || end != value.data() + value.size() || length > longest_snapshot) {
    return Error{.message = fmt::format("-s: '{}' is not a number of bytes from 0 to {}", value, longest_snapshot)};
  }
  return length == 0 ? longest_snapshot : length;
}

}  // namespace

void add_capture(CLI::App& command, CaptureOptions& options) {
  repeatable(command, "-i,--interface", options.interfaces, "Capture on an interface; any is all of them; repeatable")
      ->type_name("IFACE");
  parsed(
      command, "-s,--snapshot-length",
      [&options](const std::string& value) -> Result<void> {
        auto length = snapshot_length(value);
        if (!length) return std::move(length).error();
        options.snapshot_length = *length;
        return {};
      },
      "Capture so many bytes of each packet (262144)")
      ->type_name("BYTES");
  parsed(
      command, "-B,--buffer-size",
      [&options](const std::string& value) -> Result<void> {
        auto size = buffer_size(value);
        if (!size) return std::move(size).error();
        options.buffer_size = *size;
        return {};
      },
      "The kernel's capture buffer, in KiB or with a suffix (64Mi)")
      ->type_name("SIZE");
  command.add_flag("-p,--no-promiscuous-mode", options.no_promiscuous, "Capture only what is for this machine");
  parsed(
      command, "-Q,--direction",
      [&options](const std::string& value) -> Result<void> {
        if (value != "in" && value != "out" && value != "inout") {
          return Error{.message = fmt::format("-Q: '{}' is no direction", value), .hint = "one of: in, out, inout"};
        }
        options.side = value;
        return {};
      },
      "Capture only packets that come in, or go out")
      ->type_name("in|out|inout");
  command.add_option("-y,--linktype", options.link_type, "Link type to capture with")->type_name("TYPE");
  command.add_option("-j,--time-stamp-type", options.timestamp_type, "Time stamps to capture with")->type_name("TYPE");
}

std::string given_capture_option(const CaptureOptions& options) {
  const std::array<std::pair<bool, const char*>, 7> given = {{{!options.interfaces.empty(), "-i"},
                                                              {options.snapshot_length.has_value(), "-s"},
                                                              {options.buffer_size.has_value(), "-B"},
                                                              {options.no_promiscuous, "-p"},
                                                              {!options.side.empty(), "-Q"},
                                                              {!options.link_type.empty(), "-y"},
                                                              {!options.timestamp_type.empty(), "-j"}}};
  const auto first = std::find_if(given.begin(), given.end(), [](const auto& option) { return option.first; });
  return first == given.end() ? "" : first->second;
}

Result<std::vector<std::string>> interfaces_of(const CaptureOptions& options) {
  std::vector<std::string> names = options.interfaces;
  if (names.empty()) {
    auto name = capture::default_interface();
    if (!name) return std::move(name).error();
    notice(fmt::format("capturing on {}, the interface of the default route", *name));
    names.push_back(*std::move(name));
  }
  for (const std::string& name : names) {
    if (std::count(names.begin(), names.end(), name) > 1) {
      return Error{.message = fmt::format("-i: '{}' is named twice", name)};
    }
  }
  if (options.buffer_size) notice(fmt::format("capture buffer of {}", size_text(*options.buffer_size)));
  return names;
}

Result<std::vector<capture::LiveOptions>> live_options(const CaptureOptions& options, const std::string& packet_filter,
                                                       const kfl::Statement& statement) {
  const auto names = interfaces_of(options);
  if (!names) return names.error();
  std::vector<capture::LiveOptions> all;
  for (const std::string& name : *names) {
    capture::LiveOptions& live = all.emplace_back();
    live.interface = name;
    live.snapshot_length = static_cast<std::uint32_t>(options.snapshot_length.value_or(longest_snapshot));
    live.buffer_size = options.buffer_size.value_or(live.buffer_size);
    live.promiscuous = !options.no_promiscuous;
    live.side = options.side == "in"    ? capture::Side::in
                : options.side == "out" ? capture::Side::out
                                        : capture::Side::both;
    live.timestamp_type = options.timestamp_type;
    live.link_type = options.link_type;
    live.packet_filter = packet_filter;
    live.statement_filters = {statement.packet_filter(), statement.untagged_packet_filter()};
  }
  return all;
}

std::string spoken(const capture::Interface& interface) {
  const int link = static_cast<int>(interface.link);
  return fmt::format("{}, link-type {} ({}), snapshot length {} bytes", interface.name, capture::link_type_name(link),
                     capture::link_type_description(link), interface.snapshot_length);
}

}  // namespace wiretape::cli
