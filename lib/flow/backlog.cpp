// SPDX-License-Identifier: Apache-2.0
#include "flow/backlog.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "flow/heap_size.hpp"

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

// So large that what memory keeps of it is next to nothing, so small that reading one back takes no memory to speak of.
constexpr std::size_t largest_extent = 32U << 10U;

// What is spilled beyond what is needed, so that it is not done for every packet.
constexpr std::size_t largest_slack = 256U << 10U;

void merge(Cut& into, const Cut& cut) {
  into.first = into.packets == 0 ? cut.first : std::min(into.first, cut.first);
  into.last = into.packets == 0 ? cut.last : std::max(into.last, cut.last);
  into.packets += cut.packets;
  into.bytes += cut.bytes;
}

}  // namespace

Backlog::Backlog(BacklogBudget* budget, std::size_t share, Spool* spool)
    : budget_(budget), spool_(spool), share_(share), granted_(share) {}
Backlog::Backlog(BacklogBudget& budget, Spool* spool) : Backlog(&budget, budget.share(), spool) {}
Backlog::Backlog(std::size_t limit) : Backlog(nullptr, limit, nullptr) {}

Backlog::~Backlog() {
  index_.each([this](Held held) {
    free_extents(held.newest());
    Stream* stream = held.stream();
    if (stream == nullptr) return;
    for (Block* block = stream->first; block != nullptr;) free_block(std::exchange(block, block->next));
    delete stream;
  });
  shrink();
  if (budget_ != nullptr) budget_->give_back(granted_ - share_);
}

void Backlog::hold(FlowId flow, const net::Packet& packet) {
  const HeldForm form = packet.position != net::no_position ? HeldForm::positions : HeldForm::copies;
  const Bytes data = form == HeldForm::copies ? packet.data : Bytes{};

  Stream* stream = index_.get(flow).stream();
  HeldBase base;
  HeldHeader header;
  if (stream != nullptr && stream->last->piece.form == form) {
    base = stream->base;
    header = encode_held(packet, form, base);
  }
  if (header.size == 0 || stream->last->capacity - stream->last->piece.used < header.size + data.size()) {
    base = {};
    header = encode_held(packet, form, base);
    stream = extend(flow, form, header.size + data.size());
  }
  if (stream == nullptr) {
    return count_cut(flow, {.packets = 1, .bytes = packet.data.size(), .first = packet.time, .last = packet.time});
  }
  stream->base = base;
  append(*stream, header, data, packet);
}

// The last block has room for it.
void Backlog::append(Stream& stream, const HeldHeader& header, Bytes data, const net::Packet& packet) {
  Block& block = *stream.last;
  char* out = block.data() + block.piece.used;
  std::memcpy(out, header.bytes.data(), header.size);
  if (!data.empty()) std::memcpy(out + header.size, data.data(), data.size());
  block.piece.used += static_cast<std::uint32_t>(header.size + data.size());

  block.first = block.packets == 0 ? packet.time : std::min(block.first, packet.time);
  block.last = block.packets == 0 ? packet.time : std::max(block.last, packet.time);
  ++block.packets;
  block.bytes += packet.data.size();
  if (!stream.head_full) stream.head_bytes += packet.data.size();
}

Cut Backlog::drop(FlowId flow) {
  forget(flow);
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
  return index_.get(flow) != Held{};
}

std::size_t Backlog::memory() const {
  constexpr std::size_t ledger_entry = heap_size(sizeof(void*) + sizeof(std::pair<const FlowId, Cut>));
  return used_ + pooled_ + index_.memory() + cuts_.size() * ledger_entry + cuts_.bucket_count() * sizeof(void*);
}

// Reading back

Backlog::Walk Backlog::begin(FlowId flow) const {
  const Held held = index_.get(flow);
  Walk walk;
  walk.flow = flow;
  walk.newest = held.newest();
  walk.extent = walk.newest == nullptr ? nullptr : walk.newest->next;
  walk.block = held.stream() == nullptr ? nullptr : held.stream()->first;
  return walk;
}

bool Backlog::next(Walk& walk, net::Packet& packet) {
  while (walk.at == walk.end) {
    if (!next_piece(walk)) return false;
  }
  walk.at = decode_held(walk.at, walk.form, walk.base, packet);
  return true;
}

