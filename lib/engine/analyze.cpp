// SPDX-License-Identifier: Apache-2.0
#include "engine/analyze.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <memory>
#include <thread>

#include "capture/merge.hpp"
#include "engine/job_statement.hpp"
#include "engine/kept_packets.hpp"
#include "engine/pipeline.hpp"
#include "engine/reading.hpp"
#include "engine/shown.hpp"
#include "engine/sidecars.hpp"
#include "engine/spool_file.hpp"
#include "engine/temporary.hpp"
#include "record/format.hpp"
#include "record/reader.hpp"
#include "record/store.hpp"

namespace wiretape::engine {
namespace {

// How often a growing recording is looked at.
constexpr std::chrono::milliseconds follow_pause{100};
// What the backlog has no room for, where packets are to be written.
constexpr std::uint64_t spool_limit = 1ULL << 30U;

std::string parent_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).lexically_normal().parent_path();
  return parent.empty() ? "." : parent.string();
}

// Calls as they are shown; lines about streams are not wanted.
class AnalyzeTeller final : public JobTeller {
 public:
  explicit AnalyzeTeller(std::unique_ptr<CallTeller> calls) : calls_(std::move(calls)) {}

  void call(const Entry& entry, std::string& out) override { calls_->tell(entry, out); }
  void stream(StreamEvent, const StreamFacts&, const StreamPackets&, const record::Loss&, std::string&) override {}

 private:
  std::unique_ptr<CallTeller> calls_;
};

class AnalyzeSink final : public JobSink {
 public:
  AnalyzeSink(Shown& shown, KeptPackets* kept) : shown_(shown), kept_(kept) {}

  void packet(const net::Packet& packet) override {
    if (auto kept = kept_->keep(packet); !kept && !error_) error_ = std::move(kept).error();
  }
  [[nodiscard]] std::unique_ptr<JobTeller> teller() const override {
    return std::make_unique<AnalyzeTeller>(shown_.teller());
  }
  void call(std::string_view told) override { shown_.told(told); }
  void stream(std::string_view) override {}
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  Shown& shown_;
  KeptPackets* kept_;
  std::optional<Error> error_;
};

// One thing to read packets from as a whole: all capture files, or the segments of one iteration.
struct Tape {
  std::vector<std::string> files;
  SourceFacts facts;
  kfl::Statement within;
  bool growing = false;   // its last segment may end in the middle of a packet
  bool recorded = false;  // a recording's, which has a ledger of its own
};

// What there is to read, in the order in which it is read.
struct Inputs {
  std::vector<record::RecordingFiles> recordings;
  std::vector<std::string> captures;
};

Result<Inputs> find_inputs(const AnalyzeRequest& request) {
  Inputs inputs;
  const record::Store store(request.store);
  const auto add_folder = [&](const std::string& path) -> Result<void> {
    auto files = record::open_recording(path);
    if (!files) return std::move(files).error();
    inputs.recordings.push_back(*std::move(files));
    return {};
  };
  for (const std::string& name : request.statement.recordings()) {
    auto found = store.load(name);
    if (!found) return std::move(found).error();
    if (auto added = add_folder(found->path); !added) return std::move(added).error();
  }
  for (const std::string& input : request.inputs) {
    if (!record::looks_like_recording(input)) {
      inputs.captures.push_back(input);
      continue;
    }
    if (auto added = add_folder(input); !added) return std::move(added).error();
  }
  if (!inputs.recordings.empty() || !inputs.captures.empty() || !request.interfaces.empty()) return inputs;

  auto listing = store.list();
  if (!listing) return std::move(listing).error();
  for (const record::Found& found : listing->recordings) {
    if (auto added = add_folder(found.path); !added) return std::move(added).error();
  }
  return inputs;
}

class Analysis {
 public:
  Analysis(const AnalyzeRequest& request, CallSink* sink)
      : request_(request),
        shown_(request.statement, request.count.value_or(UINT64_MAX), request.show_calls ? sink : nullptr) {}

  Result<Stats> run() {
    auto inputs = find_inputs(request_);
    if (!inputs) return std::move(inputs).error();
    if (auto opened = open_interfaces(); !opened) return std::move(opened).error();
    if (request_.redissect || !request_.write.empty()) {
      for (const record::RecordingFiles& recording : inputs->recordings) {
        if (auto read = read_segments(recording); !read) return std::move(read).error();
      }
    } else if (auto read = read_sidecars(inputs->recordings); !read) {
      return std::move(read).error();
    }
    if (!inputs->captures.empty()) {
      Tape tape{
          .files = inputs->captures, .facts = {.backend = "file", .source = inputs->captures.front()}, .within = {}};
      if (auto read = read_packets(tape); !read) return std::move(read).error();
    }
    if (live_) {
      live_->set_live();
      if (auto read = read_packets(std::move(live_), {}); !read) return std::move(read).error();
    }
    if (auto summed = sum_losses(inputs->recordings); !summed) return std::move(summed).error();
    if (auto written = write(); !written) return std::move(written).error();
    return std::move(stats_);
  }

