// SPDX-License-Identifier: Apache-2.0
#include "kfl/redact.hpp"

#include <algorithm>
#include <map>
#include <pugixml.hpp>

#include "json/reader.hpp"
#include "json/writer.hpp"
#include "kfl/walk.hpp"

namespace wiretape::kfl {
namespace {

using Token = json::Reader::Token;

bool decodes(const Step& step) {
  return step.kind == Step::Kind::json || step.kind == Step::Kind::xml;
}

// Writes a document compactly, other texts in the place of some values.
class Rewriter {
 public:
  Rewriter(const json::Reader& document, const std::map<Token, std::string>& replaced)
      : document_(document), replaced_(replaced) {}

  std::string run() {
    value(json::Reader::root);
    return std::move(out_);
  }

 private:
  void value(Token token) {
    if (const auto found = replaced_.find(token); found != replaced_.end()) {
      out_ += found->second;
      return;
    }
    switch (document_.kind(token)) {
      case json::Reader::Kind::object: return object(token);
      case json::Reader::Kind::array: return array(token);
      default: out_ += document_.raw(token);
    }
  }

  void object(Token token) {
    out_ += '{';
    for (Token key = document_.first(token); key != document_.end(token);
         key = document_.next(token, document_.member(key))) {
      if (key != document_.first(token)) out_ += ',';
      out_ += document_.raw(key);
      out_ += ':';
      value(document_.member(key));
    }
    out_ += '}';
  }

  void array(Token token) {
    out_ += '[';
    for (Token item = document_.first(token); item != document_.end(token); item = document_.next(token, item)) {
      if (item != document_.first(token)) out_ += ',';
      value(item);
    }
    out_ += ']';
  }

  const json::Reader& document_;
  const std::map<Token, std::string>& replaced_;
  std::string out_;
};

std::optional<std::string> redact_text(std::string_view text, std::span<const Step> path);

std::string base64(std::string_view text) {
  std::string out;
  json::append_base64(out, text);
  return out;
}

// `path` goes on inside the XML document; a json() or xml() in it goes on in the text of an element or attribute.
std::optional<std::string> redact_xml(std::string_view text, std::span<const Step> path) {
  pugi::xml_document document;
  if (!load_xml(document, text, pugi::parse_full | pugi::parse_ws_pcdata)) return std::nullopt;
  Arena arena;
  Pool pool;
  Walk walk(arena, pool, Walk::Duplicates::all);
  const auto inner = std::find_if(path.begin(), path.end(), decodes);
  const auto found = walk.run({.kind = Place::Kind::xml, .element = document.internal_object()}, {path.begin(), inner});
  bool changed = false;
  for (const Place& place : found) {
    pugi::xml_node element(place.element);
    std::string content(redacted_text);
    if (inner != path.end()) {
      const std::string before = place.kind == Place::Kind::text ? std::string(place.text) : xml_text(place.element);
      auto after = redact_text(before, {inner, path.end()});
      if (!after) continue;
      content = std::move(*after);
    }
    changed = true;
    if (place.kind == Place::Kind::text) {
      element.attribute(path[static_cast<std::size_t>(inner - path.begin()) - 1].name.c_str() + 1)
          .set_value(content.c_str());
      continue;
    }
    element.remove_children();
    element.append_child(pugi::node_pcdata).set_value(content.c_str());
  }
  if (!changed) return std::nullopt;
  struct Writer : pugi::xml_writer {
    std::string out;
    void write(const void* data, std::size_t size) override { out.append(static_cast<const char*>(data), size); }
  } writer;
  document.save(writer, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
  return std::move(writer.out);
}

// `path` begins with json() or xml().
std::optional<std::string> redact_text(std::string_view text, std::span<const Step> path) {
  const auto inside = [&](std::string_view decoded) {
    const std::span<const Step> rest = path.subspan(1);
    return path.front().kind == Step::Kind::json ? redact_json(decoded, rest) : redact_xml(decoded, rest);
  };
  std::string decoded;
  if (json::decode_base64(text, decoded)) {
    if (const auto altered = inside(decoded)) return base64(*altered);
  }
  return inside(text);
}

}  // namespace

std::optional<std::string> redact_json(std::string_view text, std::span<const Step> path) {
  json::Reader document;
  if (!document.open(text)) return std::nullopt;
  Arena arena;
  Pool pool;
  Walk walk(arena, pool, Walk::Duplicates::all);
  const auto inner = std::find_if(path.begin(), path.end(), decodes);
  const auto found = walk.run({.token = json::Reader::root, .document = &document}, {path.begin(), inner});
  std::map<Token, std::string> replaced;
  for (const Place& place : found) {
    std::string& replacement = replaced[place.token];
    if (inner == path.end()) {
      json::append_quoted(replacement, redacted_text);
      continue;
    }
    const Value value = value_at(document, place.token, arena);
    const auto altered = value.kind == Value::Kind::text ? redact_text(value.text, {inner, path.end()}) : std::nullopt;
    if (altered) {
      json::append_quoted(replacement, *altered);
    } else {
      replaced.erase(place.token);
    }
  }
  if (replaced.empty()) return std::nullopt;
  return Rewriter(document, replaced).run();
}

}  // namespace wiretape::kfl
