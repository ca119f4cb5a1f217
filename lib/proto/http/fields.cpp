// SPDX-License-Identifier: Apache-2.0
#include "proto/http/fields.hpp"

#include <array>

#include "proto/graphql/request.hpp"
#include "proto/grpc/payload.hpp"
#include "proto/http/form.hpp"
#include "proto/http/message.hpp"

namespace wiretape::http {
namespace {

using OptionalText = std::optional<std::string_view>;
using OptionalNumber = std::optional<std::int64_t>;

// Which half of the call a getter reads.
struct OfRequest {
  static const Message* in(const Entry& e) { return static_cast<const Message*>(e.request); }
};
struct OfResponse {
  static const Message* in(const Entry& e) { return static_cast<const Message*>(e.response); }
};

template <class Half, std::string_view (*read)(const Message&)>
OptionalText text(const Entry& entry) {
  const Message* message = Half::in(entry);
  if (message == nullptr) return std::nullopt;
  return read(*message);
}

template <class Half, std::uint64_t (*read)(const Message&)>
OptionalNumber number(const Entry& entry) {
  const Message* message = Half::in(entry);
  if (message == nullptr) return std::nullopt;
  return static_cast<std::int64_t>(read(*message));
}

template <class Half, const TextMap& (Message::*map)() const>
OptionalText get(const Entry& entry, std::string_view name) {
  const Message* message = Half::in(entry);
  if (message == nullptr) return std::nullopt;
  return (message->*map)().get(name);
}

template <class Half, const TextMap& (Message::*map)() const>
bool tell_map(const Entry& entry, json::Sink& sink) {
  const Message* message = Half::in(entry);
  if (message == nullptr) return false;
  (message->*map)().tell(sink);
  return true;
}

template <class Half>
OptionalText header(const Entry& entry, std::string_view name) {
  const Message* message = Half::in(entry);
  return message != nullptr ? message->header(name) : std::nullopt;
}

template <class Half>
bool tell_trailers(const Entry& entry, json::Sink& sink) {
  const Message* message = Half::in(entry);
  if (message == nullptr || message->trailers().empty()) return false;
  message->trailers().tell(sink);
  return true;
}

template <class Half, const TextMap& (Message::*map)() const>
constexpr Lookup lookup = {.get = get<Half, map>, .tell = tell_map<Half, map>};
template <class Half>
constexpr Lookup headers = {.get = header<Half>, .tell = tell_map<Half, &Message::headers>};
template <class Half>
constexpr Lookup trailers = {.get = get<Half, &Message::trailers>, .tell = tell_trailers<Half>};

std::string_view method(const Message& m) {
  return m.method();
}
std::string_view version(const Message& m) {
  return m.version();
}
std::string_view target(const Message& m) {
  return m.target();
}
std::string_view path(const Message& m) {
  return m.path();
}
std::string_view status_text(const Message& m) {
  return m.status_text();
}
std::string_view media_type(const Message& m) {
  return m.media_type();
}
std::string_view location(const Message& m) {
  return m.header("location").value_or(std::string_view{});
}
std::string_view body_text(const Message& m) {
  return m.body_text();
}
std::string_view body_encoding(const Message& m) {
  return m.body_is_base64() ? "base64" : "";
}
std::uint64_t status(const Message& m) {
  return m.head().status;
}
std::uint64_t head_size(const Message& m) {
  return m.head().size;
}
std::uint64_t body_size(const Message& m) {
  return m.body_size;
}
std::uint64_t text_size(const Message& m) {
  return m.body.size();
}

// Bytes saved by packing; negative where packing made it longer.
OptionalNumber compression(const Entry& entry) {
  const Message* message = OfResponse::in(entry);
  if (message == nullptr) return std::nullopt;
  return static_cast<std::int64_t>(message->body.size()) - static_cast<std::int64_t>(message->body.packed_size());
}

template <class Half>
std::optional<bool> truncated(const Entry& entry) {
  const Message* message = Half::in(entry);
  if (message == nullptr || !message->body.cut()) return std::nullopt;
  return true;
}

// The request, where it has a body.
struct OfPost {
  static const Message* in(const Entry& e) {
    const Message* message = OfRequest::in(e);
    return message != nullptr && message->body.packed_size() != 0 ? message : nullptr;
  }
};

Presence post_data(const Entry& entry) {
  return OfPost::in(entry) != nullptr ? Presence::present : Presence::missing;
}

Presence content(const Entry& entry) {
  return OfResponse::in(entry) != nullptr ? Presence::present : Presence::missing;
}

bool tell_path_segments(const Entry& entry, json::Sink& sink) {
  const Message* message = OfRequest::in(entry);
  if (message == nullptr) return false;
  tell_segments(message->path(), sink);
  return true;
}

bool tell_params(const Entry& entry, json::Sink& sink) {
  const Message* message = OfPost::in(entry);
  if (message == nullptr) return false;
  tell_form(message->media_type(), message->body.text(), sink);
  return true;
}

// What the call asks in GraphQL, null where it does not.
const graphql::Request* graphql_of(const Entry& entry) {
  const Message* request = OfRequest::in(entry);
  return request != nullptr ? request->graphql() : nullptr;
}

Presence asks_graphql(const Entry& entry) {
  return graphql_of(entry) != nullptr ? Presence::present : Presence::missing;
}

Presence answers_graphql(const Entry& entry) {
  return OfResponse::in(entry) != nullptr ? asks_graphql(entry) : Presence::missing;
}

template <std::string graphql::Request::*member>
OptionalText graphql_text(const Entry& entry) {
  const graphql::Request* asked = graphql_of(entry);
  if (asked == nullptr) return std::nullopt;
  return asked->*member;
}

OptionalText operation_type(const Entry& entry) {
  const graphql::Request* asked = graphql_of(entry);
  if (asked == nullptr) return std::nullopt;
  return name(asked->type);
}

bool tell_variables(const Entry& entry, json::Sink& sink) {
  const graphql::Request* asked = graphql_of(entry);
  if (asked == nullptr) return false;
  graphql::tell_json(asked->variables, sink);
  return true;
}

OptionalText persisted_hash(const Entry& entry) {
  const graphql::Request* asked = graphql_of(entry);
  if (asked == nullptr || asked->persisted_hash.empty()) return std::nullopt;
  return asked->persisted_hash;
}

bool tell_batch(const Entry& entry, json::Sink& sink) {
  const graphql::Request* asked = graphql_of(entry);
  if (asked == nullptr || !asked->batched) return false;
  graphql::tell_batch(OfRequest::in(entry)->body.text(), sink);
  return true;
}

bool tell_errors(const Entry& entry, json::Sink& sink) {
  const Message* response = OfResponse::in(entry);
  if (response == nullptr || graphql_of(entry) == nullptr) return false;
  graphql::tell_errors(response->body.text(), sink);
  return true;
}

// A half of a gRPC call.
template <class Half>
struct OfGrpc {
  static const Message* in(const Entry& e) {
    const Message* message = Half::in(e);
    return message != nullptr && grpc::is_grpc(message->media_type()) ? message : nullptr;
  }
};

template <class Half>
Presence is_grpc(const Entry& entry) {
  return OfGrpc<Half>::in(entry) != nullptr ? Presence::present : Presence::missing;
}

std::string_view grpc_service(const Message& m) {
  return grpc::method_name(m.path()).service;
}
std::string_view grpc_method(const Message& m) {
  return grpc::method_name(m.path()).method;
}

template <class Half>
bool tell_grpc_messages(const Entry& entry, json::Sink& sink) {
  const Message* message = OfGrpc<Half>::in(entry);
  if (message == nullptr) return false;
  message->grpc(OfRequest::in(entry)).tell(sink);
  return true;
}

OptionalNumber grpc_status(const Entry& entry) {
  const Message* response = OfGrpc<OfResponse>::in(entry);
  return response != nullptr ? response->grpc_outcome(OfRequest::in(entry)).status : std::nullopt;
}

OptionalText grpc_message(const Entry& entry) {
  const Message* response = OfGrpc<OfResponse>::in(entry);
  if (response == nullptr) return std::nullopt;
  return response->grpc_outcome(OfRequest::in(entry)).message;
}

constexpr Member grpc_message_members[] = {
    {.path = "[].size", .type = Type::number, .about = "bytes of the message on the wire"},
    {.path = "[].compressed", .type = Type::flag, .about = "it was packed, as the header Grpc-Encoding says"},
    {.path = "[].text",
     .type = Type::text,
     .about = "what it holds: of Protocol Buffers as JSON text, by field number where no names are known"},
    {.path = "[].encoding", .type = Type::text, .about = "base64 where it is not UTF-8, only when it is so"},
    {.path = "[].truncated", .type = Type::flag, .about = "the text is not all of the message, only when it is so"},
};
constexpr Member segment_members[] = {
    {.path = "[]", .type = Type::text, .about = "one piece of the path"},
};
constexpr Member param_members[] = {
    {.path = "[].name", .type = Type::text, .about = "name of the field"},
    {.path = "[].value", .type = Type::text, .about = "its value"},
    {.path = "[].encoding",
     .type = Type::text,
     .about = "base64 where the value is not UTF-8, only when it is so",
     .example = "\"base64\""},
    {.path = "[].fileName", .type = Type::text, .about = "name of the file that was sent, \"\" for a plain field"},
    {.path = "[].contentType", .type = Type::text, .about = "media type of the part, \"\" when it says none"},
};
constexpr Member batch_members[] = {
    {.path = "[].operationName", .type = Type::text, .about = "name of the operation"},
    {.path = "[].operationType", .type = Type::text, .about = "query, mutation or subscription"},
    {.path = "[].query", .type = Type::text, .about = "its document"},
    {.path = "[].variables", .type = Type::object, .about = "its variables, null without"},
};
constexpr Member error_members[] = {
    {.path = "[].message", .type = Type::text, .about = "what went wrong, for people"},
    {.path = "[].path", .type = Type::array, .about = "the field of the result that it is about"},
    {.path = "[].locations", .type = Type::array, .about = "places in the document"},
    {.path = "[].extensions", .type = Type::object, .about = "what the server says besides, often a code"},
};

}  // namespace

constexpr Field fields[field_count] = {
    {.path = "request.method",
     .get = Text{text<OfRequest, method>},
     .type = Type::text,
     .about = "request method",
     .example = "\"GET\"",
     .known = Stage::request_head},
    {.path = "request.url",
     .get = Text{text<OfRequest, target>},
     .type = Type::text,
     .about = "request target as sent",
     .example = "\"/cart?id=7\"",
     .known = Stage::request_head},
    {.path = "request.targetUri",
     .get = Text{text<OfRequest, target>},
     .type = Type::text,
     .about = "the same as request.url",
     .example = "\"/cart?id=7\"",
     .known = Stage::request_head},
    {.path = "request.path",
     .get = Text{text<OfRequest, path>},
     .type = Type::text,
     .about = "path without the query",
     .example = "\"/cart\"",
     .known = Stage::request_head},
    {.path = "request.pathSegments",
     .get = Tell{tell_path_segments},
     .type = Type::array,
     .about = "path split on /",
     .known = Stage::request_head,
     .members = segment_members},
    {.path = "request.queryString",
     .get = Lookup{lookup<OfRequest, &Message::query>},
     .type = Type::map,
     .about = "parameters of the query, percent-decoded; an array where a name is repeated",
     .known = Stage::request_head},
    {.path = "request.httpVersion",
     .get = Text{text<OfRequest, version>},
     .type = Type::text,
     .about = "version of the request",
     .example = "\"HTTP/1.1\"",
     .known = Stage::request_head},
    {.path = "request.headers",
     .get = headers<OfRequest>,
     .type = Type::map,
     .about = "request headers by name",
     .known = Stage::request_head,
     .fold_case = true},
    {.path = "request.cookies",
     .get = lookup<OfRequest, &Message::cookies>,
     .type = Type::map,
     .about = "cookies sent by the client",
     .known = Stage::request_head},
    {.path = "request.headersSize",
     .get = Number{number<OfRequest, head_size>},
     .type = Type::number,
     .about = "size of the request's head",
     .unit = "bytes",
     .known = Stage::request_head},
    {.path = "request.bodySize",
     .get = Number{number<OfRequest, body_size>},
     .type = Type::number,
     .about = "size of the request's body on the wire",
     .unit = "bytes",
     .known = Stage::request},
    {.path = "request.postData",
     .get = Shape{post_data},
     .type = Type::object,
     .about = "body of the request, only when there is one",
     .known = Stage::request},
    {.path = "request.postData.mimeType",
     .get = Text{text<OfPost, media_type>},
     .type = Type::text,
     .about = "Content-Type of the body",
     .example = "\"application/json\"",
     .known = Stage::request},
    {.path = "request.postData.params",
     .get = Tell{tell_params},
     .type = Type::array,
     .about = "fields of a form",
     .known = Stage::request,
     .part = Part::body,
     .members = param_members},
    {.path = "request.postData.text",
     .get = Text{text<OfPost, body_text>},
     .type = Type::text,
     .about = "body after transfer and content decoding",
     .known = Stage::request,
     .part = Part::body},
    {.path = "request.postData.encoding",
     .get = Text{text<OfPost, body_encoding>},
     .type = Type::text,
     .about = "base64 where the text is not UTF-8, else \"\"",
     .example = "\"base64\"",
     .known = Stage::request,
     .part = Part::body},
    {.path = "request.postData.truncated",
     .get = Flag{truncated<OfPost>},
     .type = Type::flag,
     .about = "the text is not all of the body, only when it is so",
     .known = Stage::request,
     .part = Part::body},
    {.path = "request.grpc",
     .get = Shape{is_grpc<OfRequest>},
     .type = Type::object,
     .about = "what is called in gRPC, only when the content type says so",
     .known = Stage::request_head},
    {.path = "request.grpc.service",
     .get = Text{text<OfGrpc<OfRequest>, grpc_service>},
     .type = Type::text,
     .about = "service with its package",
     .example = "\"shop.v1.Carts\"",
     .known = Stage::request_head},
    {.path = "request.grpc.method",
     .get = Text{text<OfGrpc<OfRequest>, grpc_method>},
     .type = Type::text,
     .about = "method of the service",
     .example = "\"Add\"",
     .known = Stage::request_head},
    {.path = "request.grpc.messages",
     .get = Tell{tell_grpc_messages<OfRequest>},
     .type = Type::array,
     .about = "messages that the client sent",
     .known = Stage::request,
     .part = Part::body,
     .members = grpc_message_members},
    {.path = "request.graphql",
     .get = Shape{asks_graphql},
     .type = Type::object,
     .about = "what the call asks in GraphQL, only when it does; the first operation of a batch",
     .known = Stage::request},
    {.path = "request.graphql.operationName",
     .get = Text{graphql_text<&graphql::Request::operation_name>},
     .type = Type::text,
     .about = "name of the operation, as given or else from the document",
     .example = "\"Cart\"",
     .known = Stage::request},
    {.path = "request.graphql.operationType",
     .get = Text{operation_type},
     .type = Type::text,
     .about = "query, mutation or subscription; \"\" where the document is not there or does not tell",
     .example = "\"mutation\"",
     .known = Stage::request},
    {.path = "request.graphql.query",
     .get = Text{graphql_text<&graphql::Request::query>},
     .type = Type::text,
     .about = "document as sent, \"\" of a persisted query",
     .known = Stage::request},
    {.path = "request.graphql.variables",
     .get = Tell{tell_variables},
     .type = Type::object,
     .about = "values for the variables of the document, null without",
     .known = Stage::request},
    {.path = "request.graphql.persistedQuery",
     .get = Text{persisted_hash},
     .type = Type::text,
     .about = "SHA-256 of a document that the server may know, only when sent",
     .known = Stage::request},
    {.path = "request.graphql.batch",
     .get = Tell{tell_batch},
     .type = Type::array,
     .about = "all operations, only when several are asked for in one request",
     .known = Stage::request,
     .part = Part::body,
     .members = batch_members},
    {.path = "request.trailers",
     .get = trailers<OfRequest>,
     .type = Type::map,
     .about = "trailer fields by name, only when sent",
     .known = Stage::request,
     .fold_case = true},
    {.path = "response.status",
     .get = Number{number<OfResponse, status>},
     .type = Type::number,
     .about = "status code",
     .example = "500",
     .known = Stage::response_head},
    {.path = "response.statusText",
     .get = Text{text<OfResponse, status_text>},
     .type = Type::text,
     .about = "reason as sent, else the standard one",
     .example = "\"Not Found\"",
     .known = Stage::response_head},
    {.path = "response.httpVersion",
     .get = Text{text<OfResponse, version>},
     .type = Type::text,
     .about = "version of the response",
     .example = "\"HTTP/1.1\"",
     .known = Stage::response_head},
    {.path = "response.headers",
     .get = headers<OfResponse>,
     .type = Type::map,
     .about = "response headers by name",
     .known = Stage::response_head,
     .fold_case = true},
    {.path = "response.cookies",
     .get = lookup<OfResponse, &Message::cookies>,
     .type = Type::map,
     .about = "cookies set by the server",
     .known = Stage::response_head},
    {.path = "response.headersSize",
     .get = Number{number<OfResponse, head_size>},
     .type = Type::number,
     .about = "size of the response's head",
     .unit = "bytes",
     .known = Stage::response_head},
    {.path = "response.bodySize",
     .get = Number{number<OfResponse, body_size>},
     .type = Type::number,
     .about = "size of the response's body on the wire",
     .unit = "bytes"},
    {.path = "response.redirectURL",
     .get = Text{text<OfResponse, location>},
     .type = Type::text,
     .about = "Location, \"\" without",
     .known = Stage::response_head},
    {.path = "response.content", .get = Shape{content}, .type = Type::object, .about = "body of the response"},
    {.path = "response.content.size",
     .get = Number{number<OfResponse, text_size>},
     .type = Type::number,
     .about = "size of the body after decoding",
     .unit = "bytes",
     .part = Part::body},
    {.path = "response.content.mimeType",
     .get = Text{text<OfResponse, media_type>},
     .type = Type::text,
     .about = "Content-Type of the body",
     .example = "\"text/html\"",
     .known = Stage::response_head},
    {.path = "response.content.encoding",
     .get = Text{text<OfResponse, body_encoding>},
     .type = Type::text,
     .about = "base64 where the text is not UTF-8, else \"\"",
     .example = "\"base64\"",
     .part = Part::body},
    {.path = "response.content.text",
     .get = Text{text<OfResponse, body_text>},
     .type = Type::text,
     .about = "body after transfer and content decoding",
     .part = Part::body},
    {.path = "response.content.compression",
     .get = Number{compression},
     .type = Type::number,
     .about = "bytes saved by packing",
     .unit = "bytes",
     .part = Part::body},
    {.path = "response.content.truncated",
     .get = Flag{truncated<OfResponse>},
     .type = Type::flag,
     .about = "the text is not all of the body, only when it is so",
     .part = Part::body},
    {.path = "response.grpc",
     .get = Shape{is_grpc<OfResponse>},
     .type = Type::object,
     .about = "what is answered in gRPC, only when the content type says so"},
    {.path = "response.grpc.status",
     .get = Number{grpc_status},
     .type = Type::number,
     .about = "status code, 0 is good; only when it was sent",
     .example = "5",
     .part = Part::body},
    {.path = "response.grpc.message",
     .get = Text{grpc_message},
     .type = Type::text,
     .about = "what the server says of the status",
     .example = "\"no such cart\"",
     .part = Part::body},
    {.path = "response.grpc.messages",
     .get = Tell{tell_grpc_messages<OfResponse>},
     .type = Type::array,
     .about = "messages that the server sent",
     .part = Part::body,
     .members = grpc_message_members},
    {.path = "response.graphql",
     .get = Shape{answers_graphql},
     .type = Type::object,
     .about = "what GraphQL answered, only when the call asked in it"},
    {.path = "response.graphql.errors",
     .get = Tell{tell_errors},
     .type = Type::array,
     .about = "errors, whatever the status; empty without",
     .part = Part::body,
     .members = error_members},
    {.path = "response.trailers",
     .get = trailers<OfResponse>,
     .type = Type::map,
     .about = "trailer fields by name, only when sent",
     .fold_case = true},
};

}  // namespace wiretape::http