 private:
  Result<void> read_sidecars(const std::vector<record::RecordingFiles>& recordings) {
    std::vector<Sidecars> all;
    all.reserve(recordings.size());
    for (const record::RecordingFiles& recording : recordings) all.emplace_back(recording, shown_, stats_);
    for (Sidecars& sidecars : all) {
      if (auto read = sidecars.read(); !read) return read;
    }
    if (request_.follow) {
      if (auto followed = follow(recordings, all); !followed) return followed;
    }
    for (Sidecars& sidecars : all) sidecars.finish();
    return {};
  }

  // Goes on until none of the recordings is being written any more.
  Result<void> follow(const std::vector<record::RecordingFiles>& recordings, std::vector<Sidecars>& all) {
    for (bool growing = true; growing && !stopped() && !shown_.satisfied();) {
      shown_.caught_up();
      std::this_thread::sleep_for(follow_pause);
      // Asked before reading, so that what was written until the end is read.
      growing = std::any_of(recordings.begin(), recordings.end(), is_growing);
      for (Sidecars& sidecars : all) {
        if (auto looked = sidecars.look_again(); !looked) return looked;
        if (auto read = sidecars.read(); !read) return read;
      }
    }
    return {};
  }

  static bool is_growing(const record::RecordingFiles& recording) {
    const auto found = record::Store(parent_of(recording.path)).load(recording.name);
    return found && found->locked;
  }

  [[nodiscard]] bool stopped() const {
    return request_.stop != nullptr && request_.stop->load(std::memory_order_relaxed);
  }

  Result<void> read_segments(const record::RecordingFiles& recording) {
    for (const record::IterationFiles& iteration : recording.iterations) {
      Tape tape{.files = {},
                .facts = {.backend = "file", .source = iteration.path, .record = recording.name},
                .within = {},
                .recorded = true};
      for (const record::SegmentFiles& segment : iteration.segments) {
        if (segment.packets.empty()) continue;
        tape.files.push_back(segment.packets);
        tape.growing = tape.growing || !segment.closed;
      }
      if (tape.files.empty()) continue;
      if (!request_.redissect) {
        auto within = made_with(recording, iteration);
        if (!within) return std::move(within).error();
        tape.within = *std::move(within);
      }
      if (auto read = read_packets(tape); !read) return read;
    }
    return {};
  }

  // Only the calls that the recording was made for are its calls; --redissect asks for all.
  Result<kfl::Statement> made_with(const record::RecordingFiles& recording, const record::IterationFiles& iteration) {
    if (recording.name.empty()) {
      stats_.notices.push_back(
          fmt::format("\"{}\" stands apart from its recording.json: all calls of its packets count", iteration.path));
      return kfl::Statement{};
    }
    // By its path: the folder may have been given a name that no job could have.
    const auto folder = record::Folder::open(record::system_files(), recording.path);
    if (!folder) return folder.error();
    const auto json = folder->read_small(record::recording_file, record::longest_description);
    if (!json) return json.error();
    const auto description = record::read_description(*json, folder->path_of(record::recording_file));
    if (!description) return description.error();
    Timestamp began = description->created;
    for (const record::Iteration& known : description->iterations) {
      if (known.folder == iteration.name) began = known.scheduled;
    }
    return compile(description->job, began);
  }

  // Before anything is read, so that a wrong interface is known at once and nothing passes by meanwhile.
  Result<void> open_interfaces() {
    if (request_.interfaces.empty()) return {};
    auto source = capture::LiveSource::open(request_.interfaces);
    if (!source) return std::move(source).error();
    live_source_ = source->get();
    live_ = std::make_unique<Reading>(*std::move(source), SourceFacts{.backend = "libpcap", .node_name = node_name()});
    return {};
  }

  Result<void> read_packets(const Tape& tape) {
    // Its streams would be kept before the first call is found to be too many.
    if (shown_.satisfied()) return {};
    auto source = capture::open_files(tape.files, capture::MergeOrder::by_time);
    if (!source) return std::move(source).error();
    return read_packets(std::make_unique<Reading>(*std::move(source), tape.facts), tape);
  }