bool Backlog::next_piece(Walk& walk) {
  while (walk.pieces.empty() && walk.extent != nullptr) read_extent(walk);
  Piece piece;
  if (!walk.pieces.empty()) {
    std::memcpy(&piece, walk.pieces.data(), sizeof piece);
    walk.at = walk.pieces.data() + sizeof piece;
    walk.pieces.remove_prefix(sizeof piece + piece.used);
  } else if (walk.block != nullptr) {
    piece = walk.block->piece;
    walk.at = walk.block->data();
    walk.block = walk.block->next;
  } else {
    return false;
  }
  walk.end = walk.at + piece.used;
  walk.form = piece.form;
  walk.base = {};
  return true;
}

// What cannot be read back is cut: it goes into the ledger, once. What can is trusted as memory is: nobody else has a
// name for the place where it was.
void Backlog::read_extent(Walk& walk) {
  Extent& extent = *walk.extent;
  walk.extent = &extent == walk.newest ? nullptr : extent.next;
  if (extent.size == 0) return;
  if (walk.buffer_size < extent.size) {
    walk.buffer = std::make_unique_for_overwrite<char[]>(extent.size);
    walk.buffer_size = extent.size;
  }
  if (spool_->get(extent.place, {walk.buffer.get(), extent.size})) {
    walk.pieces = Bytes(walk.buffer.get(), extent.size);
    return;
  }
  spool_->give_back(extent.place, extent.size);
  spooled_ -= std::exchange(extent.size, 0);
  count_cut(walk.flow, {.packets = extent.packets, .bytes = extent.bytes, .first = extent.first, .last = extent.last});
}

// Streams and their blocks

// A new block at the stream's end with room for `need` bytes; null when the budget does not allow for it.
Backlog::Stream* Backlog::extend(FlowId flow, HeldForm form, std::size_t need) {
  const Stream* before = index_.get(flow).stream();
  Block* block = take_block(before == nullptr ? 0 : before->memory, form, need);
  if (block == nullptr) return nullptr;
  // The room may have been found in this very stream.
  Stream* stream = index_.get(flow).stream();
  if (stream == nullptr) stream = wake(flow);
  if (stream == nullptr) {
    give_block(block);
    return nullptr;
  }
  link(*stream, block);
  return stream;
}

void Backlog::link(Stream& stream, Block* block) {
  unrank(stream);
  const std::uint64_t before = stream.memory;
  stream.memory += heap_size(sizeof(Block) + block->capacity);
  Block* full = std::exchange(stream.last, block);
  if (full == nullptr) {
    stream.first = block;
  } else {
    full->next = block;
    if (stream.head_full) {
      stream.middle += heap_size(sizeof(Block) + full->capacity);
    } else if (stream.head_bytes >= head_bytes || before >= head_memory) {
      stream.head = full;
      stream.head_full = true;
    }
  }
  rank(stream);
}

// The stream of a flow that has no block in memory: it must get one. Null when the budget does not allow for it.
Backlog::Stream* Backlog::wake(FlowId flow) {
  if (!make_room(heap_size(sizeof(Stream)) + index_.cost_of(flow))) return nullptr;
  Stream* stream = take_stream();
  stream->flow = flow;
  Extent* newest = index_.get(flow).newest();
  index_.set(flow, Held(stream));
  stream->newest = newest;
  if (newest == nullptr) return stream;
  Extent* extent = newest->next;
  stream->head_bytes = extent->bytes;
  while (stream->head_bytes < head_bytes && extent != newest) stream->head_bytes += (extent = extent->next)->bytes;
  stream->head_full = stream->head_bytes >= head_bytes;
  return stream;
}

// Its last block has gone to the spool.
void Backlog::sleep(Stream& stream) {
  index_.set(stream.flow, Held(stream.newest));
  used_ -= heap_size(sizeof(Stream));
  delete &stream;
}

void Backlog::forget(FlowId flow) {
  const Held held = index_.get(flow);
  if (held == Held{}) return;
  free_extents(held.newest());
  if (Stream* stream = held.stream()) {
    unrank(*stream);
    for (Block* block = stream->first; block != nullptr;) give_block(std::exchange(block, block->next));
    give_stream(stream);
  }
  index_.clear(flow);
  settle();
}

void Backlog::free_extents(Extent* newest) {
  if (newest == nullptr) return;
  for (Extent* extent = std::exchange(newest->next, nullptr); extent != nullptr;) {
    if (extent->size > 0) spool_->give_back(extent->place, extent->size);
    spooled_ -= extent->size;
    used_ -= heap_size(sizeof(Extent));
    delete std::exchange(extent, extent->next);
  }
}

void Backlog::count_cut(FlowId flow, const Cut& cut) {
  merge(cuts_[flow], cut);
  merge(total_cut_, cut);
}

