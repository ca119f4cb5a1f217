// SPDX-License-Identifier: Apache-2.0
// What is said where the grammar has committed itself and the statement does not follow.
#pragma once

#include "kfl.hpp"

namespace wiretape::kfl::grammar {

// A rule that is committed to without a message does not compile.
template <class Rule>
inline constexpr const char* message = nullptr;

template <>
inline constexpr auto message<closed_comment> = "this comment is not closed";
template <>
inline constexpr auto message<number_end> = "this is not a number";
template <>
inline constexpr auto message<closed_text> = "this text is not closed";
template <>
inline constexpr auto message<argument> = "expected an argument or ')'";
template <>
inline constexpr auto message<next_argument> = "expected an argument after ','";
template <>
inline constexpr auto message<close_call> = "expected ',' or ')' after the argument";
template <>
inline constexpr auto message<member_name> = "expected a name after '.'";
template <>
inline constexpr auto message<descent_name> = "expected a name after '..'";
template <>
inline constexpr auto message<bracket_content> = "expected an index, a text or * after '['";
template <>
inline constexpr auto message<close_bracket> = "expected ']'";
template <>
inline constexpr auto message<grouped> = "expected a condition after '('";
template <>
inline constexpr auto message<close_group> = "expected 'and', 'or' or ')'";
template <>
inline constexpr auto message<inverted_operand> = "expected a condition after '!'";
template <>
inline constexpr auto message<negated_operand> = "expected a value after '-'";
template <>
inline constexpr auto message<compared> = "expected a value after the comparison";
template <>
inline constexpr auto message<equated> = "expected a value after '==' or '!='";
template <>
inline constexpr auto message<after_and> = "expected a condition after 'and'";
template <>
inline constexpr auto message<after_or> = "expected a condition after 'or'";
template <>
inline constexpr auto message<statement_end> = "expected 'and', 'or' or the end of the statement";

// Only must<> raises: a rule that has a message may fail elsewhere and be tried as something else.
struct Messages {
  template <class Rule>
  static constexpr const char* message = grammar::message<Rule>;
  template <class Rule>
  static constexpr bool raise_on_failure = false;
};

template <class Rule>
using control = p::must_if<Messages>::control<Rule>;

}  // namespace wiretape::kfl::grammar
