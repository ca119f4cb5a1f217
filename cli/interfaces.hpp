// SPDX-License-Identifier: Apache-2.0
// What can be captured on this machine, for record create -D.
#pragma once

#include "base/result.hpp"
#include "exit_status.hpp"

namespace wiretape::cli {

Result<ExitStatus> list_interfaces();

}  // namespace wiretape::cli
