// SPDX-License-Identifier: Apache-2.0
#include "capture/pcap.hpp"

#include <fmt/format.h>

#include <cstring>

namespace wiretape::capture {
namespace {

constexpr std::size_t record_header_length = 16;
// Of the modified form: an interface number, a protocol and a packet type stand behind it.
constexpr std::size_t modified_header_length = record_header_length + 8;

constexpr std::uint32_t magic_micro = 0xa1b2c3d4U;
constexpr std::uint32_t magic_nano = 0xa1b23c4dU;
constexpr std::uint32_t magic_modified = 0xa1b2cd34U;  // A. Kuznetzov's, microseconds

enum class Order : std::uint8_t { host, swapped };

template <Order order>
std::uint32_t load32(const char* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return order == Order::swapped ? __builtin_bswap32(value) : value;
}

// The order is a template parameter because the walk over records is the hottest loop of reading a file.
template <Order order>
class Pcap final : public Format {
 public:
  Pcap(std::uint32_t nanoseconds_per_unit, std::size_t header_length, const Interface& interface)
      : nanoseconds_per_unit_(nanoseconds_per_unit), header_length_(header_length), interface_(interface) {}

  Walk walk(Bytes window, std::uint64_t position, std::span<net::Packet> packets) override {
    Walk result;
    while (result.packets < packets.size()) {
      net::Packet& packet = packets[result.packets];
      const std::size_t size = take(window.substr(result.consumed), position + result.consumed, packet, result);
      if (size == 0) break;
      packet.number = ++number_;
      result.consumed += size;
      ++result.packets;
    }
    return result;
  }

  Walk read_again(Bytes window, std::uint64_t position, net::Packet& packet) const override {
    Walk result;
    result.packets = take(window, position, packet, result) != 0 ? 1 : 0;
    packet.number = 0;
    return result;
  }

  [[nodiscard]] std::span<const Interface> interfaces() const override { return {&interface_, 1}; }

 private:
  // The size of the record at the front; 0 with the reason in `result` when it is not whole or none.
  std::size_t take(Bytes window, std::uint64_t position, net::Packet& packet, Walk& result) const {
    result.wanted = header_length_;
    if (window.size() < header_length_) return 0;
    const char* const header = window.data();
    const std::uint32_t captured = load32<order>(header + 8);
    if (captured > largest_record) {
      result.damage = fmt::format("a packet claims {} captured bytes", captured);
      return 0;
    }
    result.wanted = header_length_ + captured;
    if (window.size() < result.wanted) return 0;
    packet.time.nanoseconds = std::int64_t{load32<order>(header)} * 1'000'000'000 +
                              std::int64_t{load32<order>(header + 4)} * nanoseconds_per_unit_;
    packet.data = {header + header_length_, captured};
    packet.original_length = load32<order>(header + 12);
    packet.link = interface_.link;
    packet.interface = 0;
    packet.position = position;
    const std::size_t size = result.wanted;
    result.wanted = 0;
    return size;
  }

  std::uint32_t nanoseconds_per_unit_;
  std::size_t header_length_;
  Interface interface_;
  std::uint64_t number_ = 0;
};

template <Order order>
Opened open(Bytes start, std::uint32_t nanoseconds_per_unit, std::size_t header_length) {
  std::uint16_t major = 0;
  std::memcpy(&major, start.data() + 4, sizeof major);
  if (order == Order::swapped) major = __builtin_bswap16(major);
  if (major != 2) return {.refused = fmt::format("is a pcap file of version {}; version 2 is read", major)};

  Interface interface;
  const std::uint32_t snapshot_length = load32<order>(start.data() + 16);
  if (snapshot_length != 0) interface.snapshot_length = snapshot_length;
  // The upper bits say how long the frame check sequence is; decoding goes by the length in the IP header.
  interface.link = static_cast<net::LinkType>(load32<order>(start.data() + 20) & 0xffffU);
  return {.format = std::make_unique<Pcap<order>>(nanoseconds_per_unit, header_length, interface),
          .consumed = pcap_header_length};
}

}  // namespace

Opened open_pcap(Bytes start) {
  if (start.size() < 4) return {};
  const std::uint32_t magic = load32<Order::host>(start.data());
  const std::uint32_t swapped = __builtin_bswap32(magic);
  const auto known = [](std::uint32_t candidate) {
    return candidate == magic_micro || candidate == magic_nano || candidate == magic_modified;
  };
  if (!known(magic) && !known(swapped)) return {};
  if (start.size() < pcap_header_length) return {.refused = "is cut off inside its file header"};
  const std::uint32_t form = known(magic) ? magic : swapped;
  const std::uint32_t nanoseconds_per_unit = form == magic_nano ? 1 : 1000;
  const std::size_t header_length = form == magic_modified ? modified_header_length : record_header_length;
  if (known(magic)) return open<Order::host>(start, nanoseconds_per_unit, header_length);
  return open<Order::swapped>(start, nanoseconds_per_unit, header_length);
}

}  // namespace wiretape::capture
