// SPDX-License-Identifier: Apache-2.0
#include "capture/pcapng.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace wiretape::capture {
namespace {

constexpr std::uint32_t section_header = 0x0a0d0d0aU;  // the same in both byte orders
constexpr std::uint32_t byte_order_magic = 0x1a2b3c4dU;
constexpr std::uint32_t interface_description = 1;
constexpr std::uint32_t obsolete_packet = 2;
constexpr std::uint32_t simple_packet = 3;
constexpr std::uint32_t enhanced_packet = 6;

constexpr std::uint16_t option_end = 0;
constexpr std::uint16_t option_interface_name = 2;
constexpr std::uint16_t option_time_resolution = 9;
constexpr std::uint16_t option_time_offset = 14;

constexpr std::size_t block_header = 8;
constexpr std::size_t block_overhead = 12;                             // the header, and the length again at the end
constexpr std::uint32_t largest_block = largest_record + (1U << 20U);  // room for options behind a packet

// Each costs memory, and a file of nothing else is no capture.
constexpr std::size_t most_interfaces = 65536;
constexpr std::size_t most_sections = 65536;

enum class Order : std::uint8_t { host, swapped };

class Numbers {
 public:
  explicit Numbers(Order order) : swapped_(order == Order::swapped) {}
  [[nodiscard]] std::uint16_t u16(const char* at) const {
    const auto value = load<std::uint16_t>(at);
    return swapped_ ? __builtin_bswap16(value) : value;
  }
  [[nodiscard]] std::uint32_t u32(const char* at) const {
    const auto value = load<std::uint32_t>(at);
    return swapped_ ? __builtin_bswap32(value) : value;
  }
  [[nodiscard]] std::uint64_t u64(const char* at) const {
    const auto value = load<std::uint64_t>(at);
    return swapped_ ? __builtin_bswap64(value) : value;
  }

