// SPDX-License-Identifier: Apache-2.0
#include "flow/backlog.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

namespace wiretape::flow {
namespace {

// What of a stream is never cut: as much as its first packets carried. Packets of next to no bytes must not make it
// endless, so its memory counts too.
constexpr std::uint64_t head_bytes = 64U << 10U;
constexpr std::uint64_t head_memory = 96U << 10U;

// Sizes of blocks, the header included, are powers of two from 128 bytes on. A stream of a dozen positions, or of a
// handshake's copies, costs one small block; each further one is up to half of what the stream takes already, so that
// little is left empty and chains stay short.
constexpr std::size_t smallest_block = 128;
constexpr std::size_t size_of(std::size_t size_class) {
  return smallest_block << size_class;
}
constexpr std::uint8_t first_of_positions = 0;    // 128
constexpr std::uint8_t first_of_copies = 2;       // 512
constexpr std::uint8_t largest_of_positions = 4;  // 2 KiB
constexpr std::uint8_t largest_of_copies = 8;     // 32 KiB

constexpr std::uint8_t class_up_to(std::size_t size) {
  return static_cast<std::uint8_t>(size < smallest_block ? 0 : std::bit_width(size / smallest_block) - 1);
}

// The bookkeeping of the allocator for a block.
constexpr std::size_t overhead = 16;

constexpr std::uint64_t zigzag(std::uint64_t difference) {
  return difference << 1U ^ (0 - (difference >> 63U));
}
constexpr std::uint64_t unzigzag(std::uint64_t coded) {
  return coded >> 1U ^ (0 - (coded & 1U));
}

char* put(char* out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) *out++ = static_cast<char>(value | 0x80U);
  *out++ = static_cast<char>(value);
  return out;
}

const char* take(const char* in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(*in++);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return in;
  }
}

void merge(Cut& into, const Cut& cut) {
  into.first = into.packets == 0 ? cut.first : std::min(into.first, cut.first);
  into.last = into.packets == 0 ? cut.last : std::max(into.last, cut.last);
  into.packets += cut.packets;
  into.bytes += cut.bytes;
}

}  // namespace

std::size_t Backlog::memory_of(std::size_t capacity) {
  return sizeof(Block) + capacity + overhead;
}

Backlog::Backlog(std::size_t limit) : limit_(limit) {}

Backlog::~Backlog() {
  for (Stream* stream : streams_) {
    if (stream == nullptr) continue;
    for (Block* block = stream->first; block != nullptr;) destroy(std::exchange(block, block->next));
  }
  empty_pool();
}

void Backlog::hold(FlowId flow, const net::Packet& packet) {
  Stream& stream = *stream_of(flow);
  const Form form = packet.position != net::no_position ? Form::positions : Form::copies;
  const Bytes data = form == Form::copies ? packet.data : Bytes{};

  Header header;
  Base base = stream.base;
  if (stream.last != nullptr && stream.last->form == form) header = encode(packet, form, base);
  Block* block = stream.last;
  if (header.size == 0 || block->capacity - block->used < header.size + data.size()) {
    base = {};
    header = encode(packet, form, base);
    block = block_for(stream, form, header.size + data.size());
  }
  if (block == nullptr) {
    if (stream.first == nullptr) forget(stream);
    count_cut(flow, {.packets = 1, .bytes = packet.data.size(), .first = packet.time, .last = packet.time});
    return;
  }
  stream.base = base;
  char* out = block->data() + block->used;
  std::memcpy(out, header.bytes.data(), header.size);
  if (!data.empty()) std::memcpy(out + header.size, data.data(), data.size());
  block->used += static_cast<std::uint32_t>(header.size + data.size());

  block->first = block->packets == 0 ? packet.time : std::min(block->first, packet.time);
  block->last = block->packets == 0 ? packet.time : std::max(block->last, packet.time);
  ++block->packets;
  block->bytes += packet.data.size();
  if (stream.head == nullptr) stream.head_bytes += packet.data.size();
}

