// SPDX-License-Identifier: Apache-2.0
// What is said to the person on stderr.
#include "report.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "kfl/suggest.hpp"
#include "output/safe_text.hpp"

namespace wiretape::cli {
namespace {

void say(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

// The first line begins with the program's name, all stay lines.
std::string sentence_and_lines(std::string_view sentence) {
  std::string text = "wiretape: ";
  append_safe_lines(text, sentence);
  text += '\n';
  return text;
}

}  // namespace

void report(const Error& error) {
  std::string text = sentence_and_lines(error.message);
  if (!error.detail.empty()) {
    append_safe_lines(text, error.detail);
    if (text.back() != '\n') text += '\n';
  }
  if (!error.hint.empty()) {
    text += "  ";
    append_safe_lines(text, error.hint);
    text += '\n';
  }
  say(text);
}

void notice(std::string_view sentence) {
  say(sentence_and_lines(sentence));
}

void report(const kfl::Warning& warning) {
  notice("warning: " + warning.text);
}

void lines(std::string_view text) {
  std::string safe;
  append_safe_lines(safe, text);
  say(safe);
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& words) {
  const std::vector<std::string_view> candidates(words.begin(), words.end());
  const std::string_view near = kfl::nearest(word, candidates);
  return near.empty() ? std::string() : fmt::format("did you mean '{}'?", near);
}

ExitStatus failed(const Error& error) {
  report(error);
  return exit_status(error.kind);
}

}  // namespace wiretape::cli
