// SPDX-License-Identifier: Apache-2.0
// IP packets one after another, each with a byte of seconds since the one before and a byte of length in front. Every
// packet that is held comes out: with its datagram, or given up.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>

#include "net/decode.hpp"
#include "net/defragment.hpp"

using namespace wiretape;

namespace {

void check(const net::Segment& segment) {
  if (segment.payload.size() > segment.payload_length || segment.packets.empty()) std::abort();
}

// Numbers of packets.
struct Held {
  std::set<std::uint64_t> numbers;

  void take_out(std::span<const net::Packet> packets) {
    for (const net::Packet& packet : packets) numbers.erase(packet.number);
  }
  void give_up(const net::GivenUp& datagram) {
    net::Decoded decoded;
    if (net::decode_partial(datagram, decoded)) check(decoded.segment);
    take_out(datagram.packets);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t limit = 4096;
  Held held;
  net::Defragmenter defragmenter({.bytes = limit}, [&](const net::GivenUp& datagram) { held.give_up(datagram); });
  net::Decoded decoded;
  net::Packet packet;
  packet.link = net::LinkType::raw;
  Bytes rest(reinterpret_cast<const char*>(data), size);
  while (rest.size() > 2) {
    packet.time = packet.time + Duration::seconds(static_cast<std::uint8_t>(rest[0]));
    packet.data = rest.substr(2, static_cast<std::uint8_t>(rest[1]));
    packet.original_length = static_cast<std::uint32_t>(packet.data.size());
    ++packet.number;
    rest.remove_prefix(std::min(rest.size(), 2 + packet.data.size()));

    const std::uint64_t completed = defragmenter.counts().completed;
    net::decode(packet, defragmenter, decoded);
    if (defragmenter.memory() > limit) std::abort();
    if (decoded.drop == net::Drop::none) check(decoded.segment);
    // A datagram that was a tunnel's may itself wait as a fragment now.
    if (decoded.drop == net::Drop::fragment_held) {
      held.numbers.insert(packet.number);
    } else if (defragmenter.counts().completed != completed) {
      held.take_out(decoded.segment.packets);
    }
  }
  defragmenter.drain();
  if (!held.numbers.empty() || defragmenter.memory() != 0) std::abort();
  return 0;
}
