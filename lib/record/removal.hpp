// SPDX-License-Identifier: Apache-2.0
// Removes from a recording's folder what wiretape wrote: by descriptor, following no link, and nothing else. Whether it
// may go is the caller's matter.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "record/files.hpp"

namespace wiretape::record {

// What stayed because wiretape did not write it, as paths; the folders that hold it stay as well.
struct Removal {
  std::vector<std::string> kept;
};

// The files of an iteration, and its folder when nothing else is in it.
Result<void> remove_iteration_below(const Folder& recording, const std::string& name, Removal& removal);

// All of a recording but its own files.
Result<void> remove_content(const Folder& recording, Removal& removal);
// Those, recording.json last: as long as it is there, removing can be asked for again.
Result<void> remove_own_files(const Folder& recording);

}  // namespace wiretape::record
