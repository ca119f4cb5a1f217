// SPDX-License-Identifier: Apache-2.0
// The statement of a job, as one of its iterations has it.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "kfl/statement.hpp"
#include "record/job.hpp"

namespace wiretape::engine {

// With the job's own words; `now` is what now() in it stands for: the iteration's scheduled start.
Result<kfl::Statement> compile(const record::Job& job, Timestamp now);

}  // namespace wiretape::engine
