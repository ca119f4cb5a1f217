// SPDX-License-Identifier: Apache-2.0
// Chosen fields of each call, with the settings of tshark's -E.
#include <simdjson.h>

#include <utility>

#include "output/printer.hpp"
#include "output/safe_text.hpp"

namespace wiretape::cli {
namespace {

class FieldsPrinter final : public Printer {
 public:
  FieldsPrinter(Output& out, FieldsStyle style) : out_(out), style_(std::move(style)) {
    if (style_.header) write_header();
  }

  bool call(const Entry& entry) override { return row(entry); }
  bool call(std::string_view json) override { return row(json); }

 private:
  template <class Document>
  bool row(const Document& document) {
    for (std::size_t i = 0; i < style_.selectors.size(); ++i) {
      if (i != 0) out_.text() += style_.separator;
      value_.clear();
      if (!style_.selectors[i].append(document, scratch_, value_)) continue;
      if (is_array(style_.firsts[i], document)) join_elements();
      append_value(value_);
    }
    out_.text() += '\n';
    return out_.end_record();
  }

  // An array comes as its JSON text; a text may look like one, but has no element 0.
  template <class Document>
  bool is_array(const kfl::Selector& first, const Document& document) {
    if (value_.empty() || value_.front() != '[') return false;
    element_.clear();
    return first.append(document, scratch_, element_);
  }

  void join_elements() {
    simdjson::dom::array elements;
    if (parser_.parse(value_).get(elements) != simdjson::SUCCESS) return;
    joined_.clear();
    const std::size_t count = elements.size();
    std::size_t place = 0;
    bool any = false;
    for (const simdjson::dom::element element : elements) {
      const bool shown = style_.occurrence == Occurrence::all ||
                         (style_.occurrence == Occurrence::first ? place == 0 : place + 1 == count);
      if (shown) {
        if (std::exchange(any, true)) joined_ += style_.aggregator;
        append_element(element);
      }
      ++place;
    }
    value_.swap(joined_);
  }

  void append_element(simdjson::dom::element element) {
    std::string_view text;
    if (element.get(text) == simdjson::SUCCESS) {
      joined_ += text;
    } else {
      joined_ += simdjson::minify(element);
    }
  }

  void append_value(std::string_view value) {
    safe_.clear();
    append_safe(safe_, value);
    const char mark = style_.quote == Quote::always_single ? '\'' : '"';
    if (!quoted()) {
      out_.text() += safe_;
      return;
    }
    out_.text() += mark;
    for (const char c : safe_) {
      if (c == mark) out_.text() += mark;
      out_.text() += c;
    }
    out_.text() += mark;
  }

  [[nodiscard]] bool quoted() const {
    if (style_.quote != Quote::where_needed) return style_.quote != Quote::none;
    return safe_.find('"') != std::string::npos || safe_.find(style_.separator) != std::string::npos;
  }

  void write_header() {
    for (std::size_t i = 0; i < style_.names.size(); ++i) {
      if (i != 0) out_.text() += style_.separator;
      append_value(style_.names[i]);
    }
    out_.text() += '\n';
  }

  Output& out_;
  FieldsStyle style_;
  kfl::Scratch scratch_;
  simdjson::dom::parser parser_;
  std::string value_, element_, joined_, safe_;  // reused from call to call
};

}  // namespace

std::unique_ptr<Printer> fields_printer(Output& out, FieldsStyle style) {
  return std::make_unique<FieldsPrinter>(out, std::move(style));
}

}  // namespace wiretape::cli
