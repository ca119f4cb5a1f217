// SPDX-License-Identifier: Apache-2.0
// DNS (RFC 1035) over UDP and TCP, with mDNS (RFC 6762) and LLMNR (RFC 4795), as a protocol of the list.
#pragma once

#include "proto/protocol.hpp"

namespace wiretape::dns {

// Its guess is strict about the direction: queries come from the client, answers from the server.
extern const Protocol protocol;

}  // namespace wiretape::dns
