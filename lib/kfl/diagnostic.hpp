// SPDX-License-Identifier: Apache-2.0
// A problem as people see it: the line of the statement, a caret under the place, and the hint beside it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "kfl/parse.hpp"

namespace wiretape::kfl {

// "statement:1:10: ..." with the line and the caret as detail.
Error to_error(std::string_view text, const Problem& problem);
// The same as one text of several lines, without a newline at its end.
std::string to_text(std::string_view text, const Problem& problem);

}  // namespace wiretape::kfl
