// SPDX-License-Identifier: Apache-2.0
#include "engine/pipeline.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <thread>

#include "engine/batch.hpp"
#include "engine/plan.hpp"
#include "engine/shard.hpp"
#include "engine/shared_packets.hpp"
#include "engine/workers.hpp"
#include "flow/copies.hpp"
#include "net/decode.hpp"
#include "net/defragment.hpp"

namespace wiretape::engine {
namespace {

// Batches on their way: enough that neither side waits for the other's odd slow one.
constexpr std::size_t batches_on_the_way = 8;
// A short input is done before threads are worth their start.
constexpr std::uint32_t batches_without_threads = 4;

// Without workers: few enough that they are still in the cache when their payload is read.
constexpr std::size_t packets_at_once = 512;

// How exactly calls that wait for too long are told: time is checked this often.
constexpr Duration tick_every = Duration::milliseconds(100);

// Which call is the last one wanted depends on all calls before it, whatever stream they are in.
std::size_t shards_for(const Plan& plan, const PipelineOptions& options) {
  return plan.limited() ? 1 : std::max<std::size_t>(options.workers, 1);
}

}  // namespace

std::size_t default_workers() {
  const std::size_t processors = std::thread::hardware_concurrency();
  return processors < 2 ? 0 : std::min<std::size_t>(processors - 1, 8);
}

struct Pipeline::Impl {
  Impl(std::vector<PipelineJob> jobs, const PipelineOptions& options);

  [[nodiscard]] std::size_t most_packets() const { return workers_ ? Batch::most_packets : packets_at_once; }

  // The reading thread's part of the work.
  void feed(const net::Packet& packet);
  void take(const net::Segment& segment, bool stays);
  bool is_copy(const net::Packet& packet);
  void take_partial(const net::GivenUp& datagram);
  void pass_time(Timestamp now);
  void close(flow::FlowId flow, Timestamp time);
  void finish();

  // Steps for the shards.
  [[nodiscard]] Batch& batch() { return ring_[next_batch_ % ring_.size()]; }
  Step& step(Step::Kind kind, flow::FlowId flow);
  void tick();

  // From here to the shards and back.
  void flush();
  void hand_over();
  void dissect(std::size_t shard, std::uint32_t batch);
  void collect(bool wait_for_all);
  void merge(Batch& batch);
  void give(Output& output, const Selected& selected);
  void give_packet(const net::Packet& packet, JobSet jobs);
  void give_packets(const Batch& batch, std::size_t& next, std::uint32_t order);
  void give_held(Output& output, const Selected& selected);
  void give_call(std::size_t job, std::string_view text);

  std::size_t add_job(PipelineJob job);
  void end_job(std::size_t slot);
  [[nodiscard]] Stats stats() const;

  std::shared_ptr<const Plan> plan_;
  std::vector<JobSink*> sinks_;            // by slot
  std::vector<std::uint64_t> calls_left_;  // by slot
  JobSet satisfied_ = 0;                   // jobs that have all the calls they want
  std::vector<const SourceFacts*> sources_;
  net::Defragmenter defragmenter_;
  net::Decoded decoded_;
  net::Decoded partial_;                // of its own: a datagram is given up while another packet is decoded
  std::optional<flow::Copies> copies_;  // where packets can come by several interfaces
  flow::FlowTable table_;
  Timestamp now_{INT64_MIN};
  Timestamp next_tick_{INT64_MIN};
  Stats stats_;  // but for what shards count
  std::uint64_t next_stream_ = 0;
  std::uint64_t kernel_drops_ = 0;
  std::uint64_t interface_drops_ = 0;

