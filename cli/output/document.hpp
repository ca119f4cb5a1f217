// SPDX-License-Identifier: Apache-2.0
// A call as a parsed document, so that people are shown the same of a call from packets and of a stored line.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "output/printer.hpp"

namespace wiretape::cli {

using Element = simdjson::dom::element;

// The members below `path` ("response.status"), "" steps into nothing; nothing when a step is missing or null.
std::optional<Element> find(Element document, std::string_view path);
// The text at `path`; "" when there is none.
std::string_view text_at(Element document, std::string_view path);

// Appends a scalar as people read it, objects and arrays as JSON; harmless in either case.
void append_value(std::string& out, Element value);

// The base of printers for people.
class DocumentPrinter : public Printer {
 public:
  explicit DocumentPrinter(Output& out) : out_(out) {}

  bool call(std::string_view json) final;

 protected:
  // Appends the call to `out`, newline included.
  virtual void show(Element document, std::string& out) = 0;

 private:
  Output& out_;
  simdjson::dom::parser parser_;
};

}  // namespace wiretape::cli
