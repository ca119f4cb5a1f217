// SPDX-License-Identifier: Apache-2.0
// The fields of a TLS handshake.
#pragma once

#include <array>
#include <string_view>

#include "entry/field.hpp"

namespace wiretape::tls {

extern const std::array<Field, 11> fields;
extern const std::array<std::string_view, 3> summary;

}  // namespace wiretape::tls
