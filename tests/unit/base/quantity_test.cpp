// SPDX-License-Identifier: Apache-2.0
#include "base/quantity.hpp"

#include <doctest/doctest.h>

namespace wiretape {
namespace {

TEST_SUITE("base quantities") {
  TEST_CASE("durations: text -> seconds") {
    const struct {
      std::string text;
      std::int64_t seconds;
    } rows[] = {
        {"60", 3600},
        {"0", 0},
        {"1440", 86'400},
        {"90s", 90},
        {"5m", 300},
        {"1h30m", 5400},
        {"3d", 259'200},
        {"1d2h3m4s", 93'784},
        {"36500d", 3'153'600'000},
        {"007s", 7},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      const auto read = parse_duration(row.text, "--duration");
      REQUIRE(read);
      CHECK(read->nanoseconds == row.seconds * 1'000'000'000);
    }
  }

  TEST_CASE("what is no duration is told with the cure") {
    for (const std::string text :
         {"", " ", "-5", "+5", "5x", "m", "1h30", "1m1h", "1h1h", "1.5h", "5 m", "1ms", "0x10", "h1"}) {
      CAPTURE(text);
      const auto read = parse_duration(text, "--duration");
      REQUIRE_FALSE(read);
      CHECK(read.error().message == "--duration: '" + text + "' is no duration");
      CHECK(read.error().hint == "give minutes as a plain number (60) or units (90s, 5m, 1h30m, 3d)");
      CHECK(bool(read.error().kind == ErrorKind::usage));
    }
    for (const std::string text : {"36501d", "36500d1s", "99999999999999999999999", "99999999999999999999999d"}) {
      CAPTURE(text);
      const auto read = parse_duration(text, "--expiration");
      REQUIRE_FALSE(read);
      CHECK(read.error().message == "--expiration: '" + text + "' is too long");
    }
  }

  TEST_CASE("sizes: text -> bytes") {
    const struct {
      std::string text;
      std::uint64_t bytes;
    } rows[] = {
        {"0", 0},
        {"4096", 4096},
        {"10B", 10},
        {"64K", 64'000},
        {"64k", 64'000},
        {"64Ki", 65'536},
        {"64KiB", 65'536},
        {"256Mi", 268'435'456},
        {"1G", 1'000'000'000},
        {"1Gi", 1'073'741'824},
        {"1.5M", 1'500'000},
        {"0.5Ki", 512},
        {"1.0001K", 1000},
        {"9223372T", 9'223'372'000'000'000'000},
        {"9223372036854775806", 9'223'372'036'854'775'806},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      const auto read = parse_size(row.text, "--segment-size");
      REQUIRE(read);
      CHECK(*read == row.bytes);
    }
  }

  TEST_CASE("what is no size is told with the cure") {
    for (const std::string text : {"", "K", "-1", "1.5", "1.K", "1X", "1KiBB", "1 K", "1KI", ".5K", "1Kii"}) {
      CAPTURE(text);
      const auto read = parse_size(text, "-B");
      REQUIRE_FALSE(read);
      CHECK(read.error().message == "-B: '" + text + "' is no size");
      CHECK(read.error().hint == "give bytes (4096) or units (64K, 1.5M, 256Mi, 1G)");
    }
    for (const std::string text : {"9223372036854775808", "9223373T", "8388608Ti", "99999999999999999999"}) {
      CAPTURE(text);
      const auto read = parse_size(text, "-B");
      REQUIRE_FALSE(read);
      CHECK(read.error().message == "-B: '" + text + "' is too large");
    }
  }

  TEST_CASE("what was understood is told to people") {
    const struct {
      std::int64_t seconds;
      std::string text;
    } durations[] = {{0, "0 s"},           {90, "1 min 30 s"}, {3600, "60 min"},
                     {5400, "1 h 30 min"}, {7200, "2 h"},      {259'200, "3 d"}};
    for (const auto& row : durations) CHECK(duration_text(Duration::seconds(row.seconds)) == row.text);
    const struct {
      std::uint64_t bytes;
      std::string text;
    } sizes[] = {{0, "0 bytes"},        {1, "1 byte"},         {999, "999 bytes"},  {1000, "1.0 kB"},
                 {1'200'000, "1.2 MB"}, {999'949, "999.9 kB"}, {999'950, "1.0 MB"}, {UINT64_MAX, "18.4 EB"}};
    for (const auto& row : sizes) CHECK(size_text(row.bytes) == row.text);
  }
}

}  // namespace
}  // namespace wiretape
