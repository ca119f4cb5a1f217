// SPDX-License-Identifier: Apache-2.0
// Which bytes of a spool file are taken.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace wiretape::engine {

// The file is units of 32 KiB. What is smaller gets a slot of a power of two (from 512 bytes) in a unit of such slots,
// what is larger a run of whole units. A unit whose last slot comes back is free for any size, so that space is used
// again whatever came before. Memory: 16 bytes for each unit that was ever in use. Belongs to one thread at a time.
class SpoolSpace {
 public:
  // A place in steps of 512 bytes from the beginning of the file.
  using Place = std::uint32_t;
  static constexpr std::size_t step = 512;
  static constexpr std::size_t unit = 32U << 10U;

  // `limit` in bytes, rounded down to whole units; beyond 2 TiB it counts as that.
  explicit SpoolSpace(std::uint64_t limit);

  // What `size` bytes take.
  static std::size_t slot(std::size_t size);

  // Room for `size` bytes (at least one), at the lowest place that is easily found; nothing when there is none.
  std::optional<Place> take(std::size_t size);
  // `size` is the one it was taken with, or one with the same slot.
  void give_back(Place place, std::size_t size);

  [[nodiscard]] std::uint64_t used() const { return used_; }  // bytes of slots taken
  [[nodiscard]] std::size_t memory() const;

 private:
  static constexpr std::size_t slot_sizes = 6;  // below a unit
  static constexpr std::uint32_t none = UINT32_MAX;
  struct Unit {
    std::uint64_t free_slots = 0;  // a bit for each
    std::uint32_t next = none;     // neighbours among units with free slots of this size
    std::uint32_t previous = none;
  };

  std::optional<Place> take_slot(std::size_t size_class);
  std::optional<std::uint32_t> take_units(std::uint32_t count);
  std::optional<std::uint32_t> find_run(std::uint32_t count) const;
  void give_units(std::uint32_t first, std::uint32_t count);
  void link(std::uint32_t at, std::size_t size_class);
  void unlink(std::uint32_t at, std::size_t size_class);

  const std::uint32_t limit_;  // units
  std::vector<Unit> units_;    // those that were ever in use: the file's length
  std::vector<std::uint64_t> free_units_;
  std::uint32_t free_count_ = 0;
  std::uint32_t lowest_ = 0;  // no unit below is free
  std::array<std::uint32_t, slot_sizes> open_;
  std::uint64_t used_ = 0;
};

}  // namespace wiretape::engine
