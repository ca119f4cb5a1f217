// SPDX-License-Identifier: Apache-2.0
// A packet as it was captured.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace wiretape::net {

// LINKTYPE_ values of https://www.tcpdump.org/linktypes.html: those that are taken apart. Any other value may stand
// in a Packet too, and is counted as an unknown link type.
enum class LinkType : std::uint16_t {
  null = 0,  // BSD loopback, family in the byte order of the capturing machine
  ethernet = 1,
  raw = 101,     // raw IP, version from the first nibble
  raw_bsd = 12,  // the same as some BSDs number it
  raw_openbsd = 14,
  loop = 108,  // OpenBSD loopback, family in network byte order
  linux_sll = 113,
  linux_sll2 = 276,
  ipv4 = 228,
  ipv6 = 229,
  nflog = 239,
  pktap = 258,
};

// No position: the packet cannot be read a second time (live, a pipe).
inline constexpr std::uint64_t no_position = UINT64_MAX;

struct Packet {
  Timestamp time = {};
  Bytes data = {};                    // what was captured; lives as long as its source says
  std::uint32_t original_length = 0;  // on the wire; data is shorter when the snapshot length cut it
  LinkType link = LinkType::ethernet;
  std::uint32_t interface = 0;           // number of the interface within its source
  std::uint64_t number = 0;              // of the packet in this run, from 1
  std::uint64_t position = no_position;  // where the source finds it again (capture::PacketSource::again)
};

}  // namespace wiretape::net
