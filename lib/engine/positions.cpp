// SPDX-License-Identifier: Apache-2.0
#include "engine/positions.hpp"

#include <algorithm>
#include <functional>

#include "engine/temporary.hpp"

namespace wiretape::engine {
namespace {

// How many wait unsorted: 512 KiB.
constexpr std::size_t fresh_limit = 1U << 16U;
// Bytes of sorted runs in memory.
constexpr std::size_t memory_limit = 256U << 10U;
// Of a run in the file, at a time.
constexpr std::size_t read_size = 4096;
constexpr std::size_t longest_varint = 10;

// 7 bits a byte, lowest first, the top bit says that more follow.
void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>(value | 0x80U);
  out += static_cast<char>(value);
}

std::uint64_t take_varint(const std::string& bytes, std::size_t& offset) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[offset++]);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
}

}  // namespace

void Positions::add(std::uint64_t position) {
  fresh_.push_back(position);
  ++size_;
  if (fresh_.size() >= fresh_limit) seal();
}

void Positions::clear() {
  fresh_.clear();
  runs_.clear();
  size_ = 0;
  in_memory_ = 0;
  if (file_ && file_->size() != 0) static_cast<void>(file_->truncate());
}

void Positions::seal() {
  if (fresh_.empty()) return;
  std::sort(fresh_.begin(), fresh_.end());
  Run run;
  run.bytes.reserve(fresh_.size() * 3);
  std::uint64_t before = 0;
  for (const std::uint64_t position : fresh_) {
    append_varint(run.bytes, position - before);
    before = position;
  }
  fresh_.clear();
  run.size = run.bytes.size();
  in_memory_ += run.bytes.capacity();
  runs_.push_back(std::move(run));
  if (in_memory_ > memory_limit) spill(runs_.back());
}

void Positions::spill(Run& run) {
  if (!file_ && !no_file_) {
    auto file = temporary_file("the file of positions");
    no_file_ = !file;
    if (file) file_ = *std::move(file);
  }
  if (no_file_) return;
  run.start = file_->size();
  if (!file_->append(run.bytes)) return;
  run.in_file = true;
  in_memory_ -= run.bytes.capacity();
  run.bytes = {};
}

std::size_t Positions::memory() const {
  return fresh_.capacity() * sizeof(std::uint64_t) + in_memory_ + runs_.capacity() * sizeof(Run);
}

Positions::Reader Positions::read() {
  seal();
  Reader reader;
  reader.heap_.reserve(runs_.size());
  for (const Run& run : runs_) {
    Reader::Cursor cursor{.run = &run, .file = file_ ? &*file_ : nullptr};
    const bool any = cursor.advance();
    reader.failed_ = reader.failed_ || cursor.failed;
    if (any) reader.heap_.push_back(std::move(cursor));
  }
  std::make_heap(reader.heap_.begin(), reader.heap_.end(), std::greater<>());
  return reader;
}

bool Positions::Reader::Cursor::advance() {
  if (!run->in_file) {
    if (offset == run->size) return false;
    position += take_varint(run->bytes, offset);
    return true;
  }
  if (buffer.size() - offset < longest_varint && read < run->size && !refill()) return false;
  if (offset == buffer.size()) return false;
  position += take_varint(buffer, offset);
  return true;
}

// What was not taken stays in front.
bool Positions::Reader::Cursor::refill() {
  buffer.erase(0, offset);
  offset = 0;
  const std::size_t held = buffer.size();
  const std::size_t size = std::min(read_size, run->size - read);
  buffer.resize(held + size);
  const auto got = file->read(buffer.data() + held, size, run->start + read);
  failed = !got || *got != size;
  read += size;
  return !failed;
}

bool Positions::Reader::next(std::uint64_t& position) {
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    Cursor& first = heap_.back();
    position = first.position;
    if (first.advance()) {
      std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    } else {
      failed_ = failed_ || first.failed;
      heap_.pop_back();
    }
    if (position == last_) continue;
    last_ = position;
    return true;
  }
  return false;
}

}  // namespace wiretape::engine