  flow::Spool* spool_;
  flow::BacklogBudget budget_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<StreamCounts> counts_;  // by shard, as of the last merge
  std::vector<Batch> ring_;
  std::uint32_t next_batch_ = 0;  // the one that is being filled
  std::uint32_t next_merge_ = 0;  // the oldest on its way
  std::vector<std::size_t> cursors_;
  SharedPackets shared_;
  std::optional<Workers> workers_;  // ends first: its threads use all of this
};

Pipeline::Impl::Impl(std::vector<PipelineJob> jobs, const PipelineOptions& options)
    : plan_(std::make_shared<Plan>(Plan::Slots(jobs.begin(), jobs.end()))),
      sources_(options.sources.begin(), options.sources.end()),
      defragmenter_({}, [this](const net::GivenUp& datagram) { take_partial(datagram); }),
      table_(options.timeouts, options.first_stream),
      next_stream_(options.first_stream),
      spool_(options.spool),
      budget_(options.backlog_limit, shards_for(*plan_, options)) {
  assert(!sources_.empty() && options.workers <= most_workers);
  const std::size_t shards = shards_for(*plan_, options);
  for (std::size_t shard = 0; shard < shards; ++shard) {
    shards_.push_back(
        std::make_unique<Shard>(ShardOptions{.dissector = options.dissector, .budget = &budget_, .spool = spool_}));
  }
  for (const PipelineJob& job : jobs) {
    sinks_.push_back(job.sink);
    calls_left_.push_back(job.limit);
  }
  counts_.resize(shards);
  cursors_.resize(shards);
  ring_ = std::vector<Batch>(options.workers == 0 ? 1 : batches_on_the_way);
  for (Batch& batch : ring_) {
    batch.steps.resize(shards);
    batch.outputs.resize(shards);
  }
}

void Pipeline::feed(std::span<const net::Packet> packets, const std::shared_ptr<const void>& hold) {
  while (!packets.empty()) {
    const std::size_t room = impl_->most_packets() - impl_->batch().packets.size();
    const auto some = packets.first(std::min(packets.size(), room));
    packets = packets.subspan(some.size());
    impl_->batch().holds.push_back(hold);
    for (const net::Packet& packet : some) impl_->feed(packet);
    if (!impl_->workers_ || some.size() == room) impl_->hand_over();
  }
}

void Pipeline::Impl::feed(const net::Packet& packet) {
  const net::Packet& kept = batch().packets.emplace_back(packet);
  ++stats_.packets;
  stats_.packet_bytes += packet.data.size();
  if (plan_->everything != 0) {
    ++stats_.kept_packets;
    stats_.kept_bytes += packet.data.size();
    batch().first_orders.push_back(batch().next_order);
  }
  pass_time(packet.time);

  // Headers off. A segment carries the packets it was made from: fragments wait in the defragmenter until whole.
  net::decode(kept, defragmenter_, decoded_);
  if (decoded_.drop != net::Drop::none) {
    ++stats_.drops[static_cast<std::size_t>(decoded_.drop)];
    return;
  }
  if (is_copy(packet)) return;
  const auto carried = decoded_.segment.packets;
  take(decoded_.segment, carried.size() == 1 && carried.data() == &kept);
}

// What came by on another interface before belongs to that one.
bool Pipeline::Impl::is_copy(const net::Packet& packet) {
  if (sources_.size() < 2 && packet.link != net::LinkType::linux_sll2) return false;
  if (!copies_) copies_.emplace();
  if (!copies_->seen(decoded_.segment)) return false;
  ++stats_.copies;
  return true;
}

// Which stream a segment belongs to. `stays`: its bytes are those of a packet of the batch.
void Pipeline::Impl::take(const net::Segment& decoded, bool stays) {
  const flow::Found found = table_.of(decoded);
  if (found.replaced != flow::no_flow) close(found.replaced, decoded.time);

  Batch& into = batch();
  const auto at = static_cast<std::uint32_t>(into.segments.size());
  net::Segment& segment = into.segments.emplace_back(decoded);
  if (!stays) {
    segment.packets = into.bytes.copy(decoded.packets);
    segment.payload = into.bytes.copy(decoded.payload);
  }
  if (found.fresh) {
    next_stream_ = found.number + 1;
    ++stats_.streams;
    Step& open = step(Step::Kind::open, found.flow);
    open.direction = found.direction;
    open.segment = at;
    open.stream = found.number;
    open.source = sources_[std::min<std::size_t>(segment.packets.front().interface, sources_.size() - 1)];
  }
  Step& next = step(Step::Kind::segment, found.flow);
  next.direction = found.direction;
  next.segment = at;

  // An ICMP error belongs also to the stream that it quotes.
  if (!segment.quotes) return;
  const flow::FlowId quoted = table_.quoted(segment);
  if (quoted == flow::no_flow || quoted == found.flow) return;
  for (const net::Packet& packet : segment.packets) into.shared_packets.push_back(packet.number);
  step(Step::Kind::quoted, quoted).segment = at;
}

// Of a datagram that lacks fragments the beginning is told, where it was captured.
void Pipeline::Impl::take_partial(const net::GivenUp& datagram) {
  if (net::decode_partial(datagram, partial_)) take(partial_.segment, false);
}

// What ends, and when, is decided here: it must not depend on how far a shard has come.
void Pipeline::Impl::pass_time(Timestamp now) {
  defragmenter_.expire(now);
  // Packet time may jump back; the table has rules of its own for that.
  now_ = std::max(now_, now);
  if (now_ >= next_tick_) tick();
  table_.expire(now, [&](flow::FlowId flow, flow::End) { close(flow, now); });
}

void Pipeline::Impl::tick() {
  next_tick_ = now_ + tick_every;
  Batch& into = batch();
  const std::uint32_t order = into.next_order++;
  for (auto& steps : into.steps) {
    Step& next = steps.emplace_back();
    next.order = order;
    next.time = now_;
  }
}

void Pipeline::Impl::close(flow::FlowId flow, Timestamp time) {
  step(Step::Kind::close, flow).time = time;
}

// Streams are dealt out by their place in the table: places are given out one after the other, and used again.
Step& Pipeline::Impl::step(Step::Kind kind, flow::FlowId flow) {
  Batch& into = batch();
  const std::size_t shards = shards_.size();
  Step& next = into.steps[flow % shards].emplace_back();
  next.kind = kind;
  next.flow = static_cast<flow::FlowId>(flow / shards);
  next.order = into.next_order++;
  return next;
}

void Pipeline::Impl::finish() {
  defragmenter_.drain();
  table_.finish([&](flow::FlowId flow, flow::End) { close(flow, now_); });
  hand_over();
  collect(true);
}

// The batch is full: to the shards with it, and what they have ready to the sinks.
void Pipeline::Impl::hand_over() {
  batch().plan = plan_;
  batch().satisfied = satisfied_;
  batch().kernel_drops = kernel_drops_;
  batch().interface_drops = interface_drops_;
  if (ring_.size() > 1 && !workers_ && next_batch_ >= batches_without_threads) {
    workers_.emplace(shards_.size(), next_batch_,
                     [this](std::size_t shard, std::uint32_t number) { dissect(shard, number); });
  }
  if (workers_) {
    workers_->publish();
  } else {
    for (std::size_t shard = 0; shard < shards_.size(); ++shard) dissect(shard, next_batch_);
  }
  ++next_batch_;
  collect(false);
}

void Pipeline::Impl::dissect(std::size_t shard, std::uint32_t number) {
  Batch& of = ring_[number % ring_.size()];
  shards_[shard]->run(of, of.steps[shard], of.outputs[shard]);
}

// Gives to the sinks what is done, and waits for it where there is no room for a further batch.
void Pipeline::Impl::collect(bool wait_for_all) {
  while (next_merge_ != next_batch_) {
    const bool full = next_batch_ - next_merge_ == ring_.size();
    if (workers_ && !workers_->finished(next_merge_)) {
      if (!full && !wait_for_all) return;
      workers_->wait_for(next_merge_);
    }
    Batch& done = ring_[next_merge_ % ring_.size()];
    merge(done);
    done.clear();
    ++next_merge_;
  }
}

// From here on it does not show any more how many shards there are.
void Pipeline::Impl::merge(Batch& batch) {
  shared_.add(batch.shared_packets);
  const auto earlier = [](const Selected& left, const Selected& right) {
    if (left.order != right.order) return left.order < right.order;
    return left.due != right.due ? left.due < right.due : left.stream < right.stream;
  };
  std::fill(cursors_.begin(), cursors_.end(), 0);
  std::size_t next_packet = 0;
  for (;;) {
    std::size_t first = shards_.size();
    for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
      const auto& selected = batch.outputs[shard].selected;
      if (cursors_[shard] == selected.size()) continue;
      if (first == shards_.size() ||
          earlier(selected[cursors_[shard]], batch.outputs[first].selected[cursors_[first]])) {
        first = shard;
      }
    }
    if (first == shards_.size()) break;
    give_packets(batch, next_packet, batch.outputs[first].selected[cursors_[first]].order);
    give(batch.outputs[first], batch.outputs[first].selected[cursors_[first]++]);
  }
  give_packets(batch, next_packet, UINT32_MAX);
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    counts_[shard] = batch.outputs[shard].counts;
    batch.outputs[shard].clear();
  }
}

