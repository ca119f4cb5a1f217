// SPDX-License-Identifier: Apache-2.0
#include "engine/record.hpp"

#include "capture/merge.hpp"
#include "engine/pipeline.hpp"
#include "engine/reading.hpp"
#include "engine/recording_sink.hpp"
#include "engine/spool_file.hpp"
#include "proto/grpc/load_types.hpp"
#include "record/space.hpp"
#include "record/store.hpp"

namespace wiretape::engine {
namespace {

// What may wait to be written. Packets of a file wait as positions, a few bytes each, and are read again in the order
// of the file: the more at once, the fewer runs a segment has to be merged from.
constexpr std::size_t batch_limit = 8U << 20U;

record::Totals totals_of(const Stats& stats, const RecordingSink& sink) {
  return {.packets = stats.packets,
          .calls = sink.calls(),
          .all_calls = stats.calls,
          .streams = stats.matched_streams,
          .all_streams = stats.streams,
          .kept_packets = stats.kept_packets,
          .kept_bytes = stats.kept_bytes,
          .dropped_packets = 0,
          .gap_bytes = stats.gap_bytes,
          .backlog_cut_packets = stats.backlog_cut_packets,
          .backlog_cut_bytes = stats.backlog_cut_bytes,
          .copied_packets = stats.copies};
}

}  // namespace

Result<Stats> record_files(const RecordRequest& request, const std::atomic<bool>& stop) {
  const record::Job& job = request.job;
  // Everything that can be refused is refused before the folder is made.
  auto source = capture::open_files(job.files, capture::MergeOrder::by_time);
  if (!source) return std::move(source).error();
  Reading reading(*std::move(source), {.backend = "file", .source = job.files.front(), .record = std::nullopt});
  if (auto filtered = reading.set_filter(job.packet_filter); !filtered) return std::move(filtered).error();
  if (job.packet_count) reading.set_packet_count(*job.packet_count);

  const auto types = grpc::load_types({.proto_paths = job.proto_paths, .descriptor_sets = job.descriptor_sets});
  if (!types) return types.error();
  const auto limits = record::process_space_limits();
  if (!limits) return limits.error();
  const record::Store store(request.store);
  const Timestamp began = now();
  auto recording = store.create(job, began);
  if (!recording) return std::move(recording).error();
  const auto undo = [&](Error error) {
    recording = error;  // lets go of the lock
    static_cast<void>(store.remove(job.name));
    return error;
  };
  auto guard = record::StorageGuard::open(request.store, *limits);
  if (!guard) return undo(std::move(guard).error());
  if (auto room = guard->check(); !room) return undo(std::move(room).error());
  auto writer = recording->start_iteration(began, began);
  if (!writer) return undo(std::move(writer).error());

  SpoolFile spool(record::system_files(), recording->folder().descriptor(), recording->path(), job.spool_limit);
  const StoredPackets stored = stored_packets(request.statement, job);
  RecordingSink sink(request.statement, stored);
  Pipeline pipeline({{.statement = request.statement,
                      .sink = &sink,
                      .keeps_packets = stored == StoredPackets::whole_streams,
                      .limit = request.statement.limit().value_or(no_limit),
                      .keep_after = job.keep_after}},
                    {.dissector = {.body_limit = job.body_limit, .grpc_types = types->get()},
                     .backlog_limit = job.backlog_limit,
                     .spool = &spool,
                     .sources = reading.facts(),
                     .workers = request.workers});
  Result<void> written;
  const auto write_batch = [&] {
    written = guard->check();
    if (written) written = write(sink.batch(), &reading.source(), **writer);
  };
  reading.read(pipeline, [&] {
    if (sink.batch().size() >= batch_limit) write_batch();
    return stop.load(std::memory_order_relaxed) || !written;
  });
  pipeline.finish();
  if (written) write_batch();

  Stats stats = pipeline.stats();
  stats.matched_calls = sink.calls();
  stats.damage = reading.damage();
  if (const auto error = spool.error()) stats.notices.push_back(error->message);
  record::Recording::Ending ending{.state = record::State::completed, .reason = {}, .at = now()};
  if (!written) {
    ending.state = record::State::failed;
    ending.reason = written.error().message;
  }
  auto finished = recording->finish(ending, totals_of(stats, sink));
  if (!written) return std::move(written).error();
  if (!finished) return std::move(finished).error();
  return stats;
}

}  // namespace wiretape::engine
