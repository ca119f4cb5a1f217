// SPDX-License-Identifier: Apache-2.0
// The fields of a WebSocket message, read from ws::Message: the same for what clients and what servers say.
#pragma once

#include <cstddef>

#include "entry/field.hpp"

namespace wiretape::ws {

inline constexpr std::size_t field_count = 16;
extern const Field fields[field_count];

}  // namespace wiretape::ws
