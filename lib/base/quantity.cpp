// SPDX-License-Identifier: Apache-2.0
#include "base/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

namespace wiretape {
namespace {

struct Unit {
  char letter;
  std::int64_t seconds;
};
constexpr std::array units = {Unit{'d', 86'400}, Unit{'h', 3600}, Unit{'m', 60}, Unit{'s', 1}};

// Beyond, times no longer fit into 64 bits of nanoseconds with room for a date.
constexpr std::int64_t longest_seconds = 100LL * 365 * 86'400;

Error usage(std::string message, std::string hint) {
  return {.kind = ErrorKind::usage, .message = std::move(message), .hint = std::move(hint), .detail = {}};
}

Error no_duration(std::string_view text, std::string_view option) {
  return usage(fmt::format("{}: '{}' is no duration", option, text),
               "give minutes as a plain number (60) or units (90s, 5m, 1h30m, 3d)");
}

Error too_long(std::string_view text, std::string_view option) {
  return usage(fmt::format("{}: '{}' is too long", option, text), "at most 100 years (36500d)");
}

// Takes the digits at the front of `text`. Values that do not fit become the largest.
std::optional<std::int64_t> take_count(std::string_view& text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (end == text.data() || text.front() == '-') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc::result_out_of_range ? INT64_MAX : count;
}

// Adds count * factor; false when the sum is over the limit.
bool add(std::int64_t& sum, std::int64_t count, std::int64_t factor) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(count, factor, &product) || product > longest_seconds - sum) return false;
  sum += product;
  return true;
}

// "" -> 1, "K" -> 1000, "KiB" -> 1024; none for what is no unit.
std::optional<std::uint64_t> factor_of(std::string_view unit) {
  if (!unit.empty() && (unit.back() == 'B' || unit.back() == 'b')) unit.remove_suffix(1);
  if (unit.empty()) return 1;
  std::uint64_t base = 1000;
  if (unit.size() == 2 && unit.back() == 'i') {
    base = 1024;
    unit.remove_suffix(1);
  }
  if (unit.size() != 1) return std::nullopt;
  constexpr std::string_view letters = "KMGTkmgt";
  const std::size_t at = letters.find(unit.front());
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t factor = 1;
  for (std::size_t power = at % 4 + 1; power-- > 0;) factor *= base;
  return factor;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text, std::string_view option) {
  std::string_view rest = text;
  std::int64_t seconds = 0;
  std::size_t next_unit = 0;
  if (text.empty()) return no_duration(text, option);
  while (!rest.empty()) {
    const auto count = take_count(rest);
    if (!count) return no_duration(text, option);
    if (rest.empty()) {
      // A number without a unit is minutes, and then it stands alone: 1h30 could be meant either way.
      if (next_unit != 0) return no_duration(text, option);
      if (!add(seconds, *count, 60)) return too_long(text, option);
      break;
    }
    while (next_unit < units.size() && units[next_unit].letter != rest.front()) ++next_unit;
    if (next_unit == units.size()) return no_duration(text, option);
    if (!add(seconds, *count, units[next_unit].seconds)) return too_long(text, option);
    ++next_unit;
    rest.remove_prefix(1);
  }
  return Duration::seconds(seconds);
}

Result<std::uint64_t> parse_size(std::string_view text, std::string_view option) {
  const auto no_size = [&] {
    return usage(fmt::format("{}: '{}' is no size", option, text), "give bytes (4096) or units (64K, 1.5M, 256Mi, 1G)");
  };
  const auto too_large = [&] {
    return usage(fmt::format("{}: '{}' is too large", option, text), "at most 9223372036854775807 bytes (9223372T)");
  };
  std::string_view rest = text;
  const auto whole = take_count(rest);
  if (!whole) return no_size();
  std::string_view fraction;
  if (!rest.empty() && rest.front() == '.') {
    const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    fraction = rest.substr(1, end - 1);
    rest.remove_prefix(end);
    if (fraction.empty()) return no_size();
  }
  const auto factor = factor_of(rest);
  if (!factor || (!fraction.empty() && *factor == 1)) return no_size();
  std::int64_t bytes = 0;
  if (*whole == INT64_MAX || __builtin_mul_overflow(*whole, *factor, &bytes)) return too_large();
  std::uint64_t place = *factor;
  for (const char digit : fraction) {
    // Each digit counts a tenth of the one before; what is less than a byte is cut off.
    const std::uint64_t part = place * static_cast<std::uint64_t>(digit - '0') / 10;
    if (__builtin_add_overflow(bytes, part, &bytes)) return too_large();
    place /= 10;
  }
  return static_cast<std::uint64_t>(bytes);
}

std::string duration_text(Duration duration) {
  std::int64_t rest = duration.nanoseconds / 1'000'000'000;
  if (rest == 0) return "0 s";
  if (rest <= 3600 && rest % 60 == 0) return fmt::format("{} min", rest / 60);
  constexpr std::array<std::string_view, 4> words = {"d", "h", "min", "s"};
  std::string out;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::int64_t count = rest / units[i].seconds;
    rest %= units[i].seconds;
    if (count == 0) continue;
    fmt::format_to(std::back_inserter(out), "{}{} {}", out.empty() ? "" : " ", count, words[i]);
  }
  return out;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} {}", bytes, bytes == 1 ? "byte" : "bytes");
  constexpr std::array<std::string_view, 6> words = {"kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes) / 1000;
  std::size_t word = 0;
  // 999.95 would be shown as 1000.0.
  while (value >= 999.95 && word + 1 < words.size()) {
    value /= 1000;
    ++word;
  }
  return fmt::format("{:.1f} {}", value, words[word]);
}

}  // namespace wiretape
