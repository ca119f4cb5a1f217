// SPDX-License-Identifier: Apache-2.0
#include "record/job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "json/writer.hpp"
#include "record/digest.hpp"
#include "record/members.hpp"

namespace wiretape::record {
namespace {

constexpr std::array<std::string_view, 7> state_names = {"scheduled", "recording", "waiting",    "completed",
                                                         "stopped",   "failed",    "interrupted"};

struct Counter {
  const char* key;
  std::uint64_t Totals::*member;
};
constexpr std::array counters = {
    Counter{"packets", &Totals::packets},
    Counter{"calls", &Totals::calls},
    Counter{"allCalls", &Totals::all_calls},
    Counter{"streams", &Totals::streams},
    Counter{"allStreams", &Totals::all_streams},
    Counter{"keptPackets", &Totals::kept_packets},
    Counter{"keptBytes", &Totals::kept_bytes},
    Counter{"droppedPackets", &Totals::dropped_packets},
    Counter{"interfaceDroppedPackets", &Totals::interface_dropped_packets},
    Counter{"gapBytes", &Totals::gap_bytes},
    Counter{"backlogCutPackets", &Totals::backlog_cut_packets},
    Counter{"backlogCutBytes", &Totals::backlog_cut_bytes},
    Counter{"copiedPackets", &Totals::copied_packets},
    Counter{"letGoSegments", &Totals::let_go_segments},
    Counter{"letGoPackets", &Totals::let_go_packets},
    Counter{"letGoBytes", &Totals::let_go_bytes},
    Counter{"letGoCalls", &Totals::let_go_calls},
};

constexpr std::size_t longest_name = 63;
constexpr bool is_letter_or_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// JSON's integers are signed here; no counter of ours gets there.
std::int64_t whole(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
}

void tell_count(json::Writer& out, std::string_view key, std::uint64_t value) {
  out.integer(key, whole(value));
}

void tell_time(json::Writer& out, std::string_view key, std::optional<Timestamp> time) {
  out.key(key);
  if (!time) return out.null();
  out.text(rfc3339(*time));
}

void tell_seconds(json::Writer& out, std::string_view key, std::optional<Duration> duration) {
  out.key(key);
  if (!duration) return out.null();
  out.real(static_cast<double>(duration->nanoseconds) / 1e9);
}

void tell_texts(json::Writer& out, std::string_view key, const std::vector<std::string>& texts) {
  out.key(key);
  out.begin_array();
  for (const std::string& text : texts) out.text(text);
  out.end_array();
}

void tell_optional(json::Writer& out, std::string_view key, std::optional<std::uint64_t> value) {
  if (value) return tell_count(out, key, *value);
  out.key(key);
  out.null();
}

void tell_macros(json::Writer& out, const std::vector<Macro>& macros) {
  out.key("macros");
  out.begin_array();
  for (const Macro& macro : macros) {
    out.begin_object();
    out.text("name", macro.name);
    out.text("statement", macro.statement);
    out.end_object();
  }
  out.end_array();
}

void tell_capture(json::Writer& out, const CaptureSettings& capture) {
  out.key("capture");
  out.begin_object();
  tell_count(out, "bufferSize", capture.buffer_size);
  out.boolean("promiscuous", capture.promiscuous);
  out.text("side", capture.side);
  out.text("timestampType", capture.timestamp_type);
  out.text("linkType", capture.link_type);
  out.end_object();
}

void tell(json::Writer& out, const Totals& totals) {
  out.key("totals");
  out.begin_object();
  for (const Counter& counter : counters) tell_count(out, counter.key, totals.*counter.member);
  out.end_object();
}

void tell(json::Writer& out, const Iteration& iteration) {
  out.begin_object();
  out.text("folder", iteration.folder);
  out.text("state", name(iteration.state));
  out.text("reason", iteration.reason);
  tell_time(out, "scheduled", iteration.scheduled);
  tell_time(out, "began", iteration.began);
  tell_time(out, "ended", iteration.ended);
  tell(out, iteration.totals);
  out.text("chain", iteration.chain);
  out.end_object();
}

void tell(json::Writer& out, const Job& job) {
  out.text("statement", job.statement);
  tell_texts(out, "interfaces", job.interfaces);
  tell_texts(out, "files", job.files);
  out.text("packetFilter", job.packet_filter);
  tell_time(out, "start", job.start);
  tell_count(out, "iterations", job.iterations);
  tell_seconds(out, "duration", job.duration);
  tell_seconds(out, "expiration", job.expiration);
  tell_count(out, "snapshotLength", job.snapshot_length);
  tell_count(out, "segmentSize", job.segment_size);
  tell_count(out, "storageLimit", job.storage_limit);
  tell_count(out, "backlogLimit", job.backlog_limit);
  tell_count(out, "spoolLimit", job.spool_limit);
  tell_count(out, "bodyLimit", job.body_limit);
  tell_texts(out, "protoPaths", job.proto_paths);
  tell_texts(out, "descriptorSets", job.descriptor_sets);
  tell_macros(out, job.macros);
  tell_capture(out, job.capture);
  tell_optional(out, "packetCount", job.packet_count);
  tell_seconds(out, "keepAfter", job.keep_after.duration);
  tell_optional(out, "keepAfterBytes", job.keep_after.bytes);
  out.boolean("ring", job.ring);
  out.boolean("keepClearPackets", job.keep_clear_packets);
  out.text("onSegment", job.on_segment);
  out.text("onEnd", job.on_end);
}

void read_state(Members& in, State& state) {
  std::string text;
  in.text("state", text);
  const auto known = state_of(text);
  if (!known) return in.set_wrong("state", "is no state of a recording");
  state = *known;
}

void read_totals(Members& in, Totals& totals) {
  in.object("totals", [&](Members& members) {
    for (const Counter& counter : counters) members.count(counter.key, totals.*counter.member);
  });
}

void read_iteration(Members& in, Iteration& iteration) {
  in.text("folder", iteration.folder);
  if (!is_iteration_name(iteration.folder)) in.set_wrong("folder", "is no name of an iteration");
  read_state(in, iteration.state);
  in.text("reason", iteration.reason);
  in.time("scheduled", iteration.scheduled);
  in.time("began", iteration.began);
  in.time("ended", iteration.ended);
  read_totals(in, iteration.totals);
  in.text("chain", iteration.chain);
}

void read_job(Members& in, Job& job) {
  in.text("name", job.name);
  if (in.ok() && !check_name(job.name)) in.set_wrong("name", "is no name of a recording");
  in.text("statement", job.statement);
  in.texts("interfaces", job.interfaces);
  in.texts("files", job.files);
  in.text("packetFilter", job.packet_filter);
  in.time("start", job.start);
  in.count("iterations", job.iterations);
  in.seconds("duration", job.duration);
  in.seconds("expiration", job.expiration);
  in.count("snapshotLength", job.snapshot_length);
  in.count("segmentSize", job.segment_size);
  in.count("storageLimit", job.storage_limit);
  in.count("backlogLimit", job.backlog_limit);
  in.count("spoolLimit", job.spool_limit);
  in.count("bodyLimit", job.body_limit);
  in.texts("protoPaths", job.proto_paths);
  in.texts("descriptorSets", job.descriptor_sets);
  in.each("macros", [&](Members& members) {
    Macro& macro = job.macros.emplace_back();
    members.text("name", macro.name);
    members.text("statement", macro.statement);
  });
  in.object("capture", [&](Members& members) {
    members.count("bufferSize", job.capture.buffer_size);
    members.flag("promiscuous", job.capture.promiscuous);
    members.text("side", job.capture.side);
    members.text("timestampType", job.capture.timestamp_type);
    members.text("linkType", job.capture.link_type);
  });
  in.count("packetCount", job.packet_count);
  in.seconds("keepAfter", job.keep_after.duration);
  in.count("keepAfterBytes", job.keep_after.bytes);
  in.flag("ring", job.ring);
  in.flag("keepClearPackets", job.keep_clear_packets);
  in.text("onSegment", job.on_segment);
  in.text("onEnd", job.on_end);
}

void read_document(Members& in, Description& description) {
  read_job(in, description.job);
  read_state(in, description.state);
  in.text("reason", description.reason);
  in.time("created", description.created);
  in.time("ended", description.ended);
  in.count("missed", description.missed);
  in.each("runs", [&](Members& run) { read_iteration(run, description.iterations.emplace_back()); });
}

}  // namespace

std::string_view name(State state) {
  return state_names[static_cast<std::size_t>(state)];
}

std::optional<State> state_of(std::string_view name) {
  const auto* const found = std::find(state_names.begin(), state_names.end(), name);
  if (found == state_names.end()) return std::nullopt;
  return static_cast<State>(found - state_names.begin());
}

Totals& Totals::operator+=(const Totals& other) {
  for (const Counter& counter : counters) this->*counter.member += other.*counter.member;
  return *this;
}

Totals Description::totals() const {
  Totals sum;
  for (const Iteration& iteration : iterations) sum += iteration.totals;
  return sum;
}

std::string to_json(const Description& description) {
  std::string text;
  json::Writer out(text);
  out.begin_object();
  out.key("format");
  out.begin_object();
  out.text("name", recording_mark);
  tell_count(out, "major", current_format.major);
  tell_count(out, "minor", current_format.minor);
  out.end_object();
  out.text("name", description.job.name);
  out.text("state", name(description.state));
  out.text("reason", description.reason);
  tell_time(out, "created", description.created);
  tell_time(out, "ended", description.ended);
  tell(out, description.job);
  tell_count(out, "missed", description.missed);
  tell(out, description.totals());
  out.key("runs");
  out.begin_array();
  for (const Iteration& iteration : description.iterations) tell(out, iteration);
  out.end_array();
  seal(text);
  return text;
}

Result<Description> read_description(std::string_view json, const std::string& path) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  const simdjson::padded_string padded(json);
  if (const auto error = parser.parse(padded).get(document); error != simdjson::SUCCESS) {
    return damaged(path, "it is no JSON");
  }
  Members in(document);
  const auto format = check_format(in, recording_mark, path);
  if (!format) return format.error();
  Description description;
  description.format = *format;
  read_document(in, description);
  if (!in.ok()) return damaged(path, in.wrong());
  return description;
}

Result<void> check_name(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= longest_name && is_letter_or_digit(name.front());
  const bool allowed = std::all_of(name.begin(), name.end(),
                                   [](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
  if (fits && allowed) return {};
  // A hostile name must not reach the terminal as it is.
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return Error{.kind = ErrorKind::usage,
               .message = plain ? fmt::format("'{:.80}' cannot be the name of a recording", name)
                                : std::string("a text with special characters cannot be the name of a recording"),
               .hint = "a letter or digit, then up to 62 letters, digits, dots, dashes and underscores",
               .detail = {}};
}

}  // namespace wiretape::record
