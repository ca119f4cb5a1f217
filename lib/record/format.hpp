// SPDX-License-Identifier: Apache-2.0
// The format of a recording on disk, as wiretape-recording.5 tells it to others.
//
//   recording   := NAME "/" ( "recording.json" "lock" "reserve"? iteration* )
//   iteration   := START "/" ( manifest.json segment* )
//   segment     := NUMBER ".pcap"? NUMBER ".calls.ndjson"? NUMBER ".streams.ndjson"?
//   NAME        := [A-Za-z0-9] [A-Za-z0-9._-]{0,62}
//   START       := YYYYMMDD "T" HHMMSS "Z" ( "-" [2-9][0-9]* | "-" [1-9][0-9]+ )?      the scheduled start, UTC
//   NUMBER      := [0-9]{6,9}                                                          from 000001
//
//   pcap        := header record*            classic pcap, little endian, nanoseconds, one link type
//   header      := 4d 3c b2 a1  02 00 04 00  0{8}  snaplen:le32  linktype:le32
//   record      := seconds:le32 nanoseconds:le32 captured:le32 original:le32 bytes{captured}
//   calls       := ( ENTRY "\n" )*           one JSON object a line, without the member `record`
//   streams     := ( STREAM "\n" )*          one JSON object a line; of several with one `id` the last counts
//
// While a segment is open its records stand in the order in which they were decided, each held-back stream a sorted
// run. Closed, they are in time order, and manifest.json holds the segment's files. What is being merged stands in
// NUMBER ".runs" and NUMBER ".sorted", which no reader takes for a segment.
// A file that is replaced atomically is written as NAME ".new" first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/pcap_format.hpp"

namespace wiretape::record {

inline constexpr std::string_view recording_file = "recording.json";
inline constexpr std::string_view manifest_file = "manifest.json";
inline constexpr std::string_view lock_file = "lock";
// Empty, left by who wants the recording ended: its process takes it and obeys.
inline constexpr std::string_view stop_file = "stop";
// What a recording in the background had to say.
inline constexpr std::string_view log_file = "log";
// Room that is given back when the disk is full, so that the end of a recording can still be written down.
inline constexpr std::string_view reserve_file = "reserve";
inline constexpr std::string_view unfinished_suffix = ".new";

inline constexpr std::string_view recording_mark = "wiretape-recording";
inline constexpr std::string_view manifest_mark = "wiretape-manifest";

// A reader refuses a newer major version and ignores the members that a newer minor one added.
struct FormatVersion {
  std::uint32_t major = 1;
  std::uint32_t minor = 0;
  constexpr auto operator<=>(const FormatVersion&) const = default;
};
inline constexpr FormatVersion current_format{};

// What a file of an iteration's folder is. Anything that is none of these was not written by wiretape.
enum class FileRole : std::uint8_t { packets, calls, streams, manifest, unfinished };
struct FileName {
  std::uint32_t segment = 0;  // 0 for a manifest
  FileRole role = FileRole::packets;
  constexpr bool operator==(const FileName&) const = default;
};
std::optional<FileName> parse_file_name(std::string_view name);
// 000001.pcap, 000001.calls.ndjson, 000001.streams.ndjson; `role` is one of these three.
std::string file_name(std::uint32_t segment, FileRole role);

// Whether a name is one that start_iteration() gives (START above).
bool is_iteration_name(std::string_view name);
// Whether a file directly in a recording's folder is wiretape's.
bool is_recording_file(std::string_view name);

using net::longest_packet;
using net::pcap_header_size;
using net::pcap_magic;
using net::pcap_record_header_size;

}  // namespace wiretape::record
