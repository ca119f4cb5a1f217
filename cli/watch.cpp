// SPDX-License-Identifier: Apache-2.0
// A picture on the terminal that is drawn again in place: --watch.
#include "watch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <iterator>
#include <string_view>
#include <vector>

#include "output/output.hpp"
#include "output/table.hpp"
#include "terminal.hpp"

namespace wiretape::cli {
namespace {

constexpr std::string_view no_color = "\x1b[m";
constexpr std::string_view clear_line = "\x1b[K";
constexpr std::string_view clear_below = "\x1b[J";

// A colour is ESC [ numbers m. Nothing else of that kind is in our lines: what comes from the wire is made harmless.
std::size_t color_length(std::string_view text) {
  if (text.substr(0, 2) != "\x1b[") return 0;
  const std::size_t end = text.find('m');
  return end == std::string_view::npos ? text.size() : end + 1;
}

struct Line {
  std::string text;
  std::size_t columns = 0;
};

// As much of a line as `width` has room for.
Line cut(std::string_view line, std::size_t width) {
  Line out;
  while (!line.empty()) {
    if (const std::size_t color = color_length(line); color != 0) {
      out.text += line.substr(0, color);
      line.remove_prefix(color);
      continue;
    }
    const std::string_view plain = line.substr(0, line.find('\x1b'));
    const std::string_view fits = first_columns(plain, width - out.columns);
    out.text += fits;
    out.columns += columns_of(fits);
    line.remove_prefix(plain.size());
  }
  return out;
}

std::vector<Line> fitted(std::string_view text, TerminalSize size) {
  std::vector<Line> lines;
  std::size_t left_out = 0;
  // The last row is the cursor's.
  const std::size_t most = size.rows > 2 ? size.rows - 1 : 1;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (lines.size() == most) {
      ++left_out;
    } else {
      lines.push_back(cut(line, size.columns));
    }
  }
  if (left_out != 0) lines.back() = cut(fmt::format("... and {} more lines", left_out + 1), size.columns);
  return lines;
}

// Only these end or interrupt the waiting; a signal that comes while a picture is made is not lost.
class Signals {
 public:
  Signals() {
    ::sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGWINCH}) ::sigaddset(&set_, signal);
    ::sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  ~Signals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Waits for the next picture's time; false when there shall be none.
  [[nodiscard]] bool wait() const {
    const timespec second{.tv_sec = 1, .tv_nsec = 0};
    const int signal = ::sigtimedwait(&set_, nullptr, &second);
    return signal != SIGINT && signal != SIGTERM;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

class Screen {
 public:
  Result<void> draw(std::string_view text) {
    const TerminalSize size = terminal_size(STDOUT_FILENO).value_or(TerminalSize{});
    std::string out = back_to_top(size.columns);
    lines_ = fitted(text, size);
    // Cleared first: behind a line that fills its row the cursor still stands on the last character.
    for (const Line& line : lines_) {
      fmt::format_to(std::back_inserter(out), "{}{}{}\n", clear_line, line.text, no_color);
    }
    out += clear_below;
    return print(out);
  }

  // What the terminal has echoed of the key that ended it.
  static Result<void> leave() { return print(fmt::format("\r{}", clear_line)); }

 private:
  // A terminal that became narrower has wrapped the lines that are there.
  [[nodiscard]] std::string back_to_top(std::size_t columns) const {
    std::size_t rows = 0;
    for (const Line& line : lines_) rows += line.columns <= columns ? 1 : (line.columns + columns - 1) / columns;
    return rows == 0 ? "\r" : fmt::format("\r\x1b[{}A", rows);
  }

  std::vector<Line> lines_;
};

}  // namespace

Error watch_without_json() {
  return {.message = "--watch draws for people and --json writes for programs: only one of them can be given"};
}

Result<void> watch(const Picture& picture) {
  if (!can_be_drawn_over(STDOUT_FILENO)) {
    return Error{.message = "--watch draws on a terminal, and standard output is none that can be drawn over",
                 .hint = "leave out --watch for one look, --json for programs"};
  }
  const Signals signals;
  Screen screen;
  do {
    const auto text = picture();
    if (!text) return text.error();
    if (auto drawn = screen.draw(*text); !drawn) return drawn;
  } while (signals.wait());
  return Screen::leave();
}

}  // namespace wiretape::cli
