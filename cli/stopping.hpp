// SPDX-License-Identifier: Apache-2.0
// Ending a recording that is being made, or waits for its time.
#pragma once

#include <string>

#include "base/result.hpp"
#include "record/store.hpp"

namespace wiretape::cli {

// Comes back when it is over. ErrorKind::name when there is nothing to stop.
Result<void> stop_recording(const record::Store& store, const std::string& name);

}  // namespace wiretape::cli
