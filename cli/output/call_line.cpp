// SPDX-License-Identifier: Apache-2.0
// One line about a call.
#include "output/call_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "output/safe_text.hpp"
#include "output/table.hpp"
#include "proto/protocol.hpp"

namespace wiretape::cli {
namespace {

constexpr std::string_view red = "\x1b[31m", yellow = "\x1b[33m", green = "\x1b[32m", cyan = "\x1b[36m",
                           bold = "\x1b[1m", plain = "\x1b[0m";

// Columns that a body takes of its call's line: it may be long.
constexpr std::size_t most_of_body = 100;

// Null of a protocol that this program does not know.
const Schema* schema_named(std::string_view protocol) {
  for (const Schema* schema : catalog().schemas) {
    if (schema->name == protocol) return schema;
  }
  return nullptr;
}

bool is_body(const Schema& schema, std::string_view path) {
  const auto field =
      std::find_if(schema.fields.begin(), schema.fields.end(), [&](const Field& f) { return f.path == path; });
  return field != schema.fields.end() && field->part == Part::body;
}

// A call without a request may be all there is: a message of a protocol that has no pairs, a push.
bool lacks_request(Element call) {
  if (find(call, "request") || !find(call, "error")) return false;
  const std::string_view name = text_at(call, "protocol.name");
  const auto all = protocols();
  const auto known = std::find_if(all.begin(), all.end(), [&](const Protocol* p) { return p->name == name; });
  return known == all.end() || (*known)->pairing != Pairing::single;
}

std::string_view color_of_status(std::int64_t status) {
  if (status >= 500) return red;
  if (status >= 400) return yellow;
  return status >= 300 ? cyan : green;
}

std::string_view color_of(Element call) {
  if (find(call, "error")) return red;
  const auto status = find(call, "response.status");
  std::int64_t number = 0;
  if (!status || status->get(number) != simdjson::SUCCESS) return "";
  return color_of_status(number);
}

// 0.412 ms, 31.2 ms, 4.2 s
void append_elapsed(std::string& out, double milliseconds) {
  auto to = std::back_inserter(out);
  if (milliseconds < 1) {
    fmt::format_to(to, "{:.3f} ms", milliseconds);
  } else if (milliseconds < 1000) {
    fmt::format_to(to, "{:.1f} ms", milliseconds);
  } else {
    fmt::format_to(to, "{:.1f} s", milliseconds / 1000);
  }
}

// What stands behind `begin` takes at most `most` columns.
void shorten(std::string& text, std::size_t begin, std::size_t most) {
  constexpr std::string_view cut = "...";
  const std::string_view tail = std::string_view(text).substr(begin);
  if (columns_of(tail) <= most) return;
  text.resize(begin + first_columns(tail, most - cut.size()).size());
  text += cut;
}

void separate(std::string& line) {
  if (!line.empty()) line += "  ";
}

}  // namespace

void CallLines::append(std::string& out, Element call) {
  std::string& line = out;
  const auto time = parse_rfc3339(text_at(call, "startTime"));
  time_.append(line, time.value_or(Timestamp{}));

  const bool painted = style_.paint == Paint::colors;
  separate(line);
  cell_.clear();
  append_safe(cell_, text_at(call, "protocol.abbr"));
  if (painted) line += bold;
  end_cell(line, protocol_);
  if (painted) line += plain;

  separate(line);
  append_peer(call, "src");
  cell_ += " > ";
  append_peer(call, "dst");
  end_cell(line, peers_);

  const Schema* schema = schema_named(text_at(call, "protocol.name"));
  separate(line);
  append_half(call, schema, "request");
  if (cell_.empty() && lacks_request(call)) cell_ = "(request not seen)";
  end_cell(line, request_);

  append_half(call, schema, "response");
  const std::string_view color = painted ? color_of(call) : "";
  if (!cell_.empty()) separate(line);
  line += color;
  line += cell_;
  cell_.clear();
  append_outcome(line, call);
  if (!color.empty()) line += plain;
  line.erase(line.find_last_not_of(' ') + 1);
}

void CallLines::end_cell(std::string& out, Column& column) {
  const std::size_t width = columns_of(cell_);
  column.width = std::max(column.width, std::min(width, column.widest));
  out += cell_;
  out.append(column.width > width ? column.width - width : 0, ' ');
  cell_.clear();
}

void CallLines::append_peer(Element call, std::string_view side) {
  const auto peer = find(call, side);
  if (!peer) {
    cell_ += '?';
    return;
  }
  const std::string_view name = text_at(*peer, "name");
  if (style_.names == Names::shown && !name.empty()) {
    append_safe(cell_, name);
    if (const std::string_view space = text_at(*peer, "namespace"); !space.empty()) {
      cell_ += '.';
      append_safe(cell_, space);
    }
    return;
  }
  const std::string_view ip = text_at(*peer, "ip");
  const std::string_view port = text_at(*peer, "port");
  const bool brackets = !port.empty() && ip.find(':') != std::string_view::npos;
  if (brackets) cell_ += '[';
  append_safe(cell_, ip);
  if (brackets) cell_ += ']';
  if (port.empty()) return;
  cell_ += ':';
  append_safe(cell_, port);
}

void CallLines::append_half(Element call, const Schema* schema, std::string_view half) {
  if (schema == nullptr) return;
  for (const std::string_view path : schema->summary) {
    // What belongs to neither half ("state" of a connection) stands with the request.
    const bool of_response = path.substr(0, 8) == "response";
    if (of_response != (half == "response")) continue;
    const auto value = find(call, path);
    if (!value) continue;
    const std::size_t before = cell_.size();
    if (before != 0) cell_ += ' ';
    append_value(cell_, *value);
    if (is_body(*schema, path)) shorten(cell_, before, most_of_body);
    if (cell_.size() == before + 1) cell_.resize(before);  // an empty text
  }
}

void CallLines::append_outcome(std::string& out, Element call) {
  double elapsed = 0;
  const bool both = find(call, "request") && find(call, "response");
  if (const auto value = find(call, "elapsedTime"); both && value && value->get(elapsed) == simdjson::SUCCESS) {
    separate(out);
    append_elapsed(out, elapsed);
  }
  const auto error = find(call, "error");
  if (!error) return;
  separate(out);
  out += '[';
  append_safe(out, text_at(*error, "type"));
  if (const std::string_view message = text_at(*error, "msg"); !message.empty()) {
    out += ": ";
    append_safe(out, message);
  }
  out += ']';
}

}  // namespace wiretape::cli
