// SPDX-License-Identifier: Apache-2.0
// Lengths of time and sizes as people write them in options.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace wiretape {

//   duration := minutes | ( count unit )+        unit := "d" | "h" | "m" | "s", each once, in this order
//   minutes  := count := [0-9]+
// 60 is an hour; 90s, 1h30m, 3d. At most 100 years. ErrorKind::usage: a sentence with the cure, `option` named in it.
Result<Duration> parse_duration(std::string_view text, std::string_view option);

//   size := [0-9]+ ( "." [0-9]+ )? unit?         unit := ( "K" | "M" | "G" | "T" ) "i"? "B"?, any case but that of "i"
// Bytes without a unit; K M G T are powers of 1000, Ki Mi Gi Ti of 1024. At most 2^63 - 1.
Result<std::uint64_t> parse_size(std::string_view text, std::string_view option);

// 90 -> "90 s", 3600 -> "60 min", 5400 -> "1 h 30 min", 259200 -> "3 d": what was understood, for people. Whole
// seconds.
std::string duration_text(Duration duration);
// "512 bytes", "1.2 MB": powers of 1000, one digit of fraction.
std::string size_text(std::uint64_t bytes);

}  // namespace wiretape
