// SPDX-License-Identifier: Apache-2.0
// The statement on a command line: the positional one, --kfl or --kfl-file, with own words from --macro.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "kfl/statement.hpp"

namespace wiretape::cli {

struct StatementOptions {
  std::optional<std::string> positional;
  std::optional<std::string> option;  // --kfl, or -Y where a command has it
  std::optional<std::string> file;    // --kfl-file
  std::vector<std::string> macros;    // NAME=STATEMENT
};

// The options point into `options`, which must outlive `command`. `option_names` are those of the statement as an
// option.
void add_statement(CLI::App& command, StatementOptions& options, const std::string& option_names = "--kfl");

// The text that was given, "" when none was.
Result<std::string> statement_text(const StatementOptions& options);

// The own words of --macro.
Result<std::vector<kfl::Macro>> own_words(const StatementOptions& options);

// Compiles against all protocols. Warnings are left to the caller: Statement::warnings().
Result<kfl::Statement> compile_statement(const StatementOptions& options, const std::string& text, Timestamp now);

// A selector by itself, which may use the same own words.
Result<kfl::Selector> compile_selector(const StatementOptions& options, const std::string& text, Timestamp now);

}  // namespace wiretape::cli
