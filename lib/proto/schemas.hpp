// SPDX-License-Identifier: Apache-2.0
// How schemas are made; the rest of the program gets them from catalog().
#pragma once

#include <cstdint>

#include "base/stream_facts.hpp"
#include "entry/field.hpp"
#include "proto/protocol.hpp"

namespace wiretape {

// The schema of a transport with the place that the list gives it.
Schema transport_schema(Transport transport, std::uint8_t ordinal);

// What a protocol's record says, as the language sees it.
Schema make_schema(const Protocol& protocol, std::uint8_t ordinal);

}  // namespace wiretape
