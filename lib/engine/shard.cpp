// SPDX-License-Identifier: Apache-2.0
#include "engine/shard.hpp"

#include <algorithm>
#include <array>
#include <queue>
#include <utility>

#include "flow/backlog.hpp"
#include "flow/tcp_stream.hpp"
#include "proto/session.hpp"
#include "proto/transport.hpp"

namespace wiretape::engine {
namespace {

// A job that was not there when a stream began.
struct Joined {
  std::size_t job;
  StreamPackets before;  // what it did not get
};

// How far a job that does not keep streams to their end has come with one.
struct KeptFor {
  std::size_t job;
  Timestamp last_match = {};
  std::uint64_t bytes_then = 0;  // of the stream
  std::uint64_t paused_at = 0;   // number of the last packet that it got
  std::uint64_t let_go_packets = 0;
  std::uint64_t let_go_bytes = 0;
};

struct Flow {
  StreamFacts facts;
  flow::TcpStream tcp;
  std::unique_ptr<Session> session;
  record::Loss loss;
  StreamPackets packets;
  std::array<std::uint64_t, 2> told{};  // bytes in order so far, gaps included
  std::vector<Joined> joined;
  std::vector<KeptFor> kept_for;
  JobSet paused = 0;         // of those that keep it: the last match is too far back
  StreamPackets since_call;  // held while some are paused, since the last call that did not match
  JobSet kept = 0;           // jobs that keep this stream
  JobSet open = 0;           // jobs that have not decided and still may want it
  JobSet readers = 0;        // jobs that its protocol's calls can matter to, as far as the protocol is known
  flow::FlowId id = flow::no_flow;
  bool from_start = true;                 // its opening was seen, or it is of a kind that has none
  bool timer = false;                     // stands in the queue of unanswered calls
  std::uint8_t ended_sides = 0;           // whose FIN has come, and all before it
  std::uint64_t kernel_drops_before = 0;  // of the run, when it began
  std::uint64_t interface_drops_before = 0;
};

// Flows by identifier, at addresses that stay.
class Flows {
 public:
  Flow& operator[](flow::FlowId id) {
    while (id / block_size >= blocks_.size()) blocks_.push_back(std::make_unique<Block>());
    return (*blocks_[id / block_size])[id % block_size];
  }

  template <class Visit>
  void each_open(Visit&& visit) {
    for (const auto& block : blocks_) {
      for (Flow& flow : *block) {
        if (flow.id != flow::no_flow) visit(flow);
      }
    }
  }

 private:
  static constexpr std::size_t block_size = 64;
  using Block = std::array<Flow, block_size>;
  std::vector<std::unique_ptr<Block>> blocks_;
};

// When a stream's session has an unanswered call to tell.
struct Timer {
  Timestamp when;
  flow::FlowId flow;
  std::uint64_t stream;  // tells a reused place apart
  bool operator>(const Timer& other) const { return when != other.when ? when > other.when : stream > other.stream; }
};

}  // namespace

struct Shard::Impl final : flow::TcpReader, EntryListener {
  explicit Impl(const ShardOptions& options)
      : spool_(options.spool), backlog_(*options.budget, options.spool), sessions_(options.dissector) {}

  void run(const Batch& batch, std::span<const Step> steps, Output& out);
  void take(const Step& step);

  // Jobs that come and go.
  void change_plan(std::shared_ptr<const Plan> next);
  void prepare(JobSet added);
  void leave(Flow& flow, JobSet ended);
  void join(Flow& flow, JobSet added);
  void read_anew(Flow& flow);

  // Streams.
  void open(const Step& step, const net::Segment& segment);
  void close(Flow& flow, Timestamp time);
  void hold(Flow& flow, const net::Segment& segment);
  void keep(Flow& flow, JobSet jobs);
  void count_kept(const StreamPackets& packets);
  void pause(Flow& flow, const net::Segment& segment);
  void resume(Flow& flow, std::size_t job);
  void let_go_of_call(Flow& flow);
  void decide_by_transport(Flow& flow, Stage stage);
  void let_go_if_hopeless(Flow& flow);
  void count_losses(Flow& flow) const;
  [[nodiscard]] JobSet by_transport(const Flow& flow) const {
    return by_schema(transport_schema(flow.facts.transport).ordinal);
  }
  [[nodiscard]] JobSet by_schema(std::uint8_t ordinal) const { return plan_->may_match[ordinal]; }

