// SPDX-License-Identifier: Apache-2.0
#include "proto/graphql/request.hpp"

#include <cstring>

#include "json/reader.hpp"

namespace wiretape::graphql {
namespace {

using json::Reader;
using Token = Reader::Token;

constexpr Token absent = UINT32_MAX;

// Kept for its memory, which grows with the longest text seen.
Reader& reader() {
  thread_local Reader shared;
  return shared;
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// `word` is in lower case.
bool is_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != word[i]) return false;
  }
  return true;
}

bool holds(std::string_view text, std::string_view word) {
  return memmem(text.data(), text.size(), word.data(), word.size()) != nullptr;
}

// The last member of that name, as where keys repeat.
Token member(const Reader& json, Token object, std::string_view name) {
  Token found = absent;
  if (json.kind(object) != Reader::Kind::object) return found;
  for (Token key = json.first(object); key != json.end(object); key = json.next(object, json.member(key))) {
    if (json.raw_text(key) == name) found = json.member(key);
  }
  return found;
}

// False where there is something that is neither a text nor null.
bool read_text(const Reader& json, Token object, std::string_view name, std::string& out) {
  const Token value = member(json, object, name);
  if (value == absent || json.kind(value) == Reader::Kind::null) return true;
  if (json.kind(value) != Reader::Kind::text) return false;
  json::append_decoded(out, json.raw_text(value));
  return true;
}

bool read_extensions(const Reader& json, Token extensions, Request& request) {
  const Token persisted = member(json, extensions, "persistedQuery");
  return persisted == absent || read_text(json, persisted, "sha256Hash", request.persisted_hash);
}

// Names and kinds from the document, where there is one.
bool read_operation(Request& request) {
  if (request.query.empty()) return !request.persisted_hash.empty();
  Operation found;
  if (!read_document(request.query, request.operation_name, found)) return false;
  request.type = found.type;
  if (request.operation_name.empty()) request.operation_name = found.name;
  return true;
}

bool read_object(const Reader& json, Token object, Request& request) {
  request.clear();
  if (!read_text(json, object, "query", request.query)) return false;
  if (!read_text(json, object, "operationName", request.operation_name)) return false;
  const Token extensions = member(json, object, "extensions");
  if (extensions != absent && !read_extensions(json, extensions, request)) return false;
  if (!read_operation(request)) return false;
  const Token variables = member(json, object, "variables");
  if (variables != absent && json.kind(variables) == Reader::Kind::object) request.variables = json.raw(variables);
  return true;
}

bool read_batch(const Reader& json, Request& request) {
  if (json.empty(Reader::root)) return false;
  Request other;
  bool first = true;
  for (Token item = json.first(Reader::root); item != json.end(Reader::root); item = json.next(Reader::root, item)) {
    if (!read_object(json, item, first ? request : other)) return false;
    first = false;
  }
  request.batched = true;
  return true;
}

bool read_json(std::string_view body, Request& request) {
  Reader& json = reader();
  if (!has_telling_name(body) || !json.open(body)) return false;
  switch (json.kind(Reader::root)) {
    case Reader::Kind::object: return read_object(json, Reader::root, request);
    case Reader::Kind::array: return read_batch(json, request);
    default: return false;
  }
}

void tell_request(const Reader& json, Token object, const Request& request, json::Sink& sink) {
  sink.begin_object();
  sink.text("operationName", request.operation_name);
  sink.text("operationType", name(request.type));
  sink.text("query", request.query);
  sink.key("variables");
  request.variables.empty() ? sink.null() : json.tell(member(json, object, "variables"), sink);
  sink.end_object();
}

void tell_errors_of(const Reader& json, Token response, json::Sink& sink) {
  const Token errors = member(json, response, "errors");
  if (errors == absent || json.kind(errors) != Reader::Kind::array) return;
  for (Token error = json.first(errors); error != json.end(errors); error = json.next(errors, error)) {
    if (sink.done()) return;
    json.tell(error, sink);
  }
}

}  // namespace

Media media_of(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  if (is_word(type, "application/graphql")) return Media::document;
  const bool is_json = is_word(type, "application/json") || is_word(type, "application/graphql+json");
  return is_json ? Media::json : Media::other;
}

void Request::clear() {
  query.clear();
  operation_name.clear();
  variables.clear();
  persisted_hash.clear();
  type = OperationType::none;
  batched = false;
}

bool has_telling_name(std::string_view body) {
  return holds(body, "\"query\"") || holds(body, "\"persistedQuery\"");
}

bool read_body(Media media, std::string_view body, Request& request) {
  request.clear();
  if (media == Media::json) return read_json(body, request);
  if (media != Media::document) return false;
  request.query = body;
  return !body.empty() && read_operation(request);
}

bool read_parameters(const Parameters& parameters, Request& request) {
  request.clear();
  request.query = parameters.query;
  request.operation_name = parameters.operation_name;
  Reader& json = reader();
  if (!parameters.extensions.empty() && json.open(parameters.extensions)) {
    if (!read_extensions(json, Reader::root, request)) return false;
  }
  if (!read_operation(request)) return false;
  request.variables = parameters.variables;
  return true;
}

void tell_batch(std::string_view body, json::Sink& sink) {
  Reader& json = reader();
  sink.begin_array();
  if (json.open(body) && json.kind(Reader::root) == Reader::Kind::array) {
    Request request;
    for (Token item = json.first(Reader::root); item != json.end(Reader::root); item = json.next(Reader::root, item)) {
      if (sink.done() || !read_object(json, item, request)) break;
      tell_request(json, item, request, sink);
    }
  }
  sink.end_array();
}

void tell_json(std::string_view text, json::Sink& sink) {
  Reader& json = reader();
  if (!text.empty() && json.open(text)) return json.tell(Reader::root, sink);
  sink.null();
}

void tell_errors(std::string_view body, json::Sink& sink) {
  Reader& json = reader();
  sink.begin_array();
  if (holds(body, "\"errors\"") && json.open(body)) {
    if (json.kind(Reader::root) == Reader::Kind::array) {
      for (Token item = json.first(Reader::root); item != json.end(Reader::root);
           item = json.next(Reader::root, item)) {
        tell_errors_of(json, item, sink);
      }
    } else {
      tell_errors_of(json, Reader::root, sink);
    }
  }
  sink.end_array();
}

}  // namespace wiretape::graphql
