// SPDX-License-Identifier: Apache-2.0
#include "engine/pipeline.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <queue>

#include "flow/backlog.hpp"
#include "flow/tcp_stream.hpp"
#include "kfl/group.hpp"
#include "net/decode.hpp"
#include "net/defragment.hpp"
#include "proto/session.hpp"
#include "proto/transport.hpp"

namespace wiretape::engine {
namespace {

// A set of jobs, by their places.
using JobSet = std::uint64_t;

template <class Visit>
void each(JobSet jobs, Visit&& visit) {
  for (; jobs != 0; jobs &= jobs - 1) visit(static_cast<std::size_t>(std::countr_zero(jobs)));
}

struct Flow {
  StreamFacts facts;
  flow::TcpStream tcp;
  std::unique_ptr<Session> session;
  record::Loss loss;
  StreamPackets packets;
  std::array<std::uint64_t, 2> told{};  // bytes in order so far, gaps included
  JobSet kept = 0;                      // jobs that keep this stream
  JobSet open = 0;                      // jobs that have not decided and still may want it
  JobSet readers = 0;                   // jobs that its protocol's calls can matter to, as far as the protocol is known
  flow::FlowId id = flow::no_flow;
  bool timer = false;            // stands in the queue of unanswered calls
  std::uint8_t ended_sides = 0;  // whose FIN has come, and all before it
};

// Flows by identifier, at addresses that stay.
class Flows {
 public:
  Flow& operator[](flow::FlowId id) {
    while (id / block_size >= blocks_.size()) blocks_.push_back(std::make_unique<Block>());
    return (*blocks_[id / block_size])[id % block_size];
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
  bool operator>(const Timer& other) const { return when > other.when; }
};

}  // namespace

struct Pipeline::Impl final : flow::TcpReader, EntryListener {
  Impl(std::vector<PipelineJob> wanted, const PipelineOptions& options);

  void feed(const net::Packet& packet);
  void take(const net::Segment& segment);
  void take_partial(const net::GivenUp& datagram);
  void advance(Timestamp now);
  void finish();

  // Streams.
  void open(const flow::Found& found, const net::Segment& segment);
  void close(flow::FlowId id, Timestamp time);
  void hold(Flow& flow, const net::Segment& segment, JobSet already);
  void keep(Flow& flow, JobSet jobs);
  void keep_packet(const net::Packet& packet, JobSet jobs);
  void count_kept(const StreamPackets& packets);
  void quote(const net::Segment& error, const Flow& own);
  void decide_by_transport(Flow& flow, Stage stage);
  void let_go_if_hopeless(Flow& flow);
  [[nodiscard]] JobSet by_transport(const Flow& flow) const {
    return by_schema(transport_schema(flow.facts.transport).ordinal);
  }
  [[nodiscard]] JobSet by_schema(std::uint8_t ordinal) const { return may_match_[ordinal]; }

  // Their payload.
  void read(Flow& flow, const net::Segment& segment, Direction direction);
  void read_datagram(Flow& flow, const net::Segment& segment, Direction direction);
  [[nodiscard]] JobSet undecided_or_telling(const Flow& flow) const {
    return (flow.open | (flow.kept & telling_)) & ~satisfied_;
  }
  [[nodiscard]] JobSet holding(const Flow& flow) const { return flow.open & keeping_ & ~satisfied_; }
  [[nodiscard]] bool matches(std::size_t job, const Entry& entry);
  [[nodiscard]] kfl::Truth decide(std::size_t job, const Entry& entry);
  void tell(std::size_t job, const Entry& entry);
  void set_timer(Flow& flow);
  void ring(Timestamp now);

  // flow::TcpReader
  void chunk(const Chunk& chunk) override;
  void end(Direction direction, Timestamp time) override;
  // EntryListener
  void complete(const Entry& entry) override;
  bool opened(const Entry& entry) override;
  void identified(const Protocol* protocol) override;

  std::vector<PipelineJob> jobs_;
  kfl::Group group_;                           // of the jobs' statements
  JobSet all_ = 0;                             // every job
  JobSet everything_ = 0;                      // jobs that keep every packet, whatever stream it is in
  JobSet keeping_ = 0;                         // jobs that want packets
  JobSet telling_ = 0;                         // jobs that want calls
  JobSet satisfied_ = 0;                       // jobs that have reached their limit
  std::array<JobSet, 256> may_match_{};        // by schema: jobs that some entry of that protocol can match
  std::array<JobSet, 2> may_match_payload_{};  // jobs that some protocol over TCP, over UDP can match
  std::array<JobSet, 256> behind_{};           // by schema: jobs that a protocol behind a hand-over can match

