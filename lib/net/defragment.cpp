// SPDX-License-Identifier: Apache-2.0
#include "net/defragment.hpp"

#include <algorithm>
#include <compare>
#include <cstring>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace wiretape::net {
namespace {

constexpr std::uint32_t largest_datagram = 65535;

// Over a link of the least MTU of IPv4 a datagram has 1,366 fragments. More are repetitions, each of which costs
// memory.
constexpr std::size_t most_fragments = 2048;

// What a datagram and each of its fragments cost beside the copied bytes, roughly, allocators included.
constexpr std::size_t datagram_overhead = 256;
constexpr std::size_t fragment_overhead = 160;

struct Key {
  Address source;
  Address destination;
  std::uint32_t identification = 0;
  std::uint8_t protocol = 0;  // IPv4 only
  constexpr auto operator<=>(const Key&) const = default;
};

struct Range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// Which bytes are there, as sorted ranges that neither overlap nor touch.
class Coverage {
 public:
  [[nodiscard]] bool overlaps(Range range) const {
    const auto next = first_ending_behind(range.begin);
    return next != ranges_.end() && next->begin < range.end;
  }
  [[nodiscard]] std::uint32_t end() const { return ranges_.empty() ? 0 : ranges_.back().end; }
  // How many bytes are there from 0 on without a hole.
  [[nodiscard]] std::uint32_t prefix() const {
    return ranges_.empty() || ranges_.front().begin != 0 ? 0 : ranges_.front().end;
  }

  void add(Range range) {
    if (range.begin == range.end) return;
    const auto from = std::lower_bound(ranges_.begin(), ranges_.end(), range.begin,
                                       [](const Range& each, std::uint32_t at) { return each.end < at; });
    auto to = from;
    for (; to != ranges_.end() && to->begin <= range.end; ++to) {
      range.begin = std::min(range.begin, to->begin);
      range.end = std::max(range.end, to->end);
    }
    ranges_.insert(ranges_.erase(from, to), range);
  }

 private:
  [[nodiscard]] std::vector<Range>::const_iterator first_ending_behind(std::uint32_t at) const {
    return std::upper_bound(ranges_.begin(), ranges_.end(), at,
                            [](std::uint32_t place, const Range& each) { return place < each.end; });
  }
  std::vector<Range> ranges_;
};

struct Piece {
  Range range;     // in the datagram, as the header says
  Bytes captured;  // a view into the copy of its packet; may be shorter
};

struct Datagram {
  Key key;
  std::uint16_t vlan = 0;
  Timestamp first;
  std::size_t memory = datagram_overhead;
  std::uint32_t length = 0;   // 0: the last fragment has not come
  std::uint8_t protocol = 0;  // from the first fragment: RFC 8200 lets the others differ
  bool rejected = false;      // stays, so that what still comes of it is refused too
  Coverage covered;
  std::vector<Piece> pieces;
  std::vector<Packet> packets;
  std::vector<std::unique_ptr<char[]>> copies;  // bytes of the packets, and of pieces that stand in none of them
};

// A fragment that was put together from fragments of a tunnel stands in none of its packets.
std::size_t cost_of(const Segment& segment, Bytes fragment) {
  std::size_t cost = segment.packets.size() > 1 ? fragment.size() : 0;
  for (const Packet& packet : segment.packets) cost += packet.data.size() + fragment_overhead;
  return cost;
}

const char* copy_into(std::vector<std::unique_ptr<char[]>>& copies, Bytes bytes) {
  copies.push_back(std::make_unique<char[]>(bytes.size()));
  if (!bytes.empty()) std::memcpy(copies.back().get(), bytes.data(), bytes.size());
  return copies.back().get();
}

// What there is without a hole from the start. Later pieces first, so that the first copy of a byte is what remains.
void assemble(const Datagram& datagram, std::string& out) {
  const std::uint32_t end = datagram.covered.prefix();
  out.assign(end, '\0');
  Coverage captured;
  for (auto piece = datagram.pieces.rbegin(); piece != datagram.pieces.rend(); ++piece) {
    if (piece->range.begin >= end) continue;
    std::memcpy(out.data() + piece->range.begin, piece->captured.data(), piece->captured.size());
    captured.add({piece->range.begin, piece->range.begin + static_cast<std::uint32_t>(piece->captured.size())});
  }
  out.resize(captured.prefix());
}

// Nothing past the end that is known, no second end, and only the last fragment may end off a unit of 8 bytes.
bool consistent(const Datagram& datagram, const IpPayload& fragment, Range range) {
  if (fragment.more_fragments) return datagram.length == 0 || range.end <= datagram.length;
  if (datagram.length != 0) return range.end == datagram.length;
  return range.end >= datagram.covered.end();
}

bool repeats(const Datagram& datagram, Range range) {
  return std::any_of(datagram.pieces.begin(), datagram.pieces.end(), [&](const Piece& piece) {
    return piece.range.begin == range.begin && piece.range.end == range.end;
  });
}

}  // namespace

struct Defragmenter::Impl {
  using Waiting = std::list<Datagram>;  // oldest first

  DefragmentLimits limits;
  Listener given_up;
  DefragmentCounts counts;
  Waiting waiting;
  std::map<Key, Waiting::iterator> by_key;  // ordered: an adversary cannot make it slow
  std::size_t memory = 0;

  Datagram completed;  // what the caller's views point into
  std::string assembled;
  std::string partial;  // of its own: one that is given up may make room for what comes out of `assembled`

