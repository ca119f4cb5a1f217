// SPDX-License-Identifier: Apache-2.0
#include "kfl/diagnostic.hpp"

#include <algorithm>

namespace wiretape::kfl {
namespace {

// What is shown of a long line, on each side of the place.
constexpr std::size_t shown_before = 60;
constexpr std::size_t shown_behind = 60;
constexpr std::string_view indent = "    ";

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

struct Location {
  std::size_t line = 1;
  std::size_t column = 1;  // in characters
  std::string_view text;   // of that line
  std::size_t place = 0;   // in it, in bytes
};

Location locate(std::string_view text, std::size_t place) {
  place = std::min(place, text.size());
  const std::string_view before = text.substr(0, place);
  Location out;
  out.line += static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  out.text = text.substr(start, std::min(text.find('\n', place), text.size()) - start);
  out.place = place - start;
  for (const char c : out.text.substr(0, out.place)) {
    if (!continues_character(c)) ++out.column;
  }
  return out;
}

// Cuts the line around its place, at characters, and moves the place along.
std::string excerpt(Location& at) {
  std::size_t begin = at.place > shown_before ? at.place - shown_before : 0;
  std::size_t end = std::min(at.text.size(), at.place + shown_behind);
  while (begin > 0 && continues_character(at.text[begin])) --begin;
  while (end < at.text.size() && continues_character(at.text[end])) ++end;
  std::string out(at.text.substr(begin, end - begin));
  // A terminal must not be steered by what somebody pasted.
  std::replace_if(out.begin(), out.end(), is_control, ' ');
  at.place -= begin;
  if (begin != 0) {
    out.insert(0, "...");
    at.place += 3;
  }
  if (end != at.text.size()) out += "...";
  return out;
}

std::string pointed_at(Location at, std::string_view hint) {
  const std::string line = excerpt(at);
  std::string out(indent);
  out += line;
  out += '\n';
  out += indent;
  for (const char c : line.substr(0, at.place)) {
    if (!continues_character(c)) out += ' ';
  }
  out += '^';
  if (!hint.empty()) {
    out += ' ';
    out += hint;
  }
  return out;
}

std::string headline(const Location& at, std::string_view message) {
  return "statement:" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + std::string(message);
}

}  // namespace

Error to_error(std::string_view text, const Problem& problem) {
  const Location at = locate(text, problem.place);
  return {.kind = ErrorKind::statement,
          .message = headline(at, problem.message),
          .hint = "",
          .detail = pointed_at(at, problem.hint)};
}

std::string to_text(std::string_view text, const Problem& problem) {
  const Location at = locate(text, problem.place);
  return headline(at, problem.message) + "\n" + pointed_at(at, problem.hint);
}

}  // namespace wiretape::kfl
