// SPDX-License-Identifier: Apache-2.0
// What the descriptors are connected to.
#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace wiretape::cli {
namespace {

std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

bool is_terminal(int descriptor) {
  return ::isatty(descriptor) == 1;
}

std::optional<ColorWish> color_wish(std::string_view word) {
  if (word == "auto") return ColorWish::automatic;
  if (word == "always") return ColorWish::always;
  if (word == "never") return ColorWish::never;
  return std::nullopt;
}

Paint paint(ColorWish wish, int descriptor) {
  if (wish == ColorWish::always) return Paint::colors;
  const bool wanted = wish == ColorWish::automatic && is_terminal(descriptor) && environment("NO_COLOR").empty() &&
                      environment("TERM") != "dumb";
  return wanted ? Paint::colors : Paint::none;
}

bool can_be_drawn_over(int descriptor) {
  return is_terminal(descriptor) && environment("TERM") != "dumb";
}

std::optional<TerminalSize> terminal_size(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return std::nullopt;
  return TerminalSize{.columns = size.ws_col, .rows = size.ws_row};
}

std::optional<std::size_t> terminal_width(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

}  // namespace wiretape::cli
