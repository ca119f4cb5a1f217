// SPDX-License-Identifier: Apache-2.0
// manifest.json: what the closed segments of an iteration hold, as a chain of hashes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "record/files.hpp"
#include "record/format.hpp"

namespace wiretape::record {

// A file of a closed segment.
struct ManifestEntry {
  std::string name;
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;       // packets or lines
  std::optional<Timestamp> first;  // of the packets; none for lines
  std::optional<Timestamp> last;
  std::string sha256;    // of the content, 64 hexadecimal digits
  std::string previous;  // link() of the entry before; 64 zeros for the first
  // The file was removed to make room for newer ones: this is all that is known of it.
  bool let_go = false;

  bool operator==(const ManifestEntry&) const = default;
};

// What a ring has removed.
struct LetGo {
  std::uint64_t segments = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // of files
  std::uint64_t calls = 0;

  LetGo& operator+=(const LetGo& other);
  bool operator==(const LetGo&) const = default;
};

// In bytes: 100,000 segments; anything larger is none of ours.
inline constexpr std::size_t longest_manifest = 128U << 20U;

struct Manifest {
  // Files that were let go and are listed all the same: a ring turns for years, and its manifest must not grow.
  static constexpr std::size_t most_let_go = 256;

  FormatVersion format;
  std::vector<ManifestEntry> files;  // in the order in which they were closed
  // What stood before them, has been let go, and is not listed any more.
  LetGo forgotten;
  std::string forgotten_chain;  // link() of the last of those, "" when there are none

  // Appends, chaining it to the last one.
  void append(ManifestEntry entry);
  // link() of the last entry; "" when there is none.
  [[nodiscard]] std::string chain() const;
  // Whether it ended with that link, apart from files that were entered afterwards only to be let go.
  [[nodiscard]] bool ended_with(std::string_view chain) const;
  // Notes that the files of a segment are let go; their removal is the caller's matter. Forgets the oldest of those
  // when there are too many.
  void let_go(std::uint32_t segment);
  // All of it, listed or not.
  [[nodiscard]] LetGo let_go_total() const;
  // The first entry that does not follow from the one before; none when the chain holds.
  [[nodiscard]] std::optional<std::size_t> broken_at() const;
  [[nodiscard]] const ManifestEntry* find(std::string_view name) const;
};

// SHA-256 over what the entry says of its file, whether or not it has been let go since: its members, each with a
// newline behind it: name, bytes, records, first, last, sha256, previous; times as RFC 3339 with nine digits, nothing
// where there is none.
std::string link(const ManifestEntry& entry);

std::string to_json(const Manifest& manifest);
// `path` is named in errors. ErrorKind::input for what is no manifest, is damaged, or has a newer major version.
Result<Manifest> read_manifest(std::string_view json, const std::string& path);

// What reading a whole file of a segment finds.
struct Measured {
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;       // whole ones
  std::uint64_t whole_bytes = 0;   // up to the end of the last whole record; less than `bytes` when the end is torn
  std::optional<Timestamp> first;  // smallest and largest time of the packets
  std::optional<Timestamp> last;
  bool in_order = true;  // no packet is older than the one before
  std::string sha256;
};
// The entry of a file that was measured, to be appended.
ManifestEntry entry_of(std::string name, Measured measured);

// Reads `file` once, in large pieces. A pcap without a whole header of ours has no whole bytes.
Result<Measured> measure(const File& file, FileRole role);

}  // namespace wiretape::record
