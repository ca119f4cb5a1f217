// SPDX-License-Identifier: Apache-2.0
// Two made-up protocols for statements over entries: "web", which has fields of every kind and two flavours, and
// "store". With "tcp", which knows no more than its stream.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "entry/entry.hpp"
#include "entry/field.hpp"

namespace wiretape::made_up {

struct WebRequest : Message {
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, std::int64_t>> items;
  bool has_body = false;
  std::string body;
};

struct WebResponse : Message {
  std::int64_t status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct StoreRequest : Message {
  std::string command = "SET";
  std::string key = "k";
  double ratio = 0.5;
  bool quick = true;
};

inline const WebRequest& web(const Message* message) {
  return static_cast<const WebRequest&>(*message);
}
inline const WebResponse& web_response(const Message* message) {
  return static_cast<const WebResponse&>(*message);
}
inline const StoreRequest& store(const Message* message) {
  return static_cast<const StoreRequest&>(*message);
}

using Headers = std::vector<std::pair<std::string, std::string>>;

inline std::optional<std::string_view> find_header(const Headers& headers, std::string_view key) {
  for (const auto& [name, value] : headers) {
    if (name == key) return value;
  }
  return std::nullopt;
}

inline bool tell_headers(const Headers& headers, json::Sink& sink) {
  sink.begin_object();
  for (const auto& [name, value] : headers) sink.text(name, value);
  sink.end_object();
  return true;
}

inline constexpr Label web_plain{"web", "1.1", "WEB", "Made-up web", "web"};
inline constexpr Label web_query{"web", "1.1", "WQL", "Made-up queries over the web", "wql"};
inline constexpr Label store_label{"store", "1", "STORE", "Made-up store", "store"};
inline constexpr Label tcp_label{"tcp", "", "TCP", "Transmission Control Protocol", "tcp"};

inline constexpr Member item_members[] = {{"[].name", Type::text, "name of the item"},
                                          {"[].count", Type::number, "how many"}};

inline constexpr Field web_fields[] = {
    {.path = "request.method",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return web(e.request).method; },
     .type = Type::text,
     .about = "method",
     .example = "\"GET\"",
     .known = Stage::request_head},
    {.path = "request.path",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return web(e.request).path; },
     .type = Type::text,
     .about = "path without the query",
     .known = Stage::request_head},
    {.path = "request.headers",
     .get = Lookup{[](const Entry& e, std::string_view key) { return find_header(web(e.request).headers, key); },
                   [](const Entry& e, json::Sink& sink) { return tell_headers(web(e.request).headers, sink); }},
     .type = Type::map,
     .about = "headers",
     .known = Stage::request_head,
     .fold_case = true},
    {.path = "request.items",
     .get = Tell{[](const Entry& e, json::Sink& sink) {
       if (web(e.request).items.empty()) return false;
       sink.begin_array();
       for (const auto& [name, count] : web(e.request).items) {
         sink.begin_object();
         sink.text("name", name);
         sink.integer("count", count);
         sink.end_object();
       }
       sink.end_array();
       return true;
     }},
     .type = Type::array,
     .about = "items",
     .known = Stage::request,
     .members = item_members},
    {.path = "request.queryString",
     .get = Lookup{[](const Entry&, std::string_view key) {
                     return key == "q" ? std::optional<std::string_view>("1") : std::nullopt;
                   },
                   [](const Entry&, json::Sink& sink) {
                     return tell_headers({{"q", "1"}}, sink);
                   }},
     .type = Type::map,
     .about = "query",
     .known = Stage::request_head},
    {.path = "request.postData",
     .get = Shape{[](const Entry& e) { return web(e.request).has_body ? Presence::present : Presence::missing; }},
     .type = Type::object,
     .about = "body",
     .known = Stage::request_head},
    {.path = "request.postData.text",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return web(e.request).body; },
     .type = Type::text,
     .about = "its text",
     .known = Stage::request,
     .part = Part::body},
    {.path = "response.status",
     .get = [](const Entry& e) -> std::optional<std::int64_t> { return web_response(e.response).status; },
     .type = Type::number,
     .about = "status",
     .example = "500",
     .known = Stage::response_head},
    {.path = "response.headers",
     .get =
         Lookup{[](const Entry& e, std::string_view key) { return find_header(web_response(e.response).headers, key); },
                [](const Entry& e, json::Sink& sink) { return tell_headers(web_response(e.response).headers, sink); }},
     .type = Type::map,
     .about = "headers",
     .known = Stage::response_head,
     .fold_case = true},
    {.path = "response.content.text",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return web_response(e.response).body; },
     .type = Type::text,
     .about = "text of the body",
     .known = Stage::complete,
     .part = Part::body},
};

inline constexpr Field store_fields[] = {
    {.path = "request.command",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return store(e.request).command; },
     .type = Type::text,
     .about = "command",
     .example = "\"SET\"",
     .known = Stage::request},
    {.path = "request.key",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return store(e.request).key; },
     .type = Type::text,
     .about = "key",
     .known = Stage::request},
    {.path = "request.ratio",
     .get = [](const Entry& e) -> std::optional<double> { return store(e.request).ratio; },
     .type = Type::real,
     .about = "ratio",
     .known = Stage::request},
    {.path = "request.quick",
     .get = [](const Entry& e) -> std::optional<bool> { return store(e.request).quick; },
     .type = Type::flag,
     .about = "quick",
     .known = Stage::request},
};

inline constexpr std::array<const Label*, 2> web_labels = {&web_plain, &web_query};
inline constexpr std::array<const Label*, 1> store_labels = {&store_label};
inline constexpr std::array<const Label*, 1> tcp_labels = {&tcp_label};

inline const Schema web_schema{
    .name = "web", .title = "Made-up web", .ordinal = 0, .fields = web_fields, .labels = web_labels, .summary = {}};
inline const Schema store_schema{.name = "store",
                                 .title = "Made-up store",
                                 .ordinal = 1,
                                 .fields = store_fields,
                                 .labels = store_labels,
                                 .summary = {}};
inline const Schema tcp_schema{
    .name = "tcp", .title = "TCP connections", .ordinal = 2, .fields = {}, .labels = tcp_labels, .summary = {}};
inline const std::array<const Schema*, 3> schemas = {&web_schema, &store_schema, &tcp_schema};
inline const Catalog catalog{schemas};

// A whole call of the web protocol, and what its entry points at.
struct WebCall {
  SourceFacts source;
  StreamFacts stream;
  WebRequest request;
  WebResponse response;
  Entry entry;

  WebCall() {
    source.record = "night";
    stream.source = &source;
    stream.client = {Address::v4_of(Bytes("\x0A\x00\x00\x01", 4)), 40000};
    stream.server = {Address::v4_of(Bytes("\x0A\x00\x00\x02", 4)), 80};
    request.headers = {{"Host", "shop"}, {"User-Agent", "kube-probe/1.27+"}};
    response.headers = {{"Content-Type", "application/json"}};
    response.body = R"({"a":{"b":[1,2]},"user":"ann"})";
    request.label = &web_plain;
    entry.schema = &web_schema;
    entry.stream = &stream;
    entry.label = &web_plain;
    entry.request = &request;
    entry.response = &response;
  }
  WebCall(const WebCall&) = delete;
};

struct StoreCall {
  StreamFacts stream;
  StoreRequest request;
  Entry entry;

  StoreCall() {
    entry.schema = &store_schema;
    entry.stream = &stream;
    entry.label = &store_label;
    entry.request = &request;
  }
  StoreCall(const StoreCall&) = delete;
};

}  // namespace wiretape::made_up
