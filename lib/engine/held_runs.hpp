// SPDX-License-Identifier: Apache-2.0
// Packets that were held back, on their way from the shard that held them to who gives them to sinks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flow/backlog_coding.hpp"
#include "flow/spool.hpp"
#include "net/packet.hpp"

namespace wiretape::engine {

// One stream may hold more than memory does: packets are written one behind the other as the backlog writes them, and
// beyond a few megabytes they go to the spool until they are given on. Where the spool takes nothing they stay in
// memory.
class HeldRuns {
 public:
  struct Run {
    flow::HeldForm form = flow::HeldForm::positions;
    std::optional<flow::Spool::Place> place;  // in the spool; else in memory
    std::size_t start = 0;                    // there
    std::size_t size = 0;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  // captured
  };

  // Appends to the last run; begin() comes first.
  void begin() { fresh_ = true; }
  void append(const net::Packet& packet, flow::Spool* spool);

  // How many runs there are; those from one begin() on belong together.
  [[nodiscard]] std::size_t size() const { return runs_.size(); }
  [[nodiscard]] const Run& operator[](std::size_t at) const { return runs_[at]; }

  // Calls take(const net::Packet&) for each of a run; data are valid during the call. False when the spool cannot give
  // it back: then take was not called. The run's place in the spool is given back.
  template <class Take>
  bool give(const Run& run, flow::Spool* spool, Take&& take) {
    const std::optional<Bytes> bytes = read(run, spool);
    if (!bytes) return false;
    flow::HeldBase base;
    net::Packet packet;
    for (const char* at = bytes->data(); at != bytes->data() + bytes->size();) {
      at = flow::decode_held(at, run.form, base, packet);
      take(static_cast<const net::Packet&>(packet));
    }
    return true;
  }

  void clear();

 private:
  void begin_run(flow::HeldForm form);
  void move_to_spool(Run& run, flow::Spool& spool);
  std::optional<Bytes> read(const Run& run, flow::Spool* spool);

  std::vector<Run> runs_;
  flow::HeldBase base_;  // of the last run
  std::string memory_;
  std::string from_spool_;
  bool fresh_ = true;
};

}  // namespace wiretape::engine
