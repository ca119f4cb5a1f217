// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <array>
#include <ctime>
#include <string_view>

namespace wiretape {
namespace {

// The proleptic Gregorian date of a day counted from 1970-01-01, by whole 400-year eras.
struct Date {
  std::int64_t year;
  unsigned month, day;
};

Date date_of(std::int64_t days) {
  days += 719'468;  // from 0000-03-01, so that a leap day ends the year
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day_of_year + 2) / 153;
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {.year = static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0),
          .month = month,
          .day = day_of_year - (153 * shifted_month + 2) / 5 + 1};
}

void put(char* to, std::uint64_t value, int digits) {
  for (int i = digits; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

void append_rfc3339(std::string& out, Timestamp time) {
  constexpr std::int64_t day_length = 86'400'000'000'000;
  std::int64_t days = time.nanoseconds / day_length;
  std::int64_t within = time.nanoseconds % day_length;
  if (within < 0) {
    within += day_length;
    --days;
  }
  const Date date = date_of(days);
  const auto seconds = static_cast<std::uint64_t>(within / 1'000'000'000);
  std::array<char, 30> text{};
  std::string_view("0000-00-00T00:00:00.000000000Z").copy(text.data(), text.size());
  put(text.data(), static_cast<std::uint64_t>(date.year), 4);
  put(text.data() + 5, date.month, 2);
  put(text.data() + 8, date.day, 2);
  put(text.data() + 11, seconds / 3600, 2);
  put(text.data() + 14, seconds / 60 % 60, 2);
  put(text.data() + 17, seconds % 60, 2);
  put(text.data() + 20, static_cast<std::uint64_t>(within % 1'000'000'000), 9);
  out.append(text.data(), text.size());
}

std::string rfc3339(Timestamp time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

Timestamp now() {
  timespec spec{};
  clock_gettime(CLOCK_REALTIME, &spec);
  return {std::int64_t{spec.tv_sec} * 1'000'000'000 + spec.tv_nsec};
}

}  // namespace wiretape
