// SPDX-License-Identifier: Apache-2.0
// Calls as JSON (entries of wiretape-fields.7), passed on as they are.
#include "output/printer.hpp"

namespace wiretape::cli {
namespace {

class NdjsonPrinter final : public Printer {
 public:
  explicit NdjsonPrinter(Output& out) : out_(out) {}

  bool call(std::string_view json) override {
    out_.text().append(json);
    out_.text() += '\n';
    return out_.end_record();
  }

 private:
  Output& out_;
};

class JsonPrinter final : public Printer {
 public:
  explicit JsonPrinter(Output& out) : out_(out) {}

  bool call(std::string_view json) override {
    out_.text().append(any_ ? ",\n" : "[\n");
    any_ = true;
    out_.text().append(json);
    return out_.end_record();
  }
  void finish() override { out_.text().append(any_ ? "\n]\n" : "[]\n"); }

 private:
  Output& out_;
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
