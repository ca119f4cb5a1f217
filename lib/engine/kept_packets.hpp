// SPDX-License-Identifier: Apache-2.0
// The packets that a reading run keeps, to be written in order once the run is over.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "capture/source.hpp"
#include "net/packet.hpp"

namespace wiretape::engine {

// Packets of one source. Bounded in memory: a source that can be read again is remembered by positions; of any other
// the packets are copied to an unlinked file in TMPDIR (or /tmp).
class KeptPackets {
 public:
  // The source must outlive it.
  static Result<std::unique_ptr<KeptPackets>> of(capture::PacketSource& source);
  virtual ~KeptPackets() = default;

  // In any order; the same packet twice counts once.
  virtual Result<void> keep(const net::Packet& packet) = 0;
  // After the last keep(): the packets in the order of the source. False at the end. Valid until the next call.
  virtual Result<bool> next(net::Packet& packet) = 0;
};

// All packets of several sources in order of time (those of one source stay in its order) as one nanosecond pcap.
// `path` "-" is standard output. Fails with ErrorKind::usage where the link types differ, ErrorKind::write where
// writing does; what had been written then ends with a whole record.
struct Written {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // captured bytes
};
Result<Written> write_packets(std::vector<KeptPackets*> sources, const std::string& path);

}  // namespace wiretape::engine
