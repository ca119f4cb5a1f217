// SPDX-License-Identifier: Apache-2.0
// What the jobs of a run want of which protocol: found once, and never changed.
#pragma once

#include <array>
#include <vector>

#include "engine/jobs.hpp"
#include "kfl/group.hpp"

namespace wiretape::engine {

// Shared by all threads of a run.
struct Plan {
  // At least one job, at most most_jobs.
  explicit Plan(std::vector<PipelineJob> wanted);

  [[nodiscard]] bool limited() const;  // some job ends after so many calls

  std::vector<PipelineJob> jobs;
  kfl::Group group;                           // of the jobs' statements
  JobSet everything = 0;                      // jobs that keep every packet, whatever stream it is in
  JobSet keeping = 0;                         // jobs that want packets
  JobSet telling = 0;                         // jobs that want calls
  std::array<JobSet, 256> may_match{};        // by schema: jobs that some entry of that protocol can match
  std::array<JobSet, 2> may_match_payload{};  // jobs that some protocol over TCP, over UDP can match
  std::array<JobSet, 256> behind{};           // by schema: jobs that a protocol behind a hand-over can match
};

}  // namespace wiretape::engine
