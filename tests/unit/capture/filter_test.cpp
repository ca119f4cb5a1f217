// SPDX-License-Identifier: Apache-2.0
#include "capture/filter.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/packets.hpp"

using namespace wiretape;
using namespace wiretape::support;
using net::LinkType;

TEST_SUITE("capture filter") {
  TEST_CASE("filter, packet -> verdict") {
    const std::string web = tcp_frame({.payload = "GET /"});
    const std::string dns = udp_frame({.payload = "query"});
    const std::string raw = tcp_packet({});
    const std::string tagged = ethernet(tcp_packet({}), {100});
    const struct {
      std::string text, frame;
      LinkType link;
      bool matches;
    } rows[] = {
        {"", web, LinkType::ethernet, true},
        {"tcp port 80", web, LinkType::ethernet, true},
        {"tcp port 80", dns, LinkType::ethernet, false},
        {"udp and host 10.0.0.2", dns, LinkType::ethernet, true},
        {"less 60", web, LinkType::ethernet, true},
        {"tcp port 80", tagged, LinkType::ethernet, false},
        {"vlan 100 and tcp port 80", tagged, LinkType::ethernet, true},
        {"tcp port 80", raw, LinkType::raw, true},
        {"udp", raw, LinkType::raw, false},
        {"tcp", le32(2) + raw, LinkType::null, true},
        {"tcp", "", LinkType::ethernet, false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      const auto filter = capture::compile_filter(row.text, row.link, 262144);
      REQUIRE(filter);
      CHECK(filter->matches(captured(row.frame, {}, row.link)) == row.matches);
    }
  }

  TEST_CASE("the length on the wire counts, not what was captured") {
    const std::string frame = tcp_frame({});
    net::Packet packet = captured(frame);
    packet.original_length = 1500;
    CHECK(capture::compile_filter("greater 1000", LinkType::ethernet, 262144)->matches(packet));
  }

  TEST_CASE("an error is said in libpcap's words") {
    const auto filter = capture::compile_filter("tcp prot 80", LinkType::ethernet, 262144);
    REQUIRE_FALSE(filter);
    CHECK(filter.error().kind == ErrorKind::statement);
    CHECK(filter.error().message.find("packet filter: ") == 0);
    CHECK(filter.error().message.find("syntax error") != std::string::npos);
  }

  TEST_CASE("a filter can be moved") {
    auto first = capture::compile_filter("udp", LinkType::ethernet, 262144);
    REQUIRE(first);
    capture::Filter second = std::move(*first);
    const std::string frame = udp_frame({});
    CHECK(second.matches(captured(frame)));
  }
}
