// SPDX-License-Identifier: Apache-2.0
#include "proto/http/form.hpp"

#include <algorithm>
#include <string>

#include "json/writer.hpp"
#include "proto/http/http1_wire.hpp"
#include "proto/http/text_map.hpp"

namespace wiretape::http {
namespace {

// RFC 2046 section 5.1.1 allows 70. It also bounds what a search for it costs.
constexpr std::size_t longest_boundary = 200;

struct FormField {
  std::string_view name;
  Bytes value;
  std::string_view file_name;
  std::string_view content_type;
};

void tell_field(const FormField& field, json::Sink& sink) {
  sink.begin_object();
  sink.text("name", field.name);
  json::tell_text(sink, "value", field.value);
  sink.text("fileName", field.file_name);
  sink.text("contentType", field.content_type);
  sink.end_object();
}

void tell_urlencoded(Bytes body, json::Sink& sink) {
  std::string name, value;
  for (Bytes rest = trimmed(body); !rest.empty() && !sink.done();) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const Bytes pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    name.clear();
    value.clear();
    append_unescaped(name, pair.substr(0, equals));
    append_unescaped(value, pair.substr(std::min(equals + 1, pair.size())));
    tell_field({.name = name, .value = value, .file_name = {}, .content_type = {}}, sink);
  }
}

// Takes "=value" or "=\"value\"" off the front. Other backslashes are those of paths, which old clients send.
void take_value(std::string_view& header, std::string& value) {
  header.remove_prefix(std::min(header.find_first_not_of(" \t", 1), header.size()));
  if (header.empty() || header.front() != '"') {
    value = trimmed(header.substr(0, header.find(';')));
    return;
  }
  std::size_t at = 1;
  for (; at < header.size() && header[at] != '"'; ++at) {
    const bool escapes = header[at] == '\\' && at + 1 < header.size();
    if (escapes && (header[at + 1] == '"' || header[at + 1] == '\\')) ++at;
    value += header[at];
  }
  header.remove_prefix(std::min(at + 1, header.size()));
}

// The name of a file as RFC 8187 writes it (charset'language'%XX...), which some clients send against RFC 7578; else
// the plain one.
std::string file_name(std::string_view disposition) {
  const std::string extended = header_parameter(disposition, "filename*");
  const std::size_t language = extended.find('\''), text = extended.find('\'', language + 1);
  if (language == std::string::npos || text == std::string::npos) return header_parameter(disposition, "filename");
  std::string name;
  append_percent_decoded(name, std::string_view(extended).substr(text + 1));
  return name;
}

// One part: header lines, an empty line, the value.
void tell_part(Bytes part, json::Sink& sink) {
  const bool no_lines = part.substr(0, 2) == "\r\n" || part.substr(0, 1) == "\n";
  const std::size_t head = no_lines ? part.find('\n') + 1 : find_head_end(part, 0);
  if (head == 0) return;
  std::string disposition, content_type;
  Bytes lines = part.substr(0, head);
  for (Line line; next_line(lines, line);) {
    if (same_name(line.name, "content-disposition")) append_head_text(disposition, line.value);
    if (same_name(line.name, "content-type")) append_head_text(content_type, line.value);
  }
  tell_field({.name = header_parameter(disposition, "name"),
              .value = part.substr(head),
              .file_name = file_name(disposition),
              .content_type = content_type},
             sink);
}

// Parts stand between lines "--boundary", the last line has "--" behind it. A body that was cut has no last line.
void tell_multipart(Bytes body, std::string_view boundary, json::Sink& sink) {
  if (boundary.empty() || boundary.size() > longest_boundary) return;
  const std::string line = "\n--" + std::string(boundary);
  std::size_t at =
      body.substr(0, line.size() - 1) == std::string_view(line).substr(1) ? line.size() - 1 : body.find(line);
  if (at == Bytes::npos) return;
  if (at != line.size() - 1) at += line.size();
  while (!sink.done() && body.substr(at, 2) != "--") {
    const std::size_t begin = body.find('\n', at);
    if (begin == Bytes::npos) return;
    const std::size_t end = body.find(line, begin);
    Bytes part = body.substr(begin + 1, end == Bytes::npos ? Bytes::npos : end - std::min(end, begin + 1));
    if (end != Bytes::npos && !part.empty() && part.back() == '\r') part.remove_suffix(1);
    tell_part(part, sink);
    if (end == Bytes::npos) return;
    at = end + line.size();
  }
}

}  // namespace

std::string header_parameter(std::string_view header, std::string_view name) {
  std::string value;
  header.remove_prefix(std::min(header.find(';'), header.size()));
  while (!header.empty()) {
    header.remove_prefix(1);
    const std::size_t end_of_name = std::min(header.find_first_of("=;"), header.size());
    const bool found = same_name(trimmed(header.substr(0, end_of_name)), name);
    header.remove_prefix(end_of_name);
    value.clear();
    if (!header.empty() && header.front() == '=') take_value(header, value);
    if (found) break;
    header.remove_prefix(std::min(header.find(';'), header.size()));
    value.clear();
  }
  return value;
}

void tell_form(std::string_view media_type, Bytes body, json::Sink& sink) {
  const Bytes type = trimmed(media_type.substr(0, media_type.find(';')));
  sink.begin_array();
  if (same_name(type, "application/x-www-form-urlencoded")) {
    tell_urlencoded(body, sink);
  } else if (same_name(type, "multipart/form-data")) {
    tell_multipart(body, header_parameter(media_type, "boundary"), sink);
  }
  sink.end_array();
}

}  // namespace wiretape::http