  void tell(const Datagram& datagram) {
    if (!given_up || datagram.packets.empty()) return;
    partial.clear();
    if (!datagram.rejected) assemble(datagram, partial);
    given_up({.packets = datagram.packets,
              .source = datagram.key.source,
              .destination = datagram.key.destination,
              .vlan = datagram.vlan,
              .payload = {.protocol = datagram.protocol,
                          .v6 = datagram.key.source.v6,
                          .bytes = partial,
                          .length = datagram.length != 0 ? datagram.length : datagram.covered.end(),
                          .fragment = true,
                          .more_fragments = datagram.length == 0,
                          .identification = datagram.key.identification}});
  }

  void release_packets(Datagram& datagram) {
    tell(datagram);
    datagram.pieces.clear();
    datagram.packets.clear();
    datagram.copies.clear();
    memory -= datagram.memory - datagram_overhead;
    datagram.memory = datagram_overhead;
  }

  void give_up(Waiting::iterator datagram, std::uint64_t DefragmentCounts::*reason) {
    if (!datagram->rejected) ++(counts.*reason);
    release_packets(*datagram);
    memory -= datagram->memory;
    by_key.erase(datagram->key);
    waiting.erase(datagram);
  }

  // In either direction: time that jumps must not let two datagrams of one identification meet.
  [[nodiscard]] bool too_old(const Datagram& datagram, Timestamp now) const {
    return now - datagram.first > limits.wait || datagram.first - now > limits.wait;
  }

  void expire(Timestamp now) {
    while (!waiting.empty() && too_old(waiting.front(), now)) give_up(waiting.begin(), &DefragmentCounts::expired);
  }

  // False when a single fragment is beyond what may be held.
  bool make_room(std::size_t cost) {
    if (cost > limits.bytes) return false;
    while (memory + cost > limits.bytes) give_up(waiting.begin(), &DefragmentCounts::evicted);
    return true;
  }

  Waiting::iterator find_or_open(const Key& key, std::uint16_t vlan, Timestamp now) {
    if (const auto found = by_key.find(key); found != by_key.end()) {
      if (!too_old(*found->second, now)) return found->second;
      give_up(found->second, &DefragmentCounts::expired);
    }
    waiting.emplace_back();
    waiting.back().key = key;
    waiting.back().vlan = vlan;
    waiting.back().first = now;
    memory += datagram_overhead;
    return by_key[key] = std::prev(waiting.end());
  }

  void reject(Datagram& datagram) {
    ++counts.rejected;
    datagram.rejected = true;
    release_packets(datagram);
  }

  void hold(Datagram& datagram, const Segment& segment, Range range, Bytes captured) {
    const std::size_t cost = cost_of(segment, captured);
    const char* copy = nullptr;
    for (const Packet& packet : segment.packets) {
      copy = copy_into(datagram.copies, packet.data);
      datagram.packets.push_back(packet);
      datagram.packets.back().data = {copy, packet.data.size()};
    }
    const char* const piece = segment.packets.size() > 1
                                  ? copy_into(datagram.copies, captured)
                                  : copy + (captured.data() - segment.packets.front().data.data());
    datagram.pieces.push_back({.range = range, .captured = {piece, captured.size()}});
    datagram.memory += cost;
    memory += cost;
  }

  void complete(Waiting::iterator datagram) {
    ++counts.completed;
    memory -= datagram->memory;
    completed = std::move(*datagram);
    by_key.erase(completed.key);
    waiting.erase(datagram);
    assemble(completed, assembled);
  }
};

Defragmenter::Defragmenter(const DefragmentLimits& limits, Listener given_up) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
  impl_->given_up = std::move(given_up);
}

Defragmenter::~Defragmenter() = default;

Drop Defragmenter::add(IpPayload& payload, Segment& segment) {
  const Range range = {.begin = payload.offset, .end = payload.offset + payload.length};
  if (payload.length == 0 || payload.length > largest_datagram || range.end > largest_datagram)
    return Drop::bad_fragment;
  if (payload.more_fragments && payload.length % 8 != 0) return Drop::bad_fragment;

  impl_->expire(segment.time);
  if (!impl_->make_room(cost_of(segment, payload.bytes) + datagram_overhead)) return Drop::bad_fragment;
  const Key key = {.source = segment.source.address,
                   .destination = segment.destination.address,
                   .identification = payload.identification,
                   .protocol = payload.v6 ? std::uint8_t{0} : payload.protocol};
  const auto datagram = impl_->find_or_open(key, segment.vlan, segment.time);
  if (datagram->rejected) return Drop::bad_fragment;
  if (!consistent(*datagram, payload, range) || datagram->pieces.size() == most_fragments) return Drop::bad_fragment;
  if (payload.v6 && datagram->covered.overlaps(range) && !repeats(*datagram, range)) {
    impl_->reject(*datagram);
    return Drop::bad_fragment;
  }

  if (payload.offset == 0 && datagram->covered.prefix() == 0) datagram->protocol = payload.protocol;
  impl_->hold(*datagram, segment, range, payload.bytes);
  datagram->covered.add(range);
  if (!payload.more_fragments) datagram->length = range.end;
  if (datagram->length == 0 || datagram->covered.prefix() != datagram->length) return Drop::fragment_held;

  impl_->complete(datagram);
  payload.protocol = impl_->completed.protocol;
  payload.bytes = impl_->assembled;
  payload.length = impl_->completed.length;
  payload.fragment = false;
  payload.reassembled = true;
  segment.packets = impl_->completed.packets;
  return Drop::none;
}

void Defragmenter::expire(Timestamp now) {
  impl_->expire(now);
}

void Defragmenter::drain() {
  while (!impl_->waiting.empty()) impl_->give_up(impl_->waiting.begin(), &DefragmentCounts::expired);
}

const DefragmentCounts& Defragmenter::counts() const {
  return impl_->counts;
}

std::size_t Defragmenter::memory() const {
  return impl_->memory;
}

}  // namespace wiretape::net
