// SPDX-License-Identifier: Apache-2.0
// What a client asks in GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): one object of JSON, an
// array of them (batched, as Apollo's clients do), the bare document (application/graphql), or parameters of a query.
// Knows no messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/sink.hpp"
#include "proto/graphql/document.hpp"

namespace wiretape::graphql {

// What a media type says of a body.
enum class Media : std::uint8_t {
  other,
  json,      // may be a request
  document,  // application/graphql
};
Media media_of(std::string_view content_type);

// One operation that is asked for. Owns its texts and keeps their memory, so that it serves again.
struct Request {
  std::string query;           // the document as sent; "" of a persisted one, which the server knows by its hash
  std::string operation_name;  // as given, else as the document has it
  std::string variables;       // JSON text, "" without
  std::string persisted_hash;  // extensions.persistedQuery.sha256Hash
  OperationType type = OperationType::none;
  bool batched = false;  // the first of several in one body

  void clear();
};

// True when the whole `body` is a request: each operation has a document that parses, or the hash of a persisted one.
// `request` is the first of them. Ordinary JSON is refused by a search for two words.
bool read_body(Media media, std::string_view body, Request& request);

// The same for the parameters of a query, decoded; absent ones are "".
struct Parameters {
  std::string_view query, operation_name, variables, extensions;
};
bool read_parameters(const Parameters& parameters, Request& request);

// As {operationName, operationType, query, variables}, for each operation of a batch that was read before.
void tell_batch(std::string_view body, json::Sink& sink);

// JSON text as a value; null where it is "" or no JSON.
void tell_json(std::string_view text, json::Sink& sink);

// The members `errors` of a response, or of all in a batch of them, as one array; empty where the body has none.
void tell_errors(std::string_view body, json::Sink& sink);

// The names that one of these bodies holds at least; a body that does not is none.
bool has_telling_name(std::string_view body);

}  // namespace wiretape::graphql
