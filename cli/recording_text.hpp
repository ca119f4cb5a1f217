// SPDX-License-Identifier: Apache-2.0
// A recording as the record commands show it.
#pragma once

#include <string>

#include "json/sink.hpp"
#include "record/store.hpp"

namespace wiretape::cli {

// Tells a recording as one object (JSON OUTPUT in wiretape-record.1).
void tell(const record::Found& recording, json::Sink& sink);

// One line a fact, each begun by its name: what the job is, how it went, what was kept. `ledger` says what is missing,
// "" where nothing was recorded yet.
std::string description_of(const record::Found& recording, std::string_view ledger);

// "12 packets (3.4 kB) dropped by the kernel, ...", "" when nothing is missing.
std::string losses(const record::Totals& totals);

// "1 call", "37 calls"
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);

}  // namespace wiretape::cli
