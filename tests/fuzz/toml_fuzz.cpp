// SPDX-License-Identifier: Apache-2.0
// Any text as a configuration file: items with a path and a line of the text, or a sentence.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/toml.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  const auto items = wiretape::parse_toml(text, "file");
  if (!items) {
    require(items.error().message.starts_with("file:"));
    return 0;
  }
  for (const wiretape::TomlItem& item : *items) {
    require(!item.path.empty() && item.line >= 1 && item.line <= lines);
    require(item.kind == wiretape::TomlItem::Kind::array || item.values.size() == 1);
  }
  return 0;
}
