// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM as a request to end in good order.
#pragma once

#include <atomic>

namespace wiretape::cli {

// From now on the first of these signals sets the flag, and interrupts a read that waits; a second one ends the
// process.
const std::atomic<bool>& stop_on_signals();

}  // namespace wiretape::cli
