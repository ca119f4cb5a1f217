// SPDX-License-Identifier: Apache-2.0
#include "flow/tcp_stream.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "flow/sequence.hpp"
#include "flow/waiting.hpp"

namespace wiretape::flow {
namespace {

// How long what is known to be lost may still come: it was only captured late.
constexpr std::uint16_t late_segments = 3;
constexpr Duration late_time = Duration::milliseconds(100);

// Without the receiver's word a hole may still be filled by a retransmission: as long as one usually takes.
constexpr std::uint16_t unheard_segments = 1024;
constexpr Duration unheard_time = Duration::seconds(1);

// So many segments in a row that continue each other are the connection, however far away.
constexpr std::uint8_t strays_to_follow = 4;

// A SYN captured behind data of its own connection is not further behind than this.
constexpr std::int32_t late_syn_window = 1 << 20;

constexpr bool flagged(const net::Segment& segment, std::uint8_t flag) {
  return (segment.flags & flag) != 0;
}

SideFacts& counts(StreamFacts& facts, Direction direction) {
  return facts.sides[index(facts.swapped ? opposite(direction) : direction)];
}

void count(const net::Segment& segment, Direction direction, StreamFacts& facts) {
  SideFacts& side = counts(facts, direction);
  side.packets += std::max<std::size_t>(segment.packets.size(), 1);
  side.bytes += segment.payload_length;
  facts.last = std::max(facts.last, segment.time);
}

constexpr std::array both = {Direction::to_server, Direction::to_client};

}  // namespace

struct TcpStream::Pending {
  explicit Pending(ReorderBudget& shared) : budget(shared) {}
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  ~Pending() { budget.used -= charged; }

