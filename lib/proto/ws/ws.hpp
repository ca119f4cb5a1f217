// SPDX-License-Identifier: Apache-2.0
// WebSocket (RFC 6455) with permessage-deflate (RFC 7692), as a protocol of the list: what is said behind an upgrade,
// each message an entry of its own.
//
// Who hands over says by DissectorOptions::agreed what the two sides agreed on: the value of the answer's
// Sec-WebSocket-Extensions, "" (not null) when it has none. Null is a stream that was joined in the middle, of which
// nothing is known: messages are looked for, and a packed one is told if it can be unpacked by itself.
#pragma once

#include "proto/protocol.hpp"

namespace wiretape::ws {

extern const Protocol protocol;

}  // namespace wiretape::ws