// Leaves in `base` what the next packet is coded against.
Backlog::Header Backlog::encode(const net::Packet& packet, Form form, Base& base) {
  Header header;
  char* out = header.bytes.data();
  if (form == Form::positions) {
    out = put(out, zigzag(packet.position - base.position));
    out = put(out, zigzag(packet.number - base.number));
    base.position = packet.position;
  } else {
    const std::uint64_t captured = packet.data.size();
    out = put(out, zigzag(static_cast<std::uint64_t>(packet.time.nanoseconds) - base.time));
    out = put(out, zigzag(packet.number - base.number));
    out = put(out, captured);
    out = put(out, zigzag(packet.original_length - captured));
    out = put(out, static_cast<std::uint64_t>(packet.link));
    out = put(out, packet.interface);
    base.time = static_cast<std::uint64_t>(packet.time.nanoseconds);
  }
  base.number = packet.number;
  header.size = static_cast<std::size_t>(out - header.bytes.data());
  return header;
}

Cut Backlog::drop(FlowId flow) {
  if (flow < streams_.size() && streams_[flow] != nullptr) forget(*streams_[flow]);
  if (cuts_.empty()) return {};
  const auto found = cuts_.find(flow);
  if (found == cuts_.end()) return {};
  const Cut cut = found->second;
  cuts_.erase(found);
  return cut;
}

Cut Backlog::cut(FlowId flow) const {
  const auto found = cuts_.find(flow);
  return found == cuts_.end() ? Cut{} : found->second;
}

bool Backlog::holds(FlowId flow) const {
  return flow < streams_.size() && streams_[flow] != nullptr && streams_[flow]->first != nullptr;
}

std::size_t Backlog::memory() const {
  return used_ + pooled_ + streams_.capacity() * sizeof(void*) + store_.size() * sizeof(Stream) +
         spare_.capacity() * sizeof(void*) + cuts_.size() * (sizeof(FlowId) + sizeof(Cut) + overhead);
}

// Reading back

Backlog::Walk Backlog::begin(FlowId flow) const {
  return {.block = holds(flow) ? streams_[flow]->first : nullptr, .offset = 0, .base = {}};
}

bool Backlog::next(Walk& walk, net::Packet& packet) const {
  while (walk.block != nullptr && walk.offset == walk.block->used) {
    walk = {.block = walk.block->next, .offset = 0, .base = {}};
  }
  if (walk.block == nullptr) return false;
  const char* in = walk.block->data() + walk.offset;
  std::uint64_t value = 0;
  packet = {};
  if (walk.block->form == Form::positions) {
    in = take(in, value);
    packet.position = walk.base.position += unzigzag(value);
    in = take(in, value);
    packet.number = walk.base.number += unzigzag(value);
  } else {
    in = take(in, value);
    walk.base.time += unzigzag(value);
    packet.time = {static_cast<std::int64_t>(walk.base.time)};
    in = take(in, value);
    packet.number = walk.base.number += unzigzag(value);
    std::uint64_t captured = 0;
    in = take(in, captured);
    in = take(in, value);
    packet.original_length = static_cast<std::uint32_t>(captured + unzigzag(value));
    in = take(in, value);
    packet.link = static_cast<net::LinkType>(value);
    in = take(in, value);
    packet.interface = static_cast<std::uint32_t>(value);
    packet.data = Bytes(in, captured);
    in += captured;
  }
  walk.offset = static_cast<std::size_t>(in - walk.block->data());
  return true;
}

// Streams and their blocks

Backlog::Stream* Backlog::stream_of(FlowId flow) {
  if (flow >= streams_.size()) streams_.resize(std::max<std::size_t>(std::size_t{flow} + 1, streams_.size() * 2));
  Stream*& stream = streams_[flow];
  if (stream != nullptr) return stream;
  if (spare_.empty()) {
    stream = &store_.emplace_back();
  } else {
    stream = spare_.back();
    spare_.pop_back();
  }
  stream->flow = flow;
  return stream;
}

void Backlog::forget(Stream& stream) {
  unweigh(stream);
  for (Block* block = stream.first; block != nullptr;) give_block(std::exchange(block, block->next));
  streams_[stream.flow] = nullptr;
  stream = {};
  spare_.push_back(&stream);
}

// A new block at the stream's end with room for `need` bytes; null when the limit does not allow for it.
Backlog::Block* Backlog::block_for(Stream& stream, Form form, std::size_t need) {
  const bool copies = form == Form::copies;
  std::uint8_t size_class = std::clamp(class_up_to(stream.memory / 2), copies ? first_of_copies : first_of_positions,
                                       copies ? largest_of_copies : largest_of_positions);
  while (size_class < size_classes && size_of(size_class) < sizeof(Block) + need) ++size_class;
  const std::size_t size = size_class < size_classes ? size_of(size_class) : sizeof(Block) + need;

  const bool pooled = size_class < size_classes && pool_[size_class] != nullptr;
  if (!pooled && !make_room(memory_of(size - sizeof(Block)))) return nullptr;
  Block* block = take_block(size_class, size - sizeof(Block));
  block->form = form;
  extend(stream, block);
  return block;
}

