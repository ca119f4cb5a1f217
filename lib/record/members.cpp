// SPDX-License-Identifier: Apache-2.0
#include "record/members.hpp"

#include <fmt/format.h>

#include <cmath>

namespace wiretape::record {

using simdjson::dom::element;

Members::Members(element document) {
  if (document.get(object_) != simdjson::SUCCESS) wrong_ = "no object";
}

void Members::set_wrong(std::string_view key, std::string_view what) {
  if (!wrong_.empty()) return;
  wrong_ = fmt::format("'{}'{}{}", key, what.empty() || what.front() == ':' ? "" : " ", what);
}

bool Members::find(const char* key, element& to) const {
  return wrong_.empty() && object_.at_key(key).get(to) == simdjson::SUCCESS;
}

bool Members::has(const char* key) const {
  element ignored;
  return find(key, ignored);
}

bool Members::is_null(const char* key) const {
  element value;
  return find(key, value) && value.is_null();
}

void Members::text(const char* key, std::string& to) {
  element value;
  if (!find(key, value)) return;
  std::string_view view;
  if (value.get(view) != simdjson::SUCCESS) return set_wrong(key, "is no text");
  to = view;
}

void Members::flag(const char* key, bool& to) {
  element value;
  if (find(key, value) && value.get(to) != simdjson::SUCCESS) set_wrong(key, "is neither true nor false");
}

void Members::time(const char* key, Timestamp& to) {
  std::optional<Timestamp> value = to;
  time(key, value);
  if (value) {
    to = *value;
  } else {
    set_wrong(key, "is no time");
  }
}

void Members::time(const char* key, std::optional<Timestamp>& to) {
  element value;
  if (!find(key, value)) return;
  to.reset();
  if (value.is_null()) return;
  std::string_view view;
  if (value.get(view) == simdjson::SUCCESS) to = parse_rfc3339(view);
  if (!to) set_wrong(key, "is no time");
}

void Members::seconds(const char* key, Duration& to) {
  if (has(key)) to = duration(key, 1e9, "is no number of seconds").value_or(Duration{});
}

void Members::seconds(const char* key, std::optional<Duration>& to) {
  if (has(key)) to = duration(key, 1e9, "is no number of seconds");
}

void Members::milliseconds(const char* key, Duration& to) {
  if (has(key)) to = duration(key, 1e6, "is no number of milliseconds").value_or(Duration{});
}

std::optional<Duration> Members::duration(const char* key, double nanoseconds_each, std::string_view wrong) {
  element value;
  if (!find(key, value) || value.is_null()) return std::nullopt;
  constexpr double most = 9.2e18;
  double number = 0;
  if (value.get(number) == simdjson::SUCCESS && number >= 0 && number * nanoseconds_each <= most) {
    return Duration{std::llround(number * nanoseconds_each)};
  }
  set_wrong(key, wrong);
  return std::nullopt;
}

void Members::texts(const char* key, std::vector<std::string>& to) {
  simdjson::dom::array array;
  if (!find_array(key, array)) return;
  to.clear();
  for (const element value : array) {
    std::string_view view;
    if (value.get(view) != simdjson::SUCCESS) return set_wrong(key, "is no list of texts");
    to.emplace_back(view);
  }
}

bool Members::find_array(const char* key, simdjson::dom::array& to) {
  element value;
  if (!find(key, value)) return false;
  if (value.get(to) == simdjson::SUCCESS) return true;
  set_wrong(key, "is no list");
  return false;
}

bool Members::whole_number(const char* key, std::uint64_t& to) {
  element value;
  return !find(key, value) || value.get(to) == simdjson::SUCCESS;
}

Error damaged(std::string_view path, std::string_view why) {
  return {.kind = ErrorKind::input, .message = fmt::format("{} is damaged: {}", path, why), .hint = {}, .detail = {}};
}

Result<FormatVersion> check_format(Members& document, std::string_view mark, const std::string& path) {
  std::string found;
  FormatVersion version{.major = 0, .minor = 0};
  document.object("format", [&](Members& format) {
    format.text("name", found);
    format.count("major", version.major);
    format.count("minor", version.minor);
  });
  if (!document.ok() || found != mark || version.major == 0) {
    return Error{.kind = ErrorKind::input,
                 .message = fmt::format("{} was not written by wiretape", path),
                 .hint = {},
                 .detail = {}};
  }
  if (version.major > current_format.major) {
    return Error{.kind = ErrorKind::input,
                 .message = fmt::format("{} has format {}.{}, this wiretape reads formats up to {}", path,
                                        version.major, version.minor, current_format.major),
                 .hint = "read it with a newer wiretape",
                 .detail = {}};
  }
  return version;
}

}  // namespace wiretape::record
