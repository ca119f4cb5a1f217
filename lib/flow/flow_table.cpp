// SPDX-License-Identifier: Apache-2.0
// Open addressing with linear probing over (hash, place) pairs: a lookup touches one line of the index and one record.
#include "flow/flow_table.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "flow/sequence.hpp"

namespace wiretape::flow {
namespace {

constexpr std::size_t first_index_size = 1024;

// Behind the table's time by more than the disorder of any capture, for so many packets in a row: time has begun anew.
constexpr Duration far_behind = Duration::seconds(60);
constexpr std::size_t packets_to_follow = 1000;

// Data captured before the SYN that opened their connection are at most this far behind it.
constexpr std::int32_t late_syn_window = 1 << 20;

// Marks of a TCP stream, each for both ends.
struct Mark {
  static constexpr std::uint8_t syn = 0x01, fin = 0x04, placed = 0x10;  // placed: `sequence` is known
  static constexpr std::uint8_t reset = 0x40;
  static constexpr std::uint8_t both_fins = fin | fin << 1U;
};

constexpr bool has(std::uint8_t marks, std::uint8_t mark, std::uint8_t end) {
  return (marks & mark << end) != 0;
}

constexpr bool flagged(const net::Segment& segment, std::uint8_t flag) {
  return (segment.flags & flag) != 0;
}

// An endpoint as three numbers: quick to compare and to hash. The order is that of no standard, only always the same.
struct Words {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  std::uint32_t rest = 0;

