// SPDX-License-Identifier: Apache-2.0
// HTTP/2 (RFC 9113) as a protocol of the list. Its calls are those of the HTTP family: the messages are http::Message,
// the fields are HTTP's.
#pragma once

#include "proto/protocol.hpp"

namespace wiretape::http2 {

// What DissectorOptions::agreed holds for it: nothing, or the head of the HTTP/1.1 request that asked for the upgrade
// to h2c (RFC 7540 section 3.2), which stream 1 answers.
extern const Protocol protocol;

}  // namespace wiretape::http2
