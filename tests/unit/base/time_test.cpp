// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <doctest/doctest.h>

namespace wiretape {
namespace {

TEST_SUITE("base time") {
  TEST_CASE("RFC 3339: text -> the same moment as it is told") {
    const struct {
      std::string text, told;
    } rows[] = {
        {"2024-06-04T08:45:00Z", "2024-06-04T08:45:00.000000000Z"},
        {"2024-06-04t08:45:00.5z", "2024-06-04T08:45:00.500000000Z"},
        {"2024-06-04 08:45:00.1234567891Z", "2024-06-04T08:45:00.123456789Z"},
        {"2024-06-04T08:45Z", "2024-06-04T08:45:00.000000000Z"},
        {"2024-06-04T10:15:00+01:30", "2024-06-04T08:45:00.000000000Z"},
        {"2024-06-03T23:45:00-09:00", "2024-06-04T08:45:00.000000000Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000000Z"},
        {"2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000000Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000000Z"},
        {"1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z"},
        {"1678-01-01T00:00:00Z", "1678-01-01T00:00:00.000000000Z"},
        {"2262-04-11T00:00:00Z", "2262-04-11T00:00:00.000000000Z"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      const auto time = parse_rfc3339(row.text);
      REQUIRE(time);
      CHECK(rfc3339(*time) == row.told);
    }
  }

  TEST_CASE("what is no RFC 3339 time, no date, or out of range is none") {
    for (const std::string text : {"",
                                   "2024",
                                   "2024-06-04",
                                   "2024-06-04T08:45:00",
                                   "2024-06-04T24:00:00Z",
                                   "2024-06-04T08:60:00Z",
                                   "2024-06-04T08:45:61Z",
                                   "2024-02-30T00:00:00Z",
                                   "2023-02-29T00:00:00Z",
                                   "1900-02-29T00:00:00Z",
                                   "2024-00-01T00:00:00Z",
                                   "2024-13-01T00:00:00Z",
                                   "2024-04-31T00:00:00Z",
                                   "2024-01-00T00:00:00Z",
                                   "2024-06-04T08:45:00.Z",
                                   "2024-06-04T08:45:00+0100",
                                   "2024-06-04T08:45:00Zx",
                                   " 2024-06-04T08:45:00Z",
                                   "0001-01-01T00:00:00Z",
                                   "9999-12-31T23:59:59Z",
                                   "-024-06-04T08:45:00Z"}) {
      CAPTURE(text);
      CHECK_FALSE(parse_rfc3339(text));
    }
  }

  TEST_CASE("every day of four centuries is read back") {
    for (std::int64_t day = -100'000; day < 100'000; day += 13) {
      const Timestamp time{day * 86'400 * 1'000'000'000 + day};
      const auto read = parse_rfc3339(rfc3339(time));
      REQUIRE(read);
      REQUIRE(bool(*read == time));
    }
  }
}

}  // namespace
}  // namespace wiretape
