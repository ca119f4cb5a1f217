// SPDX-License-Identifier: Apache-2.0
// What stands in a lock file: who holds it, "PID BOOT\n".
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "record/files.hpp"

namespace wiretape::record {

// 0 when it cannot be read.
std::int32_t process_of(const File& lock);

// This process, at this boot of the machine.
Result<void> sign_lock(File& lock);

}  // namespace wiretape::record
