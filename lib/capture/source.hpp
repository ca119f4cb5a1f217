// SPDX-License-Identifier: Apache-2.0
// Where packets come from.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/packet.hpp"

namespace wiretape::capture {

// An interface of a source, as pcapng describes it; a classic pcap file has one.
struct Interface {
  std::string name;         // "" when the file does not say
  std::string source = {};  // the file it stands in, the interface for a live capture
  net::LinkType link = net::LinkType::ethernet;
  std::uint32_t snapshot_length = 262144;
};

class PacketSource {
 public:
  PacketSource() = default;
  PacketSource(const PacketSource&) = delete;
  PacketSource& operator=(const PacketSource&) = delete;
  virtual ~PacketSource() = default;

  // The next packets, at most a few hundred, in the order of the source; empty at the end. The packets and their bytes
  // are valid until the next call. An error (a cut or damaged file: ErrorKind::input) comes once, after all packets
  // that could be read before it; after it the source is at its end.
  virtual Result<std::span<const net::Packet>> next() = 0;

  // Keeps the bytes of the packets that next() gave last valid, over later calls of next() and for any thread, as long
  // as what is returned is held; it may outlive the source. Cheap: a reference to the buffer they stand in. To be asked
  // before the next call of next(), by the thread that calls it.
  [[nodiscard]] virtual std::shared_ptr<const void> hold() = 0;

  // Reads the packet at `position` again (one that next() gave earlier). Valid until the next call of again(), and not
  // disturbed by next(). All is as it was but for `number`, which is 0: the source keeps no count by position.
  // Positions grow in the order of one file; reading them in growing order costs large sequential reads.
  virtual Result<net::Packet> again(std::uint64_t position) = 0;
  [[nodiscard]] virtual bool can_read_again() const = 0;

  // Those known so far; pcapng may bring more. Packet::interface counts into it.
  [[nodiscard]] virtual std::span<const Interface> interfaces() const = 0;
};

}  // namespace wiretape::capture
