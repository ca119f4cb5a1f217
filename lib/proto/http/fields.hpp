// SPDX-License-Identifier: Apache-2.0
// The fields of the HTTP family, in the order of the JSON text.
#pragma once

#include <cstddef>

#include "entry/field.hpp"

namespace wiretape::http {

inline constexpr std::size_t field_count = 51;

// Their messages are http::Message.
extern const Field fields[field_count];

}  // namespace wiretape::http
