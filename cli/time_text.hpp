// SPDX-License-Identifier: Apache-2.0
// Times for people: the styles of -t, and moments in tables. UTC unless the user asks for local time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace wiretape::cli {

// The letters are tshark's: u, ud, a, ad, e, r, d.
enum class TimeStyle : std::uint8_t {
  utc,       // 08:45:12.031
  utc_date,  // 2024-06-04 08:45:12.031
  local,     // the same two in the zone of TZ
  local_date,
  epoch,     // 1717490712.031000000
  relative,  // seconds since the first call that was shown
  delta,     // seconds since the call shown before
};
std::optional<TimeStyle> time_style(std::string_view letters);
inline constexpr std::string_view time_letters = "u, ud, a, ad, e, r, d";

// Writes the times of one listing after the other; remembers what relative and delta count from.
class TimeColumn {
 public:
  explicit TimeColumn(TimeStyle style) : style_(style) {}
  void append(std::string& out, Timestamp time);

 private:
  TimeStyle style_;
  std::optional<Timestamp> first_;
  Timestamp previous_;
};

// 2024-06-04 08:45:12 UTC
std::string moment(Timestamp time);

}  // namespace wiretape::cli
