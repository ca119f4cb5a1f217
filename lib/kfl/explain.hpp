// SPDX-License-Identifier: Apache-2.0
// What the stages make of a statement, for people: `kfl explain`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kfl/check.hpp"
#include "kfl/program.hpp"
#include "kfl/statement.hpp"

namespace wiretape::kfl {

struct Stages {
  std::optional<Expr> parsed;  // nothing: a statement without a term
  Checked checked;
  Expr folded;
  std::vector<Expr> constants;  // terms that fold() decided
};
std::variant<Stages, Error> all_stages(std::string_view text, const Options& options);
// Of a statement with a term.
std::shared_ptr<Program> program_of(std::string_view text, const Stages& stages, const Options& options);

// The tree with its grouping, words expanded, selectors with their types, the program, and what is decided before
// dissection.
Result<std::string> explain(std::string_view text, const Options& options);

}  // namespace wiretape::kfl
