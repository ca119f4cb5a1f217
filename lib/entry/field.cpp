// SPDX-License-Identifier: Apache-2.0
// Names of the types that fields have.
#include "entry/field.hpp"

namespace wiretape {

std::string_view name(Type type) {
  switch (type) {
    case Type::flag: return "boolean";
    case Type::number: return "integer";
    case Type::real: return "number";
    case Type::text: return "text";
    case Type::object: return "object";
    case Type::array: return "array";
    case Type::map: return "map";
    case Type::any: return "any";
  }
  return "any";
}

}  // namespace wiretape
