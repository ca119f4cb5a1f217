// SPDX-License-Identifier: Apache-2.0
#include "kfl/builtins.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace wiretape::kfl {
namespace {

using Kind = Helper::Kind;

constexpr std::int64_t second = 1000;
constexpr std::int64_t day = 86'400 * second;
constexpr std::size_t any_number = 1000;

constexpr std::array all_helpers = {
    Helper{"startsWith", Kind::text_test, true, 1, 1, 0, "S.startsWith(x)", "the text at S begins with x"},
    Helper{"endsWith", Kind::text_test, true, 1, 1, 0, "S.endsWith(x)", "the text at S ends with x"},
    Helper{"contains", Kind::text_test, true, 1, 1, 0, "S.contains(x)", "x stands somewhere in the text at S"},
    Helper{"now", Kind::moment, false, 0, 0, 0, "now()", "Unix time in milliseconds when the statement was compiled"},
    Helper{"seconds", Kind::span, false, 1, 1, second, "seconds(n)", "now and n seconds"},
    Helper{"minutes", Kind::span, false, 1, 1, 60 * second, "minutes(n)", "now and n minutes"},
    Helper{"hours", Kind::span, false, 1, 1, 3600 * second, "hours(n)", "now and n hours"},
    Helper{"days", Kind::span, false, 1, 1, day, "days(n)", "now and n days"},
    Helper{"weeks", Kind::span, false, 1, 1, 7 * day, "weeks(n)", "now and n weeks"},
    Helper{"months", Kind::span, false, 1, 1, 30 * day, "months(n)", "now and n times 30 days"},
    Helper{"years", Kind::span, false, 1, 1, 365 * day, "years(n)", "now and n times 365 days"},
    Helper{"datetime", Kind::datetime, false, 1, 1, 0, "datetime(\"6/4/2024, 8:45:00 AM\")", "that moment, UTC"},
    Helper{"limit", Kind::limit, false, 1, 1, 0, "limit(n)", "true; ends the result after n matches"},
    Helper{"redact", Kind::redact, false, 1, any_number, 0, "redact(\"path\", ...)",
           "true; replaces what is found there by [REDACTED]"},
    Helper{"record", Kind::record, false, 1, 1, 0, "record(\"name\")", "the call belongs to that recording"},
};

constexpr std::array all_words = {
    Word{"http", R"(protocol.name == "http")", "every HTTP call"},
    Word{"http1", R"(protocol.abbr == "HTTP")", "HTTP/1.0 and HTTP/1.1"},
    Word{"http2", R"(protocol.abbr == "HTTP/2")", "HTTP/2"},
    Word{"grpc", R"(protocol.abbr == "gRPC")", "gRPC"},
    Word{"gql", R"(protocol.abbr == "GQL")", "GraphQL"},
    Word{"ws", R"(protocol.name == "ws")", "messages over WebSocket"},
    Word{"dns", R"(protocol.name == "dns")", "DNS"},
    Word{"redis", R"(protocol.name == "redis")", "Redis"},
    Word{"kafka", R"(protocol.name == "kafka")", "Apache Kafka"},
    Word{"amqp", R"(protocol.name == "amqp")", "AMQP 0-9-1"},
    Word{"icmp", R"(protocol.name == "icmp")", "ICMP and ICMPv6"},
    Word{"tcp", R"(protocol.name == "tcp")", "TCP connections themselves"},
    Word{"udp", R"(protocol.name == "udp")", "UDP flows themselves"},
    Word{"sctp", R"(protocol.name == "sctp")", "SCTP chunks"},
    Word{"ldap", R"(protocol.name == "ldap")", "LDAP"},
    Word{"radius", R"(protocol.name == "radius")", "RADIUS"},
    Word{"diameter", R"(protocol.name == "diameter")", "Diameter"},
    Word{"mysql", R"(protocol.name == "mysql")", "MySQL"},
    Word{"postgres", R"(protocol.name == "postgres")", "PostgreSQL"},
    Word{"mongodb", R"(protocol.name == "mongodb")", "MongoDB"},
    Word{"tls", R"(tls == true or protocol.name == "tls")", "TLS handshakes and calls decrypted from TLS"},
    Word{"https", R"(tls and http)", "HTTP over TLS"},
    Word{"error", R"(error != nil)", "calls with an error"},
};

std::int64_t saturated(double value) {
  constexpr double limit = 9.2e18;
  if (value >= limit) return INT64_MAX;
  return value <= -limit ? INT64_MIN : static_cast<std::int64_t>(value);
}

std::int64_t later(Timestamp now, double count, std::int64_t unit) {
  std::int64_t span = 0, sum = 0;
  const std::int64_t whole = saturated(std::trunc(count));
  const std::int64_t limit = whole < 0 ? INT64_MIN : INT64_MAX;
  if (__builtin_mul_overflow(whole, unit, &span)) return limit;
  return __builtin_add_overflow(now.milliseconds(), span, &sum) ? limit : sum;
}

// Reads digits and separators from the front; after the first mismatch ok() is false for good.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }
  [[nodiscard]] bool sees(char c) const { return ok_ && !rest_.empty() && rest_.front() == c; }

