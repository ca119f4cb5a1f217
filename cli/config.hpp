// SPDX-License-Identifier: Apache-2.0
// The configuration file (FILES in wiretape(1)): options where the command line says nothing, and own words of the
// language.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace wiretape::cli {

// Adds --config to `app` and to each command that it has by now; `file` must outlive the parsing.
void add_config(CLI::App& app, std::optional<std::string>& file);

// Once the line is parsed: reads the file, checks all of it, and gives the command that the line names those of its
// options that neither the line nor the environment gave. `file` is that of --config. Errors name the file and, where
// there is one, the line.
Result<void> apply_config(const CLI::App& app, const std::optional<std::string>& file);

}  // namespace wiretape::cli
