// SPDX-License-Identifier: Apache-2.0
// What an allocation takes from the system, for those who keep within a limit.
#pragma once

#include <algorithm>
#include <cstddef>

namespace wiretape::flow {

// As glibc has it: a word in front of each piece, pieces in steps of 16 bytes, none below 32.
constexpr std::size_t heap_size(std::size_t bytes) {
  return std::max<std::size_t>(32, (bytes + 8 + 15) / 16 * 16);
}

}  // namespace wiretape::flow
