// SPDX-License-Identifier: Apache-2.0
// GraphQL inside HTTP, whatever the version of HTTP: which messages ask in it. It is no protocol of the list; its calls
// are HTTP calls with a label of their own (http::gql_1_1, http::gql_2_0) and some more fields.
//
//   watch(request)      when the head of a request is known and a body follows, before keep_body() is heard: a body
//                       that may be GraphQL is kept for recognize(), also where nobody else wants it
//   recognize(request)  when it is whole: true when it asks in GraphQL; then it is in Message::graphql, and the caller
//                       gives the message its label
//
// An ordinary request costs a look at its method and its Content-Type; ordinary JSON a search for two words.
#pragma once

#include "proto/http/message.hpp"

namespace wiretape::graphql {

void watch(http::Message& request);

// Reads what Message::label was not decided by yet: call it once for each request. A body that lacks bytes, or is
// longer than what is kept of bodies, asks for nothing.
bool recognize(http::Message& request);

}  // namespace wiretape::graphql
