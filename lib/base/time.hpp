// SPDX-License-Identifier: Apache-2.0
// Time as packets carry it: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wiretape {

// A length of time in nanoseconds.
struct Duration {
  std::int64_t nanoseconds = 0;

  static constexpr Duration seconds(std::int64_t count) { return {count * 1'000'000'000}; }
  static constexpr Duration milliseconds(std::int64_t count) { return {count * 1'000'000}; }
  [[nodiscard]] constexpr double as_milliseconds() const { return static_cast<double>(nanoseconds) / 1e6; }
  constexpr auto operator<=>(const Duration&) const = default;
};

// A moment. Hostile captures hold any value, so arithmetic saturates instead of overflowing.
struct Timestamp {
  std::int64_t nanoseconds = 0;

  [[nodiscard]] constexpr std::int64_t milliseconds() const {
    return nanoseconds / 1'000'000 - (nanoseconds % 1'000'000 < 0 ? 1 : 0);
  }
  constexpr auto operator<=>(const Timestamp&) const = default;
};

constexpr Timestamp operator+(Timestamp time, Duration span) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(time.nanoseconds, span.nanoseconds, &sum)) {
    sum = span.nanoseconds < 0 ? INT64_MIN : INT64_MAX;
  }
  return {sum};
}

constexpr Duration operator-(Timestamp later, Timestamp earlier) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(later.nanoseconds, earlier.nanoseconds, &difference)) {
    difference = later < earlier ? INT64_MIN : INT64_MAX;
  }
  return {difference};
}

// RFC 3339 in UTC with nine digits of fraction: 2024-06-04T08:45:00.000000000Z.
// Years outside 0000 to 9999 cannot occur: 64 bits of nanoseconds reach from 1677 to 2262.
std::string rfc3339(Timestamp time);
void append_rfc3339(std::string& out, Timestamp time);

// RFC 3339 read: any offset, up to nine digits of fraction (further ones are cut off), a space for the T, and the
// seconds may be left out. None for anything else, and for dates that do not exist or do not fit.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

// The wall clock, for what is not packet time: names of folders, states, schedules.
Timestamp now();

}  // namespace wiretape
