// SPDX-License-Identifier: Apache-2.0
#include "capture/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
#include <utility>

#include "capture/file.hpp"

namespace wiretape::capture {
namespace {

constexpr std::size_t batch = 256;
constexpr unsigned position_bits = 48;  // files of 256 TiB
constexpr std::size_t most_files = 65535;
constexpr std::uint64_t position_mask = (std::uint64_t{1} << position_bits) - 1;

// For the buffers of all files that are read at the same time.
constexpr std::size_t read_memory = 16U << 20U;
constexpr std::size_t smallest_read = 64U << 10U;
constexpr std::size_t largest_read = 1U << 20U;

// One file, and how far its batch has been taken.
struct Part {
  std::unique_ptr<PacketSource> source;
  std::span<const net::Packet> rest;
  bool gave = false;                      // packets to the batch that was given last
  std::vector<std::uint32_t> interfaces;  // the file's number -> number over all
};

class MergedSource final : public PacketSource {
 public:
  MergedSource(std::vector<std::unique_ptr<PacketSource>> sources, MergeOrder order) : order_(order) {
    parts_.resize(sources.size());
    for (std::size_t i = 0; i < sources.size(); ++i) parts_[i].source = std::move(sources[i]);
    waiting_.reserve(parts_.size());
  }

  Result<std::span<const net::Packet>> next() override {
    for (const std::size_t index : gave_) parts_[index].gave = false;
    gave_.clear();
    start();
    while (exhausted_) refill(*std::exchange(exhausted_, std::nullopt));
    std::size_t count = 0;
    // Ends with the first batch that has been used up: fetching the next one would take the bytes of packets stored
    // here.
    while (count < batch && !waiting_.empty() && !exhausted_) take(packets_[count++]);
    if (count == 0 && damage_) return *std::exchange(damage_, std::nullopt);
    return std::span<const net::Packet>(packets_.data(), count);
  }

  [[nodiscard]] std::shared_ptr<const void> hold() override {
    if (gave_.empty()) return nullptr;
    if (gave_.size() == 1) return parts_[gave_.front()].source->hold();
    auto all = std::make_shared<std::vector<std::shared_ptr<const void>>>();
    all->reserve(gave_.size());
    for (const std::size_t index : gave_) all->push_back(parts_[index].source->hold());
    return all;
  }

  Result<net::Packet> again(std::uint64_t position) override {
    const std::uint64_t file = position >> position_bits;
    if (file >= parts_.size()) {
      return Error{.kind = ErrorKind::read,
                   .message = "a packet that was not kept with a position cannot be read again"};
    }
    auto packet = parts_[file].source->again(position & position_mask);
    if (packet) renumber(parts_[file], file, *packet);
    return packet;
  }

  // All or nothing: a caller keeps positions for all packets or for none.
  [[nodiscard]] bool can_read_again() const override {
    return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.source->can_read_again(); });
  }

  [[nodiscard]] std::span<const Interface> interfaces() const override { return interfaces_; }

 private:
  // Of the parts that have packets, the one whose turn it is is at the front: a heap.
  [[nodiscard]] bool later(std::size_t left, std::size_t right) const {
    if (order_ == MergeOrder::by_time) {
      const Timestamp a = parts_[left].rest.front().time;
      const Timestamp b = parts_[right].rest.front().time;
      if (a != b) return a > b;
    }
    return left > right;
  }
  [[nodiscard]] auto heap_order() const {
    return [this](std::size_t left, std::size_t right) { return later(left, right); };
  }

  void start() {
    if (std::exchange(started_, true)) return;
    // One after another: a file is read when the one before it has ended.
    const std::size_t at_once = order_ == MergeOrder::by_time ? parts_.size() : 1;
    for (std::size_t i = 0; i < at_once; ++i) refill(i);
  }

  void refill(std::size_t index) {
    Part& part = parts_[index];
    auto packets = part.source->next();
    number_interfaces(part);
    if (!packets) note_damage(packets.error());
    if (packets && !packets->empty()) {
      part.rest = *packets;
      waiting_.push_back(index);
      std::push_heap(waiting_.begin(), waiting_.end(), heap_order());
    } else if (order_ == MergeOrder::as_given && index + 1 < parts_.size()) {
      exhausted_ = index + 1;
    }
  }

  void take(net::Packet& out) {
    std::pop_heap(waiting_.begin(), waiting_.end(), heap_order());
    const std::size_t index = waiting_.back();
    waiting_.pop_back();
    Part& part = parts_[index];
    out = part.rest.front();
    renumber(part, index, out);
    out.number = ++number_;
    if (!std::exchange(part.gave, true)) gave_.push_back(index);
    part.rest = part.rest.subspan(1);
    if (part.rest.empty()) {
      exhausted_ = index;
      return;
    }
    waiting_.push_back(index);
    std::push_heap(waiting_.begin(), waiting_.end(), heap_order());
  }

  static void renumber(const Part& part, std::uint64_t file, net::Packet& packet) {
    packet.interface = part.interfaces[packet.interface];
    if (packet.position != net::no_position) packet.position |= file << position_bits;
  }

  void number_interfaces(Part& part) {
    const auto own = part.source->interfaces();
    for (std::size_t i = part.interfaces.size(); i < own.size(); ++i) {
      part.interfaces.push_back(static_cast<std::uint32_t>(interfaces_.size()));
      interfaces_.push_back(own[i]);
    }
  }

  void note_damage(const Error& error) {
    if (!damage_) {
      damage_ = error;
      return;
    }
    if (!damage_->detail.empty()) damage_->detail += '\n';
    damage_->detail += error.message;
  }

  MergeOrder order_;
  std::vector<Part> parts_;
  std::vector<std::size_t> waiting_;
  std::vector<std::size_t> gave_;         // packets to the batch that was given last
  std::optional<std::size_t> exhausted_;  // the part to be asked for more at the next call
  std::vector<Interface> interfaces_;
  std::optional<Error> damage_;
  std::array<net::Packet, batch> packets_;
  std::uint64_t number_ = 0;
  bool started_ = false;
};

}  // namespace

Result<std::unique_ptr<PacketSource>> open_files(const std::vector<std::string>& paths, MergeOrder order) {
  assert(!paths.empty());
  if (paths.size() > most_files) {
    return Error{.kind = ErrorKind::usage, .message = fmt::format("more than {} files at a time", most_files)};
  }
  const std::size_t at_once = order == MergeOrder::by_time ? paths.size() : 1;
  const FileOptions options = {.largest_read = std::clamp(read_memory / at_once, smallest_read, largest_read)};
  std::vector<std::unique_ptr<PacketSource>> sources;
  for (const std::string& path : paths) {
    auto source = open_file(path, options);
    if (!source) return source.error();
    sources.push_back(std::move(*source));
  }
  if (sources.size() == 1) return std::move(sources.front());
  return std::unique_ptr<PacketSource>(std::make_unique<MergedSource>(std::move(sources), order));
}

}  // namespace wiretape::capture
