// SPDX-License-Identifier: Apache-2.0
// Inputs that decompress another one as they are read.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "capture/input.hpp"

namespace wiretape::capture {

// By the first bytes of a file (4 are enough); null when it is not compressed. `name` is for messages.
using Decompressor = std::unique_ptr<Input> (*)(std::unique_ptr<Input> from, std::string name);
Decompressor decompressor_of(std::string_view start);

}  // namespace wiretape::capture
