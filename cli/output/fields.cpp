// SPDX-License-Identifier: Apache-2.0
// Chosen fields of each call, with the settings of tshark's -E.
#include <simdjson.h>

#include <memory>
#include <utility>

#include "output/printer.hpp"
#include "output/safe_text.hpp"

namespace wiretape::cli {
namespace {

// A call as the line that is shown of it. For one thread.
class Rows {
 public:
  explicit Rows(std::shared_ptr<const FieldsStyle> style) : style_(std::move(style)) {}

  // Appends the line with its newline. `Document` is an entry, or a stored line.
  template <class Document>
  void append(const Document& document, std::string& out) {
    for (std::size_t i = 0; i < style_->selectors.size(); ++i) {
      if (i != 0) out += style_->separator;
      value_.clear();
      if (!style_->selectors[i].append(document, scratch_, value_)) continue;
      if (is_array(style_->firsts[i], document)) join_elements();
      append_value(value_, out);
    }
    out += '\n';
  }

  void append_header(std::string& out) {
    for (std::size_t i = 0; i < style_->names.size(); ++i) {
      if (i != 0) out += style_->separator;
      append_value(style_->names[i], out);
    }
    out += '\n';
  }

 private:
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
      const bool shown = style_->occurrence == Occurrence::all ||
                         (style_->occurrence == Occurrence::first ? place == 0 : place + 1 == count);
      if (shown) {
        if (std::exchange(any, true)) joined_ += style_->aggregator;
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

  void append_value(std::string_view value, std::string& out) {
    safe_.clear();
    append_safe(safe_, value);
    const char mark = style_->quote == Quote::always_single ? '\'' : '"';
    if (!quoted()) {
      out += safe_;
      return;
    }
    out += mark;
    for (const char c : safe_) {
      if (c == mark) out += mark;
      out += c;
    }
    out += mark;
  }

  [[nodiscard]] bool quoted() const {
    if (style_->quote != Quote::where_needed) return style_->quote != Quote::none;
    return safe_.find('"') != std::string::npos || safe_.find(style_->separator) != std::string::npos;
  }

  std::shared_ptr<const FieldsStyle> style_;
  kfl::Scratch scratch_;
  simdjson::dom::parser parser_;
  std::string value_, element_, joined_, safe_;  // reused from call to call
};

class RowTeller final : public engine::CallTeller {
 public:
  explicit RowTeller(std::shared_ptr<const FieldsStyle> style) : rows_(std::move(style)) {}
  void tell(const Entry& entry, std::string& out) override { rows_.append(entry, out); }

 private:
  Rows rows_;
};

class FieldsPrinter final : public Printer {
 public:
  FieldsPrinter(Output& out, FieldsStyle style)
      : out_(out), style_(std::make_shared<FieldsStyle>(std::move(style))), rows_(style_) {
    if (style_->header) rows_.append_header(out_.text());
  }

  [[nodiscard]] std::unique_ptr<engine::CallTeller> teller() const override {
    return std::make_unique<RowTeller>(style_);
  }
  bool told(std::string_view text) override {
    out_.text() += text;
    return out_.end_record();
  }
  bool call(std::string_view json) override {
    rows_.append(json, out_.text());
    return out_.end_record();
  }

 private:
  Output& out_;
  std::shared_ptr<const FieldsStyle> style_;
  Rows rows_;
};

}  // namespace

std::unique_ptr<Printer> fields_printer(Output& out, FieldsStyle style) {
  return std::make_unique<FieldsPrinter>(out, std::move(style));
}

}  // namespace wiretape::cli
