// SPDX-License-Identifier: Apache-2.0
#include "capture/pcapng.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "capture/reading.hpp"
#include "support/pcapng.hpp"

using namespace wiretape;
using namespace wiretape::support;
using net::LinkType;

namespace {

Reading read_bytes(const std::string& bytes) {
  TemporaryFolder folder;
  return read_file(folder.file("x.pcapng", bytes));
}

std::string error_of(const std::string& bytes) {
  const std::string error = read_bytes(bytes).error;
  const std::size_t at = error.find("x.pcapng\" ");
  return at == std::string::npos ? error : error.substr(at + 10);
}

// The time that one packet has when its interface has these options.
std::int64_t time_of(const std::string& options, std::uint64_t units) {
  const Pcapng make;
  const Reading reading =
      read_bytes(make.section() + make.interface(LinkType::ethernet, options) + make.packet(0, units, "x"));
  REQUIRE(reading.packets.size() == 1);
  return reading.packets[0].packet.time.nanoseconds;
}

}  // namespace

TEST_SUITE("capture pcapng") {
  TEST_CASE("packets of several interfaces in both byte orders") {
    for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
      const Pcapng make(order);
      const Reading reading = read_bytes(
          make.section() + make.interface(LinkType::ethernet, make.option(2, "eth0"), 96) +
          make.interface(LinkType::raw, make.option(1, "a comment") + make.option(9, "\x09")) +
          make.packet(0, 5, "first") + make.packet(1, 7, "second", 1000) + make.obsolete_packet(0, 9, "third"));
      CHECK(reading.error == "");
      REQUIRE(reading.data() == std::vector<std::string>{"first", "second", "third"});
      CHECK(reading.packets[0].packet.time.nanoseconds == 5000);
      CHECK(reading.packets[1].packet.time.nanoseconds == 7);
      CHECK(reading.packets[1].packet.original_length == 1000);
      CHECK(reading.packets[1].packet.interface == 1);
      CHECK(reading.packets[1].packet.link == LinkType::raw);
      CHECK(reading.packets[2].packet.number == 3);
      REQUIRE(reading.source->interfaces().size() == 2);
      CHECK(reading.source->interfaces()[0].name == "eth0");
      CHECK(reading.source->interfaces()[0].snapshot_length == 96);
      CHECK(reading.source->interfaces()[1].name == "");
      CHECK(reading.source->interfaces()[1].snapshot_length == 262144);
    }
  }

  TEST_CASE("sections follow each other, each with its byte order and its interfaces from 0") {
    const Pcapng little(ByteOrder::little);
    const Pcapng big(ByteOrder::big);
    const std::string bytes = little.section() + little.interface(LinkType::ethernet) + little.packet(0, 1, "a") +
                              big.section() + big.interface(LinkType::linux_sll) + big.packet(0, 2, "b") +
                              little.section() + little.interface(LinkType::raw) + little.packet(0, 3, "c");
    TemporaryFolder folder;
    const Reading reading = read_file(folder.file("x", bytes));
    CHECK(reading.error == "");
    REQUIRE(reading.data() == std::vector<std::string>{"a", "b", "c"});
    CHECK(reading.packets[1].packet.interface == 1);
    CHECK(reading.packets[1].packet.link == LinkType::linux_sll);
    CHECK(reading.packets[2].packet.interface == 2);
    for (const Kept& kept : reading.packets) {
      const auto again = reading.source->again(kept.packet.position);
      REQUIRE(again);
      CHECK(again->data == kept.data);
      CHECK(again->time == kept.packet.time);
      CHECK(again->interface == kept.packet.interface);
      CHECK(again->link == kept.packet.link);
    }
  }

  TEST_CASE("the unit of timestamps: powers of ten and of two, and an offset") {
    const Pcapng make;
    const auto resolution = [&](unsigned value) { return make.option(9, bytes_of({value})); };
    CHECK(time_of("", 1'500'000) == 1'500'000'000);
    CHECK(time_of(resolution(0), 3) == 3'000'000'000);
    CHECK(time_of(resolution(9), 3) == 3);
    CHECK(time_of(resolution(12), 3999) == 3);
    CHECK(time_of(resolution(60), 3) == 0);
    CHECK(time_of(resolution(0x80 | 1), 3) == 1'500'000'000);
    CHECK(time_of(resolution(0x80 | 30), std::uint64_t{3} << 29U) == 1'500'000'000);
    CHECK(time_of(resolution(0xff), UINT64_MAX) == 0);
    CHECK(time_of(make.option(14, le32(10) + le32(0)), 1) == 10'000'001'000);
    CHECK(time_of(resolution(0), UINT64_MAX) == INT64_MAX);
    CHECK(time_of(make.option(14, le32(0) + le32(0x80000000)), 1) < 0);
  }

  TEST_CASE("a simple packet is of the first interface, cut to its snapshot length") {
    const Pcapng make;
    const Reading reading = read_bytes(make.section() + make.interface(LinkType::raw, "", 6) +
                                       make.simple_packet("abcdef", 100) + make.simple_packet("abc"));
    CHECK(reading.error == "");
    REQUIRE(reading.data() == std::vector<std::string>{"abcdef", "abc"});
    CHECK(reading.packets[0].packet.original_length == 100);
    CHECK(reading.packets[0].packet.link == LinkType::raw);
    CHECK(reading.packets[0].packet.time.nanoseconds == 0);
  }

  TEST_CASE("blocks of other kinds are stepped over") {
    const Pcapng make;
    const Reading reading = read_bytes(make.section() + make.block(4, std::string(40, 'n')) + make.interface() +
                                       make.block(0x0bad, "") + make.packet(0, 1, "x") + make.block(10, "KEYS"));
    CHECK(reading.error == "");
    CHECK(reading.data() == std::vector<std::string>{"x"});
  }

  TEST_CASE("options that claim more than there is end the list") {
    const Pcapng make;
    const Reading reading = read_bytes(
        make.section() + make.interface(LinkType::ethernet, make.option(2, "eth0") + make.u16(9) + make.u16(500)) +
        make.packet(0, 1, "x"));
    CHECK(reading.data() == std::vector<std::string>{"x"});
    CHECK(reading.source->interfaces()[0].name == "eth0");
  }

  TEST_CASE("damage is named with its place") {
    const Pcapng make;
    const std::string start = make.section() + make.interface();  // 28 + 20 bytes
    const std::string good = start + make.packet(0, 1, "good");
    std::string uneven = make.packet(0, 1, "x");
    uneven[4] = static_cast<char>(uneven[4] + 1);
    std::string different = make.packet(0, 1, "x");
    different.back() = 1;
    const struct {
      std::string bytes, message;
    } rows[] = {
        {start + make.packet(3, 1, "x"),
         "is damaged at byte 48: a packet of interface 3, which is not described; no packet was read before it"},
        {good + uneven, "is damaged at byte 84: a block claims 37 bytes; 1 packet was read before it"},
        {good + different, "is damaged at byte 84: the two lengths of a block differ; 1 packet was read before it"},
        {good + make.block(6, ""),
         "is damaged at byte 84: a packet block that is too short; 1 packet was read before it"},
        {good + make.block(6, make.u32(0) + make.u32(0) + make.u32(0) + make.u32(99) + make.u32(99)),
         "is damaged at byte 84: a packet claims 99 captured bytes in a block of 32; 1 packet was read before it"},
        {good + make.block(1, ""),
         "is damaged at byte 84: an interface description that is too short; 1 packet was read before it"},
        {good + make.block(0x0a0d0d0a, std::string(16, 'x')),
         "is damaged at byte 84: a section header without a byte order; 1 packet was read before it"},
        {make.section() + make.simple_packet("x"),
         "is damaged at byte 28: a packet of interface 0, which is not described; no packet was read before it"},
        {good + "\x06", "is cut off in the record at byte 84; 1 packet was read before it"},
        {make.section().substr(0, 11), "is cut off inside its file header"},
    };
    for (const auto& row : rows) CHECK(error_of(row.bytes) == row.message);
  }

  TEST_CASE("a file of nothing but interfaces is refused before it takes the memory") {
    const Pcapng make;
    std::string bytes = make.section();
    for (int i = 0; i < 65537; ++i) bytes += make.interface();
    CHECK(error_of(bytes) == "is damaged at byte " + std::to_string(28 + 65536 * 20) +
                                 ": more than 65536 interfaces; no packet was read before it");
  }

  TEST_CASE("every cut and every single flipped byte is read without harm, and damage is named") {
    const Pcapng make;
    const std::string whole =
        make.section() + make.interface(LinkType::ethernet, make.option(2, "eth0") + make.option(9, "\x09")) +
        make.packet(0, 1, "packet") + make.simple_packet("simple") + make.obsolete_packet(0, 3, "old");
    REQUIRE(read_bytes(whole).packets.size() == 3);
    TemporaryFolder folder;
    for (std::size_t size = 1; size < whole.size(); ++size) {
      const Reading reading = read_file(folder.file("x", whole.substr(0, size)));
      CHECK((reading.packets.size() < 3));
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const char flip : {'\x01', '\x80', '\xff'}) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        const Reading reading = read_file(folder.file("x", damaged));
        CHECK(reading.packets.size() <= 3);
        for (const Kept& kept : reading.packets) {
          const auto again = reading.source->again(kept.packet.position);
          CHECK((again && again->data == kept.data && again->time == kept.packet.time));
        }
      }
    }
  }
}
