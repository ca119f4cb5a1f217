// SPDX-License-Identifier: Apache-2.0
#include "capture/merge.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "capture/reading.hpp"
#include "support/pcapng.hpp"

using namespace wiretape;
using namespace wiretape::support;
using capture::MergeOrder;
using net::LinkType;

namespace {

std::vector<Record> records_at(const std::string& name, const std::vector<std::int64_t>& times) {
  std::vector<Record> records;
  for (const std::int64_t time : times) records.push_back({.time = {time}, .data = name + std::to_string(time)});
  return records;
}

Reading merge(const std::vector<std::string>& paths, MergeOrder order) {
  return read_all(capture::open_files(paths, order));
}

void check_again(const Reading& reading) {
  for (const Kept& kept : reading.packets) {
    const auto again = reading.source->again(kept.packet.position);
    REQUIRE(again);
    CHECK(again->data == kept.data);
    CHECK(again->time == kept.packet.time);
    CHECK(again->interface == kept.packet.interface);
    CHECK(again->position == kept.packet.position);
  }
}

}  // namespace

TEST_SUITE("capture merge") {
  TEST_CASE("one file after another, and all by time") {
    TemporaryFolder folder;
    const std::vector<std::string> paths = {folder.file("a", pcap(records_at("a", {1, 4, 9}))),
                                            folder.file("b", pcap({}, LinkType::raw)),
                                            folder.file("c", pcap(records_at("c", {2, 4, 5}), LinkType::linux_sll))};
    const Reading given = merge(paths, MergeOrder::as_given);
    CHECK(given.data() == std::vector<std::string>{"a1", "a4", "a9", "c2", "c4", "c5"});
    const Reading timed = merge(paths, MergeOrder::by_time);
    CHECK(timed.data() == std::vector<std::string>{"a1", "c2", "a4", "c4", "c5", "a9"});
    for (const Reading* reading : {&given, &timed}) {
      CHECK(reading->error == "");
      CHECK(reading->source->can_read_again());
      CHECK(reading->source->interfaces().size() == 3);
      for (std::size_t i = 0; i < reading->packets.size(); ++i) {
        const net::Packet& packet = reading->packets[i].packet;
        CHECK(packet.number == i + 1);
        const std::uint64_t file = reading->packets[i].data[0] == 'a' ? 0 : 2;
        CHECK((packet.position >> 48U) == file);
        CHECK(reading->source->interfaces()[packet.interface].link == packet.link);
      }
      check_again(*reading);
    }
  }

  TEST_CASE("files of many batches") {
    TemporaryFolder folder;
    std::vector<std::string> paths;
    std::vector<std::vector<std::int64_t>> times(3);
    for (std::int64_t i = 0; i < 5000; ++i) times[static_cast<std::size_t>(i * i % 7 % 3)].push_back(i);
    for (const auto& each : times)
      paths.push_back(folder.file(std::to_string(paths.size()), pcap(records_at("", each))));
    const Reading reading = merge(paths, MergeOrder::by_time);
    REQUIRE(reading.packets.size() == 5000);
    for (std::size_t i = 0; i < reading.packets.size(); ++i) REQUIRE(reading.packets[i].data == std::to_string(i));
    check_again(reading);
    CHECK(merge(paths, MergeOrder::as_given).packets.size() == 5000);
  }

  TEST_CASE("interfaces that a file names late are numbered after those known") {
    TemporaryFolder folder;
    const Pcapng make;
    const std::string late = make.section() + make.interface(LinkType::ethernet, make.option(2, "a0")) +
                             make.packet(0, 1, "1") + make.interface(LinkType::raw, make.option(2, "a1")) +
                             make.packet(1, 3, "3");
    const std::string other =
        make.section() + make.interface(LinkType::raw, make.option(2, "b0")) + make.packet(0, 2, "2");
    const Reading reading = merge({folder.file("a", late), folder.file("b", other)}, MergeOrder::by_time);
    REQUIRE(reading.data() == std::vector<std::string>{"1", "2", "3"});
    std::vector<std::string> names;
    for (const Kept& kept : reading.packets) names.push_back(reading.source->interfaces()[kept.packet.interface].name);
    CHECK(names == std::vector<std::string>{"a0", "b0", "a1"});
  }

  TEST_CASE("batches that are held stay as they were, whichever files they came from") {
    TemporaryFolder folder;
    std::vector<std::string> paths;
    for (int file = 0; file < 3; ++file) {
      std::vector<Record> records;
      for (std::int64_t i = 0; i < 3000; ++i)
        records.push_back({.time = {3 * i + file}, .data = std::string(100, 'x')});
      for (std::int64_t i = 0; i < 3000; ++i) records[static_cast<std::size_t>(i)].data += std::to_string(3 * i + file);
      paths.push_back(folder.file(std::to_string(file), pcap(records)));
    }
    for (const MergeOrder order : {MergeOrder::by_time, MergeOrder::as_given}) {
      const HeldReading reading = hold_all(capture::open_files(paths, order));
      REQUIRE(reading.packets.size() == 9000);
      for (const net::Packet& packet : reading.packets) {
        REQUIRE(packet.data.substr(100) == std::to_string(packet.time.nanoseconds));
      }
    }
  }

  TEST_CASE("a damaged file ends there, the others go on, and it is said at the end") {
    TemporaryFolder folder;
    const std::string whole = pcap(records_at("a", {1, 2, 30}));
    const std::string cut = folder.file("a", whole.substr(0, whole.size() - 1));
    const std::string good = folder.file("b", pcap(records_at("b", {10, 40})));
    for (const MergeOrder order : {MergeOrder::as_given, MergeOrder::by_time}) {
      const Reading reading = merge({cut, good}, order);
      CHECK(reading.data() == std::vector<std::string>{"a1", "a2", "b10", "b40"});
      CHECK(reading.error.find("\"" + cut + "\" is cut off in the record at byte") == 0);
      CHECK(reading.kind == ErrorKind::input);
    }
  }

  TEST_CASE("a wrong name is known before anything is read") {
    TemporaryFolder folder;
    const std::string good = folder.file("a", pcap({}));
    const std::string missing = (folder.path() / "b").string();
    CHECK(merge({good, missing}, MergeOrder::as_given).error ==
          "cannot open \"" + missing + "\": No such file or directory");
  }

  TEST_CASE("a packet that has no position is not read again") {
    TemporaryFolder folder;
    const std::string path = folder.file("a", pcap(records_at("a", {1})));
    CHECK_FALSE(merge({path, path}, MergeOrder::as_given).source->again(net::no_position));
  }
}
