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

// The inverse, for a date that exists.
std::int64_t days_of(const Date& date) {
  const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<std::int64_t>(day_of_era) - 719'468;
}

unsigned days_in_month(std::int64_t year, unsigned month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Reads a text from the front. After the first thing that is not as asked for, `ok` is false for good.
struct Reader {
  std::string_view rest;
  bool ok = true;

  bool accept(std::string_view any_of) {
    if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any_of) { ok = accept(any_of) && ok; }
  // Exactly so many digits, at most `most`.
  unsigned number(std::size_t digits, unsigned most) {
    unsigned value = 0;
    for (; digits != 0; --digits) {
      const char digit = rest.empty() ? '0' : rest.front();
      expect("0123456789");
      value = value * 10 + static_cast<unsigned>(digit - '0');
      if (!ok) return 0;
    }
    ok = ok && value <= most;
    return value;
  }
  // Nanoseconds of a fraction without its point, at least one digit.
  std::int64_t fraction() {
    std::int64_t value = 0, place = 100'000'000;
    const std::size_t before = rest.size();
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
      value += place * (rest.front() - '0');
      place /= 10;
      rest.remove_prefix(1);
    }
    ok = ok && rest.size() != before;
    return value;
  }
  // Seconds east of UTC.
  std::int64_t offset() {
    if (accept("Zz")) return 0;
    const bool west = !rest.empty() && rest.front() == '-';
    expect("+-");
    const std::int64_t hours = number(2, 23);
    expect(":");
    const std::int64_t seconds = hours * 3600 + std::int64_t{number(2, 59)} * 60;
    return west ? -seconds : seconds;
  }
};

}  // namespace

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  Reader in{.rest = text};
  Date date{};
  date.year = in.number(4, 9999);
  in.expect("-");
  date.month = in.number(2, 12);
  in.expect("-");
  date.day = in.number(2, 31);
  in.expect("Tt ");
  const std::int64_t hour = in.number(2, 23);
  in.expect(":");
  const std::int64_t minute = in.number(2, 59);
  const std::int64_t second = in.accept(":") ? in.number(2, 60) : 0;  // 60: a leap second, told as the one after it
  const std::int64_t nanoseconds = in.accept(".") ? in.fraction() : 0;
  const std::int64_t offset = in.offset();
  if (!in.ok || !in.rest.empty() || date.month == 0 || date.day == 0) return std::nullopt;
  if (date.day > days_in_month(date.year, date.month)) return std::nullopt;
  const std::int64_t seconds = days_of(date) * 86'400 + hour * 3600 + minute * 60 + second - offset;
  constexpr std::int64_t most = INT64_MAX / 1'000'000'000 - 1;  // the fraction must fit as well
  if (seconds > most || seconds < -most) return std::nullopt;
  return Timestamp{seconds * 1'000'000'000 + nanoseconds};
}

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
