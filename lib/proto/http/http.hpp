// SPDX-License-Identifier: Apache-2.0
// HTTP/1.0 and 1.1 (RFC 9110, RFC 9112), and the HTTP/0.9 before them, as a protocol of the list.
#pragma once

#include "entry/entry.hpp"
#include "proto/protocol.hpp"

namespace wiretape::http {

extern const Label http_0_9;
extern const Label http_1_0;
extern const Label http_1_1;
extern const Label http_2;
// Calls whose request or response is of a content type that begins application/grpc: over HTTP/2, and (gRPC-Web)
// over HTTP/1.
extern const Label grpc;
extern const Label grpc_1_1;
// Calls that ask in GraphQL (proto/graphql/graphql.hpp).
extern const Label gql_1_1;
extern const Label gql_2_0;

// Its guess is strict about the direction: requests come from the client, status lines from the server, so that roles
// taken the wrong way round show.
extern const Protocol protocol;

}  // namespace wiretape::http
