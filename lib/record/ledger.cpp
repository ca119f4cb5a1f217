// SPDX-License-Identifier: Apache-2.0
#include "record/ledger.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "record/format.hpp"
#include "record/job.hpp"

namespace wiretape::record {
namespace {

constexpr std::size_t longest_description = 128U << 20U;

constexpr std::array counters = {
    &Ledger::streams,
    &Ledger::damaged_streams,
    &Ledger::midstream_streams,
    &Ledger::held_packets,
    &Ledger::held_bytes,
    &Ledger::gaps,
    &Ledger::gap_bytes,
    &Ledger::snaplen_cuts,
    &Ledger::conflicts,
    &Ledger::backlog_cut_packets,
    &Ledger::backlog_cut_bytes,
    &Ledger::let_go_packets,
    &Ledger::let_go_bytes,
    &Ledger::dropped_packets,
    &Ledger::interface_dropped_packets,
    &Ledger::unreadable_lines,
};

// The numbers of a damaged side file may be any.
std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  std::uint64_t total = 0;
  return __builtin_add_overflow(a, b, &total) ? std::numeric_limits<std::uint64_t>::max() : total;
}

std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  std::uint64_t total = 0;
  return __builtin_mul_overflow(a, b, &total) ? std::numeric_limits<std::uint64_t>::max() : total;
}

// None where the iterations stand apart from it, or it is damaged: they can be read all the same.
std::optional<Description> description_of(const RecordingFiles& recording, Files& files) {
  const auto folder = Folder::open(files, recording.path);
  if (!folder) return std::nullopt;
  const auto text = folder->read_small(recording_file, longest_description);
  if (!text) return std::nullopt;
  auto description = read_description(*text, folder->path_of(recording_file));
  if (!description) return std::nullopt;
  return std::move(*description);
}

// What is known of the streams of an iteration: of several lines for one the last counts. Most streams are whole, and
// of those only numbers are kept.
class Streams {
 public:
  void learn(StreamLine line) {
    held_.insert_or_assign(line.facts.number, held(line));
    if (line.loss.none()) {
      lossy_.erase(line.facts.number);
    } else {
      lossy_.insert_or_assign(line.facts.number, Lossy{.id = std::move(line.id), .loss = std::move(line.loss)});
    }
  }

  void add_to(Ledger& ledger, const std::string& iteration) && {
    ledger.streams += held_.size();
    for (const auto& [number, held] : held_) {
      ledger.held_packets = sum(ledger.held_packets, held.packets);
      ledger.held_bytes = sum(ledger.held_bytes, held.bytes);
    }
    for (auto& [number, lossy] : lossy_) {
      add(lossy.loss, ledger);
      if (!lossy.loss.damage()) continue;
      ++ledger.damaged_streams;
      if (ledger.listed.size() == Ledger::most_listed) continue;
      ledger.listed.push_back({.iteration = iteration, .id = std::move(lossy.id), .loss = std::move(lossy.loss)});
    }
  }

 private:
  struct Held {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
  };
  struct Lossy {
    std::string id;
    Loss loss;
  };

  static Held held(const StreamLine& line) {
    if (line.kept_packets != 0) return {.packets = line.kept_packets, .bytes = line.kept_bytes};
    const auto& sides = line.facts.sides;
    return {.packets = sum(sides[0].packets, sides[1].packets), .bytes = sum(sides[0].bytes, sides[1].bytes)};
  }

  static void add(const Loss& loss, Ledger& ledger) {
    ledger.midstream_streams += loss.midstream ? 1 : 0;
    ledger.gaps = sum(ledger.gaps, loss.gaps);
    ledger.gap_bytes = sum(ledger.gap_bytes, loss.gap_bytes);
    ledger.snaplen_cuts = sum(ledger.snaplen_cuts, loss.snaplen_cuts);
    ledger.conflicts = sum(ledger.conflicts, loss.conflicts);
    ledger.backlog_cut_packets = sum(ledger.backlog_cut_packets, loss.backlog_cut_packets);
    ledger.backlog_cut_bytes = sum(ledger.backlog_cut_bytes, loss.backlog_cut_bytes);
    ledger.let_go_packets = sum(ledger.let_go_packets, loss.let_go_packets);
    ledger.let_go_bytes = sum(ledger.let_go_bytes, loss.let_go_bytes);
  }

  std::unordered_map<std::uint64_t, Held> held_;  // by number
  std::map<std::uint64_t, Lossy> lossy_;          // those that something is missing of
};

Result<void> read_segment(const std::string& path, Files& files, Streams& streams, std::uint64_t& unreadable) {
  auto lines = Lines::open(path, files);
  if (!lines) return std::move(lines).error();
  while (true) {
    const auto text = lines->next();
    if (!text) return text.error();
    if (!*text) break;
    if (auto line = read_stream_line(**text)) {
      streams.learn(std::move(*line));
    } else {
      ++unreadable;
    }
  }
  unreadable += lines->too_long();
  return {};
}

Result<Ledger> read_iteration(const IterationFiles& iteration, Files& files) {
  Ledger ledger;
  Streams streams;
  for (const SegmentFiles& segment : iteration.segments) {
    if (segment.streams.empty()) continue;
    if (auto read = read_segment(segment.streams, files, streams, ledger.unreadable_lines); !read) {
      return std::move(read).error();
    }
  }
  std::move(streams).add_to(ledger, iteration.name);
  return ledger;
}

}  // namespace

Ledger& Ledger::operator+=(const Ledger& other) {
  for (const auto counter : counters) this->*counter = sum(this->*counter, other.*counter);
  const std::size_t room = std::min(most_listed - listed.size(), other.listed.size());
  listed.insert(listed.end(), other.listed.begin(), other.listed.begin() + static_cast<std::ptrdiff_t>(room));
  return *this;
}

bool Ledger::complete() const {
  const std::uint64_t lost = sum(sum(gaps, gap_bytes), sum(snaplen_cuts, backlog_cut_packets));
  return lost == 0 && dropped_packets == 0 && unreadable_lines == 0;
}

std::uint64_t Ledger::lost_bytes() const {
  if (complete()) return 0;
  const std::uint64_t each = held_packets == 0 ? usual_packet : held_bytes / held_packets;
  const std::uint64_t dropped = product(dropped_packets, std::max<std::uint64_t>(each, 1));
  return std::max<std::uint64_t>(sum(sum(gap_bytes, backlog_cut_bytes), dropped), 1);
}

double Ledger::lost_percent() const {
  const auto lost = static_cast<double>(lost_bytes());
  return lost == 0 ? 0 : 100 * lost / (lost + static_cast<double>(held_bytes));
}

Result<Ledger> read_ledger(const RecordingFiles& recording, Files& files) {
  const auto description = description_of(recording, files);
  Ledger ledger;
  for (const IterationFiles& iteration : recording.iterations) {
    const auto read = read_iteration(iteration, files);
    if (!read) return read.error();
    ledger += *read;
    if (!description) continue;
    for (const Iteration& known : description->iterations) {
      if (known.folder != iteration.name) continue;
      ledger.dropped_packets = sum(ledger.dropped_packets, known.totals.dropped_packets);
      ledger.interface_dropped_packets = sum(ledger.interface_dropped_packets, known.totals.interface_dropped_packets);
    }
  }
  return ledger;
}

}  // namespace wiretape::record
