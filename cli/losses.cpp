// SPDX-License-Identifier: Apache-2.0
// What a recording lacks, as it is told, and how much of that somebody puts up with.
#include "losses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/quantity.hpp"
#include "option_types.hpp"
#include "record/reader.hpp"
#include "recording_text.hpp"
#include "report.hpp"

namespace wiretape::cli {
namespace {

struct Counter {
  std::string_view key;
  std::uint64_t record::Ledger::*member;
};
constexpr std::array counters = {
    Counter{"damagedStreams", &record::Ledger::damaged_streams},
    Counter{"midstreamStreams", &record::Ledger::midstream_streams},
    Counter{"gaps", &record::Ledger::gaps},
    Counter{"gapBytes", &record::Ledger::gap_bytes},
    Counter{"snaplenCuts", &record::Ledger::snaplen_cuts},
    Counter{"conflicts", &record::Ledger::conflicts},
    Counter{"backlogCutPackets", &record::Ledger::backlog_cut_packets},
    Counter{"backlogCutBytes", &record::Ledger::backlog_cut_bytes},
    Counter{"letGoPackets", &record::Ledger::let_go_packets},
    Counter{"letGoBytes", &record::Ledger::let_go_bytes},
    Counter{"droppedPackets", &record::Ledger::dropped_packets},
    Counter{"interfaceDroppedPackets", &record::Ledger::interface_dropped_packets},
    Counter{"unreadableLines", &record::Ledger::unreadable_lines},
};

std::int64_t whole(std::uint64_t number) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(number, INT64_MAX));
}

// 4380 -> "4,380"
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string grouped(std::uint64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(number), number == 1 ? one : many);
}

// Exact where somebody may want to add it up, short where nobody will.
std::string bytes_text(std::uint64_t bytes) {
  constexpr std::uint64_t many = 1'000'000;
  return bytes < many ? grouped(bytes, "byte", "bytes") : size_text(bytes);
}

// What is missing of single streams.
std::vector<std::string> of_streams(const record::Ledger& ledger) {
  std::vector<std::string> parts;
  if (ledger.gap_bytes != 0) {
    const std::string gaps = ledger.gaps == 0 ? "" : " in " + grouped(ledger.gaps, "gap", "gaps");
    parts.push_back(bytes_text(ledger.gap_bytes) + " missing" + gaps);
  }
  if (ledger.snaplen_cuts != 0) {
    parts.push_back(grouped(ledger.snaplen_cuts, "packet", "packets") + " cut by the snapshot length");
  }
  if (ledger.backlog_cut_packets != 0) {
    parts.push_back(fmt::format("{} ({}) let go by the backlog",
                                grouped(ledger.backlog_cut_packets, "packet", "packets"),
                                bytes_text(ledger.backlog_cut_bytes)));
  }
  return parts;
}

// What was lost beside them, and cannot be said to be this stream's or that one's.
std::vector<std::string> of_all(const record::Ledger& ledger) {
  std::vector<std::string> parts;
  const std::uint64_t by_interface = std::min(ledger.interface_dropped_packets, ledger.dropped_packets);
  if (const std::uint64_t by_kernel = ledger.dropped_packets - by_interface; by_kernel != 0) {
    parts.push_back(grouped(by_kernel, "packet", "packets") + " dropped by the kernel");
  }
  if (by_interface != 0) parts.push_back(grouped(by_interface, "packet", "packets") + " dropped by the interface");
  if (ledger.unreadable_lines != 0) {
    parts.push_back(grouped(ledger.unreadable_lines, "line", "lines") + " about streams cannot be read");
  }
  return parts;
}

// What is worth knowing, and no damage.
std::vector<std::string> remarks(const record::Ledger& ledger) {
  std::vector<std::string> parts;
  if (ledger.midstream_streams != 0) {
    parts.push_back(grouped(ledger.midstream_streams, "stream", "streams") + " began before the capture");
  }
  if (ledger.let_go_packets != 0) {
    parts.push_back(grouped(ledger.let_go_packets, "packet", "packets") + " let go long after the last match");
  }
  if (ledger.conflicts != 0) {
    parts.push_back(grouped(ledger.conflicts, "segment", "segments") + " contradicted what was there already");
  }
  return parts;
}

std::string with_share(const record::Ledger& ledger) {
  std::string parts = fmt::format("{}", fmt::join(of_streams(ledger), ", "));
  if (ledger.damaged_streams == 0) return parts;
  return fmt::format("{} of {}: {}", grouped(ledger.damaged_streams), grouped(ledger.streams, "stream", "streams"),
                     parts);
}

