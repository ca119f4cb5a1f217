// SPDX-License-Identifier: Apache-2.0
// The statement on a command line.
#include "statement_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "option_types.hpp"
#include "proto/protocol.hpp"

namespace wiretape::cli {
namespace {

// Longest statement read from a file: the language's own limit of terms is reached long before.
constexpr std::size_t longest_statement = 1U << 20U;

Result<std::string> read_all(std::istream& in, const std::string& name) {
  std::string text;
  char block[4096];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
    if (text.size() > longest_statement) {
      return Error{.kind = ErrorKind::statement, .message = fmt::format("{} is no statement: over 1 MiB long", name)};
    }
  }
  if (in.bad()) {
    return Error{.kind = ErrorKind::read, .message = fmt::format("cannot read {}: {}", name, std::strerror(errno))};
  }
  return text;
}

Result<std::string> read_file(const std::string& file) {
  if (file == "-") return read_all(std::cin, "standard input");
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return Error{.kind = ErrorKind::input, .message = fmt::format("cannot open '{}': {}", file, std::strerror(errno))};
  }
  return read_all(in, fmt::format("'{}'", file));
}

}  // namespace

void add_statement(CLI::App& command, StatementOptions& options, const std::string& option_names) {
  command.add_option("KFL", options.positional, "The statement: which calls are meant; without one, all are")
      ->type_name("");
  command.add_option(option_names, options.option, "The statement as an option")->type_name("KFL");
  command.add_option("--kfl-file", options.file, "Read the statement from FILE; - is standard input")
      ->type_name("FILE");
  repeatable(command, "--macro", options.macros, "An own word of the language")->type_name("NAME=KFL");
}

Result<std::string> statement_text(const StatementOptions& options) {
  const auto given = {options.positional.has_value(), options.option.has_value(), options.file.has_value()};
  if (std::count(given.begin(), given.end(), true) > 1) {
    return Error{.message = "more than one statement is given",
                 .hint = "join them with 'and' or 'or', in one pair of single quotes"};
  }
  if (options.file) return read_file(*options.file);
  return options.option ? *options.option : options.positional.value_or("");
}

Result<std::vector<kfl::Macro>> own_words(const StatementOptions& options) {
  std::vector<kfl::Macro> split;
  for (const std::string& macro : options.macros) {
    const std::size_t equals = macro.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Error{.message = fmt::format("--macro: '{}' is not NAME=STATEMENT", macro)};
    }
    split.push_back({.name = macro.substr(0, equals), .statement = macro.substr(equals + 1)});
  }
  return split;
}

Result<kfl::Statement> compile_statement(const StatementOptions& options, const std::string& text, Timestamp now) {
  const auto macros = own_words(options);
  if (!macros) return macros.error();
  return kfl::compile(text, {.catalog = &catalog(), .macros = *macros, .now = now});
}

Result<kfl::Selector> compile_selector(const StatementOptions& options, const std::string& text, Timestamp now) {
  const auto macros = own_words(options);
  if (!macros) return macros.error();
  return kfl::compile_selector(text, {.catalog = &catalog(), .macros = *macros, .now = now});
}

}  // namespace wiretape::cli