  std::vector<const SourceFacts*> sources_;
  net::Defragmenter defragmenter_;
  net::Decoded decoded_;
  net::Decoded partial_;  // of its own: a datagram is given up while another packet is decoded
  flow::FlowTable table_;
  flow::Backlog backlog_;
  flow::ReorderBudget reorder_;
  SessionPool sessions_;
  Flows flows_;
  Flow* current_ = nullptr;  // the stream whose payload is being read
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::vector<kfl::Scratch> scratch_;
  Stats stats_;
  Timestamp now_{INT64_MIN};
  std::uint64_t next_stream_ = 0;
};

namespace {

std::vector<kfl::Statement> statements_of(const std::vector<PipelineJob>& jobs) {
  std::vector<kfl::Statement> statements;
  for (const PipelineJob& job : jobs) statements.push_back(job.statement);
  return statements;
}

}  // namespace

Pipeline::Impl::Impl(std::vector<PipelineJob> wanted, const PipelineOptions& options)
    : jobs_(std::move(wanted)),
      group_(statements_of(jobs_)),
      sources_(options.sources.begin(), options.sources.end()),
      defragmenter_({}, [this](const net::GivenUp& datagram) { take_partial(datagram); }),
      table_(options.timeouts, options.first_stream),
      backlog_(options.backlog_limit),
      sessions_(options.dissector),
      scratch_(jobs_.size()),
      next_stream_(options.first_stream) {
  assert(!jobs_.empty() && jobs_.size() <= most_jobs && !sources_.empty());
  for (std::size_t job = 0; job < jobs_.size(); ++job) {
    const JobSet bit = JobSet{1} << job;
    const PipelineJob& wants = jobs_[job];
    all_ |= bit;
    if (wants.keeps_packets) keeping_ |= bit;
    if (wants.wants_calls) telling_ |= bit;
    if (wants.keeps_packets && wants.statement.empty() && wants.within.empty()) everything_ |= bit;
    for (const Schema* schema : catalog().schemas) {
      const bool may = wants.statement.can_match(schema->ordinal) && wants.within.can_match(schema->ordinal);
      if (may) may_match_[schema->ordinal] |= bit;
    }
  }
  for (const Protocol* protocol : protocols()) {
    const JobSet jobs = by_schema(schema_of(*protocol).ordinal);
    if (protocol->over_tcp) may_match_payload_[0] |= jobs;
    if (protocol->over_udp) may_match_payload_[1] |= jobs;
  }
  for (const Protocol* protocol : protocols()) {
    const std::uint8_t ordinal = schema_of(*protocol).ordinal;
    behind_[ordinal] = may_match_[ordinal] | (protocol->hands_over ? may_match_payload_[0] : 0);
    sessions_.want(*protocol, behind_[ordinal] != 0);
  }
}

void Pipeline::Impl::feed(const net::Packet& packet) {
  ++stats_.packets;
  stats_.packet_bytes += packet.data.size();
  if (everything_ != 0) {
    keep_packet(packet, everything_);
    count_kept({.packets = 1, .bytes = packet.data.size()});
  }
  advance(packet.time);

  // Headers off. A segment carries the packets it was made from: fragments wait in the defragmenter until whole.
  net::decode(packet, defragmenter_, decoded_);
  if (decoded_.drop != net::Drop::none) {
    ++stats_.drops[static_cast<std::size_t>(decoded_.drop)];
    return;
  }
  take(decoded_.segment);
}

void Pipeline::Impl::take(const net::Segment& segment) {
  const flow::Found found = table_.of(segment);
  if (found.replaced != flow::no_flow) close(found.replaced, segment.time);
  if (found.fresh) open(found, segment);
  Flow& flow = flows_[found.flow];

  // The packets are held back with their stream until some job wants the stream, or nobody can.
  hold(flow, segment, 0);
  if (segment.quotes) quote(segment, flow);

  // Bytes to their place in their stream, and from there to the stream's calls.
  read(flow, segment, found.direction);
}

// Of a datagram that lacks fragments the beginning is told, where it was captured.
void Pipeline::Impl::take_partial(const net::GivenUp& datagram) {
  if (net::decode_partial(datagram, partial_)) take(partial_.segment);
}

void Pipeline::Impl::advance(Timestamp now) {
  defragmenter_.expire(now);
  // Packet time may jump back; the table has rules of its own for that.
  now_ = std::max(now_, now);
  if (!timers_.empty() && timers_.top().when <= now_) ring(now_);
  table_.expire(now, [&](flow::FlowId id, flow::End) { close(id, now); });
}

void Pipeline::Impl::finish() {
  defragmenter_.drain();
  table_.finish([&](flow::FlowId id, flow::End) { close(id, now_); });
}

void Pipeline::Impl::open(const flow::Found& found, const net::Segment& segment) {
  Flow& flow = flows_[found.flow];
  flow.id = found.flow;
  flow.facts = {.number = found.number,
                .transport = segment.transport,
                .state = segment.transport == Transport::tcp ? StreamState::midstream : StreamState::established,
                .client = table_.client(found.flow),
                .server = table_.server(found.flow),
                .vlan = segment.vlan,
                .first = segment.time,
                .last = segment.time,
                .source = sources_[std::min<std::size_t>(segment.packets.front().interface, sources_.size() - 1)]};
  next_stream_ = found.number + 1;
  ++stats_.streams;

  const JobSet by_payload = segment.transport == Transport::tcp   ? may_match_payload_[0]
                            : segment.transport == Transport::udp ? may_match_payload_[1]
                                                                  : 0;
  flow.kept = 0;
  flow.open = by_payload | by_transport(flow);
  flow.readers = by_payload;
  keep(flow, everything_);
  decide_by_transport(flow, Stage::stream);
}

void Pipeline::Impl::close(flow::FlowId id, Timestamp time) {
  Flow& flow = flows_[id];
  current_ = &flow;
  if (flow.facts.transport == Transport::tcp) flow.tcp.finish(time, flow.facts, reorder_, *this);
  if (flow.session) flow.session->finish(time, *this);
  decide_by_transport(flow, Stage::complete);

  flow.loss.conflicts = flow.tcp.conflicts();
  flow.loss.midstream = flow.facts.state == StreamState::midstream;
  each(flow.kept, [&](std::size_t job) { jobs_[job].sink->stream_over(flow.facts, flow.packets, flow.loss); });
  stats_.gap_bytes += flow.facts.sides[0].gap_bytes + flow.facts.sides[1].gap_bytes;
  backlog_.drop(id);
  current_ = nullptr;
  flow = Flow{};
}

// `already` are jobs that got these packets with another stream.
void Pipeline::Impl::hold(Flow& flow, const net::Segment& segment, JobSet already) {
  const bool held = holding(flow) != 0;
  for (const net::Packet& packet : segment.packets) {
    ++flow.packets.packets;
    flow.packets.bytes += packet.data.size();
    if (held) backlog_.hold(flow.id, packet);
  }
  const JobSet now = flow.kept & keeping_ & ~everything_ & ~already;
  if (now == 0) return;
  for (const net::Packet& packet : segment.packets) {
    keep_packet(packet, now);
    count_kept({.packets = 1, .bytes = packet.data.size()});
  }
}

void Pipeline::Impl::keep_packet(const net::Packet& packet, JobSet jobs) {
  each(jobs, [&](std::size_t job) { jobs_[job].sink->packet(packet); });
}

void Pipeline::Impl::count_kept(const StreamPackets& packets) {
  stats_.kept_packets += packets.packets;
  stats_.kept_bytes += packets.bytes;
}

// An ICMP error belongs also to the stream that it quotes.
void Pipeline::Impl::quote(const net::Segment& error, const Flow& own) {
  const flow::FlowId quoted = table_.quoted(error);
  if (quoted != flow::no_flow) hold(flows_[quoted], error, own.kept);
}

void Pipeline::Impl::keep(Flow& flow, JobSet jobs) {
  jobs &= ~flow.kept;
  if (jobs == 0) return;
  const bool first = flow.kept == 0;
  flow.kept |= jobs;
  flow.open &= ~jobs;
  if (first) ++stats_.matched_streams;

  const JobSet now = jobs & keeping_ & ~everything_;
  if (now != 0) {
    const auto take = [&](const net::Packet& packet) { keep_packet(packet, now); };
    // Other jobs may still want what is held back.
    const flow::Cut cut = holding(flow) != 0 ? backlog_.visit(flow.id, take) : backlog_.release(flow.id, take);
    // Another job may have met it before.
    stats_.backlog_cut_packets += cut.packets - flow.loss.backlog_cut_packets;
    stats_.backlog_cut_bytes += cut.bytes - flow.loss.backlog_cut_bytes;
    flow.loss.backlog_cut_packets = cut.packets;
    flow.loss.backlog_cut_bytes = cut.bytes;
    if (first) count_kept({.packets = flow.packets.packets - cut.packets, .bytes = flow.packets.bytes - cut.bytes});
  }
  each(jobs, [&](std::size_t job) { jobs_[job].sink->stream_kept(flow.facts, flow.packets, flow.loss); });
}

// Every stream is a candidate by its own entry: as far as it is known at its first packet, and whole at its end.
void Pipeline::Impl::decide_by_transport(Flow& flow, Stage stage) {
  const JobSet candidates = by_transport(flow) & undecided_or_telling(flow);
  if (candidates == 0) return;
  Entry entry = transport_entry(flow.facts);
  entry.stage = stage;
  each(candidates, [&](std::size_t job) {
    const PipelineJob& wants = jobs_[job];
    const JobSet bit = JobSet{1} << job;
    if (stage != Stage::complete) {
      if (decide(job, entry) == kfl::Truth::yes) keep(flow, bit);
      return;
    }
    if (!matches(job, entry)) return;
    keep(flow, bit);
    if (!wants.wants_calls || !(wants.transport_entries || wants.statement.names_transport())) return;
    ++stats_.matched_calls;
    tell(job, entry);
  });
}

// Nobody can want it (any more): its packets go, and what comes is not read.
void Pipeline::Impl::let_go_if_hopeless(Flow& flow) {
  flow.open &= flow.readers | by_transport(flow);
  if (holding(flow) == 0) backlog_.drop(flow.id);
}

void Pipeline::Impl::read(Flow& flow, const net::Segment& segment, Direction direction) {
  current_ = &flow;
  const JobSet interested = undecided_or_telling(flow);
  const bool reads = (interested & flow.readers) != 0;
  const bool counts = reads || (interested & by_transport(flow)) != 0 || (flow.kept & telling_) != 0;
  if (counts) {
    flow.loss.snaplen_cuts += segment.payload.size() < segment.payload_length ? 1 : 0;
    if (segment.transport == Transport::tcp) {
      flow.tcp.feed(segment, direction, flow.facts, reorder_, *this);
    } else {
      read_datagram(flow, segment, direction);
    }
  }
  current_ = nullptr;
}

void Pipeline::Impl::read_datagram(Flow& flow, const net::Segment& segment, Direction direction) {
  const Direction side = flow.facts.swapped ? opposite(direction) : direction;
  ++flow.facts.sides[index(side)].packets;
  flow.facts.sides[index(side)].bytes += segment.payload_length;
  flow.facts.last = std::max(flow.facts.last, segment.time);
  if (segment.transport != Transport::udp || segment.payload.empty()) return;
  chunk({.direction = direction, .time = segment.time, .bytes = segment.payload, .datagram = true});
}

// From here on there are no sequence numbers: bytes in order, and gaps.
void Pipeline::Impl::chunk(const Chunk& chunk) {
  Flow& flow = *current_;
  if (chunk.missing != 0) {
    const Direction side = flow.facts.swapped ? opposite(chunk.direction) : chunk.direction;
    flow.loss.add_gap({.direction = side, .offset = flow.told[index(chunk.direction)], .bytes = chunk.missing});
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
void Pipeline::Impl::end(Direction direction, Timestamp time) {
  Flow& flow = *current_;
  ++flow.ended_sides;
  if (flow.session) flow.session->end(direction, time, *this);
  if (flow.ended_sides < 2) return;
  if (flow.session) flow.session->finish(time, *this);
  flow.session.reset();
  flow.readers = 0;
  let_go_if_hopeless(flow);
}

void Pipeline::Impl::set_timer(Flow& flow) {
  if (flow.timer) return;
  const Timestamp when = flow.session->next_expiry();
  if (when.nanoseconds == INT64_MAX) return;
  timers_.push({.when = when, .flow = flow.id, .stream = flow.facts.number});
  flow.timer = true;
}

void Pipeline::Impl::ring(Timestamp now) {
  while (!timers_.empty() && timers_.top().when <= now) {
    const Timer timer = timers_.top();
    timers_.pop();
    Flow& flow = flows_[timer.flow];
    if (flow.id != timer.flow || flow.facts.number != timer.stream || !flow.session) continue;
    current_ = &flow;
    flow.timer = false;
    flow.session->expire(now, *this);
    set_timer(flow);
    current_ = nullptr;
  }
}

bool Pipeline::Impl::matches(std::size_t job, const Entry& entry) {
  const PipelineJob& wants = jobs_[job];
  return wants.statement.matches(entry, scratch_[job]) &&
         (wants.within.empty() || wants.within.matches(entry, scratch_[job]));
}

kfl::Truth Pipeline::Impl::decide(std::size_t job, const Entry& entry) {
  const PipelineJob& wants = jobs_[job];
  const kfl::Truth truth = wants.statement.decide(entry, scratch_[job]);
  if (truth == kfl::Truth::no || wants.within.empty()) return truth;
  const kfl::Truth within = wants.within.decide(entry, scratch_[job]);
  return within == kfl::Truth::yes ? truth : within;
}

void Pipeline::Impl::tell(std::size_t job, const Entry& entry) {
  if (!jobs_[job].wants_calls) return;
  jobs_[job].sink->call(entry);
  if (jobs_[job].sink->satisfied()) satisfied_ |= JobSet{1} << job;
}

// The entry is a view into the chunk and the session. Who wants to keep it tells it to a sink now.
void Pipeline::Impl::complete(const Entry& entry) {
  ++stats_.calls;
  Flow& flow = *current_;
  bool matched = false;
  const JobSet asked = undecided_or_telling(flow) & by_schema(entry.schema->ordinal);
  each(group_.candidates(entry, asked, scratch_.front()), [&](std::size_t job) {
    if (!matches(job, entry)) return;
    matched = true;
    keep(flow, JobSet{1} << job);
    tell(job, entry);
  });
  if (matched) ++stats_.matched_calls;
}

// The decision falls as soon as what is known makes the statement true: a body may never end.
bool Pipeline::Impl::opened(const Entry& entry) {
  Flow& flow = *current_;
  JobSet asked = undecided_or_telling(flow) & by_schema(entry.schema->ordinal);
  // A request that is whole asks for no body: who can not say yes yet need not be asked.
  if (entry.stage == Stage::request) asked = group_.decidable(entry, asked);
  bool body = false;
  each(group_.candidates(entry, asked, scratch_.front()), [&](std::size_t job) {
    const PipelineJob& wants = jobs_[job];
    const kfl::Truth truth = decide(job, entry);
    if (truth == kfl::Truth::yes) keep(flow, JobSet{1} << job);
    if (truth == kfl::Truth::no) return;
    body = body || (wants.wants_calls && wants.wants_bodies) ||
           (truth == kfl::Truth::unknown && (wants.statement.needs_bodies() || wants.within.needs_bodies()));
  });
  return body;
}

void Pipeline::Impl::identified(const Protocol* protocol) {
  Flow& flow = *current_;
  flow.readers = protocol != nullptr ? behind_[schema_of(*protocol).ordinal] : 0;
  flow.facts.dissected = protocol != nullptr ? protocol->name : std::string_view{};
  let_go_if_hopeless(flow);
}

Pipeline::Pipeline(std::vector<PipelineJob> jobs, const PipelineOptions& options)
    : impl_(std::make_unique<Impl>(std::move(jobs), options)) {}
Pipeline::~Pipeline() = default;
void Pipeline::feed(const net::Packet& packet) {
  impl_->feed(packet);
}
void Pipeline::advance(Timestamp now) {
  impl_->advance(now);
}
void Pipeline::finish() {
  impl_->finish();
}
void Pipeline::set_sources(std::span<const SourceFacts* const> sources) {
  impl_->sources_.assign(sources.begin(), sources.end());
}
const Stats& Pipeline::stats() const {
  return impl_->stats_;
}
std::uint64_t Pipeline::next_stream() const {
  return impl_->next_stream_;
}

}  // namespace wiretape::engine
