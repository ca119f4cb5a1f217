// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.hpp"

#include <algorithm>
#include <cassert>

#include "proto/protocol.hpp"

namespace wiretape::engine {
namespace {

// An empty slot is never asked about.
std::vector<kfl::Statement> statements_of(const Plan::Slots& slots) {
  std::vector<kfl::Statement> statements;
  for (const auto& job : slots) statements.push_back(job ? job->statement : kfl::Statement{});
  return statements;
}

}  // namespace

Plan::Plan(Slots wanted) : slots(std::move(wanted)), group(statements_of(slots)) {
  assert(slots.size() <= most_jobs);
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    if (!slots[slot]) continue;
    const JobSet bit = only(slot);
    const PipelineJob& wants = *slots[slot];
    all |= bit;
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
    behind[ordinal] |= may_match[ordinal] | (protocol->hands_over ? may_match_payload[0] : 0);
  }
}

bool Plan::limited() const {
  return std::any_of(slots.begin(), slots.end(), [](const auto& job) { return job && job->limit != no_limit; });
}

}  // namespace wiretape::engine
