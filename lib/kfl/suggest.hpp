// SPDX-License-Identifier: Apache-2.0
// "Did you mean": what a person who knows another language, or mistyped, was probably after.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kfl/parse.hpp"

namespace wiretape::kfl {

// A syntax error, with the hint and the better place where the text around it is a habit of another language.
Problem explained(std::string_view text, Problem problem);

// The candidate that `name` was probably meant to be, "" when none is near. Linear in the candidates; long names are
// not measured.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

// A selector of Wireshark's display filters, of KFL2 or of another tool -> what it is called here, "" when it is none.
std::string_view foreign_selector(std::string_view path);

}  // namespace wiretape::kfl