void Backlog::extend(Stream& stream, Block* block) {
  const std::uint64_t before = stream.memory;
  stream.memory += memory_of(block->capacity);
  Block* full = std::exchange(stream.last, block);
  if (full == nullptr) {
    stream.first = block;
    return;
  }
  full->next = block;
  if (stream.head != nullptr) {
    unweigh(stream);
    stream.middle += memory_of(full->capacity);
    weigh(stream);
  } else if (stream.head_bytes >= head_bytes || before >= head_memory) {
    stream.head = full;
  }
}

void Backlog::count_cut(FlowId flow, const Cut& cut) {
  merge(cuts_[flow], cut);
  merge(total_cut_, cut);
}

// Memory

Backlog::Block* Backlog::take_block(std::uint8_t size_class, std::size_t capacity) {
  const std::size_t memory = memory_of(capacity);
  used_ += memory;
  void* place = nullptr;
  if (size_class < size_classes && pool_[size_class] != nullptr) {
    place = std::exchange(pool_[size_class], pool_[size_class]->next);
    pooled_ -= memory;
  } else {
    place = ::operator new(sizeof(Block) + capacity);
  }
  auto* block = new (place) Block;
  block->capacity = static_cast<std::uint32_t>(capacity);
  block->size_class = size_class;
  return block;
}

void Backlog::give_block(Block* block) {
  const std::size_t memory = memory_of(block->capacity);
  used_ -= memory;
  // A quarter is enough to begin again with; the rest goes back to the system.
  if (block->size_class == odd_size || pooled_ + memory > limit_ / 4) return destroy(block);
  block->next = std::exchange(pool_[block->size_class], block);
  pooled_ += memory;
}

void Backlog::destroy(Block* block) {
  ::operator delete(block);
}

void Backlog::empty_pool() {
  for (Block*& pool : pool_) {
    while (pool != nullptr) destroy(std::exchange(pool, pool->next));
  }
  pooled_ = 0;
}

bool Backlog::make_room(std::size_t bytes) {
  while (memory() + bytes > limit_) {
    if (pooled_ > 0) {
      empty_pool();
    } else if (!give_way()) {
      return false;
    }
  }
  return true;
}

// Giving way. Streams with a middle are kept in lists by the power of two of its size, so that the heaviest is found
// among a few; as much as half a middle goes at once, so that it is rarely looked for.

bool Backlog::give_way() {
  for (std::size_t at = weights; at-- > 0;) {
    if (heaviest_[at] == nullptr) continue;
    Stream* heaviest = heaviest_[at];
    for (Stream* stream = heaviest; stream != nullptr; stream = stream->lighter) {
      if (stream->middle > heaviest->middle) heaviest = stream;
    }
    cut_middle(*heaviest);
    return true;
  }
  return false;
}

void Backlog::cut_middle(Stream& stream) {
  unweigh(stream);
  const std::uint64_t wanted = (stream.middle + 1) / 2;
  std::uint64_t freed = 0;
  Cut cut;
  while (freed < wanted) {
    Block* block = stream.head->next;
    stream.head->next = block->next;
    freed += memory_of(block->capacity);
    merge(cut, {.packets = block->packets, .bytes = block->bytes, .first = block->first, .last = block->last});
    give_block(block);
  }
  stream.middle -= freed;
  stream.memory -= freed;
  weigh(stream);
  count_cut(stream.flow, cut);
}

std::size_t Backlog::weight(const Stream& stream) {
  return std::min<std::size_t>(weights - 1, static_cast<std::size_t>(std::bit_width(stream.middle)));
}

void Backlog::weigh(Stream& stream) {
  if (stream.middle == 0) return;
  Stream*& list = heaviest_[weight(stream)];
  stream.heavier = nullptr;
  stream.lighter = list;
  if (list != nullptr) list->heavier = &stream;
  list = &stream;
}

void Backlog::unweigh(Stream& stream) {
  if (stream.middle == 0) return;
  if (stream.lighter != nullptr) stream.lighter->heavier = stream.heavier;
  (stream.heavier != nullptr ? stream.heavier->lighter : heaviest_[weight(stream)]) = stream.lighter;
}

}  // namespace wiretape::flow
