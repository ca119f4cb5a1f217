// SPDX-License-Identifier: Apache-2.0
#include "record/writer.hpp"

#include <doctest/doctest.h>

#include "record/support.hpp"

namespace wiretape::record {
namespace {

using namespace test;

TEST_SUITE("record writer") {
  TEST_CASE("a small recording has its files") {
    const TempFolder store;
    const std::string path = small_recording(store);
    const auto files = tree(path);
    CHECK(files.size() == 8);
    const std::string& pcap = files.at("20240604T084500Z/000001.pcap");
    CHECK(packets_of(pcap).front().data == "first");
    MESSAGE(files.at("recording.json"));
    MESSAGE(files.at("20240604T084500Z/manifest.json"));
  }
}

}  // namespace
}  // namespace wiretape::record
