// SPDX-License-Identifier: Apache-2.0
#include "engine/job_statement.hpp"

#include <vector>

#include "proto/protocol.hpp"

namespace wiretape::engine {

Result<kfl::Statement> compile(const record::Job& job, Timestamp now) {
  std::vector<kfl::Macro> macros;
  for (const record::Macro& macro : job.macros) macros.push_back({.name = macro.name, .statement = macro.statement});
  return kfl::compile(job.statement, {.catalog = &catalog(), .macros = std::move(macros), .now = now});
}

}  // namespace wiretape::engine
