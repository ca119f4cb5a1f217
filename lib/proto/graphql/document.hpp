// SPDX-License-Identifier: Apache-2.0
// GraphQL documents that can be executed (spec of October 2021, section 2): do these bytes parse, and what do they ask?
#pragma once

#include <cstdint>
#include <string_view>

namespace wiretape::graphql {

enum class OperationType : std::uint8_t { none, query, mutation, subscription };
std::string_view name(OperationType type);  // "" of none

// Views into the document.
struct Operation {
  OperationType type = OperationType::none;
  std::string_view name;  // "" without
};

// True when `text` is a document of operations and fragments, with one operation at least. Definitions of types are
// no part of what a client asks, so they do not parse here. Time is linear; who nests deeper than 200 levels is
// refused.
//
// `found` becomes the operation that is called `wanted`; without a wish ("") the only one. none where that is not to be
// told.
bool read_document(std::string_view text, std::string_view wanted, Operation& found);

}  // namespace wiretape::graphql
