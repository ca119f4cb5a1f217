// SPDX-License-Identifier: Apache-2.0
#include "net/link.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/packets.hpp"

using namespace wiretape;
using namespace wiretape::support;
using net::LinkType;

TEST_SUITE("net link") {
  TEST_CASE("the cooked form of \"any\" says on which interface a packet was seen, and whether it was going out") {
    const std::string head = be16(0x0800) + be16(0);
    const std::string tail = bytes_of({6}) + std::string(8, '\x02');
    const std::string in = head + be32(7) + be16(1) + bytes_of({0}) + tail;
    const std::string out = head + be32(0x12345) + be16(1) + bytes_of({4}) + tail;
    const struct {
      std::string situation, frame;
      LinkType link;
      std::uint32_t interface;
      bool outgoing;
    } rows[] = {
        {"coming in", in, LinkType::linux_sll2, 7, false},
        {"going out", out, LinkType::linux_sll2, 0x12345, true},
        {"a header that is cut off", out.substr(0, 19), LinkType::linux_sll2, 0, false},
        {"no bytes at all", "", LinkType::linux_sll2, 0, false},
        {"the older cooked form, which has no number", out, LinkType::linux_sll, 0, false},
        {"ethernet", out, LinkType::ethernet, 0, false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      const net::LinkPoint point = net::link_point({.data = row.frame, .link = row.link});
      CHECK(point.interface == row.interface);
      CHECK(point.outgoing == row.outgoing);
    }
  }
}
