// SPDX-License-Identifier: Apache-2.0
// IP packets one after another, each with a byte of seconds since the one before and a byte of length in front. Every
// packet that is held comes out once: with its datagram, or given up.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "net/decode.hpp"
#include "net/defragment.hpp"

using namespace wiretape;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t limit = 4096;
  std::size_t held = 0;
  std::size_t came_out = 0;
  net::Defragmenter defragmenter({.bytes = limit},
                                 [&](std::span<const net::Packet> packets) { came_out += packets.size(); });
  net::Decoded decoded;
  net::Packet packet;
  packet.link = net::LinkType::raw;
  Bytes rest(reinterpret_cast<const char*>(data), size);
  while (rest.size() > 2) {
    packet.time = packet.time + Duration::seconds(static_cast<std::uint8_t>(rest[0]));
    packet.data = rest.substr(2, static_cast<std::uint8_t>(rest[1]));
    packet.original_length = static_cast<std::uint32_t>(packet.data.size());
    rest.remove_prefix(std::min(rest.size(), 2 + packet.data.size()));

    const std::uint64_t completed = defragmenter.counts().completed;
    net::decode(packet, defragmenter, decoded);
    if (decoded.drop == net::Drop::fragment_held) ++held;
    // The last fragment itself was not held.
    if (defragmenter.counts().completed != completed) came_out += decoded.segment.packets.size() - 1;
    if (defragmenter.memory() > limit) std::abort();
    if (decoded.drop == net::Drop::none && decoded.segment.payload.size() > decoded.segment.payload_length)
      std::abort();
  }
  defragmenter.drain();
  if (held != came_out || defragmenter.memory() != 0) std::abort();
  return 0;
}
