// SPDX-License-Identifier: Apache-2.0
// A picture on the terminal that is drawn again in place: --watch.
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"

namespace wiretape::cli {

// What is to be seen now, as lines. They may be coloured; what does not fit into the terminal is cut off.
using Picture = std::function<Result<std::string>()>;

// Draws it on standard output once a second and when the terminal's size changes, until SIGINT or SIGTERM; the last
// picture stays. ErrorKind::usage where standard output cannot be drawn over; an error of `picture` ends it too.
// The signals are blocked meanwhile: call it where nothing else waits for them.
Result<void> watch(const Picture& picture);

// What a command says that was given --watch and --json.
Error watch_without_json();

}  // namespace wiretape::cli
