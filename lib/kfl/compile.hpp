// SPDX-License-Identifier: Apache-2.0
// A folded tree -> instructions.
#pragma once

#include "kfl/ast.hpp"
#include "kfl/program.hpp"

namespace wiretape::kfl {

// Adds the instructions and tables of `expr` to the program. Without a catalog selectors are bound to documents only.
void compile(const Expr& expr, const Catalog* catalog, Program& program);

// A program that is one selector: its entry is number 0.
void compile_selector(const Path& path, bool absent_is_null, const Catalog* catalog, Program& program);

}  // namespace wiretape::kfl
