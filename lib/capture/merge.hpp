// SPDX-License-Identifier: Apache-2.0
// Several capture files as one source.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/source.hpp"

namespace wiretape::capture {

enum class MergeOrder : std::uint8_t {
  as_given,  // one file after another: segments that continue each other
  by_time,  // packets of all files in time order, each file being in time order itself; of equal times the earlier file
            // first
};

// Opens all files (capture/file.hpp) before the first packet is read, so that a wrong name is known at once. Interfaces
// are numbered over all files, and Packet::number counts over all. Packet::position holds the file's number in its top
// 16 bits. A damaged file ends there and the others go on; the error comes at the end of all. `paths` is not empty.
Result<std::unique_ptr<PacketSource>> open_files(const std::vector<std::string>& paths, MergeOrder order);

}  // namespace wiretape::capture
