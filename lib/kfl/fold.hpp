// SPDX-License-Identifier: Apache-2.0
// A checked tree -> a smaller one that decides the same: what is constant is decided once.
#pragma once

#include <vector>

#include "kfl/ast.hpp"

namespace wiretape::kfl {

// The places of terms that turned out to be constant although they are no literal by themselves come back in
// `constants`, if given.
Expr fold(Expr expr, std::vector<Expr>* constants = nullptr);

// True for an expression whose value is true or false and that can never be missing.
bool is_boolean(const Expr& expr);

}  // namespace wiretape::kfl