  explicit Words(const Endpoint& endpoint) {
    std::memcpy(&first, endpoint.address.bytes.data(), sizeof first);
    std::memcpy(&second, endpoint.address.bytes.data() + sizeof first, sizeof second);
    rest = static_cast<std::uint32_t>(endpoint.address.v6 ? 1U << 16U : 0U) | endpoint.port;
  }
  bool operator==(const Words&) const = default;
  bool operator<(const Words& other) const {
    if (first != other.first) return first < other.first;
    if (second != other.second) return second < other.second;
    return rest < other.rest;
  }
};

// Who sends the packets chooses the keys, so the hash must not be guessed.
void fill_randomly(std::array<std::uint64_t, 12>& seed) {
  if (getrandom(seed.data(), sizeof seed, 0) == static_cast<ssize_t>(sizeof seed)) return;
  std::random_device device;
  for (auto& word : seed) word = static_cast<std::uint64_t>(device()) << 32U | device();
}

// Multilinear hashing: of two keys chosen without knowing the seed, one in 2^32 pairs collides.
std::uint32_t hash(const std::array<std::uint64_t, 12>& seed, const Words& low, const Words& high, std::uint32_t kind) {
  const auto half = [](std::uint64_t word, unsigned which) {
    return static_cast<std::uint32_t>(word >> (32U * which));
  };
  std::uint64_t sum = seed[0] + seed[1] * half(low.first, 0) + seed[2] * half(low.first, 1);
  sum += seed[3] * half(high.first, 0) + seed[4] * half(high.first, 1);
  sum += seed[5] * low.rest + seed[6] * high.rest + seed[7] * kind;
  sum += seed[8] * half(low.second, 0) + seed[9] * half(low.second, 1);
  sum += seed[10] * half(high.second, 0) + seed[11] * half(high.second, 1);
  return static_cast<std::uint32_t>(sum >> 32U);
}

// Types of ICMP (RFC 792) and ICMPv6 (RFC 4443).
constexpr std::uint8_t echo_reply = 0, echo_request = 8, echo_request_v6 = 128, echo_reply_v6 = 129;

bool is_echo(const net::Segment& segment) {
  if (segment.source.address.v6) return segment.icmp_type == echo_request_v6 || segment.icmp_type == echo_reply_v6;
  return segment.icmp_type == echo_request || segment.icmp_type == echo_reply;
}

bool is_reply(const net::Segment& segment) {
  return segment.icmp_type == (segment.source.address.v6 ? echo_reply_v6 : echo_reply);
}

}  // namespace

FlowTable::FlowTable(const Timeouts& timeouts, std::uint64_t first_number)
    : index_(first_index_size), next_number_(first_number) {
  fill_randomly(seed_);
  const auto list = [this](Wait wait) -> List& { return lists_[static_cast<std::size_t>(wait)]; };
  list(Wait::half_open).timeout = timeouts.tcp_half_open;
  list(Wait::open).timeout = timeouts.tcp_idle;
  list(Wait::closing).timeout = timeouts.tcp_closing;
  list(Wait::udp).timeout = timeouts.udp_idle;
  list(Wait::icmp).timeout = timeouts.icmp_idle;
  list(Wait::sctp).timeout = timeouts.sctp_idle;
}

Found FlowTable::of(const net::Segment& segment) {
  tick(segment.time);
  const Key key = key_of(segment);
  Found found{.flow = find(key)};
  if (found.flow != no_flow && begins_anew(record(found.flow), segment, key.sender)) {
    found.replaced = found.flow;
    unlink(found.replaced);
    erase(found.replaced);
  }
  if (found.flow == no_flow || found.replaced != no_flow) {
    found.flow = open(key, segment);
    found.fresh = true;
    if (found.replaced != no_flow) give_place(found.replaced);
  }

  Record& stream = record(found.flow);
  const Wait wait = stream.kind == Kind::tcp ? follow_tcp(stream, segment, key.sender) : stream.wait;
  if (found.fresh) {
    link(found.flow, wait);
  } else {
    touch(found.flow, wait);
  }
  found.number = stream.number;
  found.direction = key.sender == stream.client ? Direction::to_server : Direction::to_client;
  return found;
}

FlowId FlowTable::quoted(const net::Segment& error) const {
  if (!error.quotes) return no_flow;
  switch (error.quoted_transport) {
    case Transport::tcp: return find(key(error.quoted_source, error.quoted_destination, Kind::tcp, 0));
    case Transport::udp: return find(key(error.quoted_source, error.quoted_destination, Kind::udp, 0));
    case Transport::sctp: return find(key(error.quoted_source, error.quoted_destination, Kind::sctp, 0));
    case Transport::icmp: return no_flow;
  }
  return no_flow;
}

const Endpoint& FlowTable::client(FlowId flow) const {
  return record(flow).ends[record(flow).client];
}
const Endpoint& FlowTable::server(FlowId flow) const {
  return record(flow).ends[1U - record(flow).client];
}

std::size_t FlowTable::memory() const {
  return index_.capacity() * sizeof(Bucket) + slabs_.size() * slab_size * sizeof(Record) +
         slabs_.capacity() * sizeof(slabs_[0]);
}

// Finding

FlowTable::Key FlowTable::key(const Endpoint& source, const Endpoint& destination, Kind kind,
                              std::uint16_t extra) const {
  const Words from(source);
  const Words to(destination);
  const bool swapped = to < from;
  const std::uint32_t word = static_cast<std::uint32_t>(kind) << 16U | extra;
  return {.low = swapped ? &destination : &source,
          .high = swapped ? &source : &destination,
          .sender = static_cast<std::uint8_t>(swapped ? 1 : 0),
          .kind = kind,
          .extra = extra,
          .hash = hash(seed_, swapped ? to : from, swapped ? from : to, word)};
}

FlowTable::Key FlowTable::key_of(const net::Segment& segment) const {
  switch (segment.transport) {
    case Transport::tcp: return key(segment.source, segment.destination, Kind::tcp, 0);
    case Transport::udp: return key(segment.source, segment.destination, Kind::udp, 0);
    case Transport::sctp: return key(segment.source, segment.destination, Kind::sctp, 0);
    case Transport::icmp: break;
  }
  if (is_echo(segment)) return key(segment.source, segment.destination, Kind::echo, segment.icmp_id);
  return key(segment.source, segment.destination, Kind::icmp, segment.icmp_type);
}

FlowId FlowTable::find(const Key& key) const {
  const std::size_t mask = index_.size() - 1;
  for (std::size_t at = key.hash & mask;; at = (at + 1) & mask) {
    const Bucket& bucket = index_[at];
    if (bucket.flow == no_flow) return no_flow;
    if (bucket.hash != key.hash) continue;
    const Record& candidate = record(bucket.flow);
    if (candidate.kind == key.kind && candidate.extra == key.extra && Words(candidate.ends[0]) == Words(*key.low) &&
        Words(candidate.ends[1]) == Words(*key.high)) {
      return bucket.flow;
    }
  }
}

void FlowTable::insert(std::uint32_t hash, FlowId flow) {
  const std::size_t mask = index_.size() - 1;
  std::size_t at = hash & mask;
  while (index_[at].flow != no_flow) at = (at + 1) & mask;
  index_[at] = {.hash = hash, .flow = flow};
}

// Closes the hole by moving back what had been pushed on, so that no graves are left and churn costs nothing.
void FlowTable::erase(FlowId flow) {
  const std::size_t mask = index_.size() - 1;
  std::size_t hole = record(flow).hash & mask;
  while (index_[hole].flow != flow) hole = (hole + 1) & mask;
  for (std::size_t at = (hole + 1) & mask; index_[at].flow != no_flow; at = (at + 1) & mask) {
    const std::size_t home = index_[at].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    index_[hole] = index_[at];
    hole = at;
  }
  index_[hole] = {};
  --size_;
}

void FlowTable::grow() {
  std::vector<Bucket> old(index_.size() * 2);
  old.swap(index_);
  for (const Bucket& bucket : old) {
    if (bucket.flow != no_flow) insert(bucket.hash, bucket.flow);
  }
}

// Places

FlowId FlowTable::open(const Key& key, const net::Segment& segment) {
  if ((size_ + 1) * 10 > index_.size() * 7) grow();
  const FlowId flow = take_place();
  Record& stream = record(flow);
  stream = {};
  stream.ends = {*key.low, *key.high};
  stream.number = next_number_++;
  stream.hash = key.hash;
  stream.extra = key.extra;
  stream.kind = key.kind;
  stream.client = client_end(key, segment);
  stream.open = true;
  switch (key.kind) {
    case Kind::tcp: stream.wait = Wait::half_open; break;
    case Kind::udp: stream.wait = Wait::udp; break;
    case Kind::sctp: stream.wait = Wait::sctp; break;
    case Kind::echo:
    case Kind::icmp: stream.wait = Wait::icmp; break;
  }
  insert(key.hash, flow);
  ++size_;
  return flow;
}

FlowId FlowTable::take_place() {
  if (free_ != no_flow) {
    const FlowId flow = free_;
    free_ = record(flow).later;
    return flow;
  }
  if (places_ == slabs_.size() * slab_size) slabs_.push_back(std::make_unique<Record[]>(slab_size));
  return static_cast<FlowId>(places_++);
}

void FlowTable::give_place(FlowId flow) {
  Record& stream = record(flow);
  stream.open = false;
  stream.later = free_;
  free_ = flow;
}

void FlowTable::release(FlowId flow) {
  erase(flow);
  give_place(flow);
}

std::vector<FlowId> FlowTable::all_by_number() const {
  std::vector<FlowId> flows;
  flows.reserve(size_);
  for (FlowId flow = 0; flow < places_; ++flow) {
    if (record(flow).open) flows.push_back(flow);
  }
  std::sort(flows.begin(), flows.end(),
            [this](FlowId left, FlowId right) { return record(left).number < record(right).number; });
  return flows;
}

// Time

void FlowTable::link(FlowId flow, Wait wait) {
  Record& stream = record(flow);
  List& list = lists_[static_cast<std::size_t>(wait)];
  stream.wait = wait;
  stream.last = clock_;
  stream.later = no_flow;
  stream.earlier = list.newest;
  if (list.newest != no_flow) {
    record(list.newest).later = flow;
  } else {
    list.oldest = flow;
    next_expiry_ = std::min(next_expiry_, deadline(list));
  }
  list.newest = flow;
}

void FlowTable::unlink(FlowId flow) {
  const Record& stream = record(flow);
  List& list = lists_[static_cast<std::size_t>(stream.wait)];
  (stream.earlier != no_flow ? record(stream.earlier).later : list.oldest) = stream.later;
  (stream.later != no_flow ? record(stream.later).earlier : list.newest) = stream.earlier;
}

void FlowTable::touch(FlowId flow, Wait wait) {
  Record& stream = record(flow);
  if (stream.wait == wait && stream.later == no_flow) {
    stream.last = clock_;
    return;
  }
  unlink(flow);
  link(flow, wait);
}

void FlowTable::tick(Timestamp time) {
  if (time >= clock_) {
    clock_ = time;
    behind_ = 0;
    return;
  }
  behind_ = clock_ - time > far_behind ? behind_ + 1 : 0;
  // Beginning anew touches every stream, so it takes as many packets: wild times cannot make it dear.
  if (behind_ > packets_to_follow + size_) begin_time_anew(time);
}

void FlowTable::begin_time_anew(Timestamp time) {
  for (FlowId flow = 0; flow < places_; ++flow) {
    Record& stream = record(flow);
    if (stream.open) stream.last = time + (stream.last - clock_);
  }
  clock_ = time;
  behind_ = 0;
  find_next_expiry();
}

Timestamp FlowTable::deadline(const List& list) const {
  return list.oldest != no_flow ? record(list.oldest).last + list.timeout : Timestamp{INT64_MAX};
}

void FlowTable::find_next_expiry() {
  next_expiry_ = {INT64_MAX};
  for (const List& list : lists_) next_expiry_ = std::min(next_expiry_, deadline(list));
}

FlowId FlowTable::pop_expired(Timestamp now) {
  const List* due = nullptr;
  for (const List& list : lists_) {
    if (list.oldest == no_flow || now < deadline(list)) continue;
    if (due == nullptr || deadline(list) < deadline(*due) ||
        (deadline(list) == deadline(*due) && record(list.oldest).number < record(due->oldest).number)) {
      due = &list;
    }
  }
  if (due == nullptr) {
    find_next_expiry();
    return no_flow;
  }
  const FlowId flow = due->oldest;
  unlink(flow);
  return flow;
}

bool FlowTable::was_closing(FlowId flow) const {
  return record(flow).wait == Wait::closing;
}

// Roles and TCP

std::uint8_t FlowTable::client_end(const Key& key, const net::Segment& segment) {
  const std::uint8_t sender = key.sender;
  const auto receiver = static_cast<std::uint8_t>(1U - sender);
  if (key.kind == Kind::echo) return is_reply(segment) ? receiver : sender;
  if (key.kind == Kind::icmp) return sender;
  if (key.kind == Kind::tcp && flagged(segment, net::TcpFlags::syn)) {
    return flagged(segment, net::TcpFlags::ack) ? receiver : sender;
  }
  return segment.destination.port > segment.source.port ? receiver : sender;
}

// Whether a SYN or SYN+ACK cannot belong to the stream that has its addresses and ports.
bool FlowTable::begins_anew(const Record& record, const net::Segment& segment, std::uint8_t sender) {
  if (record.kind != Kind::tcp || !flagged(segment, net::TcpFlags::syn) || flagged(segment, net::TcpFlags::rst)) {
    return false;
  }
  const auto receiver = static_cast<std::uint8_t>(1U - sender);
  const bool half_open = record.wait == Wait::half_open;
  if (has(record.marks, Mark::syn, sender) && record.initial[sender] == segment.sequence) return false;

  if (flagged(segment, net::TcpFlags::ack)) {
    // A server without memory of the SYN (SYN cookies) answers each with another number.
    if (half_open) return false;
    if (has(record.marks, Mark::syn, receiver)) {
      const std::int32_t acknowledged = distance(record.initial[receiver] + 1, segment.acknowledgment);
      return acknowledged < 0 || acknowledged > late_syn_window;
    }
  } else if (has(record.marks, Mark::syn, sender)) {
    return true;
  }
  if (!has(record.marks, Mark::placed, sender)) return !half_open;
  const std::int32_t sent = distance(segment.sequence + 1, record.sequence[sender]);
  return sent < 0 || sent > late_syn_window;
}

bool FlowTable::ends_by_reset(const Record& record, const net::Segment& segment, std::uint8_t sender) {
  if (!flagged(segment, net::TcpFlags::rst)) return false;
  if (!has(record.marks, Mark::placed, sender)) return true;
  return within(distance(record.sequence[sender], segment.sequence), furthest_control);
}

// Notes what the flags say, and returns what the stream waits for now.
FlowTable::Wait FlowTable::follow_tcp(Record& record, const net::Segment& segment, std::uint8_t sender) {
  const auto mark = [&record](std::uint8_t what, std::uint8_t end) {
    record.marks = static_cast<std::uint8_t>(record.marks | what << end);
  };
  const bool syn = flagged(segment, net::TcpFlags::syn);
  const bool ack = flagged(segment, net::TcpFlags::ack);
  if (ends_by_reset(record, segment, sender)) {
    mark(Mark::reset, 0);
    return Wait::closing;
  }
  if (flagged(segment, net::TcpFlags::rst)) return record.wait;

  const auto receiver = static_cast<std::uint8_t>(1U - sender);
  const std::uint32_t end = segment.sequence + segment.payload_length + (syn ? 1U : 0U);
  if (syn) {
    record.initial[sender] = segment.sequence;
    mark(Mark::syn, sender);
  }
  const std::int32_t ahead = distance(record.sequence[sender], end);
  if (!has(record.marks, Mark::placed, sender) || (ahead > 0 && ahead <= furthest_data)) record.sequence[sender] = end;
  mark(Mark::placed, sender);
  if (ack && !has(record.marks, Mark::placed, receiver)) {
    record.sequence[receiver] = segment.acknowledgment;
    mark(Mark::placed, receiver);
  }
  if (flagged(segment, net::TcpFlags::fin)) mark(Mark::fin, sender);

  if ((record.marks & Mark::both_fins) == Mark::both_fins || (record.marks & Mark::reset) != 0) return Wait::closing;
  if (record.wait == Wait::open) return Wait::open;
  const bool talks = segment.payload_length > 0 && !syn;
  const bool shaken = has(record.marks, Mark::syn, sender) && ack && !syn;
  return talks || shaken ? Wait::open : Wait::half_open;
}

}  // namespace wiretape::flow
