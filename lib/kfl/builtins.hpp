// SPDX-License-Identifier: Apache-2.0
// The helpers and the words of the language: the lists that everything else reads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/time.hpp"
#include "kfl/ast.hpp"

namespace wiretape::kfl {

struct Helper {
  enum class Kind : std::uint8_t { text_test, moment, span, datetime, limit, redact, record };
  std::string_view name;
  Kind kind;
  bool has_subject;  // stands behind a selector
  std::size_t min_arguments;
  std::size_t max_arguments;
  std::int64_t unit = 0;  // span: milliseconds
  std::string_view usage;
  std::string_view about;
};
std::span<const Helper> helpers();
const Helper* find_helper(std::string_view name);

struct Word {
  std::string_view name;
  std::string_view statement;  // what it stands for
  std::string_view about;
};
std::span<const Word> words();
const Word* find_word(std::string_view name);

// The field that a selector `error` reads; absent it counts as null.
inline constexpr std::string_view error_field = "error";

// The Unix time in milliseconds that now(), seconds(n) ... years(n) or datetime("...") stands for; nothing where the
// literal cannot be read.
std::optional<json::Number> moment(const Helper& helper, const Literal* argument, Timestamp now);

}  // namespace wiretape::kfl
