// SPDX-License-Identifier: Apache-2.0
// GraphQL documents, and bodies that may ask in it.
//
//   input := kind bytes    kind: bit 0 JSON or a bare document, bit 1 a response
#include <cstddef>
#include <cstdint>
#include <string>

#include "json/writer.hpp"
#include "proto/graphql/request.hpp"

namespace {

using namespace wiretape;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  graphql::Operation operation;
  if (graphql::read_document(body, "", operation)) require(inside(operation.name, body));

  std::string out;
  json::Writer writer(out);
  graphql::Request request;
  const auto media = (data[0] & 1U) != 0 ? graphql::Media::json : graphql::Media::document;
  if (graphql::read_body(media, body, request)) {
    require(!request.query.empty() || !request.persisted_hash.empty());
    if (request.batched) graphql::tell_batch(body, writer);
    graphql::tell_json(request.variables, writer);
  }
  if ((data[0] & 2U) != 0) graphql::tell_errors(body, writer);
  require(json::is_utf8(out));
  return 0;
}
