// SPDX-License-Identifier: Apache-2.0
// Packets from network interfaces, through libpcap (TPACKET_V3 on Linux).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "capture/source.hpp"

namespace wiretape::capture {

enum class Side : std::uint8_t { both, in, out };

// tcpdump's options of the same letters.
struct LiveOptions {
  std::string interface;                     // -i; "any" is every interface, as LINUX_SLL2
  std::uint32_t snapshot_length = 262144;    // -s, bytes
  std::uint64_t buffer_size = 64ULL << 20U;  // -B, bytes of the kernel's ring
  bool promiscuous = true;                   // -p turns it off
  Side side = Side::both;                    // -Q
  std::string timestamp_type = {};           // -j, "" the default
  std::string link_type = {};                // -y, "" the default
  std::string packet_filter = {};            // -f
  // What the statement makes superfluous, and-ed with -f: the first of these that the link type has, none where it has
  // none of them.
  std::vector<std::string> statement_filters = {};
};

// What the kernel says of a capture so far, over its interruptions.
struct Counters {
  std::uint64_t received = 0;           // passed the filter
  std::uint64_t dropped = 0;            // by the kernel: the ring was full
  std::uint64_t interface_dropped = 0;  // by the interface or its driver
};

// One or several interfaces. next() waits up to 100 ms and gives what has come meanwhile, which may be nothing: the
// source goes on until it is destroyed. An interface that goes down, disappears or is renamed is waited for; what
// happened is in take_notices().
class LiveSource : public PacketSource {
 public:
  // ErrorKind::interface: no such interface, with those there are as the hint; permission; statement: a bad packet
  // filter; usage: a time-stamp or link type the interface does not have.
  static Result<std::unique_ptr<LiveSource>> open(const std::vector<LiveOptions>& interfaces);

  // As of the last call of next(), but for interface_dropped, which is looked at ten times a second. Cheap enough to be
  // asked for each batch.
  [[nodiscard]] virtual Counters counters() = 0;
  // As of now: with what has come since that call.
  [[nodiscard]] virtual Counters latest_counters() = 0;
  // Sentences about interfaces since the last call.
  virtual std::vector<std::string> take_notices() = 0;
};

}  // namespace wiretape::capture
