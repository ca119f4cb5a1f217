// SPDX-License-Identifier: Apache-2.0
#include "engine/spool_space.hpp"

#include <algorithm>
#include <bit>

namespace wiretape::engine {
namespace {

constexpr std::uint64_t most_units = (std::uint64_t{UINT32_MAX} + 1) * SpoolSpace::step / SpoolSpace::unit;
constexpr std::uint32_t steps_in_unit = SpoolSpace::unit / SpoolSpace::step;
constexpr std::uint32_t word_bits = 64;

// Which power of two times 512.
std::size_t class_of(std::size_t slot) {
  return static_cast<std::size_t>(std::countr_zero(slot / SpoolSpace::step));
}

std::uint64_t all_slots(std::size_t size_class) {
  return ~std::uint64_t{0} >> (word_bits - (steps_in_unit >> size_class));
}

std::uint32_t units_of(std::size_t slot) {
  return static_cast<std::uint32_t>(slot / SpoolSpace::unit);
}

}  // namespace

SpoolSpace::SpoolSpace(std::uint64_t limit) : limit_(static_cast<std::uint32_t>(std::min(limit / unit, most_units))) {
  open_.fill(none);
}

std::size_t SpoolSpace::slot(std::size_t size) {
  if (size <= unit) return std::max(step, std::bit_ceil(size));
  return (size + unit - 1) / unit * unit;
}

std::optional<SpoolSpace::Place> SpoolSpace::take(std::size_t size) {
  const std::size_t bytes = slot(size);
  std::optional<Place> place;
  if (bytes < unit) {
    place = take_slot(class_of(bytes));
  } else if (bytes / unit <= limit_) {
    if (const auto first = take_units(units_of(bytes))) place = *first * steps_in_unit;
  }
  if (place) used_ += bytes;
  return place;
}

void SpoolSpace::give_back(Place place, std::size_t size) {
  const std::size_t bytes = slot(size);
  const std::uint32_t at = place / steps_in_unit;
  used_ -= bytes;
  if (bytes >= unit) return give_units(at, units_of(bytes));
  const std::size_t size_class = class_of(bytes);
  Unit& of = units_[at];
  if (of.free_slots == 0) link(at, size_class);
  of.free_slots |= std::uint64_t{1} << (place % steps_in_unit >> size_class);
  if (of.free_slots != all_slots(size_class)) return;
  unlink(at, size_class);
  give_units(at, 1);
}

std::size_t SpoolSpace::memory() const {
  return units_.capacity() * sizeof(Unit) + free_units_.capacity() * sizeof(std::uint64_t);
}

std::optional<SpoolSpace::Place> SpoolSpace::take_slot(std::size_t size_class) {
  if (open_[size_class] == none) {
    const auto fresh = take_units(1);
    if (!fresh) return {};
    units_[*fresh].free_slots = all_slots(size_class);
    link(*fresh, size_class);
  }
  const std::uint32_t at = open_[size_class];
  Unit& of = units_[at];
  const auto free = static_cast<std::uint32_t>(std::countr_zero(of.free_slots));
  of.free_slots &= of.free_slots - 1;
  if (of.free_slots == 0) unlink(at, size_class);
  return at * steps_in_unit + (free << size_class);
}

// Units that were in use before, else new ones at the end.
std::optional<std::uint32_t> SpoolSpace::take_units(std::uint32_t count) {
  if (const auto found = find_run(count)) {
    for (std::uint32_t at = *found; at < *found + count; ++at) {
      free_units_[at / word_bits] &= ~(std::uint64_t{1} << at % word_bits);
    }
    free_count_ -= count;
    if (count == 1) lowest_ = *found + 1;
    return found;
  }
  const auto end = static_cast<std::uint32_t>(units_.size());
  if (limit_ - end < count) return {};
  units_.resize(end + count);
  free_units_.resize((units_.size() + word_bits - 1) / word_bits);
  return end;
}

std::optional<std::uint32_t> SpoolSpace::find_run(std::uint32_t count) const {
  if (free_count_ < count) return {};
  std::uint32_t run = 0;
  for (auto at = lowest_; at < units_.size();) {
    const std::uint64_t word = free_units_[at / word_bits] >> at % word_bits;
    if (word == 0) {
      run = 0;
      at += word_bits - at % word_bits;
      continue;
    }
    run = (word & 1U) != 0 ? run + 1 : 0;
    ++at;
    if (run == count) return at - count;
  }
  return {};
}

void SpoolSpace::give_units(std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t at = first; at < first + count; ++at) {
    units_[at] = {};
    free_units_[at / word_bits] |= std::uint64_t{1} << at % word_bits;
  }
  free_count_ += count;
  lowest_ = std::min(lowest_, first);
}

void SpoolSpace::link(std::uint32_t at, std::size_t size_class) {
  std::uint32_t& open = open_[size_class];
  units_[at].previous = none;
  units_[at].next = open;
  if (open != none) units_[open].previous = at;
  open = at;
}

void SpoolSpace::unlink(std::uint32_t at, std::size_t size_class) {
  const auto [free_slots, next, previous] = units_[at];
  (previous != none ? units_[previous].next : open_[size_class]) = next;
  if (next != none) units_[next].previous = previous;
}

}  // namespace wiretape::engine
