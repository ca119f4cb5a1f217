// SPDX-License-Identifier: Apache-2.0
// What redact() does to a document.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kfl/ast.hpp"

namespace wiretape::kfl {

inline constexpr std::string_view redacted_text = "[REDACTED]";

// The document with every value at the path replaced; also in JSON and XML inside texts, which are encoded again as
// they were. What is rewritten is compact, its members in order. Nothing where the path leads nowhere, or `text` is not
// JSON.
std::optional<std::string> redact_json(std::string_view text, std::span<const Step> path);

}  // namespace wiretape::kfl
