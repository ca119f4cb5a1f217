// SPDX-License-Identifier: Apache-2.0
// How the backlog writes packets into its blocks.
//
//   packet, by position := varint(position) varint(number), each as the difference to the packet before, zigzag
//   packet, as a copy   := varint(time) varint(number) as differences, varint(captured length, the rest of the original
//                          length, link type, interface), then the captured bytes
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "net/packet.hpp"

namespace wiretape::flow {

enum class HeldForm : std::uint8_t { positions, copies };

// What a packet is coded against: the one before it in its block.
struct HeldBase {
  std::uint64_t position = 0;
  std::uint64_t number = 0;
  std::uint64_t time = 0;
};

// A packet without its captured bytes.
struct HeldHeader {
  std::array<char, 60> bytes;  // six numbers of at most ten bytes
  std::size_t size = 0;
};

// Leaves in `base` what the next packet is coded against.
HeldHeader encode_held(const net::Packet& packet, HeldForm form, HeldBase& base);

// Reads one packet from `in`, which encode_held() wrote, and returns where the next one begins. `packet.data` is a view
// of what stands there.
const char* decode_held(const char* in, HeldForm form, HeldBase& base, net::Packet& packet);

}  // namespace wiretape::flow