void Backlog::rank(Stream& stream) {
  if (spool_ != nullptr) by_memory_.enter(stream, stream.memory);
  by_middle_.enter(stream, stream.middle);
}

void Backlog::unrank(Stream& stream) {
  if (spool_ != nullptr) by_memory_.leave(stream, stream.memory);
  by_middle_.leave(stream, stream.middle);
}

// Memory

Backlog::Block* Backlog::take_block(std::uint64_t stream_memory, HeldForm form, std::size_t need) {
  const bool copies = form == HeldForm::copies;
  std::uint8_t size_class = std::clamp(class_up_to(stream_memory / 2), copies ? first_of_copies : first_of_positions,
                                       copies ? largest_of_copies : largest_of_positions);
  while (size_class < size_classes && size_of(size_class) < sizeof(Block) + need) ++size_class;
  const std::size_t size = size_class < size_classes ? size_of(size_class) : sizeof(Block) + need;
  const std::size_t memory = heap_size(size);

  void* place = nullptr;
  if (size_class < size_classes && pool_[size_class] != nullptr) {
    place = std::exchange(pool_[size_class], pool_[size_class]->next);
    pooled_ -= memory;
  } else {
    if (!make_room(memory)) return nullptr;
    place = ::operator new(size);
  }
  used_ += memory;
  auto* block = new (place) Block;
  block->capacity = static_cast<std::uint32_t>(size - sizeof(Block));
  block->piece = {.used = 0, .form = form, .size_class = size_class};
  return block;
}

void Backlog::give_block(Block* block) {
  const std::size_t memory = heap_size(sizeof(Block) + block->capacity);
  if (block->piece.size_class == odd_size || !may_pool(memory)) return free_block(block);
  used_ -= memory;
  pooled_ += memory;
  block->next = std::exchange(pool_[block->piece.size_class], block);
}

void Backlog::free_block(Block* block) {
  used_ -= heap_size(sizeof(Block) + block->capacity);
  ::operator delete(block);
}

Backlog::Stream* Backlog::take_stream() {
  used_ += heap_size(sizeof(Stream));
  if (spare_ == nullptr) return new Stream;
  pooled_ -= heap_size(sizeof(Stream));
  Stream* stream = std::exchange(spare_, spare_->by_memory.older);
  *stream = {};
  return stream;
}

void Backlog::give_stream(Stream* stream) {
  used_ -= heap_size(sizeof(Stream));
  if (!may_pool(heap_size(sizeof(Stream)))) {
    delete stream;
    return;
  }
  pooled_ += heap_size(sizeof(Stream));
  stream->by_memory.older = std::exchange(spare_, stream);
}

bool Backlog::make_room(std::size_t bytes) {
  while (memory() + bytes > granted_) {
    if (!shrink() && !draw(bytes) && !spill(bytes) && !give_way()) return false;
  }
  return true;
}

// What is kept for use again goes back to the system.
bool Backlog::shrink() {
  if (pooled_ == 0) return false;
  for (Block*& pool : pool_) {
    while (pool != nullptr) ::operator delete(std::exchange(pool, pool->next));
  }
  while (spare_ != nullptr) delete std::exchange(spare_, spare_->by_memory.older);
  pooled_ = 0;
  // Not each time: it would have to grow again with the next cut.
  if (cuts_.bucket_count() > 8 * cuts_.size() + 64) cuts_.rehash(0);
  return true;
}

bool Backlog::draw(std::size_t bytes) {
  if (budget_ == nullptr) return false;
  const std::size_t missing = memory() + bytes - granted_;
  for (const std::size_t wanted : {std::max(missing, budget_->grant()), missing}) {
    if (!budget_->draw(wanted)) continue;
    granted_ += wanted;
    return true;
  }
  return false;
}

// Gives back what was drawn and is not needed any more; a little more than is needed stays, so that a stream that comes
// and goes does not draw each time.
void Backlog::settle() {
  if (granted_ <= share_) return;
  const std::size_t kept = std::max(share_, memory() + 2 * budget_->grant());
  if (kept >= granted_ || (kept > share_ && granted_ - kept < budget_->grant())) return;
  budget_->give_back(granted_ - kept);
  granted_ = kept;
}

// Moving to the spool, each time the oldest blocks of a stream that is among the heaviest.

bool Backlog::spill(std::size_t bytes) {
  if (spool_ == nullptr) return false;
  const std::size_t wanted = bytes + std::min(largest_slack, granted_ / 32);
  bool some = false;
  while (memory() + wanted > granted_) {
    Stream* heaviest = by_memory_.heaviest();
    if (heaviest == nullptr || !spill_oldest(*heaviest)) break;
    some = true;
  }
  return some;
}

