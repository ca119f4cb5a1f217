// SPDX-License-Identifier: Apache-2.0
// The commands. Each lives in a file of its own: a record of its options, add_ that declares them, run_ that does the
// work.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "base/result.hpp"
#include "exit_status.hpp"

namespace wiretape::cli {

// What the command line asked for. main() runs it once the whole line is understood, so that nothing is done by
// halves because of a word at its end. An Error becomes a sentence on stderr and the exit status of its kind.
using Command = std::function<Result<ExitStatus>()>;

// Each add_ puts its command below `parent`; when the command line names it, its callback leaves the work in `chosen`,
// which must outlive the parsing.
void add_record(CLI::App& parent, Command& chosen);
void add_record_create(CLI::App& parent, Command& chosen);
void add_record_list(CLI::App& parent, Command& chosen);
void add_record_show(CLI::App& parent, Command& chosen);
void add_record_delete(CLI::App& parent, Command& chosen);
void add_record_prune(CLI::App& parent, Command& chosen);
void add_record_run(CLI::App& parent, Command& chosen);
void add_record_stop(CLI::App& parent, Command& chosen);
void add_record_verify(CLI::App& parent, Command& chosen);
void add_analyze(CLI::App& parent, Command& chosen);
void add_interfaces(CLI::App& parent, Command& chosen);
void add_kfl(CLI::App& parent, Command& chosen);

}  // namespace wiretape::cli
