// SPDX-License-Identifier: Apache-2.0
// How calls are shown: one printer for each format of analyze -T.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/calls.hpp"
#include "kfl/statement.hpp"
#include "output/output.hpp"
#include "time_text.hpp"

namespace wiretape::cli {

// Writes calls to an Output, which must outlive it. Calls come from packets or as stored lines, and look the same.
class Printer : public engine::CallSink {
 public:
  virtual ~Printer() = default;

  // After the last call.
  virtual void finish() {}
};

enum class Names : std::uint8_t { shown, left_out };
enum class Paint : std::uint8_t { none, colors };

struct TextStyle {
  TimeStyle time = TimeStyle::utc;
  Names names = Names::shown;
  Paint paint = Paint::none;
};

// Which of several values of one field are shown.
enum class Occurrence : std::uint8_t { all, first, last };
// `where_needed` is RFC 4180: around texts that hold a separator or a quote, which is doubled.
enum class Quote : std::uint8_t { none, always_double, always_single, where_needed };

struct FieldsStyle {
  std::vector<std::string> names;        // as given: the heading
  std::vector<kfl::Selector> selectors;  // one for each name
  std::vector<kfl::Selector> firsts;     // NAME[0] for each name: present when the value is an array of some length
  std::string separator = "\t";
  std::string aggregator = ",";
  bool header = false;
  Quote quote = Quote::none;
  Occurrence occurrence = Occurrence::all;
};

// One aligned line for each call.
std::unique_ptr<Printer> text_printer(Output& out, const TextStyle& style);
// The line, and below it the whole call as a tree.
std::unique_ptr<Printer> tree_printer(Output& out, const TextStyle& style);
// One array of objects.
std::unique_ptr<Printer> json_printer(Output& out);
// One object a line.
std::unique_ptr<Printer> ndjson_printer(Output& out);
// Chosen fields, one line for each call.
std::unique_ptr<Printer> fields_printer(Output& out, FieldsStyle style);

}  // namespace wiretape::cli
