// SPDX-License-Identifier: Apache-2.0
// Configuration files in TOML 1.0 (https://toml.io/en/v1.0.0), as far as options need it: tables, dotted keys, texts in
// all four forms, numbers, booleans, and arrays of these. Dates, arrays in arrays, tables within a line and arrays of
// tables are refused like what is no TOML, never passed over.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace wiretape {

struct TomlItem {
  enum class Kind : unsigned char { text, number, boolean, array };

  std::vector<std::string> path;  // [record.create] name = ... is "record", "create", "name"; never empty
  Kind kind = Kind::text;
  std::vector<std::string> values;  // one, of an array any number; numbers without '_', booleans as "true", "false"
  std::size_t line = 0;             // of the key, from 1
};

// All items, in the order of the file. ErrorKind::usage, with "FILE:LINE: " before the sentence. Time and memory are
// about linear in the text; nothing of it is referred to afterwards.
Result<std::vector<TomlItem>> parse_toml(std::string_view text, std::string_view file);

}  // namespace wiretape
