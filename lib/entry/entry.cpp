// SPDX-License-Identifier: Apache-2.0
// Names of what an entry holds.
#include "entry/entry.hpp"

namespace wiretape {

std::string_view name(Fault::Type type) {
  switch (type) {
    case Fault::Type::none: return "none";
    case Fault::Type::dissection: return "dissection";
    case Fault::Type::connection: return "connection";
    case Fault::Type::timeout: return "timeout";
    case Fault::Type::pair_not_found: return "pair-not-found";
    case Fault::Type::incomplete: return "incomplete";
  }
  return "none";
}

}  // namespace wiretape
