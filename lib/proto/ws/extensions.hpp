// SPDX-License-Identifier: Apache-2.0
// What the two sides agreed on: the value of Sec-WebSocket-Extensions in the answer to the upgrade (RFC 6455 section
// 9.1), of which permessage-deflate is understood (RFC 7692 section 7.1).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/chunk.hpp"

namespace wiretape::ws {

// What a sender keeps of its earlier messages to refer to.
enum class Context : std::uint8_t { kept, fresh };

struct Packing {
  std::uint8_t window_bits = 15;  // 8 to 15: the sender refers back 2^bits bytes at most
  Context context = Context::kept;
};

struct Extensions {
  bool deflate = false;
  std::array<Packing, 2> packing{};  // by direction: what that sender does
};

// Of what is not understood nothing is taken over.
Extensions read_extensions(std::string_view header);

}  // namespace wiretape::ws
