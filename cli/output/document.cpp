// SPDX-License-Identifier: Apache-2.0
// A call as a parsed document.
#include "output/document.hpp"

#include "output/safe_text.hpp"

namespace wiretape::cli {

std::optional<Element> find(Element document, std::string_view path) {
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    Element member;
    if (document[path.substr(0, dot)].get(member) != simdjson::SUCCESS) return std::nullopt;
    document = member;
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
  }
  if (document.is_null()) return std::nullopt;
  return document;
}

std::string_view text_at(Element document, std::string_view path) {
  const auto found = find(document, path);
  std::string_view text;
  if (!found || found->get(text) != simdjson::SUCCESS) return "";
  return text;
}

void append_value(std::string& out, Element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    append_safe(out, text);
  } else {
    append_safe(out, simdjson::minify(value));
  }
}

bool DocumentPrinter::call(std::string_view json) {
  Element document;
  if (parser_.parse(json.data(), json.size()).get(document) == simdjson::SUCCESS) {
    show(document, out_.text());
  } else {
    // A number that no type of ours holds, say: shown as it stands rather than left out.
    append_safe(out_.text(), json);
    out_.text() += '\n';
  }
  return out_.end_record();
}

}  // namespace wiretape::cli