// To jobs that keep every packet: those that came before the step `order`.
void Pipeline::Impl::give_packets(const Batch& batch, std::size_t& next, std::uint32_t order) {
  for (; next < batch.first_orders.size() && batch.first_orders[next] <= order; ++next) {
    each(batch.plan->everything, [&](std::size_t job) { sinks_[job]->packet(batch.packets[next]); });
  }
}

void Pipeline::Impl::give(Output& output, const Selected& selected) {
  const std::string_view text = std::string_view(output.text).substr(selected.text, selected.size);
  switch (selected.kind) {
    case Selected::Kind::packet: return give_packet(output.packets[selected.first], selected.jobs);
    case Selected::Kind::held: return give_held(output, selected);
    case Selected::Kind::call: return give_call(selected.job, text);
    case Selected::Kind::stream: return sinks_[selected.job]->stream(text);
  }
}

void Pipeline::Impl::give_packet(const net::Packet& packet, JobSet jobs) {
  if (packet.position == net::no_position) jobs = shared_.still_without(packet.number, jobs);
  each(jobs, [&](std::size_t job) { sinks_[job]->packet(packet); });
}

void Pipeline::Impl::give_held(Output& output, const Selected& selected) {
  for (std::uint32_t at = selected.first; at != selected.first + selected.runs; ++at) {
    const HeldRuns::Run& run = output.held[at];
    if (output.held.give(run, spool_, [&](const net::Packet& packet) { give_packet(packet, selected.jobs); })) continue;
    stats_.backlog_cut_packets += run.packets;
    stats_.backlog_cut_bytes += run.bytes;
  }
}

