// SPDX-License-Identifier: Apache-2.0
// `kfl fields`: everything a statement can speak of, from the same descriptions that tell entries.
#pragma once

#include <string>
#include <string_view>

#include "entry/field.hpp"

namespace wiretape::kfl {

// `protocol` names one of the catalog's schemas; "" is the envelope and all of them.
std::string fields_text(const Catalog& catalog, std::string_view protocol);
std::string fields_json(const Catalog& catalog, std::string_view protocol);  // one array of objects, one a line
std::string fields_mdoc(const Catalog& catalog);                             // wiretape-fields.7

}  // namespace wiretape::kfl