std::string lost_text(const record::Ledger& ledger) {
  const bool sizes_known = ledger.gap_bytes != 0 || ledger.backlog_cut_bytes != 0 || ledger.dropped_packets != 0;
  if (!sizes_known) return "an unknown number of bytes";
  return fmt::format("{}{} ({:.3g}%)", ledger.dropped_packets != 0 ? "about " : "", bytes_text(ledger.lost_bytes()),
                     ledger.lost_percent());
}

// Side files are read only where they may have something to tell: there may be millions of streams.
bool may_lack_something(const record::Totals& totals) {
  return totals.gap_bytes != 0 || totals.backlog_cut_packets != 0 || totals.dropped_packets != 0;
}

Result<record::Ledger> load_ledger(const record::Store& store, const std::string& name) {
  const auto found = store.load(name);
  if (!found) return found.error();
  return ledger_of(*found);
}

Error no_limit(std::string_view text) {
  return {.message = fmt::format("--max-loss: '{}' is neither a size nor a percentage", text),
          .hint = "give bytes (0, 4096, 64K, 1.5M) or a share from 0% to 100% (0.1%)"};
}

}  // namespace

std::string spoken(const record::Ledger& ledger) {
  const auto notes = remarks(ledger);
  if (ledger.complete()) {
    return notes.empty() ? "complete" : fmt::format("complete, but {}", fmt::join(notes, ", "));
  }
  std::vector<std::string> parts;
  if (std::string streams = with_share(ledger); !streams.empty()) parts.push_back(std::move(streams));
  for (const std::string& part : of_all(ledger)) parts.push_back(part);
  parts.insert(parts.end(), notes.begin(), notes.end());
  return fmt::format("damaged: {}", fmt::join(parts, "; "));
}

void tell(const record::Ledger& ledger, json::Sink& sink) {
  sink.begin_object();
  sink.text("verdict", ledger.complete() ? "complete" : "damaged");
  sink.text("sentence", spoken(ledger));
  sink.integer("lostBytes", whole(ledger.lost_bytes()));
  sink.key("lostPercent");
  sink.real(ledger.lost_percent());
  for (const Counter& counter : counters) sink.integer(counter.key, whole(ledger.*counter.member));
  sink.key("streams");
  sink.begin_array();
  for (const record::DamagedStream& stream : ledger.listed) {
    sink.begin_object();
    sink.text("iteration", stream.iteration);
    sink.text("id", stream.id);
    sink.key("loss");
    tell(sink, stream.loss);
    sink.end_object();
  }
  sink.end_array();
  sink.end_object();
}

Result<record::Ledger> ledger_of(const record::Found& recording) {
  const auto files = record::open_recording(recording.path);
  if (!files) return files.error();
  return record::read_ledger(*files);
}

void say_losses(const record::Store& store, const std::string& name, const record::Totals& totals) {
  if (!may_lack_something(totals)) return;
  const auto ledger = load_ledger(store, name);
  if (!ledger) return notice(ledger.error().message);
  if (ledger->complete()) return;
  notice(fmt::format("{}: see \"wiretape record show {}\"", spoken(*ledger), name));
}

Result<LossLimit> parse_loss_limit(std::string_view text) {
  LossLimit limit;
  limit.text = text;
  if (text.empty() || text.back() != '%') {
    const auto size = parse_size(text, "--max-loss");
    if (!size) return no_limit(text);
    limit.bytes = *size;
    return limit;
  }
  double percent = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size() - 1, percent);
  const bool whole = problem == std::errc() && end == text.data() + text.size() - 1;
  // Written so that what is no number fails, too.
  if (!whole || !(percent >= 0 && percent <= 100)) return no_limit(text);
  limit.percent = percent;
  return limit;
}

CLI::Option* max_loss_option(CLI::App& command, std::optional<LossLimit>& limit) {
  const auto take = [&limit](const std::string& value) -> Result<void> {
    auto parsed = parse_loss_limit(value);
    if (!parsed) return std::move(parsed).error();
    limit = *std::move(parsed);
    return {};
  };
  return parsed(command, "--max-loss", take, "Exit with status 21 when more bytes were lost, or P%")->type_name("SIZE");
}

Result<void> check(const record::Ledger& ledger, const LossLimit& limit, std::string_view subject) {
  const bool over = limit.percent ? ledger.lost_percent() > *limit.percent : ledger.lost_bytes() > limit.bytes;
  if (!over) return {};
  return Error{.kind = ErrorKind::incomplete,
               .message = fmt::format("{} lacks {}, more than --max-loss {}", subject, lost_text(ledger), limit.text)};
}

Result<void> check(const record::Store& store, const std::string& name, const LossLimit& limit) {
  const auto ledger = load_ledger(store, name);
  if (!ledger) return ledger.error();
  return check(*ledger, limit, fmt::format("\"{}\"", name));
}

}  // namespace wiretape::cli
