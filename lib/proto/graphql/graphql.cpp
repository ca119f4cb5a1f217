// SPDX-License-Identifier: Apache-2.0
#include "proto/graphql/graphql.hpp"

namespace wiretape::graphql {
namespace {

std::string_view parameter(const http::Message& request, std::string_view name) {
  return request.query().get(name).value_or(std::string_view{});
}

// Most targets have neither name, and their queries need not be taken apart.
bool reads_parameters(const http::Message& request, Request& read) {
  const Bytes target = request.raw_target();
  const std::size_t mark = target.find('?');
  const auto has = [&](Bytes name) { return target.find(name, mark) != Bytes::npos; };
  const bool likely = mark != Bytes::npos && (has("query=") || has("extensions="));
  return likely && read_parameters({.query = parameter(request, "query"),
                                    .operation_name = parameter(request, "operationName"),
                                    .variables = parameter(request, "variables"),
                                    .extensions = parameter(request, "extensions")},
                                   read);
}

bool reads_body(const http::Message& request, Request& read) {
  // A body that is not watched any more was let go where nobody wants it: what it asks must not depend on that.
  if (!request.body.is_watched() || request.body.cut()) return false;
  return read_body(media_of(request.media_type()), request.body.text(), read);
}

}  // namespace

void watch(http::Message& request) {
  if (request.method() != "POST") return;
  switch (media_of(request.media_type())) {
    case Media::other: return;
    case Media::json: return request.body.watch(http::Body::Watched::json);
    case Media::document: return request.body.watch(http::Body::Watched::text);
  }
}

bool recognize(http::Message& request) {
  // Kept for its memory; what was read changes places with what the message had.
  thread_local Request read;
  const std::string_view method = request.method();
  const bool asks = method == "GET" ? reads_parameters(request, read) : method == "POST" && reads_body(request, read);
  request.body.stop_watching();
  if (asks) request.set_graphql(read);
  return asks;
}

}  // namespace wiretape::graphql
