// SPDX-License-Identifier: Apache-2.0
#include "record/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "json/writer.hpp"
#include "record/digest.hpp"
#include "record/members.hpp"

namespace wiretape::record {
namespace {

const std::string& no_previous() {
  static const std::string zeros(64, '0');
  return zeros;
}

std::string time_text(const std::optional<Timestamp>& time) {
  return time ? rfc3339(*time) : std::string();
}

void tell_time(json::Writer& out, std::string_view key, const std::optional<Timestamp>& time) {
  out.key(key);
  if (!time) return out.null();
  out.text(rfc3339(*time));
}

struct LetGoCounter {
  const char* key;
  std::uint64_t LetGo::*member;
};
constexpr std::array let_go_counters = {
    LetGoCounter{"segments", &LetGo::segments},
    LetGoCounter{"packets", &LetGo::packets},
    LetGoCounter{"bytes", &LetGo::bytes},
    LetGoCounter{"calls", &LetGo::calls},
};

void tell(json::Writer& out, const ManifestEntry& entry) {
  out.begin_object();
  out.text("name", entry.name);
  out.integer("bytes", static_cast<std::int64_t>(entry.bytes));
  out.integer("records", static_cast<std::int64_t>(entry.records));
  tell_time(out, "first", entry.first);
  tell_time(out, "last", entry.last);
  out.text("sha256", entry.sha256);
  out.text("previous", entry.previous);
  if (entry.let_go) out.boolean("letGo", true);
  out.end_object();
}

// JSON has it as a signed number of 64 bits.
void read_count(Members& in, const char* key, std::uint64_t& to) {
  std::int64_t value = 0;
  in.count(key, value);
  to = static_cast<std::uint64_t>(value);
}

void read_entry(Members& in, ManifestEntry& entry) {
  in.text("name", entry.name);
  // Files of kinds that a newer minor version added are welcome, paths are not.
  if (entry.name.empty() || entry.name.front() == '.' || entry.name.find('/') != std::string::npos) {
    in.set_wrong("name", "is no name of a segment's file");
  }
  read_count(in, "bytes", entry.bytes);
  read_count(in, "records", entry.records);
  in.time("first", entry.first);
  in.time("last", entry.last);
  in.text("sha256", entry.sha256);
  in.text("previous", entry.previous);
  in.flag("letGo", entry.let_go);
}

void tell_forgotten(json::Writer& out, const Manifest& manifest) {
  if (manifest.forgotten_chain.empty()) return;
  out.key("letGo");
  out.begin_object();
  for (const LetGoCounter& counter : let_go_counters) {
    out.integer(counter.key, static_cast<std::int64_t>(manifest.forgotten.*counter.member));
  }
  out.text("chain", manifest.forgotten_chain);
  out.end_object();
}

void read_forgotten(Members& in, Manifest& manifest) {
  for (const LetGoCounter& counter : let_go_counters) read_count(in, counter.key, manifest.forgotten.*counter.member);
  in.text("chain", manifest.forgotten_chain);
}

// The segment that a file belongs to; 0 for a file of a kind that a newer version added.
std::uint32_t segment_of(const ManifestEntry& entry) {
  const auto name = parse_file_name(entry.name);
  return name ? name->segment : 0;
}

// The part that one file has in what is let go: a segment counts with its first file.
LetGo part_of(const ManifestEntry& entry, std::uint32_t& last_segment) {
  LetGo part{.bytes = entry.bytes};
  const auto name = parse_file_name(entry.name);
  if (!name) return part;
  part.segments = std::exchange(last_segment, name->segment) == name->segment ? 0 : 1;
  if (name->role == FileRole::packets) part.packets = entry.records;
  if (name->role == FileRole::calls) part.calls = entry.records;
  return part;
}

// Files are read in pieces, as large as they are themselves but within these.
constexpr std::uint64_t smallest_piece = 1U << 12U;
constexpr std::uint64_t largest_piece = 1U << 20U;

// Follows the records of a pcap that comes in pieces, by their headers alone.
class PcapWalk {
 public:
  explicit PcapWalk(Measured& measured) : measured_(measured) {}

  void feed(Bytes bytes) {
    while (!bytes.empty() && !broken_) {
      if (data_left_ != 0) {
        const std::size_t part = std::min(data_left_, bytes.size());
        bytes.remove_prefix(part);
        data_left_ -= part;
        if (data_left_ == 0) end_record();
        continue;
      }
      const std::size_t part = std::min(wanted() - header_.size(), bytes.size());
      header_.append(bytes.substr(0, part));
      bytes.remove_prefix(part);
      if (header_.size() == wanted()) read_header();
    }
  }

 private:
  [[nodiscard]] std::size_t wanted() const { return started_ ? pcap_record_header_size : pcap_header_size; }

