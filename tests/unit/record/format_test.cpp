// SPDX-License-Identifier: Apache-2.0
#include "record/format.hpp"

#include <doctest/doctest.h>

namespace wiretape::record {
namespace {

TEST_SUITE("record format") {
  TEST_CASE("a file's name says what it is") {
    const struct {
      std::string name;
      std::uint32_t segment;
      FileRole role;
    } rows[] = {
        {"000001.pcap", 1, FileRole::packets},
        {"000042.calls.ndjson", 42, FileRole::calls},
        {"999999.streams.ndjson", 999'999, FileRole::streams},
        {"1000000.pcap", 1'000'000, FileRole::packets},
        {"manifest.json", 0, FileRole::manifest},
        {"manifest.json.new", 0, FileRole::unfinished},
        {"000001.runs", 1, FileRole::unfinished},
        {"000001.runs2", 1, FileRole::unfinished},
        {"000001.sorted", 1, FileRole::unfinished},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      const auto found = parse_file_name(row.name);
      REQUIRE(found);
      CHECK(found->segment == row.segment);
      CHECK(bool(found->role == row.role));
      if (row.role <= FileRole::streams) CHECK(file_name(row.segment, row.role) == row.name);
    }
  }

  TEST_CASE("what wiretape did not write is not taken for its own") {
    for (const std::string name :
         {"", "1.pcap", "000001.pcapng", "000001", "000000.pcap", "0000001.pcap", "00001.pcap", "000001.pcap.bak",
          "00000a.pcap", "1000000000.pcap", "notes.txt", "Manifest.json", ".000001.pcap", "000001..pcap"}) {
      CAPTURE(name);
      CHECK_FALSE(parse_file_name(name));
    }
  }

  TEST_CASE("an iteration's folder is named by its start") {
    for (const std::string name : {"20240604T084500Z", "20240604T084500Z-2", "20240604T084500Z-10"}) {
      CAPTURE(name);
      CHECK(is_iteration_name(name));
    }
    for (const std::string name :
         {"", "20240604T084500", "20240604T084500Z-", "20240604T084500Z-1", "20240604T084500Z-02", "20240604T084500Z-x",
          "20240604 084500Z", "20240604T084500Z2", "notes"}) {
      CAPTURE(name);
      CHECK_FALSE(is_iteration_name(name));
    }
  }
}

}  // namespace
}  // namespace wiretape::record
