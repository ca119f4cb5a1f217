// SPDX-License-Identifier: Apache-2.0
// How --help and --help-all look.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace wiretape::cli {

// Gives `app` our form of help. Commands that are added later have it from there.
void set_help(CLI::App& app);

// The help of `app` and of every command below it. `above` is how the command line comes there: "wiretape record".
std::string help_of_all(const CLI::App& app, const std::string& above = "");

}  // namespace wiretape::cli
