// SPDX-License-Identifier: Apache-2.0
// The grammar of the language (man wiretape-kfl.7), for PEGTL 3.2.
//
//   statement  = [ logical ]
//   logical    = equality   { ( "and" | "or" ) equality }          grouped to the right, as are the next two
//   equality   = comparison { ( "==" | "!=" ) comparison }
//   comparison = unary      { ( ">=" | ">" | "<=" | "<" ) unary }
//   unary      = ( "!" | "-" ) unary | primary
//   primary    = number | text | regex | "true" | "false" | "nil" | "(" logical ")" | path
//   path       = name ( arguments | { step } )                     a name of its own followed by arguments is a call
//   step       = ".." name | ".*" | "." name [ arguments ] | "[" ( index | text | "*" ) "]"
//   arguments  = "(" [ logical { "," logical } ] ")"
//   regex      = "r" text
//   text       = '"' { any but '"' and "\" | "\" any } '"'
//   number     = ( digits [ "." digits ] | "." digits ) [ ( "e" | "E" ) [ "+" | "-" ] digits ]
//   digits     = digit { [ "_" ] digit }
//
// Blanks, line breaks and comments are free between tokens. Which names are helpers, which are words and what may
// follow what is not a matter of the grammar (kfl/check.hpp).
#pragma once

#include <tao/pegtl.hpp>

namespace wiretape::kfl::grammar {

namespace p = tao::pegtl;

// clang-format off
struct line_comment : p::seq< p::two< '/' >, p::until< p::eolf > > {};
struct comment_text : p::seq< p::string< '/', '*' >, p::until< p::string< '*', '/' > > > {};
struct closed_comment : p::at< comment_text > {};
struct block_comment : p::seq< p::at< p::string< '/', '*' > >, p::must< closed_comment >, comment_text > {};
struct blank : p::star< p::sor< p::one< ' ', '\t', '\r', '\n' >, line_comment, block_comment > > {};

struct digits : p::list< p::digit, p::opt< p::one< '_' > > > {};
struct exponent : p::seq< p::one< 'e', 'E' >, p::opt< p::one< '+', '-' > >, digits > {};
struct fraction : p::seq< p::one< '.' >, digits > {};
struct number_text : p::seq< p::sor< p::seq< digits, p::opt< fraction > >, fraction >, p::opt< exponent > > {};
struct number_end : p::not_at< p::sor< p::identifier_other, p::one< '.' > > > {};
struct number : p::seq< number_text, p::must< number_end > > {};

struct text_content : p::star< p::sor< p::seq< p::one< '\\' >, p::any >, p::not_one< '"', '\\' > > > {};
struct quoted : p::seq< p::one< '"' >, text_content, p::one< '"' > > {};
struct closed_text : p::at< quoted > {};
struct open_quote : p::at< p::one< '"' > > {};
struct text : p::seq< open_quote, p::must< closed_text >, p::one< '"' >, text_content, p::one< '"' > > {};
struct regex : p::seq< p::one< 'r' >, blank, open_quote, text > {};

struct kw_and : p::keyword< 'a', 'n', 'd' > {};
struct kw_or : p::keyword< 'o', 'r' > {};
struct kw_true : p::keyword< 't', 'r', 'u', 'e' > {};
struct kw_false : p::keyword< 'f', 'a', 'l', 's', 'e' > {};
struct kw_nil : p::keyword< 'n', 'i', 'l' > {};
struct reserved : p::sor< kw_and, kw_or, kw_true, kw_false, kw_nil > {};

struct logical;

struct name : p::identifier {};
struct argument : p::seq< logical > {};
struct next_argument : p::seq< logical > {};
struct close_call : p::one< ')' > {};
struct argument_list : p::seq< p::must< argument >, p::star< blank, p::one< ',' >, blank, p::must< next_argument > >, blank, p::must< close_call > > {};
struct arguments : p::seq< p::one< '(' >, blank, p::sor< p::one< ')' >, argument_list > > {};

struct index : p::plus< p::digit > {};
struct every_member : p::string< '.', '*' > {};
struct every_element : p::one< '*' > {};
struct member_name : p::seq< name > {};
struct descent_name : p::seq< name > {};
struct bracket_content : p::sor< index, text, every_element > {};
struct close_bracket : p::one< ']' > {};
struct descent : p::seq< p::two< '.' >, blank, p::must< descent_name > > {};
struct member : p::seq< p::one< '.' >, blank, p::must< member_name >, p::opt< blank, arguments > > {};
struct bracket : p::seq< p::one< '[' >, blank, p::must< bracket_content >, blank, p::must< close_bracket > > {};
struct step : p::seq< blank, p::sor< every_member, descent, member, bracket > > {};
struct head : p::seq< p::not_at< reserved >, name > {};
struct path : p::seq< head, p::sor< p::seq< blank, arguments >, p::star< step > > > {};

struct grouped : p::seq< logical > {};
struct close_group : p::one< ')' > {};
struct group : p::seq< p::one< '(' >, blank, p::must< grouped >, blank, p::must< close_group > > {};
struct primary : p::sor< number, text, regex, kw_true, kw_false, kw_nil, group, path > {};

struct unary;
struct inverted_operand : p::seq< unary > {};
struct negated_operand : p::seq< unary > {};
struct invert : p::seq< p::one< '!' >, blank, p::must< inverted_operand > > {};
struct negate : p::seq< p::one< '-' >, blank, p::must< negated_operand > > {};
struct unary : p::sor< invert, negate, primary > {};

struct order_operator : p::sor< p::string< '>', '=' >, p::one< '>' >, p::string< '<', '=' >, p::one< '<' > > {};
struct compared : p::seq< unary > {};
struct comparison : p::seq< unary, p::star< blank, order_operator, blank, p::must< compared > > > {};

struct equality_operator : p::sor< p::string< '=', '=' >, p::string< '!', '=' > > {};
struct equated : p::seq< comparison > {};
struct equality : p::seq< comparison, p::star< blank, equality_operator, blank, p::must< equated > > > {};

struct after_and : p::seq< equality > {};
struct after_or : p::seq< equality > {};
struct more : p::sor< p::seq< kw_and, blank, p::must< after_and > >, p::seq< kw_or, blank, p::must< after_or > > > {};
struct logical : p::seq< equality, p::star< blank, more > > {};

struct statement_end : p::eof {};
struct statement : p::seq< blank, p::opt< logical >, blank, p::must< statement_end > > {};
// clang-format on

}  // namespace wiretape::kfl::grammar
