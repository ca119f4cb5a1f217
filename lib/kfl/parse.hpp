// SPDX-License-Identifier: Apache-2.0
// The text of a statement -> its tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "kfl/ast.hpp"

namespace wiretape::kfl {

// What is wrong with a statement, and where. One sentence each, without a full stop.
struct Problem {
  std::size_t place = 0;  // in bytes from the start
  std::string message;
  std::string hint;
};

// Nothing in it: a statement without a term.
using Parsed = std::variant<std::optional<Expr>, Problem>;
Parsed parse(std::string_view text);

// A path of redact(): steps from the root as in a statement, single quotes allowed in brackets, `..` and `..["name"]`
// at any place.
std::variant<Path, Problem> parse_redact_path(std::string_view text);

}  // namespace wiretape::kfl
