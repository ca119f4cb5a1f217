// SPDX-License-Identifier: Apache-2.0
// Rows of text in aligned columns.
#include "output/table.hpp"

#include <algorithm>

#include "output/safe_text.hpp"
#include "record/job_text.hpp"

namespace wiretape::cli {
namespace {

bool continues_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_code_point(c); }));
}

std::string_view first_columns(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  while (at < text.size() && (count > 0 || continues_code_point(text[at]))) {
    if (!continues_code_point(text[at])) --count;
    ++at;
  }
  return text.substr(0, at);
}

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) {
    const std::string line = record::one_line(cell);
    cell.clear();
    append_safe(cell, line);
  }
  rows_.push_back(std::move(cells));
}

std::string Table::text(std::optional<std::size_t> width) const {
  std::vector<std::size_t> widths;
  std::vector<std::string> headings;
  for (const Column& column : columns_) {
    widths.push_back(columns_of(column.heading));
    headings.push_back(column.heading);
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }

  std::string out;
  const auto append_row = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - columns_of(row[i]), ' ');
      if (i != 0) line += "  ";
      line += columns_[i].align == Align::left ? row[i] + padding : padding + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    if (width && *width > 3 && columns_of(line) > *width) line = std::string(first_columns(line, *width - 3)) + "...";
    out += line + '\n';
  };
  append_row(headings);
  for (const auto& row : rows_) append_row(row);
  return out;
}

}  // namespace wiretape::cli
