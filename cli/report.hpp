// SPDX-License-Identifier: Apache-2.0
// What is said to the person on stderr.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "exit_status.hpp"
#include "kfl/statement.hpp"

namespace wiretape::cli {

// "wiretape: " and the sentence, the error's further lines, its hint. Control characters are shown, not sent.
void report(const Error& error);

// The same for something that stops nothing.
void notice(std::string_view sentence);
void report(const kfl::Warning& warning);

// Lines that are no sentences of the program's own: counters in tcpdump's words.
void lines(std::string_view text);

// "did you mean 'json'?", "" when none of the words is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& words);

// Reports, and gives the status that the error's kind ends the process with.
ExitStatus failed(const Error& error);

}  // namespace wiretape::cli
