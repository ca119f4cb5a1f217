// SPDX-License-Identifier: Apache-2.0
// SOCKS, versions 4, 4A and 5, as a protocol of the list: what a client asks of its proxy, told call by call. Behind a
// connection that the proxy made comes another protocol.
#pragma once

#include "proto/protocol.hpp"

namespace wiretape::socks {

extern const Protocol protocol;

}  // namespace wiretape::socks
