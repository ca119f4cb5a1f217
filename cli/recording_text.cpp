// SPDX-License-Identifier: Apache-2.0
// A recording as the record commands show it.
#include "recording_text.hpp"

#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "base/quantity.hpp"
#include "output/safe_text.hpp"
#include "output/table.hpp"
#include "record/job_text.hpp"
#include "record/outlook.hpp"
#include "time_text.hpp"

namespace wiretape::cli {
namespace {

void tell_time(json::Sink& sink, std::string_view name, const std::optional<Timestamp>& time) {
  sink.key(name);
  if (time) {
    sink.text(rfc3339(*time));
  } else {
    sink.null();
  }
}

void tell_number(json::Sink& sink, std::string_view name, std::uint64_t number) {
  sink.integer(name, static_cast<std::int64_t>(number));
}

void tell_totals(json::Sink& sink, const record::Totals& totals) {
  tell_number(sink, "calls", totals.calls);
  tell_number(sink, "streams", totals.streams);
  tell_number(sink, "keptPackets", totals.kept_packets);
  tell_number(sink, "keptBytes", totals.kept_bytes);
  tell_number(sink, "packetsSeen", totals.packets);
  tell_number(sink, "callsSeen", totals.all_calls);
  tell_number(sink, "streamsSeen", totals.all_streams);
  tell_number(sink, "droppedPackets", totals.dropped_packets);
  tell_number(sink, "missingBytes", totals.gap_bytes);
  tell_number(sink, "backlogCutPackets", totals.backlog_cut_packets);
  tell_number(sink, "backlogCutBytes", totals.backlog_cut_bytes);
  tell_number(sink, "letGoSegments", totals.let_go_segments);
  tell_number(sink, "letGoPackets", totals.let_go_packets);
  tell_number(sink, "letGoBytes", totals.let_go_bytes);
  tell_number(sink, "letGoCalls", totals.let_go_calls);
}

void tell_texts(json::Sink& sink, std::string_view name, const std::vector<std::string>& texts) {
  sink.key(name);
  sink.begin_array();
  for (const std::string& text : texts) sink.text(text);
  sink.end_array();
}

void tell_seconds(json::Sink& sink, std::string_view name, const std::optional<Duration>& duration) {
  sink.key(name);
  if (duration) {
    sink.real(static_cast<double>(duration->nanoseconds) / 1e9);
  } else {
    sink.null();
  }
}

void tell_schedule(json::Sink& sink, const record::Description& description) {
  const record::Job& job = description.job;
  const record::Outlook outlook = record::outlook_of(description, now());
  tell_time(sink, "start", job.start);
  tell_seconds(sink, "duration", job.duration);
  tell_seconds(sink, "expiration", job.expiration);
  tell_number(sink, "plannedIterations", job.iterations);
  tell_number(sink, "iteration", outlook.iteration);
  tell_number(sink, "missed", description.missed);
  tell_time(sink, "next", outlook.next);
  tell_time(sink, "ends", outlook.ends);
  tell_time(sink, "expires", outlook.expires);
}

void tell_iteration(json::Sink& sink, const record::Job& job, const record::Iteration& iteration) {
  sink.begin_object();
  sink.text("folder", iteration.folder);
  sink.text("state", record::name(iteration.state));
  sink.text("reason", iteration.reason);
  tell_time(sink, "scheduled", iteration.scheduled);
  tell_time(sink, "began", iteration.began);
  tell_time(sink, "ended", iteration.ended);
  tell_time(sink, "expires", record::expiry_of(job, iteration));
  tell_totals(sink, iteration.totals);
  sink.end_object();
}

// Facts under one another, their names in a column.
class Facts {
 public:
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    fmt::format_to(std::back_inserter(text_), "{:<12}", name);
    append_safe(text_, value);
    text_ += '\n';
  }
  [[nodiscard]] std::string text() const { return text_; }