  // Their payload.
  void read(Flow& flow, const net::Segment& segment, Direction direction);
  void read_datagram(Flow& flow, const net::Segment& segment, Direction direction);
  [[nodiscard]] JobSet undecided_or_telling(const Flow& flow) const {
    return (flow.open | (flow.kept & plan_->telling)) & ~satisfied_;
  }
  [[nodiscard]] JobSet holding(const Flow& flow) const { return flow.open & plan_->keeping & ~satisfied_; }
  [[nodiscard]] bool matches(std::size_t job, const Entry& entry);
  [[nodiscard]] kfl::Truth decide(std::size_t job, const Entry& entry);
  void set_timer(Flow& flow);
  void ring(Timestamp now);

  // What is selected.
  void select_packet(const net::Packet& packet, JobSet jobs);
  // Those of what is held back that have a higher number than `behind`.
  flow::Cut select_held(Flow& flow, JobSet jobs, std::uint64_t behind);
  void select_stream(StreamEvent event, Flow& flow, JobSet jobs);
  void tell_stream(StreamEvent event, const Flow& flow, std::size_t job);
  void tell(std::size_t job, const Entry& entry);
  Selected& select(Selected::Kind kind);

  // flow::TcpReader
  void chunk(const Chunk& chunk) override;
  void end(Direction direction, Timestamp time) override;
  // EntryListener
  void complete(const Entry& entry) override;
  bool opened(const Entry& entry) override;
  void identified(const Protocol* protocol) override;

  std::shared_ptr<const Plan> plan_;
  std::vector<std::unique_ptr<JobTeller>> tellers_;  // by slot
  std::vector<std::uint64_t> calls_left_;            // by slot
  JobSet satisfied_ = 0;                             // jobs that have reached their limit
  std::vector<kfl::Scratch> scratch_;                // by slot

  flow::Spool* spool_;
  flow::Backlog backlog_;
  flow::ReorderBudget reorder_;
  SessionPool sessions_;
  Flows flows_;
  Flow* current_ = nullptr;  // the stream whose payload is being read
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  StreamCounts counts_;

