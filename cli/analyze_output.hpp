// SPDX-License-Identifier: Apache-2.0
// How analyze shows calls: -T and the options that belong to one format or another.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "output/printer.hpp"
#include "statement_options.hpp"
#include "terminal.hpp"

namespace wiretape::cli {

enum class Format : std::uint8_t { text, json, ndjson, fields, csv };

struct AnalyzeOutputOptions {
  std::optional<Format> format;
  std::vector<std::string> fields;
  std::vector<std::string> field_settings;  // KEY=VALUE of -E
  std::optional<TimeStyle> time;
  std::optional<ColorWish> color;
  bool tree = false;           // -V
  bool addresses = false;      // -n
  bool line_buffered = false;  // -l
};

void add_output(CLI::App& command, AnalyzeOutputOptions& options);

// Whether anything was said about how calls are shown.
bool says_anything(const AnalyzeOutputOptions& options);

// An option that does nothing in the format that was chosen is an error.
Result<void> check(const AnalyzeOutputOptions& options);

// For options that check() has accepted. `statement` knows the own words that -e may use.
Result<std::unique_ptr<Printer>> make_printer(Output& out, const AnalyzeOutputOptions& options,
                                              const StatementOptions& statement, Timestamp now);

// Whether bodies are shown, so that they have to be read.
bool shows_bodies(const AnalyzeOutputOptions& options);

}  // namespace wiretape::cli