 private:
  std::string text_;
};

std::string kept(const record::Totals& totals) {
  return fmt::format("{} in {}, {} ({})", counted(totals.calls, "call", "calls"),
                     counted(totals.streams, "stream", "streams"), counted(totals.kept_packets, "packet", "packets"),
                     size_text(totals.kept_bytes));
}

// What a ring has removed again of what it had kept.
std::string let_go(const record::Totals& totals) {
  if (totals.let_go_segments == 0) return "";
  return fmt::format("{}: {}, {} ({})", counted(totals.let_go_segments, "segment", "segments"),
                     counted(totals.let_go_calls, "call", "calls"), counted(totals.let_go_packets, "packet", "packets"),
                     size_text(totals.let_go_bytes));
}

std::string seen(const record::Totals& totals) {
  return fmt::format("{} in {}, {}", counted(totals.all_calls, "call", "calls"),
                     counted(totals.all_streams, "stream", "streams"), counted(totals.packets, "packet", "packets"));
}

std::string next_of(const record::Description& description, const record::Outlook& outlook, Timestamp time) {
  const bool over = description.ended.has_value();
  return over ? "" : record::next_in_words(description, outlook, time);
}

std::string iteration_of(const record::Description& description, const record::Outlook& outlook) {
  if (description.job.iterations == 1 && description.missed == 0) return "";
  std::string text = record::iteration_in_words(description.job, outlook);
  if (description.missed != 0) text += fmt::format(" ({} missed)", description.missed);
  return text;
}

std::string duration_of(const record::Job& job) {
  return job.iterations == 1 ? duration_text(*job.duration) : record::length_in_words(job);
}

std::string storage_of(const record::Job& job) {
  if (job.storage_limit == 0) return "";
  return fmt::format("at most {}{}", size_text(job.storage_limit), job.ring ? ", the newest" : "");
}

std::string keep_after_of(const record::KeepAfter& keep) {
  std::vector<std::string> parts;
  if (keep.duration) parts.push_back(duration_text(*keep.duration));
  if (keep.bytes) parts.push_back(size_text(*keep.bytes));
  if (parts.empty()) return "";
  return fmt::format("{} behind a stream's last match", fmt::join(parts, " or "));
}

std::vector<std::string> names_of(const std::vector<record::Macro>& macros) {
  std::vector<std::string> names;
  names.reserve(macros.size());
  for (const record::Macro& macro : macros) names.push_back(macro.name);
  return names;
}

// What the job asked for, where it is not what every job has.
void add_job(Facts& facts, const record::Job& job) {
  facts.add("Statement", job.statement.empty() ? "(none: every packet)" : record::one_line(job.statement));
  facts.add("Macros", fmt::format("{}", fmt::join(names_of(job.macros), ", ")));
  facts.add("Interfaces", fmt::format("{}", fmt::join(job.interfaces, ", ")));
  facts.add("Files", fmt::format("{}", fmt::join(job.files, ", ")));
  facts.add("Filter", job.packet_filter);
  if (job.start) facts.add("Start", moment(*job.start));
  if (job.duration) facts.add("Duration", duration_of(job));
  facts.add("Keep after", keep_after_of(job.keep_after));
  facts.add("Storage", storage_of(job));
  facts.add("On segment", job.on_segment);
  facts.add("On end", job.on_end);
}

}  // namespace

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string losses(const record::Totals& totals) {
  std::vector<std::string> parts;
  if (totals.dropped_packets != 0) {
    parts.push_back(counted(totals.dropped_packets, "packet", "packets") + " dropped by the kernel");
  }
  if (totals.gap_bytes != 0) parts.push_back(size_text(totals.gap_bytes) + " of the streams not in the capture");
  if (totals.backlog_cut_packets != 0) {
    parts.push_back(fmt::format("{} ({}) given up by the backlog",
                                counted(totals.backlog_cut_packets, "packet", "packets"),
                                size_text(totals.backlog_cut_bytes)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void tell(const record::Found& recording, json::Sink& sink) {
  const record::Description& description = recording.description;
  const record::Job& job = description.job;
  sink.begin_object();
  sink.text("name", job.name);
  sink.text("state", record::name(description.state));
  sink.text("reason", description.reason);
  sink.text("statement", job.statement);
  tell_texts(sink, "interfaces", job.interfaces);
  tell_texts(sink, "files", job.files);
  sink.text("packetFilter", job.packet_filter);
  tell_time(sink, "created", description.created);
  tell_time(sink, "ended", description.ended);
  tell_schedule(sink, description);
  sink.text("folder", recording.path);
  tell_number(sink, "bytes", recording.bytes);
  tell_totals(sink, description.totals());
  sink.key("iterations");
  sink.begin_array();
  for (const record::Iteration& iteration : description.iterations) tell_iteration(sink, job, iteration);
  sink.end_array();
  sink.end_object();
}

std::string description_of(const record::Found& recording, std::string_view ledger) {
  const record::Description& description = recording.description;
  const record::Job& job = description.job;
  const record::Totals totals = description.totals();
  const Timestamp time = now();
  const record::Outlook outlook = record::outlook_of(description, time);
  std::string state(record::name(description.state));
  if (!description.reason.empty()) state += ": " + description.reason;

  Facts facts;
  facts.add("Recording", job.name);
  facts.add("State", state);
  add_job(facts, job);
  facts.add("Created", moment(description.created));
  if (description.ended) facts.add("Ended", moment(*description.ended));
  facts.add("Next", next_of(description, outlook, time));
  facts.add("Iteration", iteration_of(description, outlook));
  if (job.expiration.nanoseconds > 0) facts.add("Expires", record::expiry_in_words(job, outlook, time));
  facts.add("Kept", kept(totals));
  facts.add("Seen", seen(totals));
  facts.add("Ledger", ledger);
  facts.add("Let go", let_go(totals));
  facts.add("Folder", recording.path);
  facts.add("On disk", size_text(recording.bytes));
  return facts.text();
}

}  // namespace wiretape::cli
