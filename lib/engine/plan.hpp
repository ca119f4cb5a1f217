// SPDX-License-Identifier: Apache-2.0
// What the jobs of a run want of which protocol. A plan never changes; when jobs come or go there is a new one.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "engine/jobs.hpp"
#include "kfl/group.hpp"

namespace wiretape::engine {

// Shared by all threads of a run.
struct Plan {
  // By slot, at most most_jobs; a job keeps its slot as long as it is there.
  using Slots = std::vector<std::optional<PipelineJob>>;
  explicit Plan(Slots wanted);

  [[nodiscard]] bool limited() const;  // some job ends after so many calls
  [[nodiscard]] const PipelineJob& job(std::size_t slot) const { return *slots[slot]; }

  // Jobs that some protocol over this transport can match.
  [[nodiscard]] JobSet by_payload(Transport transport) const {
    if (transport == Transport::tcp) return may_match_payload[0];
    return transport == Transport::udp ? may_match_payload[1] : 0;
  }

  Slots slots;
  kfl::Group group;                           // of the jobs' statements
  JobSet all = 0;                             // jobs that there are
  JobSet everything = 0;                      // jobs that keep every packet, whatever stream it is in
  JobSet keeping = 0;                         // jobs that want packets
  JobSet telling = 0;                         // jobs that want calls
  std::array<JobSet, 256> may_match{};        // by schema: jobs that some entry of that protocol can match
  std::array<JobSet, 2> may_match_payload{};  // jobs that some protocol over TCP, over UDP can match
  std::array<JobSet, 256> behind{};           // by schema: jobs that a protocol behind a hand-over can match
};

}  // namespace wiretape::engine