  std::int64_t digits(std::size_t at_least, std::size_t at_most) {
    std::int64_t value = 0;
    std::size_t count = 0;
    for (; count < at_most && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++count) {
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    if (count < at_least) ok_ = false;
    return value;
  }
  void expect(std::string_view text) {
    if (!accept(text)) ok_ = false;
  }
  bool accept(std::string_view text) {
    if (!ok_ || !rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  // A fraction of a second behind its point, in milliseconds; what is finer is dropped.
  std::int64_t milliseconds() {
    const std::size_t before = rest_.size();
    std::int64_t value = digits(1, 3);
    for (std::size_t count = before - rest_.size(); count < 3; ++count) value *= 10;
    digits(0, 64);
    return value;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

struct Moment {
  std::int64_t year = 0, month = 0, day_of_month = 0, hour = 0, minute = 0, second_of_minute = 0, millisecond = 0;
  std::int64_t offset_minutes = 0;
};

bool is_leap(std::int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// Days from 1970-01-01 in the proleptic Gregorian calendar.
std::int64_t days_from_epoch(std::int64_t year, std::int64_t month, std::int64_t day_of_month) {
  constexpr std::array<std::int64_t, 12> before = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  const std::int64_t past = year - 1;
  const std::int64_t days =
      past * 365 + past / 4 - past / 100 + past / 400 + before[static_cast<std::size_t>(month - 1)];
  constexpr std::int64_t epoch = 719'162;  // of 1970-01-01, counted from 0001-01-01
  return days + (month > 2 && is_leap(year) ? 1 : 0) + day_of_month - 1 - epoch;
}

std::optional<std::int64_t> unix_time(const Moment& m) {
  constexpr std::array<std::int64_t, 12> lengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (m.year < 1 || m.month < 1 || m.month > 12) return std::nullopt;
  const std::int64_t length =
      lengths[static_cast<std::size_t>(m.month - 1)] + (m.month == 2 && is_leap(m.year) ? 1 : 0);
  if (m.day_of_month < 1 || m.day_of_month > length) return std::nullopt;
  if (m.hour > 23 || m.minute > 59 || m.second_of_minute > 59) return std::nullopt;
  const std::int64_t minutes =
      (days_from_epoch(m.year, m.month, m.day_of_month) * 24 + m.hour) * 60 + m.minute - m.offset_minutes;
  return (minutes * 60 + m.second_of_minute) * second + m.millisecond;
}

// "6/4/2024, 8:45:00.000 AM", in UTC
std::optional<std::int64_t> us_datetime(std::string_view text) {
  Scanner in(text);
  Moment m;
  m.month = in.digits(1, 2);
  in.expect("/");
  m.day_of_month = in.digits(1, 2);
  in.expect("/");
  m.year = in.digits(4, 4);
  in.expect(", ");
  m.hour = in.digits(1, 2);
  in.expect(":");
  m.minute = in.digits(2, 2);
  in.expect(":");
  m.second_of_minute = in.digits(2, 2);
  if (in.accept(".")) m.millisecond = in.milliseconds();
  in.expect(" ");
  const bool afternoon = in.accept("PM");
  if (!afternoon) in.expect("AM");
  if (!in.at_end() || m.hour < 1 || m.hour > 12) return std::nullopt;
  m.hour = m.hour % 12 + (afternoon ? 12 : 0);
  return unix_time(m);
}

// RFC 3339: 2024-06-04T08:45:00.000Z, an offset instead of Z, a blank instead of T
std::optional<std::int64_t> rfc3339_datetime(std::string_view text) {
  Scanner in(text);
  Moment m;
  m.year = in.digits(4, 4);
  in.expect("-");
  m.month = in.digits(2, 2);
  in.expect("-");
  m.day_of_month = in.digits(2, 2);
  if (!in.accept("T") && !in.accept("t")) in.expect(" ");
  m.hour = in.digits(2, 2);
  in.expect(":");
  m.minute = in.digits(2, 2);
  in.expect(":");
  m.second_of_minute = in.digits(2, 2);
  if (in.accept(".")) m.millisecond = in.milliseconds();
  if (in.sees('+') || in.sees('-')) {
    const std::int64_t sign = in.accept("-") ? -1 : (in.expect("+"), 1);
    const std::int64_t hours = in.digits(2, 2);
    in.expect(":");
    const std::int64_t minutes = in.digits(2, 2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    m.offset_minutes = sign * (hours * 60 + minutes);
  } else if (!in.accept("Z")) {
    in.expect("z");
  }
  return in.at_end() ? unix_time(m) : std::nullopt;
}

template <class T>
const T* find(std::span<const T> all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Helper> helpers() {
  return all_helpers;
}
const Helper* find_helper(std::string_view name) {
  return find(helpers(), name);
}
std::span<const Word> words() {
  return all_words;
}
const Word* find_word(std::string_view name) {
  return find(words(), name);
}

std::optional<json::Number> moment(const Helper& helper, const Literal* argument, Timestamp now) {
  if (helper.kind == Kind::moment) return json::Number::of(now.milliseconds());
  if (argument == nullptr) return std::nullopt;
  if (helper.kind == Kind::span) {
    if (argument->kind != Literal::Kind::number) return std::nullopt;
    return json::Number::of(later(now, argument->number.as_double(), helper.unit));
  }
  if (argument->kind != Literal::Kind::text) return std::nullopt;
  auto time = us_datetime(argument->text);
  if (!time) time = rfc3339_datetime(argument->text);
  if (!time) return std::nullopt;
  return json::Number::of(*time);
}

}  // namespace wiretape::kfl
