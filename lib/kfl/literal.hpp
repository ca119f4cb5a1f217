// SPDX-License-Identifier: Apache-2.0
// A literal of the tree as a value.
#pragma once

#include "kfl/ast.hpp"
#include "kfl/value.hpp"

namespace wiretape::kfl {

// Points into the literal where that is a text.
inline Value value_of(const Literal& literal) {
  switch (literal.kind) {
    case Literal::Kind::null: return Value::null();
    case Literal::Kind::boolean: return Value::of(literal.flag);
    case Literal::Kind::number: return Value::of(literal.number);
    case Literal::Kind::text: return Value::of(std::string_view(literal.text));
  }
  return Value::null();
}

}  // namespace wiretape::kfl