 private:
  template <class T>
  static T load(const char* at) {
    T value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  bool swapped_;
};

__extension__ using Wide = __int128;

std::int64_t saturated(Wide value) {
  return static_cast<std::int64_t>(std::clamp<Wide>(value, INT64_MIN, INT64_MAX));
}

// The unit of an interface's timestamps: if_tsresol, a power of ten or of two, and if_tsoffset.
class Clock {
 public:
  void set_resolution(std::uint8_t value) {
    binary_ = (value & 0x80U) != 0;
    exponent_ = value & 0x7fU;
    if (binary_) return;
    multiplier_ = divisor_ = 1;
    for (unsigned i = exponent_; i < 9; ++i) multiplier_ *= 10;
    constexpr unsigned representable = 18;  // beyond it a count of 64 bits is less than a nanosecond or near it
    for (unsigned i = 9; i < std::min(exponent_, 9 + representable); ++i) divisor_ *= 10;
  }
  void set_offset(std::int64_t seconds) { offset_.nanoseconds = saturated(Wide{seconds} * 1'000'000'000); }

  [[nodiscard]] Timestamp at(std::uint64_t units) const {
    if (binary_) return Timestamp{saturated((Wide{units} * 1'000'000'000) >> exponent_)} + offset_;
    if (divisor_ != 1) units /= static_cast<std::uint64_t>(divisor_);
    return Timestamp{saturated(Wide{units} * multiplier_)} + offset_;
  }

 private:
  unsigned exponent_ = 6;
  bool binary_ = false;
  std::int64_t multiplier_ = 1000;
  std::int64_t divisor_ = 1;
  Duration offset_;
};

struct Section {
  std::uint64_t position = 0;
  Order order = Order::host;
  std::uint32_t first_interface = 0;  // among those of the file
};

struct Block {
  std::uint32_t type = 0;
  Bytes body;
  std::size_t size = 0;  // 0: not whole, or damage
};

// A packet block before its interface is known to exist.
struct RawPacket {
  std::uint32_t interface = 0;
  std::uint64_t time = 0;
  bool timed = true;
  std::uint32_t captured = 0;
  std::uint32_t original = 0;
  std::size_t header = 0;  // in front of the bytes
};

class Pcapng final : public Format {
 public:
  Walk walk(Bytes window, std::uint64_t position, std::span<net::Packet> packets) override {
    Walk result;
    while (result.packets < packets.size()) {
      const std::uint64_t at = position + result.consumed;
      const Bytes rest = window.substr(result.consumed);
      if (!begin_section(rest, at, result)) break;
      const Block block = take_block(rest, sections_.back().order, result);
      if (block.size == 0) break;
      const bool found = take(block, at, packets[result.packets], result);
      if (!result.damage.empty()) break;
      if (found) packets[result.packets++].number = ++number_;
      result.consumed += block.size;
    }
    return result;
  }

  Walk read_again(Bytes window, std::uint64_t position, net::Packet& packet) const override {
    Walk result;
    const Section& section = section_of(position);
    const Block block = take_block(window, section.order, result);
    if (block.size == 0) return result;
    if (take_packet(block, section, position, packet, result)) result.packets = 1;
    packet.number = 0;
    return result;
  }

  [[nodiscard]] std::span<const Interface> interfaces() const override { return interfaces_; }

 private:
  // Takes note of a section header: it decides the byte order of its own length. False: not whole, or damage.
  bool begin_section(Bytes window, std::uint64_t position, Walk& result) {
    result.wanted = pcapng_header_length;
    if (window.size() < pcapng_header_length) return false;
    if (Numbers(Order::host).u32(window.data()) != section_header) return true;
    if (!sections_.empty() && sections_.back().position == position) return true;  // seen, when it was not whole yet
    const std::uint32_t magic = Numbers(Order::host).u32(window.data() + 8);
    if (magic != byte_order_magic && magic != __builtin_bswap32(byte_order_magic)) {
      result.damage = "a section header without a byte order";
      return false;
    }
    if (sections_.size() == most_sections) {
      result.damage = fmt::format("more than {} sections", most_sections);
      return false;
    }
    sections_.push_back({.position = position,
                         .order = magic == byte_order_magic ? Order::host : Order::swapped,
                         .first_interface = static_cast<std::uint32_t>(interfaces_.size())});
    return true;
  }

  static Block take_block(Bytes window, Order order, Walk& result) {
    result.wanted = pcapng_header_length;
    if (window.size() < pcapng_header_length) return {};
    const Numbers numbers(order);
    const std::uint32_t length = numbers.u32(window.data() + 4);
    if (length < block_overhead || length % 4 != 0 || length > largest_block) {
      result.damage = fmt::format("a block claims {} bytes", length);
      return {};
    }
    result.wanted = length;
    if (window.size() < length) return {};
    if (numbers.u32(window.data() + length - 4) != length) {
      result.damage = "the two lengths of a block differ";
      return {};
    }
    result.wanted = 0;
    return {.type = numbers.u32(window.data()),
            .body = window.substr(block_header, length - block_overhead),
            .size = length};
  }

  // True when the block was a packet.
  bool take(const Block& block, std::uint64_t position, net::Packet& packet, Walk& result) {
    switch (block.type) {
      case interface_description: take_interface(block.body, result); return false;
      case enhanced_packet:
      case simple_packet:
      case obsolete_packet: return take_packet(block, sections_.back(), position, packet, result);
      default: return false;
    }
  }

  void take_interface(Bytes body, Walk& result) {
    if (body.size() < 8) {
      result.damage = "an interface description that is too short";
      return;
    }
    if (interfaces_.size() == most_interfaces) {
      result.damage = fmt::format("more than {} interfaces", most_interfaces);
      return;
    }
    const Numbers numbers(sections_.back().order);
    Interface& interface = interfaces_.emplace_back();
    interface.link = static_cast<net::LinkType>(numbers.u16(body.data()));
    const std::uint32_t snapshot_length = numbers.u32(body.data() + 4);
    if (snapshot_length != 0) interface.snapshot_length = snapshot_length;
    take_options(body.substr(8), numbers, interface, clocks_.emplace_back());
  }

  // Options that claim more than there is end the list.
  static void take_options(Bytes options, Numbers numbers, Interface& interface, Clock& clock) {
    while (options.size() >= 4) {
      const std::uint16_t code = numbers.u16(options.data());
      const std::size_t length = numbers.u16(options.data() + 2);
      options.remove_prefix(4);
      if (code == option_end || length > options.size()) return;
      const Bytes value = options.substr(0, length);
      if (code == option_interface_name) interface.name = value.substr(0, value.find('\0'));
      if (code == option_time_resolution && length == 1) clock.set_resolution(static_cast<std::uint8_t>(value[0]));
      if (code == option_time_offset && length == 8) {
        clock.set_offset(static_cast<std::int64_t>(numbers.u64(value.data())));
      }
      options.remove_prefix(std::min((length + 3) & ~std::size_t{3}, options.size()));
    }
  }

  [[nodiscard]] RawPacket raw_packet(const Block& block, const Section& section) const {
    const Numbers numbers(section.order);
    const char* const body = block.body.data();
    RawPacket raw;
    if (block.type == simple_packet) {
      raw.header = 4;
      if (block.body.size() < raw.header) return raw;
      raw.original = numbers.u32(body);
      raw.timed = false;
      raw.captured = std::min(raw.original, snapshot_length(section));
      raw.captured = std::min(raw.captured, static_cast<std::uint32_t>(block.body.size() - raw.header));
      return raw;
    }
    raw.header = 20;
    if (block.body.size() < raw.header) return raw;
    raw.interface = block.type == enhanced_packet ? numbers.u32(body) : numbers.u16(body);
    raw.time = std::uint64_t{numbers.u32(body + 4)} << 32U | numbers.u32(body + 8);
    raw.captured = numbers.u32(body + 12);
    raw.original = numbers.u32(body + 16);
    return raw;
  }

  // A simple packet block does not say how much was captured; what it carries is of its section's first interface.
  [[nodiscard]] std::uint32_t snapshot_length(const Section& section) const {
    return section.first_interface < interfaces_.size() ? interfaces_[section.first_interface].snapshot_length : 0;
  }

  bool take_packet(const Block& block, const Section& section, std::uint64_t position, net::Packet& packet,
                   Walk& result) const {
    const RawPacket raw = raw_packet(block, section);
    if (block.body.size() < raw.header) {
      result.damage = "a packet block that is too short";
      return false;
    }
    if (raw.captured > block.body.size() - raw.header) {
      result.damage = fmt::format("a packet claims {} captured bytes in a block of {}", raw.captured, block.size);
      return false;
    }
    const std::uint64_t interface = std::uint64_t{section.first_interface} + raw.interface;
    if (interface >= interfaces_end(section)) {
      result.damage = fmt::format("a packet of interface {}, which is not described", raw.interface);
      return false;
    }
    // A packet without a time is at the epoch, here and when it is read again.
    packet.time = raw.timed ? clocks_[interface].at(raw.time) : Timestamp{};
    packet.data = block.body.substr(raw.header, raw.captured);
    packet.original_length = raw.original;
    packet.link = interfaces_[interface].link;
    packet.interface = static_cast<std::uint32_t>(interface);
    packet.position = position;
    return true;
  }

  // Interfaces of a section stop where those of the next one begin.
  [[nodiscard]] std::size_t interfaces_end(const Section& section) const {
    const auto next = static_cast<std::size_t>(&section - sections_.data()) + 1;
    return next < sections_.size() ? sections_[next].first_interface : interfaces_.size();
  }

  [[nodiscard]] const Section& section_of(std::uint64_t position) const {
    const auto next = std::upper_bound(sections_.begin(), sections_.end(), position,
                                       [](std::uint64_t at, const Section& section) { return at < section.position; });
    return next == sections_.begin() ? sections_.front() : *std::prev(next);
  }

  std::vector<Section> sections_;
  std::vector<Interface> interfaces_;
  std::vector<Clock> clocks_;  // by interface
  std::uint64_t number_ = 0;
};

}  // namespace

Opened open_pcapng(Bytes start) {
  const Numbers numbers(Order::host);
  if (start.size() < 4 || numbers.u32(start.data()) != section_header) return {};
  if (start.size() < pcapng_header_length) return {.refused = "is cut off inside its file header"};
  const std::uint32_t magic = numbers.u32(start.data() + 8);
  if (magic != byte_order_magic && magic != __builtin_bswap32(byte_order_magic)) return {};
  return {.format = std::make_unique<Pcapng>()};  // the section header is a block like any other
}

}  // namespace wiretape::capture