  Result<void> read_packets(std::unique_ptr<Reading> owned, const Tape& tape) {
    Reading& reading = *owned;
    const bool keeps = !request_.write.empty();
    KeptPackets* kept = nullptr;
    if (keeps) {
      auto made = KeptPackets::of(reading.source());
      if (!made) return std::move(made).error();
      kept = kept_.emplace_back(*std::move(made)).get();
      readings_.push_back(std::move(owned));
    }
    AnalyzeSink sink(shown_, kept);
    SpoolFile spool(record::system_files(), AT_FDCWD, temporary_folder(), spool_limit);
    Pipeline pipeline({{.statement = request_.statement,
                        .within = tape.within,
                        .sink = &sink,
                        .keeps_packets = keeps,
                        .wants_calls = request_.show_calls || request_.count || request_.statement.limit(),
                        .wants_bodies = request_.show_calls && request_.want_bodies,
                        .transport_entries = request_.transport_entries,
                        .limit = shown_.left()}},
                      {.dissector = {.body_limit = request_.body_limit, .grpc_types = request_.grpc_types.get()},
                       .backlog_limit = request_.backlog_limit,
                       .spool = &spool,
                       .sources = reading.facts(),
                       .workers = request_.workers});
    auto next_show = std::chrono::steady_clock::now();
    reading.read(pipeline, [&] {
      if (const auto time = std::chrono::steady_clock::now(); tape.files.empty() && time >= next_show) {
        shown_.caught_up();
        next_show = time + follow_pause;
      }
      return sink.error() || stopped() || shown_.closed() || (!keeps && shown_.satisfied());
    });
    pipeline.finish();
    add(pipeline.stats());
    if (!tape.recorded) note_losses(pipeline.stats(), tape);
    note_damage(reading, tape);
    if (const auto error = spool.error()) stats_.notices.push_back(error->message);
    return sink.error() ? Result<void>(*sink.error()) : Result<void>{};
  }

  // Recordings know it themselves, with what was never captured of them.
  Result<void> sum_losses(const std::vector<record::RecordingFiles>& recordings) {
    if (!request_.sum_losses) return {};
    for (const record::RecordingFiles& recording : recordings) {
      auto ledger = record::read_ledger(recording);
      if (!ledger) return std::move(ledger).error();
      stats_.ledger += *ledger;
    }
    return {};
  }

  // Of capture files and interfaces: all that was read, whether it matched or not.
  void note_losses(const Stats& stats, const Tape& tape) {
    record::Ledger& ledger = stats_.ledger;
    ledger.held_packets += stats.packets;
    ledger.held_bytes += stats.packet_bytes;
    ledger.gap_bytes += stats.gap_bytes;
    ledger.backlog_cut_packets += stats.backlog_cut_packets;
    ledger.backlog_cut_bytes += stats.backlog_cut_bytes;
    if (!tape.files.empty()) return;
    const capture::Counters counters = live_source_->counters();
    ledger.dropped_packets += counters.dropped + counters.interface_dropped;
    ledger.interface_dropped_packets += counters.interface_dropped;
  }

  void note_damage(const Reading& reading, const Tape& tape) {
    if (!reading.damage()) return;
    if (tape.growing && reading.damage()->kind == ErrorKind::input) {
      stats_.notices.push_back(reading.damage()->message);
    } else if (!stats_.damage) {
      stats_.damage = reading.damage();
    }
  }

  void add(const Stats& stats) {
    stats_.packets += stats.packets;
    stats_.packet_bytes += stats.packet_bytes;
    for (std::size_t drop = 0; drop < stats.drops.size(); ++drop) stats_.drops[drop] += stats.drops[drop];
    stats_.copies += stats.copies;
    stats_.streams += stats.streams;
    // What is kept is counted when it is written.
    StreamCounts counts = stats;
    counts.kept_packets = counts.kept_bytes = 0;
    stats_ += counts;
  }

  Result<void> write() {
    if (request_.write.empty()) return {};
    std::vector<KeptPackets*> sources;
    for (const auto& kept : kept_) sources.push_back(kept.get());
    auto written = write_packets(sources, request_.write);
    if (!written) return std::move(written).error();
    stats_.kept_packets = written->packets;
    stats_.kept_bytes = written->bytes;
    return {};
  }

  const AnalyzeRequest& request_;
  Shown shown_;
  std::unique_ptr<Reading> live_;                   // open from the start, read last
  capture::LiveSource* live_source_ = nullptr;      // its source; valid while it is read
  std::vector<std::unique_ptr<Reading>> readings_;  // those whose packets are still to be written
  std::vector<std::unique_ptr<KeptPackets>> kept_;
  Stats stats_;
};

}  // namespace

Result<Stats> analyze(const AnalyzeRequest& request, CallSink* sink) {
  return Analysis(request, sink).run();
}

}  // namespace wiretape::engine
