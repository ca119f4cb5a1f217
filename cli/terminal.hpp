// SPDX-License-Identifier: Apache-2.0
// What the descriptors are connected to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "output/printer.hpp"

namespace wiretape::cli {

bool is_terminal(int descriptor);

// --color: automatic is colours on a terminal, unless NO_COLOR is set or TERM is dumb.
enum class ColorWish : std::uint8_t { automatic, always, never };
std::optional<ColorWish> color_wish(std::string_view word);
Paint paint(ColorWish wish, int descriptor);

// A terminal whose cursor can be moved.
bool can_be_drawn_over(int descriptor);

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};
// Nothing when there is no terminal, or it does not know.
std::optional<TerminalSize> terminal_size(int descriptor);
// Columns of the terminal; nothing when there is none.
std::optional<std::size_t> terminal_width(int descriptor);

}  // namespace wiretape::cli
