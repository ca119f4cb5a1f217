// SPDX-License-Identifier: Apache-2.0
// A parsed tree -> the same with its names resolved: words expanded, helpers and their arguments proved, patterns
// compiled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kfl/ast.hpp"
#include "kfl/parse.hpp"
#include "kfl/statement.hpp"

namespace wiretape::kfl {

struct Notice {
  Warning::Kind kind;
  Problem problem;
};

struct Checked {
  Expr expr;
  std::vector<Notice> notices;
  std::optional<std::uint64_t> limit;
  std::vector<std::string> recordings;
  std::vector<std::vector<Path>> redactions;  // by Expr::number
  bool names_transport = false;
};

// A problem in an own word's statement.
struct MacroProblem {
  std::string macro;
  std::string statement;
  Problem problem;
};

std::variant<Checked, Problem, MacroProblem> check(Expr expr, const Options& options);

// The literal that an argument is: constants, negative numbers too.
std::optional<Literal> literal_of(const Expr& expr);

// A step right behind request.headers and response.headers ignores case.
void mark_headers(Path& path);

}  // namespace wiretape::kfl
