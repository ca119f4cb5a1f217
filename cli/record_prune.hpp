// SPDX-License-Identifier: Apache-2.0
// Removing what has expired, as every command about recordings does in passing.
#pragma once

#include <cstdint>
#include <string>

namespace wiretape::cli {

enum class Passing : std::uint8_t { silent, told };
// Of the store that --store (`store`) and the environment name. What goes wrong is reported, and stops nothing.
void prune_in_passing(const std::string& store, Passing passing);

}  // namespace wiretape::cli
