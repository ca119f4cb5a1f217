// SPDX-License-Identifier: Apache-2.0
// The rows of tests/filters: what the language says of documents.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kfl/statement.hpp"

namespace wiretape::kfl {
namespace {

// 2024-06-04T08:45:00Z
constexpr Timestamp frozen{1'717'490'700'000'000'000};

struct Row {
  std::string where, statement, document, result;
};

// A row is "statement | document | result"; lines that begin with # and blank lines are for people.
std::vector<Row> rows_of(const std::filesystem::path& file) {
  std::vector<Row> rows;
  std::ifstream in(file);
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t last = line.rfind(" | ");
    const std::size_t middle = last == std::string::npos || last == 0 ? last : line.rfind(" | ", last - 1);
    const std::string where = file.filename().string() + ":" + std::to_string(number);
    CAPTURE(where);
    REQUIRE(middle != std::string::npos);
    rows.push_back({where, line.substr(0, middle), line.substr(middle + 3, last - middle - 3), line.substr(last + 3)});
  }
  return rows;
}

std::string verdict(const Row& row) {
  const auto statement = compile(row.statement, Options{.now = frozen});
  if (!statement) return "error";
  Scratch scratch;
  const auto matches = statement->matches(row.document, "", scratch);
  if (!matches) return "not json";
  return *matches ? "true" : "false";
}

std::vector<Row> all_rows() {
  std::vector<Row> all;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(WIRETAPE_TESTS_DIR "/filters")) {
    if (entry.path().extension() == ".kfltest") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    for (auto& row : rows_of(file)) all.push_back(std::move(row));
  }
  return all;
}

TEST_SUITE("kfl filters") {
  TEST_CASE("every row of tests/filters holds") {
    const auto rows = all_rows();
    CHECK(rows.size() >= 250);
    for (const Row& row : rows) {
      CAPTURE(row.where);
      CAPTURE(row.statement);
      CAPTURE(row.document);
      CHECK(verdict(row) == row.result);
    }
  }
}

}  // namespace
}  // namespace wiretape::kfl
