// SPDX-License-Identifier: Apache-2.0
// Rows of text in aligned columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wiretape::cli {

enum class Align : std::uint8_t { left, right };

class Table {
 public:
  struct Column {
    std::string heading;
    Align align = Align::left;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column. Cells are made harmless, and become one line.
  void add(std::vector<std::string> cells);
  // With headings. Lines longer than `width` are cut, and end in "...".
  [[nodiscard]] std::string text(std::optional<std::size_t> width = std::nullopt) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Columns that a text takes: one for each code point, which is right for all but the wide scripts.
std::size_t columns_of(std::string_view text);
// The beginning of a text that takes at most `count` of them.
std::string_view first_columns(std::string_view text, std::size_t count);

}  // namespace wiretape::cli