  ReorderBudget& budget;
  std::size_t charged = 0;  // to the budget
  std::array<Waiting, 2> waiting;
  // Data of a SYN, until it is known whether the peer takes them.
  struct SynData {
    std::uint32_t length = 0;
    std::string bytes;
    Timestamp time;
  };
  std::array<SynData, 2> syn_data;
};

TcpStream::TcpStream() = default;
TcpStream::~TcpStream() = default;
TcpStream::TcpStream(TcpStream&&) noexcept = default;
TcpStream& TcpStream::operator=(TcpStream&&) noexcept = default;

void TcpStream::feed(const net::Segment& segment, Direction direction, StreamFacts& facts, ReorderBudget& budget,
                     TcpReader& reader) {
  Output out{.facts = facts, .budget = budget, .reader = reader, .now = segment.time};
  count(segment, direction, facts);
  const bool syn = flagged(segment, net::TcpFlags::syn);
  if (flagged(segment, net::TcpFlags::rst)) {
    reset(segment, direction, out);
  } else {
    if (syn) {
      begin(segment, direction, out);
    } else if (!side(direction).seen) {
      pick_up(segment, direction);
    }
    if (flagged(segment, net::TcpFlags::ack)) {
      settle_syn_data(opposite(direction), segment.acknowledgment, out);
      acknowledge(opposite(direction), segment.acknowledgment);
    }
    if (facts.state == StreamState::half_open) follow_handshake(segment, direction, out);
    if (syn) {
      keep_syn_data(segment, direction, out);
    } else {
      settle_syn_data(direction, segment.sequence, out);
      const std::uint32_t length = segment.payload_length;
      if (length > 0) {
        place(direction,
              {.start = segment.sequence,
               .length = length,
               .captured = segment.payload.substr(0, length),
               .time = segment.time},
              out);
      }
      if (flagged(segment, net::TcpFlags::fin)) note_fin(direction, segment.sequence + length, length == 0, out);
    }
  }
  if (!ahead()) return;
  watch_hole(direction, segment.payload_length > 0, out);
  watch_hole(opposite(direction), false, out);
  tell_ends(out);
  release_pending();
}

void TcpStream::finish(Timestamp time, StreamFacts& facts, ReorderBudget& budget, TcpReader& reader) {
  Output out{.facts = facts, .budget = budget, .reader = reader, .now = time};
  for (const Direction direction : both) {
    while (hole_end(direction)) give_up_hole(direction, out);
  }
  tell_ends(out);
  pending_.reset();
}

std::size_t TcpStream::memory() const {
  return pending_ ? sizeof(Pending) + pending_->charged : 0;
}

// Beginning and end

void TcpStream::begin(const net::Segment& segment, Direction direction, Output& out) {
  Side& own = side(direction);
  Side& other = side(opposite(direction));
  const bool ack = flagged(segment, net::TcpFlags::ack);
  const std::uint32_t first = segment.sequence + 1;
  const bool begins = !own.seen && !other.seen;
  if (!own.seen) {
    own.initial = segment.sequence;
    own.next = first;
    own.seen = own.syn = true;
  } else if (!own.syn && within(distance(first, own.next), late_syn_window) && !before(own.next, first)) {
    own.initial = segment.sequence;
    own.syn = true;
  } else if (own.syn && own.initial == segment.sequence) {
    // In a simultaneous open the SYN comes a second time, with the first acknowledgment.
    if (!ack || other.acked_known) ++counts(out.facts, direction).retransmissions;
  } else if (own.syn && out.facts.state == StreamState::half_open && own.next == own.initial + 1 && !waits(direction)) {
    own.initial = segment.sequence;  // a server without memory of its first answer (SYN cookies)
    own.next = first;
    own.acked_known = false;
  } else {
    ++ignored_;
    return;
  }
  if (begins || (out.facts.state == StreamState::midstream && own.next == first)) {
    out.facts.state = StreamState::half_open;
  }
  if (!ack && syn_time_ == no_time) syn_time_ = segment.time;
  if (ack && !other.seen) {
    other.next = segment.acknowledgment;
    other.initial = segment.acknowledgment - 1;
    other.seen = true;
  }
}

void TcpStream::pick_up(const net::Segment& segment, Direction direction) {
  Side& own = side(direction);
  own.next = own.initial = segment.sequence;
  own.seen = true;
  own.tentative = segment.payload_length == 0;
}

void TcpStream::follow_handshake(const net::Segment& segment, Direction direction, Output& out) {
  if (!flagged(segment, net::TcpFlags::ack)) return;
  const Side& own = side(direction);
  const Side& other = side(opposite(direction));
  const bool syn = flagged(segment, net::TcpFlags::syn);
  const bool crossed = own.syn && other.syn && own.acked_known && other.acked_known;
  if (syn && !crossed) return;
  const std::int32_t taken = distance(other.initial + 1, segment.acknowledgment);
  const bool answers = other.syn && taken >= 0 && taken <= furthest_control;
  if (!own.syn && !answers) return;
  out.facts.state = StreamState::established;
  const bool whole = own.syn && other.syn && syn_time_ != no_time;
  if (whole && (syn || direction == Direction::to_server)) {
    out.facts.handshake = std::max(segment.time - syn_time_, Duration{});
  }
}

bool TcpStream::believes_reset(const net::Segment& segment, Direction direction) const {
  const Side& own = side(direction);
  const Side& other = side(opposite(direction));
  if (own.seen) return within(distance(own.next, segment.sequence), furthest_control);
  if (!other.seen || !flagged(segment, net::TcpFlags::ack)) return true;
  return within(distance(other.next, segment.acknowledgment), furthest_control);
}

void TcpStream::reset(const net::Segment& segment, Direction direction, Output& out) {
  if (!believes_reset(segment, direction)) {
    ++ignored_;
    return;
  }
  Side& own = side(direction);
  StreamState& state = out.facts.state;
  if (state == StreamState::half_open && side(opposite(direction)).syn && !own.syn) {
    state = StreamState::refused;
  } else if (state != StreamState::closed && state != StreamState::refused) {
    state = StreamState::reset;
  }
  aborted_ = true;
  if (own.fin_seen) return;
  if (!own.seen) own.next = own.initial = segment.sequence;
  own.seen = own.fin_seen = true;
  own.fin = later_of(own.next, segment.sequence);
}

void TcpStream::acknowledge(Direction direction, std::uint32_t acknowledgment) {
  Side& own = side(direction);
  if (!own.seen) return;
  const std::uint32_t known = waits(direction) ? pending_->waiting[index(direction)].end() : own.next;
  if (distance(known, acknowledgment) > furthest_control || distance(own.next, acknowledgment) < -furthest_data) {
    ++ignored_;
    return;
  }
  if (own.acked_known && !before(own.acked, acknowledgment)) return;
  own.acked = acknowledgment;
  own.acked_known = true;
}

void TcpStream::note_fin(Direction direction, std::uint32_t position, bool bare, Output& out) {
  Side& own = side(direction);
  const std::int32_t ahead = distance(own.next, position);
  if (own.fin_seen) {
    if (bare && position == own.fin) ++counts(out.facts, direction).retransmissions;
    return;
  }
  if (ahead < 0 || ahead > furthest_data) {
    ++ignored_;
    return;
  }
  own.fin = position;
  own.fin_seen = true;
  const bool both_ended = side(opposite(direction)).fin_seen;
  if (both_ended && !aborted_) out.facts.state = StreamState::closed;
}

void TcpStream::tell_ends(Output& out) {
  for (const Direction direction : both) {
    Side& own = side(direction);
    if (!own.fin_seen || own.ended || before(own.next, own.fin)) continue;
    own.ended = true;
    drop_waiting(direction, out);
    out.reader.end(direction, out.now);
  }
}

// Data of a SYN (RFC 7413) count only when the peer acknowledges them, or the sender goes on behind them.

void TcpStream::keep_syn_data(const net::Segment& segment, Direction direction, Output& out) {
  const Side& own = side(direction);
  if (segment.payload_length == 0 || own.initial != segment.sequence || own.next != own.initial + 1) return;
  if (own.acked_known && own.acked != own.initial) return;
  const Bytes captured = segment.payload.substr(0, segment.payload_length);
  if (out.budget.used + Waiting::cost(captured.size()) > out.budget.total) return;
  auto& data = pending(out.budget).syn_data[index(direction)];
  if (data.length > 0) return;
  data.length = segment.payload_length;
  data.bytes = captured;
  data.time = segment.time;
  charge(static_cast<std::ptrdiff_t>(Waiting::cost(captured.size())), out);
}

void TcpStream::settle_syn_data(Direction direction, std::uint32_t position, Output& out) {
  if (!pending_ || pending_->syn_data[index(direction)].length == 0) return;
  const auto data = std::move(pending_->syn_data[index(direction)]);
  pending_->syn_data[index(direction)] = {};
  charge(-static_cast<std::ptrdiff_t>(Waiting::cost(data.bytes.size())), out);
  const std::uint32_t start = side(direction).initial + 1;
  const std::int32_t taken = distance(start, position);
  if (taken <= 0) return;
  const std::uint32_t length = std::min(static_cast<std::uint32_t>(taken), data.length);
  place(direction,
        {.start = start, .length = length, .captured = Bytes(data.bytes).substr(0, length), .time = data.time}, out);
}

// Bytes to their place

void TcpStream::Side::advance_to(std::uint32_t position) {
  next = position;
  hole = false;
  // An acknowledgment left so far behind would soon seem to be ahead.
  if (acked_known && distance(next, acked) < -furthest_data) acked_known = false;
}

void TcpStream::Data::trim_front(std::uint32_t count) {
  start += count;
  length -= count;
  captured.remove_prefix(std::min<std::size_t>(count, captured.size()));
}

void TcpStream::Data::trim_to(std::uint32_t count) {
  length = std::min(length, count);
  captured = captured.substr(0, length);
}

// The first data say where a side begins of which only empty segments were seen: an empty one may have been a
// keep-alive, or was captured ahead of data that were sent before it. A single byte before it is a keep-alive itself.
void TcpStream::settle_start(Side& own, const Data& data) {
  own.tentative = false;
  if (own.fin_seen) return;
  const std::int32_t ahead = distance(own.next, data.start);
  const bool keep_alive = ahead == -1 && data.length == 1;
  if (ahead == 1 || (ahead < 0 && !keep_alive)) own.next = own.initial = data.start;
}

void TcpStream::place(Direction direction, Data data, Output& out) {
  Side& own = side(direction);
  if (own.tentative) settle_start(own, data);
  if (data.start == own.next && !own.fin_seen && !waits(direction) && data.length <= furthest_data) {
    tell(direction, data.captured, data.length, data.time, out);
    return;
  }
  if (!bring_into_window(direction, data, out)) return;

  SideFacts& numbers = counts(out.facts, direction);
  const std::int32_t old = distance(data.start, own.next);
  if (old > 0) {
    ++numbers.retransmissions;
    if (static_cast<std::uint32_t>(old) >= data.length) return;
    data.trim_front(static_cast<std::uint32_t>(old));
  } else if (waits(direction) && before(data.start, pending_->waiting[index(direction)].start())) {
    ++numbers.out_of_order;
  }
  put(direction, data, out);
}

// Whether the data can be this connection's; cuts off what lies behind its FIN.
bool TcpStream::bring_into_window(Direction direction, Data& data, Output& out) {
  Side& own = side(direction);
  const std::int32_t offset = distance(own.next, data.start);
  if (offset < -furthest_data || static_cast<std::int64_t>(offset) + data.length > furthest_data) {
    ++ignored_;
    const bool goes_on = own.strays > 0 && own.stray == data.start;
    own.strays = static_cast<std::uint8_t>(goes_on ? own.strays + 1 : 1);
    own.stray = data.start + data.length;
    if (own.strays < strays_to_follow || own.fin_seen || data.length > furthest_data) return false;
    while (waits(direction)) give_up_hole(direction, out);
    own.strays = 0;
    own.acked_known = false;
    skip_to(direction, data.start, data.time, out);
    return true;
  }
  if (!own.fin_seen) return true;
  const std::int32_t room = distance(data.start, own.fin);
  if (room <= 0) {
    ++ignored_;
    return false;
  }
  data.trim_to(static_cast<std::uint32_t>(room));
  return true;
}

// What is not told yet: told where it is in order, held where it is not. Where the budget is used up, holes are given
// up until it is one or the other.
void TcpStream::put(Direction direction, Data data, Output& out) {
  const Side& own = side(direction);
  for (;;) {
    const std::int32_t old = distance(data.start, own.next);
    if (old > 0) {
      if (static_cast<std::uint32_t>(old) >= data.length) return;
      data.trim_front(static_cast<std::uint32_t>(old));
    }
    const bool overlaps =
        waits(direction) && before(pending_->waiting[index(direction)].start(), data.start + data.length);
    if (data.start == own.next && !overlaps) {
      tell(direction, data.captured, data.length, data.time, out);
      return drain(direction, data.time, out);
    }
    if (data.start == own.next || fits(data, out)) {
      hold(direction, data, out);
      return drain(direction, data.time, out);
    }
    if (waits(direction)) {
      give_up_hole(direction, out);
    } else {
      skip_to(direction, data.start, data.time, out);
    }
  }
}

bool TcpStream::fits(const Data& data, const Output& out) const {
  const std::size_t cost = Waiting::cost(data.captured.size());
  return memory() + cost <= out.budget.per_stream && out.budget.used + cost <= out.budget.total;
}

void TcpStream::hold(Direction direction, const Data& data, Output& out) {
  Waiting& waiting = pending(out.budget).waiting[index(direction)];
  const bool behind = !waiting.empty() && before(data.start, waiting.end());
  const bool counted = !waiting.empty() && before(data.start, waiting.start());
  const std::size_t before_it = waiting.memory();
  const auto added = waiting.add(data.start, data.length, data.captured, data.time);
  charge(static_cast<std::ptrdiff_t>(waiting.memory() - before_it), out);
  SideFacts& numbers = counts(out.facts, direction);
  if (added.conflict) ++conflicts_;
  if (added.fresh == 0) {
    ++numbers.retransmissions;
  } else if (behind && !counted) {
    ++numbers.out_of_order;
  }
}

void TcpStream::tell(Direction direction, Bytes bytes, std::uint32_t length, Timestamp time, Output& out) {
  side(direction).advance_to(side(direction).next + length);
  if (!bytes.empty()) out.reader.chunk({.direction = direction, .time = time, .bytes = bytes});
  if (bytes.size() < length) tell_gap(direction, length - bytes.size(), time, out);
}

void TcpStream::tell_gap(Direction direction, std::uint64_t missing, Timestamp time, Output& out) {
  SideFacts& numbers = counts(out.facts, direction);
  ++numbers.gaps;
  numbers.gap_bytes += missing;
  out.reader.chunk({.direction = direction, .time = time, .missing = missing});
}

void TcpStream::skip_to(Direction direction, std::uint32_t position, Timestamp time, Output& out) {
  Side& own = side(direction);
  const std::uint32_t missing = position - own.next;
  own.advance_to(position);
  if (missing > 0) tell_gap(direction, missing, time, out);
}

// Tells what has become readable, none of it before `readable` or before what precedes it.
void TcpStream::drain(Direction direction, Timestamp readable, Output& out) {
  while (waits(direction) && pending_->waiting[index(direction)].start() == side(direction).next) {
    const Waiting::Piece piece = pending_->waiting[index(direction)].take_first();
    charge(-static_cast<std::ptrdiff_t>(Waiting::cost(piece.bytes.size())), out);
    readable = std::max(readable, piece.time);
    tell(direction, piece.bytes, piece.length, readable, out);
  }
}

void TcpStream::drop_waiting(Direction direction, Output& out) {
  while (waits(direction)) {
    const Waiting::Piece piece = pending_->waiting[index(direction)].take_first();
    charge(-static_cast<std::ptrdiff_t>(Waiting::cost(piece.bytes.size())), out);
  }
}

// Holes

// Whether there is anything to look after beyond data in order.
bool TcpStream::ahead() const {
  const auto awaits = [](const Side& own) {
    return (own.fin_seen && !own.ended) || (own.acked_known && distance(own.next, own.acked) > 1);
  };
  return pending_ != nullptr || awaits(sides_[0]) || awaits(sides_[1]);
}

// The first sequence number behind the hole at the place that is read; nothing when there is no hole.
std::optional<std::uint32_t> TcpStream::hole_end(Direction direction) const {
  const Side& own = side(direction);
  if (own.ended) return std::nullopt;
  if (waits(direction)) return pending_->waiting[index(direction)].start();
  if (own.fin_seen) return before(own.next, own.fin) ? std::optional(own.fin) : std::nullopt;
  if (own.acked_known && distance(own.next, own.acked) > 1) return own.acked;
  return std::nullopt;
}

void TcpStream::watch_hole(Direction direction, bool brought, Output& out) {
  Side& own = side(direction);
  const auto end = hole_end(direction);
  if (!end) {
    own.hole = false;
    return;
  }
  const bool acked = aborted_ || (own.acked_known && !before(own.acked, *end));
  if (!own.hole || own.hole_acked != acked) {
    own.hole = true;
    own.hole_acked = acked;
    own.hole_since = out.now;
    own.later = 0;
    return;
  }
  if (brought && own.later < unheard_segments) ++own.later;
  const Duration passed = out.now - own.hole_since;
  const bool late = acked && (own.later >= late_segments || passed >= late_time);
  const bool unheard = !own.acked_known && (own.later >= unheard_segments || passed >= unheard_time);
  if (late || unheard) give_up_hole(direction, out);
}

void TcpStream::give_up_hole(Direction direction, Output& out) {
  const auto end = hole_end(direction);
  if (!end) return;
  const Timestamp time = waits(direction) ? pending_->waiting[index(direction)].first().time : out.now;
  skip_to(direction, *end, time, out);
  drain(direction, time, out);
}

// What waits

bool TcpStream::waits(Direction direction) const {
  return pending_ && !pending_->waiting[index(direction)].empty();
}

TcpStream::Pending& TcpStream::pending(ReorderBudget& budget) {
  if (!pending_) pending_ = std::make_unique<Pending>(budget);
  return *pending_;
}

void TcpStream::release_pending() {
  if (pending_ && pending_->charged == 0) pending_.reset();
}

void TcpStream::charge(std::ptrdiff_t bytes, Output& out) {
  pending_->charged += static_cast<std::size_t>(bytes);
  out.budget.used += static_cast<std::size_t>(bytes);
}

}  // namespace wiretape::flow
