// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.hpp"

#include <algorithm>
#include <cassert>

#include "proto/protocol.hpp"

namespace wiretape::engine {
namespace {

std::vector<kfl::Statement> statements_of(const std::vector<PipelineJob>& jobs) {
  std::vector<kfl::Statement> statements;
  for (const PipelineJob& job : jobs) statements.push_back(job.statement);
  return statements;
}

}  // namespace

Plan::Plan(std::vector<PipelineJob> wanted) : jobs(std::move(wanted)), group(statements_of(jobs)) {
  assert(!jobs.empty() && jobs.size() <= most_jobs);
  for (std::size_t job = 0; job < jobs.size(); ++job) {
    const JobSet bit = only(job);
    const PipelineJob& wants = jobs[job];
    if (wants.keeps_packets) keeping |= bit;
    if (wants.wants_calls) telling |= bit;
    if (wants.keeps_packets && wants.statement.empty() && wants.within.empty()) everything |= bit;
    for (const Schema* schema : catalog().schemas) {
      const bool may = wants.statement.can_match(schema->ordinal) && wants.within.can_match(schema->ordinal);
      if (may) may_match[schema->ordinal] |= bit;
    }
  }
  for (const Protocol* protocol : protocols()) {
    const JobSet matching = may_match[schema_of(*protocol).ordinal];
    if (protocol->over_tcp) may_match_payload[0] |= matching;
    if (protocol->over_udp) may_match_payload[1] |= matching;
  }
  for (const Protocol* protocol : protocols()) {
    const std::uint8_t ordinal = schema_of(*protocol).ordinal;
    behind[ordinal] = may_match[ordinal] | (protocol->hands_over ? may_match_payload[0] : 0);
  }
}

bool Plan::limited() const {
  return std::any_of(jobs.begin(), jobs.end(), [](const PipelineJob& job) { return job.limit != no_limit; });
}

}  // namespace wiretape::engine
