// SPDX-License-Identifier: Apache-2.0
// wiretape kfl: the language itself.
#include "commands.hpp"

namespace wiretape::cli {

void add_kfl(CLI::App& parent, Command&) {
  parent.add_subcommand("kfl", "Check and explain statements");
}

}  // namespace wiretape::cli
