// SPDX-License-Identifier: Apache-2.0
// A live recording in front of a person: signals in, lines out.
#pragma once

#include "base/result.hpp"
#include "engine/live_record.hpp"

namespace wiretape::cli {

enum class Talk : std::uint8_t { quiet, usual };

// SIGINT, SIGTERM and SIGHUP end it, SIGUSR1 shows the counters, SIGUSR2 flushes.
Result<engine::LiveReport> run_record_live(const engine::LiveRequest& request, Talk talk);

}  // namespace wiretape::cli
