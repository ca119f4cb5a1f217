// SPDX-License-Identifier: Apache-2.0
#include "proto/http/message.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "json/writer.hpp"

namespace wiretape::http {
namespace {

template <class T>
using State = typename Lazy<T>::State;

template <class T, class Fill>
const T& computed(Lazy<T>& lazy, Fill&& fill) {
  lazy.get([&](T& value) {
    fill(value);
    return State<T>::ready;
  });
  return lazy.value();
}

void fill_lines(TextMap& map, Bytes lines) {
  map.clear();
  for (Line line; next_line(lines, line);) {
    map.add([&](std::string& out) { append_canonical(out, line.name); },
            [&](std::string& out) { append_head_text(out, line.value); });
  }
  map.settle(TextMap::Repeats::join, TextMap::Names::caseless);
}

// "name=value", quotes around the value taken off (RFC 6265 section 4.1.1).
void add_cookie(TextMap& map, Bytes pair) {
  pair = trimmed(pair);
  if (pair.empty()) return;
  const std::size_t equals = pair.find('=');
  const Bytes name = trimmed(pair.substr(0, equals));
  Bytes value = equals == Bytes::npos ? Bytes{} : trimmed(pair.substr(equals + 1));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  map.add([&](std::string& out) { append_head_text(out, name); },
          [&](std::string& out) { append_head_text(out, value); });
}

void fill_cookies(TextMap& map, Bytes lines, Start start) {
  map.clear();
  for (Line line; next_line(lines, line);) {
    if (start == Start::response && same_name(line.name, "set-cookie")) {
      add_cookie(map, line.value.substr(0, line.value.find(';')));
    } else if (start == Start::request && same_name(line.name, "cookie")) {
      for (std::size_t at = 0; at < line.value.size();) {
        const std::size_t end = std::min(line.value.find(';', at), line.value.size());
        add_cookie(map, line.value.substr(at, end - at));
        at = end + 1;
      }
    }
  }
  map.settle(TextMap::Repeats::last, TextMap::Names::exact);
}

void fill_query(TextMap& map, Bytes query) {
  map.clear();
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const Bytes pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    map.add([&](std::string& out) { append_unescaped(out, pair.substr(0, equals)); },
            [&](std::string& out) { append_unescaped(out, pair.substr(std::min(equals + 1, pair.size()))); });
  }
  map.settle(TextMap::Repeats::list, TextMap::Names::exact);
}

// Of the absolute form (RFC 9112 section 3.2.2) without scheme and authority.
std::string_view without_origin(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (target.empty() || target.front() == '/' || scheme == std::string_view::npos) return target;
  if (target.substr(0, scheme).find_first_of("/?#") != std::string_view::npos) return target;
  const std::size_t path = target.find_first_of("/?#", scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

struct Reason {
  std::uint16_t status;
  std::string_view text;
};
constexpr std::array reasons = {
    Reason{100, "Continue"},
    Reason{101, "Switching Protocols"},
    Reason{102, "Processing"},
    Reason{103, "Early Hints"},
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{203, "Non-Authoritative Information"},
    Reason{204, "No Content"},
    Reason{205, "Reset Content"},
    Reason{206, "Partial Content"},
    Reason{207, "Multi-Status"},
    Reason{208, "Already Reported"},
    Reason{226, "IM Used"},
    Reason{300, "Multiple Choices"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{303, "See Other"},
    Reason{304, "Not Modified"},
    Reason{305, "Use Proxy"},
    Reason{307, "Temporary Redirect"},
    Reason{308, "Permanent Redirect"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{402, "Payment Required"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{406, "Not Acceptable"},
    Reason{407, "Proxy Authentication Required"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{410, "Gone"},
    Reason{411, "Length Required"},
    Reason{412, "Precondition Failed"},
    Reason{413, "Content Too Large"},
    Reason{414, "URI Too Long"},
    Reason{415, "Unsupported Media Type"},
    Reason{416, "Range Not Satisfiable"},
    Reason{417, "Expectation Failed"},
    Reason{421, "Misdirected Request"},
    Reason{422, "Unprocessable Content"},
    Reason{423, "Locked"},
    Reason{424, "Failed Dependency"},
    Reason{425, "Too Early"},
    Reason{426, "Upgrade Required"},
    Reason{428, "Precondition Required"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{451, "Unavailable For Legal Reasons"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
    Reason{505, "HTTP Version Not Supported"},
    Reason{506, "Variant Also Negotiates"},
    Reason{507, "Insufficient Storage"},
    Reason{508, "Loop Detected"},
    Reason{510, "Not Extended"},
    Reason{511, "Network Authentication Required"},
};

constexpr std::array<std::string_view, 10> versions = {"HTTP/1.0", "HTTP/1.1", "HTTP/1.2", "HTTP/1.3", "HTTP/1.4",
                                                       "HTTP/1.5", "HTTP/1.6", "HTTP/1.7", "HTTP/1.8", "HTTP/1.9"};

}  // namespace

void Message::begin(Start start, Bytes head, const Head& marks, std::size_t body_limit) {
  bytes_.assign(head);
  marks_ = marks;
  start_ = start;
  first = last = {};
  size = head.size();
  id = 0;
  alone = false;
  fault = {};
  trailer_lines.clear();
  body_size = 0;
  asks_graphql_ = false;
  types = nullptr;
  body_limit_ = body_limit;
  if (is_grpc_read_) grpc_->clear();
  is_grpc_read_ = false;
  grpc_outcome_.reset();
  target_.reset();
  reason_.reset();
  headers_.reset();
  cookies_.reset();
  query_.reset();
  trailers_.reset();
  base64_.reset();
  Codings codings = marks.content;
  for (std::size_t i = 0; i < marks.moved.count; ++i) codings.add(marks.moved.list[i]);
  body.begin(codings, body_limit);
}

void Message::set_graphql(graphql::Request& read) {
  if (graphql_ == nullptr) graphql_ = std::make_unique<graphql::Request>();
  std::swap(*graphql_, read);
  asks_graphql_ = true;
}

std::string_view Message::version() const {
  if (marks_.simple) return "HTTP/0.9";
  if (marks_.major == 2) return "HTTP/2.0";
  return versions[marks_.minor];
}

const Message::Target& Message::target_parts() const {
  return computed(target_, [&](Target& parts) {
    parts.target = marks_.target.of(bytes_);
    if (!json::is_utf8(parts.target)) {
      parts.text.clear();
      append_head_text(parts.text, parts.target);
      parts.target = parts.text;
    }
    const bool authority = method() == "CONNECT" && !parts.target.starts_with('/');
    std::string_view rest = authority ? std::string_view{} : without_origin(parts.target);
    rest = rest.substr(0, rest.find('#'));
    const std::size_t mark = std::min(rest.find('?'), rest.size());
    parts.path = rest.substr(0, mark);
    parts.query = rest.substr(std::min(mark + 1, rest.size()));
  });
}

std::string_view Message::status_text() const {
  const Bytes reason = marks_.reason.of(bytes_);
  if (reason.empty()) return standard_reason(marks_.status);
  if (json::is_utf8(reason)) return reason;
  return computed(reason_, [&](std::string& text) {
    text.clear();
    append_head_text(text, reason);
  });
}

std::string_view Message::media_type() const {
  return header("content-type").value_or(std::string_view{});
}

// A header that came once, unfolded and in UTF-8, is read where it lies: no map is made for most questions.
bool Message::plain_header(std::string_view name, std::optional<std::string_view>& value) const {
  Bytes lines = marks_.lines.of(bytes_);
  for (Line line; next_line(lines, line);) {
    if (!same_name(line.name, name)) continue;
    if (value || line.value.find('\n') != Bytes::npos || !json::is_utf8(line.value)) return false;
    value = line.value;
  }
  return true;
}

std::optional<std::string_view> Message::header(std::string_view name) const {
  if (headers_.state() == State<TextMap>::not_computed) {
    std::optional<std::string_view> value;
    if (plain_header(name, value)) return value;
  }
  return headers().get(name);
}

const TextMap& Message::headers() const {
  return computed(headers_, [&](TextMap& map) { fill_lines(map, marks_.lines.of(bytes_)); });
}

const TextMap& Message::cookies() const {
  return computed(cookies_, [&](TextMap& map) { fill_cookies(map, marks_.lines.of(bytes_), start_); });
}

const TextMap& Message::query() const {
  return computed(query_, [&](TextMap& map) { fill_query(map, target_parts().query); });
}

const TextMap& Message::trailers() const {
  return computed(trailers_, [&](TextMap& map) { fill_lines(map, trailer_lines); });
}

bool Message::body_is_base64() const {
  return base64_.get([&](std::string& text) {
    text.clear();
    if (json::is_utf8(body.text())) return State<std::string>::absent;
    json::append_base64(text, body.text());
    return State<std::string>::ready;
  }) == State<std::string>::ready;
}

std::string_view Message::body_text() const {
  return body_is_base64() ? base64_.value() : body.text();
}

const grpc::Payload& Message::grpc(const Message* request) const {
  if (grpc_ == nullptr) grpc_ = std::make_unique<grpc::Payload>();
  if (is_grpc_read_) return *grpc_;
  is_grpc_read_ = true;
  const std::string_view path = request != nullptr ? request->path() : std::string_view{};
  const grpc::MethodType* method = types != nullptr && path.starts_with('/') ? types->method(path.substr(1)) : nullptr;
  grpc_->read(body.text(), {.content_type = media_type(),
                            .encoding = header("grpc-encoding").value_or(std::string_view{}),
                            .cut = body.cut(),
                            .limit = body_limit_,
                            .type = method == nullptr          ? nullptr
                                    : start_ == Start::request ? method->input
                                                               : method->output,
                            .types = types});
  return *grpc_;
}

// In the trailers, or in the head where nothing else was sent; of gRPC-Web in the body.
const grpc::Outcome& Message::grpc_outcome(const Message* request) const {
  return computed(grpc_outcome_, [&](grpc::Outcome& outcome) {
    const auto said = [&](std::string_view name) -> std::string_view {
      if (const auto trailer = trailers().get(name)) return *trailer;
      if (const auto in_head = header(name)) return *in_head;
      return grpc::is_web(media_type()) ? grpc(request).trailer(name) : std::string_view{};
    };
    outcome.read(said("grpc-status"), said("grpc-message"));
  });
}

void tell_segments(std::string_view path, json::Sink& sink) {
  sink.begin_array();
  if (!path.empty()) {
    if (path.front() == '/') path.remove_prefix(1);
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
      sink.text(path.substr(0, slash));
      path.remove_prefix(slash + 1);
    }
    sink.text(path);
  }
  sink.end_array();
}

std::string_view standard_reason(std::uint16_t status) {
  const auto found = std::lower_bound(reasons.begin(), reasons.end(), status,
                                      [](const Reason& reason, std::uint16_t value) { return reason.status < value; });
  return found != reasons.end() && found->status == status ? found->text : std::string_view{};
}

}  // namespace wiretape::http
