// SPDX-License-Identifier: Apache-2.0
#include "engine/positions.hpp"

#include <algorithm>
#include <functional>

namespace wiretape::engine {
namespace {

// How many wait unsorted: 2 MiB.
constexpr std::size_t fresh_limit = 1U << 18U;

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
}

void Positions::seal() {
  if (fresh_.empty()) return;
  std::sort(fresh_.begin(), fresh_.end());
  std::string run;
  run.reserve(fresh_.size() * 3);
  std::uint64_t before = 0;
  for (const std::uint64_t position : fresh_) {
    append_varint(run, position - before);
    before = position;
  }
  runs_.push_back(std::move(run));
  fresh_.clear();
}

std::size_t Positions::memory() const {
  std::size_t total = fresh_.capacity() * sizeof(std::uint64_t);
  for (const std::string& run : runs_) total += run.capacity();
  return total;
}

Positions::Reader Positions::read() {
  seal();
  Reader reader;
  reader.heap_.reserve(runs_.size());
  for (const std::string& bytes : runs_) {
    Reader::Run run{.bytes = &bytes, .offset = 0, .position = 0};
    if (run.advance()) reader.heap_.push_back(run);
  }
  std::make_heap(reader.heap_.begin(), reader.heap_.end(), std::greater<>());
  return reader;
}

bool Positions::Reader::Run::advance() {
  if (offset == bytes->size()) return false;
  position += take_varint(*bytes, offset);
  return true;
}

bool Positions::Reader::next(std::uint64_t& position) {
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    position = heap_.back().position;
    if (heap_.back().advance()) {
      std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    } else {
      heap_.pop_back();
    }
    if (position == last_) continue;
    last_ = position;
    return true;
  }
  return false;
}

}  // namespace wiretape::engine
