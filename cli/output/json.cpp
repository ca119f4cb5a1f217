// SPDX-License-Identifier: Apache-2.0
// Calls as JSON (entries of wiretape-fields.7): told straight into the output, stored lines passed on as they are.
#include "entry/render.hpp"
#include "json/writer.hpp"
#include "output/printer.hpp"

namespace wiretape::cli {
namespace {

class NdjsonPrinter final : public Printer {
 public:
  explicit NdjsonPrinter(Output& out) : out_(out), writer_(out.text()) {}

  bool call(const Entry& entry) override {
    render(entry, writer_);
    return end_line();
  }
  bool call(std::string_view json) override {
    out_.text().append(json);
    return end_line();
  }

 private:
  bool end_line() {
    out_.text() += '\n';
    return out_.end_record();
  }

  Output& out_;
  json::Writer writer_;
};

class JsonPrinter final : public Printer {
 public:
  explicit JsonPrinter(Output& out) : out_(out), writer_(out.text()) {}

  bool call(const Entry& entry) override {
    begin_element();
    render(entry, writer_);
    return out_.end_record();
  }
  bool call(std::string_view json) override {
    begin_element();
    out_.text().append(json);
    return out_.end_record();
  }
  void finish() override { out_.text().append(any_ ? "\n]\n" : "[]\n"); }

 private:
  void begin_element() {
    out_.text().append(any_ ? ",\n" : "[\n");
    any_ = true;
  }

  Output& out_;
  json::Writer writer_;
  bool any_ = false;
};

}  // namespace

std::unique_ptr<Printer> json_printer(Output& out) {
  return std::make_unique<JsonPrinter>(out);
}

std::unique_ptr<Printer> ndjson_printer(Output& out) {
  return std::make_unique<NdjsonPrinter>(out);
}

}  // namespace wiretape::cli