  void read_header() {
    Cursor in(header_);
    if (!started_) {
      started_ = true;
      broken_ = in.le32() != pcap_magic;
      if (!broken_) measured_.whole_bytes = pcap_header_size;
      return header_.clear();
    }
    const std::uint32_t seconds = in.le32();
    const std::uint32_t nanoseconds = in.le32();
    length_ = in.le32();
    header_.clear();
    broken_ = length_ > longest_packet || nanoseconds >= 1'000'000'000;
    if (broken_) return;
    time_ = {std::int64_t{seconds} * 1'000'000'000 + nanoseconds};
    data_left_ = length_;
    if (length_ == 0) end_record();
  }

  void end_record() {
    ++measured_.records;
    measured_.whole_bytes += pcap_record_header_size + length_;
    if (measured_.records == 1) {
      measured_.first = measured_.last = time_;
    } else {
      measured_.in_order = measured_.in_order && time_ >= previous_;
      measured_.first = std::min(*measured_.first, time_);
      measured_.last = std::max(*measured_.last, time_);
    }
    previous_ = time_;
  }

  Measured& measured_;
  std::string header_;  // what has come of the one being read
  bool started_ = false;
  bool broken_ = false;
  std::size_t length_ = 0;     // of the current record's data
  std::size_t data_left_ = 0;  // of it, still to come
  Timestamp time_;
  Timestamp previous_;
};

void count_lines(Measured& measured, Bytes bytes) {
  measured.records += static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
  if (const std::size_t newline = bytes.rfind('\n'); newline != Bytes::npos) {
    measured.whole_bytes = measured.bytes + newline + 1;
  }
}

}  // namespace

std::string link(const ManifestEntry& entry) {
  return sha256_hex(fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n", entry.name, entry.bytes, entry.records,
                                time_text(entry.first), time_text(entry.last), entry.sha256, entry.previous));
}

LetGo& LetGo::operator+=(const LetGo& other) {
  for (const LetGoCounter& counter : let_go_counters) this->*counter.member += other.*counter.member;
  return *this;
}

void Manifest::append(ManifestEntry entry) {
  const std::string before = chain();
  entry.previous = before.empty() ? no_previous() : before;
  files.push_back(std::move(entry));
}

std::string Manifest::chain() const {
  return files.empty() ? forgotten_chain : link(files.back());
}

bool Manifest::ended_with(std::string_view chain) const {
  std::size_t end = files.size();
  while (end != 0 && files[end - 1].let_go && link(files[end - 1]) != chain) --end;
  return (end == 0 ? forgotten_chain : link(files[end - 1])) == chain;
}

void Manifest::let_go(std::uint32_t segment) {
  std::size_t listed = 0;
  for (ManifestEntry& entry : files) {
    entry.let_go = entry.let_go || segment_of(entry) == segment;
    listed += entry.let_go ? 1U : 0U;
  }
  // Whole segments only, and only from the front: what is left goes on from one link.
  while (listed > most_let_go && files.front().let_go) {
    const std::uint32_t oldest = segment_of(files.front());
    std::uint32_t last = 0;
    while (!files.empty() && files.front().let_go && segment_of(files.front()) == oldest) {
      forgotten += part_of(files.front(), last);
      forgotten_chain = link(files.front());
      files.erase(files.begin());
      --listed;
    }
  }
}

LetGo Manifest::let_go_total() const {
  LetGo total = forgotten;
  std::uint32_t last = 0;
  for (const ManifestEntry& entry : files) {
    if (entry.let_go) total += part_of(entry, last);
  }
  return total;
}

std::optional<std::size_t> Manifest::broken_at() const {
  std::string expected = forgotten_chain.empty() ? no_previous() : forgotten_chain;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].previous != expected) return i;
    expected = link(files[i]);
  }
  return std::nullopt;
}

const ManifestEntry* Manifest::find(std::string_view name) const {
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const ManifestEntry& entry) { return entry.name == name; });
  return found == files.end() ? nullptr : &*found;
}

std::string to_json(const Manifest& manifest) {
  std::string text;
  json::Writer out(text);
  out.begin_object();
  out.key("format");
  out.begin_object();
  out.text("name", manifest_mark);
  out.integer("major", current_format.major);
  out.integer("minor", current_format.minor);
  out.end_object();
  tell_forgotten(out, manifest);
  out.key("files");
  out.begin_array();
  for (const ManifestEntry& entry : manifest.files) tell(out, entry);
  out.end_array();
  seal(text);
  return text;
}

Result<Manifest> read_manifest(std::string_view json, const std::string& path) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  const simdjson::padded_string padded(json);
  if (parser.parse(padded).get(document) != simdjson::SUCCESS) return damaged(path, "it is no JSON");
  Members in(document);
  const auto format = check_format(in, manifest_mark, path);
  if (!format) return format.error();
  Manifest manifest;
  manifest.format = *format;
  in.object("letGo", [&](Members& forgotten) { read_forgotten(forgotten, manifest); });
  in.each("files", [&](Members& file) { read_entry(file, manifest.files.emplace_back()); });
  if (!in.ok()) return damaged(path, in.wrong());
  return manifest;
}

ManifestEntry entry_of(std::string name, Measured measured) {
  return {.name = std::move(name),
          .bytes = measured.bytes,
          .records = measured.records,
          .first = measured.first,
          .last = measured.last,
          .sha256 = std::move(measured.sha256),
          .previous = {}};
}

Result<Measured> measure(const File& file, FileRole role) {
  Measured measured;
  Sha256 hash;
  PcapWalk packets(measured);
  std::string buffer(static_cast<std::size_t>(std::clamp(file.size(), smallest_piece, largest_piece)), '\0');
  while (true) {
    const auto got = file.read(buffer.data(), buffer.size(), measured.bytes);
    if (!got) return got.error();
    if (*got == 0) break;
    const Bytes bytes(buffer.data(), *got);
    hash.add(bytes);
    if (role == FileRole::packets) {
      packets.feed(bytes);
    } else {
      count_lines(measured, bytes);
    }
    measured.bytes += *got;
  }
  measured.sha256 = hash.hex();
  return measured;
}

}  // namespace wiretape::record