  const Batch* batch_ = nullptr;  // while it is worked through
  Output* out_ = nullptr;
  std::uint32_t order_ = 0;  // of the step
  Timer due_ = {};           // the timer that rings
};

void Shard::Impl::run(const Batch& batch, std::span<const Step> steps, Output& out) {
  batch_ = &batch;
  out_ = &out;
  if (plan_ != batch.plan) change_plan(batch.plan);
  satisfied_ |= batch.satisfied;
  for (const Step& step : steps) take(step);
  out.counts = counts_;
}

void Shard::Impl::take(const Step& step) {
  order_ = step.order;
  due_ = {};
  switch (step.kind) {
    case Step::Kind::open: return open(step, batch_->segments[step.segment]);
    case Step::Kind::segment: {
      Flow& flow = flows_[step.flow];
      const net::Segment& segment = batch_->segments[step.segment];
      // The packets are held back with their stream until some job wants the stream, or nobody can.
      hold(flow, segment);
      // Bytes to their place in their stream, and from there to the stream's calls.
      return read(flow, segment, step.direction);
    }
    case Step::Kind::quoted: return hold(flows_[step.flow], batch_->segments[step.segment]);
    case Step::Kind::close: return close(flows_[step.flow], step.time);
    case Step::Kind::tick: return ring(step.time);
  }
}

void Shard::Impl::change_plan(std::shared_ptr<const Plan> next) {
  const JobSet before = plan_ ? plan_->all : 0;
  const JobSet ended = before & ~next->all;
  const JobSet added = next->all & ~before;
  order_ = 0;
  flows_.each_open([&](Flow& flow) { leave(flow, ended); });
  plan_ = std::move(next);
  prepare(added);
  flows_.each_open([&](Flow& flow) { join(flow, added); });
}

void Shard::Impl::prepare(JobSet added) {
  tellers_.resize(plan_->slots.size());
  calls_left_.resize(plan_->slots.size());
  scratch_.resize(plan_->slots.size());
  each(added, [&](std::size_t slot) {
    const PipelineJob& job = plan_->job(slot);
    tellers_[slot] = job.sink->teller();
    calls_left_[slot] = job.limit;
    satisfied_ = job.limit == 0 ? satisfied_ | only(slot) : satisfied_ & ~only(slot);
  });
  for (const Protocol* protocol : protocols()) {
    sessions_.want(*protocol, plan_->behind[schema_of(*protocol).ordinal] != 0);
  }
}

// For these jobs the stream is over.
void Shard::Impl::leave(Flow& flow, JobSet ended) {
  due_ = {.when = {}, .flow = flow.id, .stream = flow.facts.number};
  select_stream(StreamEvent::over, flow, flow.kept & ended);
  flow.kept &= ~ended;
  flow.open &= ~ended;
  flow.readers &= ~ended;
  const auto of_ended = [&](const auto& candidate) { return (ended & only(candidate.job)) != 0; };
  std::erase_if(flow.joined, of_ended);
  std::erase_if(flow.kept_for, of_ended);
  flow.paused &= ~ended;
  let_go_if_hopeless(flow);
}

// What is held back for others is there from the first packet on; else the job has the stream from now on. A stream
// that nobody reads any more is read anew from here.
void Shard::Impl::join(Flow& flow, JobSet added) {
  if (added == 0) return;
  due_ = {.when = {}, .flow = flow.id, .stream = flow.facts.number};
  if (holding(flow) == 0) {
    each(added, [&](std::size_t job) { flow.joined.push_back({.job = job, .before = flow.packets}); });
  }
  const Protocol* const protocol = flow.session ? flow.session->protocol() : nullptr;
  const JobSet by_payload = plan_->by_payload(flow.facts.transport);
  flow.readers |= added & (protocol != nullptr ? plan_->behind[schema_of(*protocol).ordinal] : by_payload);
  flow.open |= added & (flow.readers | by_transport(flow));
  if (!flow.session && flow.ended_sides == 0 && (flow.readers & ~added) == 0) read_anew(flow);
  keep(flow, plan_->everything & added);
  decide_by_transport(flow, Stage::stream);
}

void Shard::Impl::read_anew(Flow& flow) {
  if (flow.facts.transport != Transport::tcp) return;
  const JobSet readers = std::exchange(flow.readers, 0);
  current_ = &flow;
  flow.tcp.finish(flow.facts.last, flow.facts, reorder_, *this);
  current_ = nullptr;
  flow.tcp = {};
  flow.ended_sides = 0;
  flow.readers = readers;
}

void Shard::Impl::open(const Step& step, const net::Segment& segment) {
  Flow& flow = flows_[step.flow];
  const bool by_client = step.direction == Direction::to_server;
  flow.id = step.flow;
  flow.facts = {.number = step.stream,
                .transport = segment.transport,
                .state = segment.transport == Transport::tcp ? StreamState::midstream : StreamState::established,
                .client = by_client ? segment.source : segment.destination,
                .server = by_client ? segment.destination : segment.source,
                .vlan = segment.vlan,
                .first = segment.time,
                .last = segment.time,
                .source = step.source};
  flow.from_start = segment.transport != Transport::tcp || (segment.flags & net::TcpFlags::syn) != 0;
  flow.kernel_drops_before = batch_->kernel_drops;
  flow.interface_drops_before = batch_->interface_drops;

  const JobSet by_payload = plan_->by_payload(segment.transport);
  flow.kept = 0;
  flow.open = by_payload | by_transport(flow);
  flow.readers = by_payload;
  keep(flow, plan_->everything);
  decide_by_transport(flow, Stage::stream);
}

void Shard::Impl::close(Flow& flow, Timestamp time) {
  current_ = &flow;
  if (flow.facts.transport == Transport::tcp) flow.tcp.finish(time, flow.facts, reorder_, *this);
  if (flow.session) flow.session->finish(time, *this);
  decide_by_transport(flow, Stage::complete);

  select_stream(StreamEvent::over, flow, flow.kept);
  counts_.gap_bytes += flow.facts.sides[0].gap_bytes + flow.facts.sides[1].gap_bytes;
  backlog_.drop(flow.id);
  current_ = nullptr;
  flow = Flow{};
}

void Shard::Impl::hold(Flow& flow, const net::Segment& segment) {
  if (!flow.kept_for.empty()) pause(flow, segment);
  const bool held = holding(flow) != 0 || flow.paused != 0;
  for (const net::Packet& packet : segment.packets) {
    ++flow.packets.packets;
    flow.packets.bytes += packet.data.size();
    if (held) backlog_.hold(flow.id, packet);
    if (flow.paused == 0) continue;
    ++flow.since_call.packets;
    flow.since_call.bytes += packet.data.size();
  }
  const JobSet now = flow.kept & plan_->keeping & ~plan_->everything & ~flow.paused;
  if (now == 0) return;
  for (const net::Packet& packet : segment.packets) {
    select_packet(packet, now);
    count_kept({.packets = 1, .bytes = packet.data.size()});
  }
}

// For jobs whose last match is too far back the stream is held back again, from this segment on.
void Shard::Impl::pause(Flow& flow, const net::Segment& segment) {
  for (KeptFor& kept : flow.kept_for) {
    if ((flow.paused & only(kept.job)) != 0) continue;
    const record::KeepAfter& keep_after = plan_->job(kept.job).keep_after;
    const bool late = keep_after.duration && segment.time - kept.last_match > *keep_after.duration;
    const bool much = keep_after.bytes && flow.packets.bytes - kept.bytes_then > *keep_after.bytes;
    if (!late && !much) continue;
    kept.paused_at = segment.packets.front().number - 1;
    flow.paused |= only(kept.job);
  }
}

// A call matches: what was held back since the last one that did not is kept after all.
void Shard::Impl::resume(Flow& flow, std::size_t job) {
  const auto kept = std::find_if(flow.kept_for.begin(), flow.kept_for.end(),
                                 [&](const KeptFor& candidate) { return candidate.job == job; });
  if (kept == flow.kept_for.end()) return;
  kept->last_match = flow.facts.last;
  kept->bytes_then = flow.packets.bytes;
  if ((flow.paused & only(job)) == 0) return;
  flow.paused &= ~only(job);
  static_cast<void>(select_held(flow, only(job), kept->paused_at));
  if (flow.paused == 0) flow.since_call = {};
}

// No job that is paused wants what came since the last call.
void Shard::Impl::let_go_of_call(Flow& flow) {
  if (flow.paused == 0) return;
  // Held for others as well: it is there when a later call matches.
  if (holding(flow) != 0) return;
  for (KeptFor& kept : flow.kept_for) {
    if ((flow.paused & only(kept.job)) == 0) continue;
    kept.let_go_packets += flow.since_call.packets;
    kept.let_go_bytes += flow.since_call.bytes;
  }
  flow.since_call = {};
  backlog_.drop(flow.id);
}

void Shard::Impl::count_kept(const StreamPackets& packets) {
  counts_.kept_packets += packets.packets;
  counts_.kept_bytes += packets.bytes;
}

void Shard::Impl::keep(Flow& flow, JobSet jobs) {
  jobs &= ~flow.kept;
  if (jobs == 0) return;
  const bool first = flow.kept == 0;
  flow.kept |= jobs;
  flow.open &= ~jobs;
  if (first) ++counts_.matched_streams;

  const JobSet now = jobs & plan_->keeping & ~plan_->everything;
  if (now != 0) {
    const flow::Cut cut = select_held(flow, now, 0);
    // Another job may have met it before.
    counts_.backlog_cut_packets += cut.packets - flow.loss.backlog_cut_packets;
    counts_.backlog_cut_bytes += cut.bytes - flow.loss.backlog_cut_bytes;
    flow.loss.backlog_cut_packets = cut.packets;
    flow.loss.backlog_cut_bytes = cut.bytes;
    if (cut.packets != 0) flow.loss.backlog_cut_span = record::TimeSpan{.first = cut.first, .last = cut.last};
    if (first) count_kept({.packets = flow.packets.packets - cut.packets, .bytes = flow.packets.bytes - cut.bytes});
  }
  each(jobs, [&](std::size_t job) {
    const record::KeepAfter& keep_after = plan_->job(job).keep_after;
    if (!keep_after.duration && !keep_after.bytes) return;
    flow.kept_for.push_back({.job = job, .last_match = flow.facts.last, .bytes_then = flow.packets.bytes});
  });
  select_stream(StreamEvent::kept, flow, jobs);
}

// Every stream is a candidate by its own entry: as far as it is known at its first packet, and whole at its end.
void Shard::Impl::decide_by_transport(Flow& flow, Stage stage) {
  const JobSet candidates = by_transport(flow) & undecided_or_telling(flow);
  if (candidates == 0) return;
  Entry entry = transport_entry(flow.facts);
  entry.stage = stage;
  each(candidates, [&](std::size_t job) {
    const PipelineJob& wants = plan_->job(job);
    if (stage != Stage::complete) {
      if (decide(job, entry) == kfl::Truth::yes) keep(flow, only(job));
      return;
    }
    if (!matches(job, entry)) return;
    keep(flow, only(job));
    if (!wants.wants_calls || !(wants.transport_entries || wants.statement.names_transport())) return;
    ++counts_.matched_calls;
    tell(job, entry);
  });
}

// Nobody can want it (any more): its packets go, and what comes is not read.
void Shard::Impl::let_go_if_hopeless(Flow& flow) {
  flow.open &= flow.readers | by_transport(flow);
  if (holding(flow) == 0 && flow.paused == 0) backlog_.drop(flow.id);
}

// What the ledger says of a stream beside its gaps and cuts.
void Shard::Impl::count_losses(Flow& flow) const {
  flow.loss.conflicts = flow.tcp.conflicts();
  flow.loss.midstream = !flow.from_start;
  flow.loss.kernel_drops = batch_->kernel_drops - flow.kernel_drops_before;
  flow.loss.interface_drops = batch_->interface_drops - flow.interface_drops_before;
}

void Shard::Impl::read(Flow& flow, const net::Segment& segment, Direction direction) {
  current_ = &flow;
  const JobSet interested = undecided_or_telling(flow);
  const bool reads = (interested & flow.readers) != 0;
  const bool counts = reads || (interested & by_transport(flow)) != 0 || (flow.kept & plan_->telling) != 0;
  if (counts) {
    flow.loss.snaplen_cuts += segment.payload.size() < segment.payload_length ? 1 : 0;
    if (segment.transport == Transport::tcp) {
      flow.tcp.feed(segment, direction, flow.facts, reorder_, *this);
      flow.from_start = flow.from_start || flow.tcp.from_start();
    } else {
      read_datagram(flow, segment, direction);
    }
  }
  current_ = nullptr;
}

void Shard::Impl::read_datagram(Flow& flow, const net::Segment& segment, Direction direction) {
  const Direction side = flow.facts.swapped ? opposite(direction) : direction;
  SideFacts& facts = flow.facts.sides[index(side)];
  const std::uint64_t missing = segment.payload_length - segment.payload.size();
  ++facts.packets;
  facts.bytes += segment.payload_length;
  facts.gaps += missing != 0 ? 1 : 0;
  facts.gap_bytes += missing;
  flow.facts.last = std::max(flow.facts.last, segment.time);
  if (segment.payload_length == 0) return;
  chunk({.direction = direction, .time = segment.time, .bytes = segment.payload, .missing = missing, .datagram = true});
}

// From here on there are no sequence numbers: bytes in order, and gaps.
void Shard::Impl::chunk(const Chunk& chunk) {
  Flow& flow = *current_;
  if (chunk.missing != 0) {
    const Direction side = flow.facts.swapped ? opposite(chunk.direction) : chunk.direction;
    flow.loss.add_gap({.direction = side,
                       .offset = flow.told[index(chunk.direction)] + chunk.bytes.size(),
                       .bytes = chunk.missing,
                       .time = chunk.time});
  }
  flow.told[index(chunk.direction)] += chunk.missing + chunk.bytes.size();
  if ((undecided_or_telling(flow) & flow.readers) == 0) return;
  if (!flow.session) flow.session = std::make_unique<Session>(sessions_, flow.facts);
  flow.session->feed(chunk, *this);
  if (flow.session->idle()) {
    flow.readers = 0;
    flow.session.reset();
    return let_go_if_hopeless(flow);
  }
  set_timer(flow);
}

// After both FINs no call is to come: packets that nobody has wanted until then do not wait for the stream's time-out.
void Shard::Impl::end(Direction direction, Timestamp time) {
  Flow& flow = *current_;
  ++flow.ended_sides;
  if (flow.session) flow.session->end(direction, time, *this);
  if (flow.ended_sides < 2) return;
  if (flow.session) flow.session->finish(time, *this);
  flow.session.reset();
  flow.readers = 0;
  let_go_if_hopeless(flow);
}

void Shard::Impl::set_timer(Flow& flow) {
  if (flow.timer) return;
  const Timestamp when = flow.session->next_expiry();
  if (when.nanoseconds == INT64_MAX) return;
  timers_.push({.when = when, .flow = flow.id, .stream = flow.facts.number});
  flow.timer = true;
}

void Shard::Impl::ring(Timestamp now) {
  while (!timers_.empty() && timers_.top().when <= now) {
    due_ = timers_.top();
    timers_.pop();
    Flow& flow = flows_[due_.flow];
    if (flow.id != due_.flow || flow.facts.number != due_.stream || !flow.session) continue;
    current_ = &flow;
    flow.timer = false;
    flow.session->expire(now, *this);
    set_timer(flow);
    current_ = nullptr;
  }
}

bool Shard::Impl::matches(std::size_t job, const Entry& entry) {
  const PipelineJob& wants = plan_->job(job);
  return wants.statement.matches(entry, scratch_[job]) &&
         (wants.within.empty() || wants.within.matches(entry, scratch_[job]));
}

kfl::Truth Shard::Impl::decide(std::size_t job, const Entry& entry) {
  const PipelineJob& wants = plan_->job(job);
  const kfl::Truth truth = wants.statement.decide(entry, scratch_[job]);
  if (truth == kfl::Truth::no || wants.within.empty()) return truth;
  const kfl::Truth within = wants.within.decide(entry, scratch_[job]);
  return within == kfl::Truth::yes ? truth : within;
}

Selected& Shard::Impl::select(Selected::Kind kind) {
  return out_->selected.emplace_back(
      Selected{.kind = kind, .order = order_, .due = due_.when, .stream = due_.stream, .text = out_->text.size()});
}

void Shard::Impl::select_packet(const net::Packet& packet, JobSet jobs) {
  Selected& selected = select(Selected::Kind::packet);
  selected.first = static_cast<std::uint32_t>(out_->packets.size());
  selected.jobs = jobs;
  out_->packets.push_back(packet);
}

// Other jobs may still want what is held back.
flow::Cut Shard::Impl::select_held(Flow& flow, JobSet jobs, std::uint64_t behind) {
  HeldRuns& held = out_->held;
  const std::size_t first = held.size();
  held.begin();
  const auto take = [&](const net::Packet& packet) {
    if (packet.number > behind) held.append(packet, spool_);
  };
  const bool wanted = holding(flow) != 0 || flow.paused != 0;
  const flow::Cut cut = wanted ? backlog_.visit(flow.id, take) : backlog_.release(flow.id, take);
  if (held.size() == first) return cut;
  Selected& selected = select(Selected::Kind::held);
  selected.first = static_cast<std::uint32_t>(first);
  selected.runs = static_cast<std::uint32_t>(held.size() - first);
  selected.jobs = jobs;
  return cut;
}

void Shard::Impl::select_stream(StreamEvent event, Flow& flow, JobSet jobs) {
  if (jobs == 0) return;
  count_losses(flow);
  each(jobs, [&](std::size_t job) {
    Selected& selected = select(Selected::Kind::stream);
    selected.job = static_cast<std::uint8_t>(job);
    tell_stream(event, flow, job);
    selected.size = out_->text.size() - selected.text;
  });
}

// As the job has it: from where it joined, without what it let go.
void Shard::Impl::tell_stream(StreamEvent event, const Flow& flow, std::size_t job) {
  const auto of_job = [&](const auto& candidate) { return candidate.job == job; };
  const auto joined = std::find_if(flow.joined.begin(), flow.joined.end(), of_job);
  const auto kept = std::find_if(flow.kept_for.begin(), flow.kept_for.end(), of_job);
  if (joined == flow.joined.end() && kept == flow.kept_for.end()) {
    return tellers_[job]->stream(event, flow.facts, flow.packets, flow.loss, out_->text);
  }
  record::Loss loss = flow.loss;
  StreamPackets packets = flow.packets;
  if (joined != flow.joined.end()) {
    loss.midstream = true;
    packets.packets -= joined->before.packets;
    packets.bytes -= joined->before.bytes;
  }
  if (kept != flow.kept_for.end()) {
    const StreamPackets held = (flow.paused & only(job)) != 0 ? flow.since_call : StreamPackets{};
    loss.let_go_packets = kept->let_go_packets + held.packets;
    loss.let_go_bytes = kept->let_go_bytes + held.bytes;
  }
  tellers_[job]->stream(event, flow.facts, packets, loss, out_->text);
}

void Shard::Impl::tell(std::size_t job, const Entry& entry) {
  if (!plan_->job(job).wants_calls) return;
  Selected& selected = select(Selected::Kind::call);
  selected.job = static_cast<std::uint8_t>(job);
  tellers_[job]->call(entry, out_->text);
  selected.size = out_->text.size() - selected.text;
  if (calls_left_[job] != no_limit && --calls_left_[job] == 0) satisfied_ |= only(job);
}

// The entry is a view into the chunk and the session. Who wants to keep it tells it now.
void Shard::Impl::complete(const Entry& entry) {
  ++counts_.calls;
  Flow& flow = *current_;
  bool matched = false;
  const JobSet asked = undecided_or_telling(flow) & by_schema(entry.schema->ordinal);
  each(plan_->group.candidates(entry, asked, scratch_.front()), [&](std::size_t job) {
    if (!matches(job, entry)) return;
    matched = true;
    keep(flow, only(job));
    resume(flow, job);
    tell(job, entry);
  });
  if (matched) ++counts_.matched_calls;
  let_go_of_call(flow);
}

// The decision falls as soon as what is known makes the statement true: a body may never end.
bool Shard::Impl::opened(const Entry& entry) {
  Flow& flow = *current_;
  JobSet asked = undecided_or_telling(flow) & by_schema(entry.schema->ordinal);
  // A request that is whole asks for no body: who can not say yes yet need not be asked.
  if (entry.stage == Stage::request) asked = plan_->group.decidable(entry, asked);
  bool body = false;
  each(plan_->group.candidates(entry, asked, scratch_.front()), [&](std::size_t job) {
    const PipelineJob& wants = plan_->job(job);
    const kfl::Truth truth = decide(job, entry);
    if (truth == kfl::Truth::yes) {
      keep(flow, only(job));
      resume(flow, job);
    }
    if (truth == kfl::Truth::no) return;
    body = body || (wants.wants_calls && wants.wants_bodies) ||
           (truth == kfl::Truth::unknown && (wants.statement.needs_bodies() || wants.within.needs_bodies()));
  });
  return body;
}

void Shard::Impl::identified(const Protocol* protocol) {
  Flow& flow = *current_;
  flow.readers = protocol != nullptr ? plan_->behind[schema_of(*protocol).ordinal] : 0;
  flow.facts.dissected = protocol != nullptr ? protocol->name : std::string_view{};
  let_go_if_hopeless(flow);
}

Shard::Shard(const ShardOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Shard::~Shard() = default;
void Shard::run(const Batch& batch, std::span<const Step> steps, Output& out) {
  impl_->run(batch, steps, out);
}

}  // namespace wiretape::engine
