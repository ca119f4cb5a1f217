// SPDX-License-Identifier: Apache-2.0
// Times for people.
#include "time_text.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <iterator>
#include <utility>

namespace wiretape::cli {
namespace {

constexpr std::int64_t nanoseconds_a_second = 1'000'000'000;

// Rounded down, before 1970 too.
struct Split {
  std::int64_t seconds;
  std::int64_t nanoseconds;
};

constexpr Split split(std::int64_t nanoseconds) {
  std::int64_t seconds = nanoseconds / nanoseconds_a_second;
  std::int64_t rest = nanoseconds % nanoseconds_a_second;
  if (rest < 0) {
    rest += nanoseconds_a_second;
    --seconds;
  }
  return {seconds, rest};
}

enum class Zone : std::uint8_t { utc, local };
enum class Day : std::uint8_t { left_out, shown };

void append_clock(std::string& out, Timestamp time, Zone zone, Day day) {
  const Split parts = split(time.nanoseconds);
  const auto seconds = static_cast<std::time_t>(parts.seconds);
  std::tm fields{};
  if (zone == Zone::utc) {
    ::gmtime_r(&seconds, &fields);
  } else {
    ::localtime_r(&seconds, &fields);
  }
  auto to = std::back_inserter(out);
  if (day == Day::shown) {
    fmt::format_to(to, "{:04}-{:02}-{:02} ", fields.tm_year + 1900, fields.tm_mon + 1, fields.tm_mday);
  }
  fmt::format_to(to, "{:02}:{:02}:{:02}.{:03}", fields.tm_hour, fields.tm_min, fields.tm_sec,
                 parts.nanoseconds / 1'000'000);
}

void append_seconds(std::string& out, Duration span) {
  const bool negative = span.nanoseconds < 0;
  const Split parts = split(span.nanoseconds);
  // -0.25 s is split into -1 and 0.75.
  const std::int64_t seconds = negative && parts.nanoseconds != 0 ? parts.seconds + 1 : parts.seconds;
  const std::int64_t fraction =
      negative && parts.nanoseconds != 0 ? nanoseconds_a_second - parts.nanoseconds : parts.nanoseconds;
  fmt::format_to(std::back_inserter(out), "{}{}.{:06}", negative && seconds == 0 ? "-" : "", seconds, fraction / 1000);
}

}  // namespace

std::optional<TimeStyle> time_style(std::string_view letters) {
  constexpr auto styles = std::to_array<std::pair<std::string_view, TimeStyle>>({
      {"u", TimeStyle::utc},
      {"ud", TimeStyle::utc_date},
      {"a", TimeStyle::local},
      {"ad", TimeStyle::local_date},
      {"e", TimeStyle::epoch},
      {"r", TimeStyle::relative},
      {"d", TimeStyle::delta},
  });
  for (const auto& [name, style] : styles) {
    if (name == letters) return style;
  }
  return std::nullopt;
}

void TimeColumn::append(std::string& out, Timestamp time) {
  if (!first_) {
    first_ = time;
    previous_ = time;
  }
  switch (style_) {
    case TimeStyle::utc: append_clock(out, time, Zone::utc, Day::left_out); break;
    case TimeStyle::utc_date: append_clock(out, time, Zone::utc, Day::shown); break;
    case TimeStyle::local: append_clock(out, time, Zone::local, Day::left_out); break;
    case TimeStyle::local_date: append_clock(out, time, Zone::local, Day::shown); break;
    case TimeStyle::epoch: {
      const Split parts = split(time.nanoseconds);
      fmt::format_to(std::back_inserter(out), "{}.{:09}", parts.seconds, parts.nanoseconds);
      break;
    }
    case TimeStyle::relative: append_seconds(out, time - *first_); break;
    case TimeStyle::delta: append_seconds(out, time - previous_); break;
  }
  previous_ = time;
}

std::string moment(Timestamp time) {
  std::string out;
  append_clock(out, time, Zone::utc, Day::shown);
  out.resize(out.size() - 4);  // the milliseconds
  return out + " UTC";
}

}  // namespace wiretape::cli
