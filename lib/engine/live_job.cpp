// SPDX-License-Identifier: Apache-2.0
#include "engine/live_job.hpp"

#include <algorithm>
#include <utility>

#include "engine/job_statement.hpp"

namespace wiretape::engine {
namespace {

// What may wait for a slow disk.
constexpr std::size_t queue_limit = 256U << 20U;
// After the end packets that were sent before it are waited for: until as many have come as the kernel had counted.
// Where it counts some that never come (of the other direction with -Q), so many rounds without any are the end.
constexpr int quiet_rounds = 5;

}  // namespace

Result<std::unique_ptr<LiveJob>> LiveJob::begin(record::Recording recording, const NewJob& asked, Pipeline& pipeline,
                                                const CaptureState& now) {
  const record::Job& job = recording.description().job;
  auto statement = compile(job, asked.scheduled);
  if (!statement) return std::move(statement).error();
  const StoredPackets stored = stored_packets(*statement, job);
  auto started = std::unique_ptr<LiveJob>(new LiveJob(std::move(recording), asked, *statement, stored, now));
  if (auto writer = started->recording_.start_iteration(asked.scheduled, wiretape::now()); !writer) {
    return std::move(writer).error();
  }
  started->disk_ = std::make_unique<DiskWriter>(started->recording_, queue_limit);
  started->slot_ = pipeline.add_job({.statement = *statement,
                                     .sink = &started->sink_,
                                     .keeps_packets = stored == StoredPackets::whole_streams,
                                     .limit = statement->limit().value_or(no_limit),
                                     .keep_after = job.keep_after});
  return started;
}

LiveJob::LiveJob(record::Recording recording, const NewJob& asked, const kfl::Statement& statement,
                 StoredPackets stored, const CaptureState& now)
    : recording_(std::move(recording)), sink_(statement, stored), before_(now), behind_(asked.behind) {}

JobReport LiveJob::report(const CaptureState& now) const {
  JobReport report{.name = name(), .report = {}, .state = record::State::recording, .error = {}};
  capture::Counters& counters = report.report.counters;
  counters.dropped = now.counters.dropped - before_.counters.dropped;
  // Those that waited in the kernel's buffer when the job began are its own too.
  counters.received = std::max(now.counters.received - before_.counters.received,
                               now.stats.packets - before_.stats.packets + counters.dropped);
  counters.interface_dropped = now.counters.interface_dropped - before_.counters.interface_dropped;
  report.report.disk_waits = disk_->waits();
  report.report.totals = {.packets = now.stats.packets - before_.stats.packets,
                          .calls = sink_.calls(),
                          .all_calls = now.stats.calls - before_.stats.calls,
                          .streams = sink_.streams(),
                          .all_streams = now.stats.streams - before_.stats.streams,
                          .kept_packets = sink_.packets(),
                          .kept_bytes = sink_.packet_bytes(),
                          .dropped_packets = counters.dropped + counters.interface_dropped,
                          .interface_dropped_packets = counters.interface_dropped,
                          .gap_bytes = now.stats.gap_bytes - before_.stats.gap_bytes,
                          .backlog_cut_packets = now.stats.backlog_cut_packets - before_.stats.backlog_cut_packets,
                          .backlog_cut_bytes = now.stats.backlog_cut_bytes - before_.stats.backlog_cut_bytes,
                          .copied_packets = now.stats.copies - before_.stats.copies};
  return report;
}

void LiveJob::hand_over(const CaptureState& now) {
  disk_->submit(sink_.batch(), report(now).report.totals);
}

std::uint64_t LiveJob::packets_left(const CaptureState& now) const {
  const std::uint64_t wanted = recording_.description().job.packet_count.value_or(UINT64_MAX);
  return wanted - std::min(wanted, now.stats.packets - before_.stats.packets);
}

void LiveJob::end_with(const JobEnd& end, Timestamp now, const CaptureState& state) {
  if (ending_) return;
  const std::uint64_t received = state.counters.received;
  ending_ = Ending{.asked = end, .at = now, .due = received - std::min(received, state.counters.dropped), .quiet = 0};
}

bool LiveJob::at_end(std::optional<Timestamp> last, const CaptureState& now) {
  if (failed() || packets_left(now) == 0) return true;
  if (!ending_) return false;
  if (last && *last > ending_->at) return true;
  if (now.taken >= ending_->due) return true;
  ending_->quiet = last ? 0 : ending_->quiet + 1;
  return ending_->quiet >= quiet_rounds;
}

JobReport LiveJob::finish(Pipeline& pipeline, const CaptureState& now, const Error* capture) {
  pipeline.end_job(slot_);
  hand_over(now);
  const auto written = disk_->finish();
  JobReport report = this->report(now);

  record::Recording::Ending ending{.state = record::State::completed, .reason = {}, .at = wiretape::now()};
  Behind behind = behind_;
  if (ending_) {
    ending.state = ending_->asked.state;
    behind = ending_->asked.behind;
  }
  const Error no_room{.kind = ErrorKind::write, .message = ending_ ? ending_->asked.reason : ""};
  const Error* error = !written                                ? &written.error()
                       : capture != nullptr                    ? capture
                       : ending.state == record::State::failed ? &no_room
                                                               : nullptr;
  if (error != nullptr) {
    ending.state = record::State::failed;
    ending.reason = error->message;
    behind = Behind::nothing;
    report.error = *error;
  }
  const record::Totals& totals = report.report.totals;
  const auto closed = behind == Behind::more ? recording_.end_iteration(ending, totals, record::State::waiting)
                                             : recording_.finish(ending, totals);
  if (!closed && !report.error) report.error = closed.error();
  report.state = report.error ? record::State::failed : ending.state;
  return report;
}

}  // namespace wiretape::engine