// As many blocks as make one extent, but not the last one as long as there are others. False when the spool does not
// take them.
bool Backlog::spill_oldest(Stream& stream) {
  std::array<char, largest_extent> buffer;
  Batch batch = gather(stream, buffer);
  if (!put(stream, batch)) {
    // There may be room for less.
    if (batch.end == stream.first->next) return false;
    batch = only(*stream.first);
    if (!put(stream, batch)) return false;
  }
  unrank(stream);
  while (stream.first != batch.end) {
    Block* block = std::exchange(stream.first, stream.first->next);
    const std::size_t memory = heap_size(sizeof(Block) + block->capacity);
    stream.memory -= memory;
    if (stream.head_full && stream.head == nullptr && block != stream.last) stream.middle -= memory;
    if (block == stream.head) stream.head = nullptr;
    free_block(block);
  }
  if (stream.first == nullptr) {
    sleep(stream);
  } else {
    rank(stream);
  }
  return true;
}

Backlog::Batch Backlog::only(const Block& block) {
  return {.stored = block.stored(),
          .what = {.packets = block.packets, .bytes = block.bytes, .first = block.first, .last = block.last},
          .end = block.next};
}

Backlog::Batch Backlog::gather(const Stream& stream, std::span<char> buffer) {
  const Extent* newest = stream.newest;
  const bool fills_up = newest != nullptr && newest->size <= largest_extent / 2;
  const std::size_t room = largest_extent - (fills_up ? newest->size : 0);
  Batch batch;
  std::size_t size = 0;
  for (const Block* block = stream.first; block != stream.last; block = block->next) {
    const Bytes stored = block->stored();
    if (size + stored.size() > room) break;
    std::memcpy(buffer.data() + size, stored.data(), stored.size());
    size += stored.size();
    const Batch one = only(*block);
    merge(batch.what, one.what);
    batch.end = one.end;
  }
  if (size == 0) return only(*stream.first);
  batch.stored = Bytes(buffer.data(), size);
  return batch;
}

// Behind the stream's newest extent where both make one, else as an extent of its own.
bool Backlog::put(Stream& stream, const Batch& batch) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  if (batch.what.bytes > most) return false;
  Extent added{.next = nullptr,
               .first = batch.what.first,
               .last = batch.what.last,
               .size = static_cast<std::uint32_t>(batch.stored.size()),
               .packets = static_cast<std::uint32_t>(batch.what.packets),
               .bytes = static_cast<std::uint32_t>(batch.what.bytes)};
  Extent* newest = stream.newest;
  if (newest != nullptr && newest->size > 0 && newest->size + batch.stored.size() <= largest_extent &&
      newest->bytes + batch.what.bytes <= most) {
    if (const auto place = spool_->append(newest->place, newest->size, batch.stored)) {
      newest->place = *place;
      newest->first = std::min(newest->first, added.first);
      newest->last = std::max(newest->last, added.last);
      newest->size += added.size;
      newest->packets += added.packets;
      newest->bytes += added.bytes;
      spooled_ += added.size;
      return true;
    }
  }
  const auto place = spool_->put(batch.stored);
  if (!place) return false;
  added.place = *place;
  stream.newest = new Extent(added);
  stream.newest->next = newest == nullptr ? stream.newest : std::exchange(newest->next, stream.newest);
  used_ += heap_size(sizeof(Extent));
  spooled_ += added.size;
  return true;
}

// Giving way: as much as half a middle goes at once, so that it is rarely done.

bool Backlog::give_way() {
  Stream* heaviest = by_middle_.heaviest();
  if (heaviest == nullptr) return false;
  Stream& stream = *heaviest;
  unrank(stream);
  const std::uint64_t wanted = (stream.middle + 1) / 2;
  std::uint64_t freed = 0;
  Cut cut;
  while (freed < wanted) {
    Block*& from = stream.head == nullptr ? stream.first : stream.head->next;
    Block* block = std::exchange(from, from->next);
    freed += heap_size(sizeof(Block) + block->capacity);
    merge(cut, {.packets = block->packets, .bytes = block->bytes, .first = block->first, .last = block->last});
    give_block(block);
  }
  stream.middle -= freed;
  stream.memory -= freed;
  rank(stream);
  count_cut(stream.flow, cut);
  return true;
}

}  // namespace wiretape::flow
