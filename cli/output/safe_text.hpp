// SPDX-License-Identifier: Apache-2.0
// Text from the wire is hostile: what could steer a terminal, or show a line other than it is, is shown as \xNN.
#pragma once

#include <string>
#include <string_view>

namespace wiretape::cli {

// Appends `text` as a piece of one line: control characters (C0, DEL, C1), bytes that are not UTF-8, marks of
// bidirectional text and the separators U+2028 and U+2029 become \xNN for each of their bytes. A newline too.
void append_safe(std::string& out, std::string_view text);

// The same, but newlines stay.
void append_safe_lines(std::string& out, std::string_view text);

}  // namespace wiretape::cli
