// SPDX-License-Identifier: Apache-2.0
// A recording as the record commands show it.
#include "recording_text.hpp"

#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "base/quantity.hpp"
#include "output/safe_text.hpp"
#include "output/table.hpp"
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
}

void tell_texts(json::Sink& sink, std::string_view name, const std::vector<std::string>& texts) {
  sink.key(name);
  sink.begin_array();
  for (const std::string& text : texts) sink.text(text);
  sink.end_array();
}

void tell_iteration(json::Sink& sink, const record::Iteration& iteration) {
  sink.begin_object();
  sink.text("folder", iteration.folder);
  sink.text("state", record::name(iteration.state));
  sink.text("reason", iteration.reason);
  tell_time(sink, "scheduled", iteration.scheduled);
  tell_time(sink, "began", iteration.began);
  tell_time(sink, "ended", iteration.ended);
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

std::string seen(const record::Totals& totals) {
  return fmt::format("{} in {}, {}", counted(totals.all_calls, "call", "calls"),
                     counted(totals.all_streams, "stream", "streams"), counted(totals.packets, "packet", "packets"));
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
  sink.text("folder", recording.path);
  tell_number(sink, "bytes", recording.bytes);
  tell_totals(sink, description.totals());
  sink.key("iterations");
  sink.begin_array();
  for (const record::Iteration& iteration : description.iterations) tell_iteration(sink, iteration);
  sink.end_array();
  sink.end_object();
}

std::string description_of(const record::Found& recording) {
  const record::Description& description = recording.description;
  const record::Job& job = description.job;
  const record::Totals totals = description.totals();
  std::string state(record::name(description.state));
  if (!description.reason.empty()) state += ": " + description.reason;

  Facts facts;
  facts.add("Recording", job.name);
  facts.add("State", state);
  facts.add("Statement", job.statement.empty() ? "(none: every packet)" : job.statement);
  facts.add("Interfaces", fmt::format("{}", fmt::join(job.interfaces, ", ")));
  facts.add("Files", fmt::format("{}", fmt::join(job.files, ", ")));
  facts.add("Filter", job.packet_filter);
  facts.add("Created", moment(description.created));
  if (description.ended) facts.add("Ended", moment(*description.ended));
  facts.add("Kept", kept(totals));
  facts.add("Seen", seen(totals));
  facts.add("Missing", losses(totals));
  facts.add("Folder", recording.path);
  facts.add("On disk", size_text(recording.bytes));
  return facts.text();
}

}  // namespace wiretape::cli
