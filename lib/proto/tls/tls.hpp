// SPDX-License-Identifier: Apache-2.0
// TLS, from SSL 3.0 to 1.3, as a protocol of the list: its handshakes as far as they are in clear. A call is the hello
// of a client with that of the server and what follows it in clear. What is encrypted is not read: once both sides are
// at it, the session ends.
#pragma once

#include "proto/protocol.hpp"

namespace wiretape::tls {

extern const Protocol protocol;

}  // namespace wiretape::tls