// Shards count by themselves; several together may have found more than is wanted.
void Pipeline::Impl::give_call(std::size_t job, std::string_view text) {
  std::uint64_t& left = calls_left_[job];
  if (left == 0) return;
  if (left != no_limit && --left == 0) satisfied_ |= only(job);
  sinks_[job]->call(text);
}

// A batch has one plan.
void Pipeline::Impl::flush() {
  if (!batch().packets.empty()) hand_over();
}

std::size_t Pipeline::Impl::add_job(PipelineJob job) {
  flush();
  Plan::Slots slots = plan_->slots;
  auto free = std::find_if(slots.begin(), slots.end(), [](const auto& candidate) { return !candidate; });
  if (free == slots.end()) free = slots.insert(free, std::nullopt);
  const auto slot = static_cast<std::size_t>(free - slots.begin());
  sinks_.resize(slots.size());
  calls_left_.resize(slots.size());
  sinks_[slot] = job.sink;
  calls_left_[slot] = job.limit;
  satisfied_ &= ~only(slot);
  *free = std::move(job);
  plan_ = std::make_shared<Plan>(std::move(slots));
  return slot;
}

void Pipeline::Impl::end_job(std::size_t slot) {
  flush();
  Plan::Slots slots = plan_->slots;
  slots[slot].reset();
  plan_ = std::make_shared<Plan>(std::move(slots));
  hand_over();
  collect(true);
  sinks_[slot] = nullptr;
  shared_.forget(only(slot));
}

Stats Pipeline::Impl::stats() const {
  Stats stats = stats_;
  for (const StreamCounts& counts : counts_) stats += counts;
  return stats;
}

Pipeline::Pipeline(std::vector<PipelineJob> jobs, const PipelineOptions& options)
    : impl_(std::make_unique<Impl>(std::move(jobs), options)) {}
Pipeline::~Pipeline() = default;
void Pipeline::advance(Timestamp now) {
  impl_->pass_time(now);
  impl_->hand_over();
}
void Pipeline::flush() {
  impl_->flush();
}
void Pipeline::finish() {
  impl_->finish();
}
std::size_t Pipeline::add_job(PipelineJob job) {
  return impl_->add_job(std::move(job));
}
void Pipeline::end_job(std::size_t slot) {
  impl_->end_job(slot);
}
void Pipeline::set_sources(std::span<const SourceFacts* const> sources) {
  impl_->sources_.assign(sources.begin(), sources.end());
}
void Pipeline::set_drops(std::uint64_t by_kernel, std::uint64_t by_interface) {
  impl_->kernel_drops_ = by_kernel;
  impl_->interface_drops_ = by_interface;
}
Stats Pipeline::stats() const {
  return impl_->stats();
}
std::uint64_t Pipeline::next_stream() const {
  return impl_->next_stream_;
}

}  // namespace wiretape::engine
