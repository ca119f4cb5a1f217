// SPDX-License-Identifier: Apache-2.0
// What a recording lacks, as it is told, and how much of that somebody puts up with.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "json/sink.hpp"
#include "record/ledger.hpp"
#include "record/store.hpp"

namespace wiretape::cli {

// "complete", "complete, but 1 stream began before the capture",
// "damaged: 2 of 12 streams: 4,380 bytes missing in 3 gaps; 37 packets dropped by the kernel".
std::string spoken(const record::Ledger& ledger);

// Tells it as one object (JSON OUTPUT in wiretape-record.1).
void tell(const record::Ledger& ledger, json::Sink& sink);

// Of all iterations that are there.
Result<record::Ledger> ledger_of(const record::Found& recording);

// One sentence on stderr when something is missing of a recording whose totals are these, and where to see more of it.
void say_losses(const record::Store& store, const std::string& name, const record::Totals& totals);

// What --max-loss allows: bytes, or a share of what would be there.
struct LossLimit {
  std::string text;  // as it was given
  std::uint64_t bytes = 0;
  std::optional<double> percent;  // from 0 to 100; `bytes` is of no account then
};
Result<LossLimit> parse_loss_limit(std::string_view text);
CLI::Option* max_loss_option(CLI::App& command, std::optional<LossLimit>& limit);

// ErrorKind::incomplete when more was lost; its sentence begins with `subject`: "\"errors\"".
Result<void> check(const record::Ledger& ledger, const LossLimit& limit, std::string_view subject);
// The same for a recording that is over; its own errors when it cannot be read.
Result<void> check(const record::Store& store, const std::string& name, const LossLimit& limit);

}  // namespace wiretape::cli
