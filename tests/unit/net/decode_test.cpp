// SPDX-License-Identifier: Apache-2.0
#include "net/decode.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "net/defragment.hpp"
#include "support/packets.hpp"

using namespace wiretape;
using namespace wiretape::support;
using net::Drop;
using net::LinkType;

namespace {

struct Decoding {
  explicit Decoding(std::string bytes, LinkType link = LinkType::ethernet, std::uint32_t original_length = 0)
      : frame(std::move(bytes)), packet(captured(frame, {}, link)) {
    if (original_length != 0) packet.original_length = original_length;
    net::decode(packet, defragmenter, decoded);
  }
  std::string frame;
  net::Packet packet;
  net::Defragmenter defragmenter;
  net::Decoded decoded;
  const net::Segment& segment = decoded.segment;
};

std::string drop_of(const std::string& frame, LinkType link = LinkType::ethernet) {
  return std::string(net::name(Decoding(frame, link).decoded.drop));
}

const std::string hello = tcp_packet({.payload = "hello"});
const std::string hello_v6 = tcp_packet(
    {.source = endpoint("[2001:db8::1]:40000"), .destination = endpoint("[2001:db8::2]:80"), .payload = "hello"});

std::string pppoe(std::uint16_t protocol, const std::string& packet) {
  return bytes_of({0x11, 0, 0, 7}) + be16(packet.size() + 2) + be16(protocol) + packet;
}

std::string sll(std::uint16_t type, const std::string& packet) {
  return be16(0) + be16(1) + be16(6) + std::string(8, '\x02') + be16(type) + packet;
}

std::string sll2(std::uint16_t type, const std::string& packet) {
  return be16(type) + be16(0) + be32(3) + be16(1) + bytes_of({0, 6}) + std::string(8, '\x02') + packet;
}

std::string pktap(std::uint32_t link, const std::string& frame) {
  return le32(108) + le32(1) + le32(link) + std::string(96, '\0') + frame;
}

std::string nflog(const std::string& packet) {
  const std::string prefix = le16(8) + le16(10) + std::string("abc\0", 4);
  const std::string odd = le16(5) + le16(3) + std::string("x\0\0\0", 4);  // padded to four bytes
  return bytes_of({2, 0, 0, 1}) + prefix + odd + le16(4 + packet.size()) + le16(9) + packet;
}

std::string icmp(unsigned type, unsigned code, const std::string& rest, const std::string& payload) {
  return bytes_of({type, code, 0xab, 0xcd}) + rest + payload;
}

}  // namespace

TEST_SUITE("net decode") {
  TEST_CASE("a TCP segment: every field of its header") {
    Decoding it(tcp_frame({.source = endpoint("10.1.2.3:1234"),
                           .destination = endpoint("10.4.5.6:80"),
                           .sequence = 0xfffffffe,
                           .acknowledgment = 77,
                           .flags = net::TcpFlags::psh | net::TcpFlags::ack,
                           .window = 512,
                           .urgent = 9,
                           .options = std::string(12, '\1'),
                           .payload = "GET /"}));
    REQUIRE(it.decoded.drop == Drop::none);
    CHECK(it.segment.transport == Transport::tcp);
    CHECK(it.segment.source == endpoint("10.1.2.3:1234"));
    CHECK(it.segment.destination == endpoint("10.4.5.6:80"));
    CHECK(it.segment.sequence == 0xfffffffe);
    CHECK(it.segment.acknowledgment == 77);
    CHECK(it.segment.flags == 0x18);
    CHECK(it.segment.window == 512);
    CHECK(it.segment.urgent == 9);
    CHECK(it.segment.payload == "GET /");
    CHECK(it.segment.payload_length == 5);
    CHECK(it.segment.vlan == 0);
    CHECK(it.segment.quotes == false);
    REQUIRE(it.segment.packets.size() == 1);
    CHECK(it.segment.packets.data() == &it.packet);
  }

  TEST_CASE("the same segment in every link type") {
    const struct {
      std::string name, frame;
      LinkType link;
    } rows[] = {
        {"ethernet", ethernet(hello), LinkType::ethernet},
        {"ethernet v6", ethernet(hello_v6), LinkType::ethernet},
        {"ethernet with a trailer", ethernet(hello) + "PADDING", LinkType::ethernet},
        {"snap",
         bytes_of({2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}) + be16(8 + hello.size()) +
             bytes_of({0xaa, 0xaa, 3, 0, 0, 0, 8, 0}) + hello,
         LinkType::ethernet},
        {"mpls", ethernet(0x8847, be32(0x00010000) + be32(0x00011100) + hello), LinkType::ethernet},
        {"pppoe", ethernet(0x8864, pppoe(0x0021, hello)), LinkType::ethernet},
        {"pppoe v6", ethernet(0x8864, pppoe(0x0057, hello_v6)), LinkType::ethernet},
        {"sll", sll(0x0800, hello), LinkType::linux_sll},
        {"sll v6", sll(0x86dd, hello_v6), LinkType::linux_sll},
        {"sll2", sll2(0x0800, hello), LinkType::linux_sll2},
        {"sll2 v6", sll2(0x86dd, hello_v6), LinkType::linux_sll2},
        {"null, little-endian", le32(2) + hello, LinkType::null},
        {"null, big-endian", be32(2) + hello, LinkType::null},
        {"null, IPv6 on macOS", le32(30) + hello_v6, LinkType::null},
        {"null, IPv6 on FreeBSD", le32(28) + hello_v6, LinkType::null},
        {"null, IPv6 on OpenBSD", le32(24) + hello_v6, LinkType::null},
        {"null, IPv6 on Linux", le32(10) + hello_v6, LinkType::null},
        {"null with more than the family in its bytes", std::string("\x0f\0\x08\0", 4) + hello, LinkType::null},
        {"loop", be32(2) + hello, LinkType::loop},
        {"raw", hello, LinkType::raw},
        {"raw v6", hello_v6, LinkType::raw},
        {"raw as BSD numbers it", hello, LinkType::raw_bsd},
        {"raw as OpenBSD numbers it", hello, LinkType::raw_openbsd},
        {"ipv4", hello, LinkType::ipv4},
        {"ipv6", hello_v6, LinkType::ipv6},
        {"nflog", nflog(hello), LinkType::nflog},
        {"pktap over ethernet", pktap(1, ethernet(hello)), LinkType::pktap},
        {"pktap over raw", pktap(12, hello_v6), LinkType::pktap},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      Decoding it(row.frame, row.link);
      CHECK(it.decoded.drop == Drop::none);
      CHECK(it.segment.payload == "hello");
      CHECK(it.segment.payload_length == 5);
      CHECK(it.segment.source.port == 40000);
      CHECK(it.segment.destination.port == 80);
    }
  }

  TEST_CASE("VLAN tags: the outermost identifier is the segment's") {
    CHECK(Decoding(ethernet(hello, {100})).segment.vlan == 100);
    CHECK(Decoding(ethernet(hello, {100, 200})).segment.vlan == 100);
    CHECK(Decoding(ethernet(hello, {0xe064})).segment.vlan == 100);  // with a priority
    CHECK(Decoding(ethernet(hello_v6, {7})).segment.payload == "hello");
    CHECK(Decoding(sll(0x8100, be16(33) + be16(0x0800) + hello), LinkType::linux_sll).segment.vlan == 33);

    const std::vector<std::uint16_t> eight(8, 5);
    CHECK(Decoding(ethernet(hello, eight)).segment.payload == "hello");
    const std::vector<std::uint16_t> nine(9, 5);
    CHECK(drop_of(ethernet(hello, nine)) == "contradictory header");
  }

  TEST_CASE("why a packet is in no stream") {
    std::string short_ip = hello;
    short_ip[3] = 10;  // total length
    std::string short_header = hello;
    short_header[0] = 0x44;
    std::string wrong_version = hello;
    wrong_version[0] = 0x55;
    std::string tcp_offset_small = tcp({});
    tcp_offset_small[12] = 0x40;
    std::string tcp_offset_large = tcp({});
    tcp_offset_large[12] = static_cast<char>(0xf0);
    std::string udp_short = udp({.payload = "x"});
    udp_short[5] = 7;
    const struct {
      std::string frame;
      LinkType link;
      std::string reason;
    } rows[] = {
        {"", LinkType::ethernet, "header cut off"},
        {std::string(13, 'x'), LinkType::ethernet, "header cut off"},
        {ethernet(0x0806, std::string(28, '\0')), LinkType::ethernet, "not IP"},
        {ethernet(0x0026, std::string(38, 'B')), LinkType::ethernet, "not IP"},
        {ethernet(0x0800, ""), LinkType::ethernet, "header cut off"},
        {ethernet(0x0800, wrong_version), LinkType::ethernet, "contradictory header"},
        {ethernet(0x0800, short_ip), LinkType::ethernet, "contradictory header"},
        {ethernet(0x0800, short_header), LinkType::ethernet, "contradictory header"},
        {ethernet(0x8847, be32(0)), LinkType::ethernet, "header cut off"},
        {ethernet(0x8847, be32(0x0100) + "\x05"), LinkType::ethernet, "not IP"},
        {ethernet(0x8864, pppoe(0xc021, "lcp")), LinkType::ethernet, "not IP"},
        {ethernet(ip(address("10.0.0.1"), address("10.0.0.2"), 50, "esp")), LinkType::ethernet,
         "unknown transport protocol"},
        {ethernet(ip(address("10.0.0.1"), address("10.0.0.2"), 58, std::string(8, 'x'))), LinkType::ethernet,
         "unknown transport protocol"},
        {ethernet(ip(address("10.0.0.1"), address("10.0.0.2"), 6, tcp_offset_small)), LinkType::ethernet,
         "contradictory header"},
        {ethernet(ip(address("10.0.0.1"), address("10.0.0.2"), 6, tcp_offset_large)), LinkType::ethernet,
         "contradictory header"},
        {ethernet(ip(address("10.0.0.1"), address("10.0.0.2"), 6, "short")), LinkType::ethernet,
         "contradictory header"},
        {ethernet(ip(address("10.0.0.1"), address("10.0.0.2"), 17, udp_short)), LinkType::ethernet,
         "contradictory header"},
        {le32(99) + hello, LinkType::null, "not IP"},
        {hello_v6, LinkType::ipv4, "contradictory header"},
        {"\x10", LinkType::raw, "not IP"},
        {bytes_of({2, 0, 0, 1}) + le16(4) + le16(3), LinkType::nflog, "not IP"},
        {bytes_of({2, 0, 0, 1}) + le16(0) + le16(0), LinkType::nflog, "contradictory header"},
        {pktap(258, pktap(1, ethernet(hello))), LinkType::pktap, "contradictory header"},
        {hello, static_cast<LinkType>(147), "unknown link type"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.frame.size());
      CAPTURE(row.reason);
      CHECK(drop_of(row.frame, row.link) == row.reason);
    }
  }

  TEST_CASE("the IP length cuts off Ethernet's padding") {
    const std::string ack = tcp_packet({});
    Decoding it(ethernet(ack) + std::string(6, '\0'));
    CHECK(it.segment.payload.empty());
    CHECK(it.segment.payload_length == 0);
  }

  TEST_CASE("segmentation offload: a length of 0 means to the end of the frame") {
    std::string v4 = hello;
    v4[2] = v4[3] = 0;
    CHECK(Decoding(ethernet(0x0800, v4)).segment.payload == "hello");
    std::string v6 = hello_v6;
    v6[4] = v6[5] = 0;
    CHECK(Decoding(ethernet(0x86dd, v6)).segment.payload == "hello");

    const std::string frame = ethernet(0x0800, v4);
    Decoding cut(frame.substr(0, frame.size() - 2), LinkType::ethernet, static_cast<std::uint32_t>(frame.size()) + 10);
    CHECK(cut.segment.payload == "hel");
    CHECK(cut.segment.payload_length == 15);
  }

  TEST_CASE("a snapshot length that cuts the payload leaves its true length") {
    const std::string frame = tcp_frame({.options = std::string(8, '\1'), .payload = "0123456789"});
    const std::size_t fixed_headers = 14 + 20 + 20;
    for (std::size_t size = 0; size < frame.size(); ++size) {
      CAPTURE(size);
      Decoding it(frame.substr(0, size), LinkType::ethernet, static_cast<std::uint32_t>(frame.size()));
      if (size < fixed_headers) {
        CHECK(it.decoded.drop == Drop::truncated);
        continue;
      }
      REQUIRE(it.decoded.drop == Drop::none);
      CHECK(it.segment.payload_length == 10);
      CHECK(it.segment.payload ==
            std::string("0123456789").substr(0, size < fixed_headers + 8 ? 0 : size - fixed_headers - 8));
    }
  }

  TEST_CASE("IPv4 options and IPv6 extension headers stand in front of the transport") {
    CHECK(Decoding(ethernet(ipv4({.options = std::string(8, '\1')}, tcp({.payload = "x"})))).segment.payload == "x");

    const std::string hop_by_hop = bytes_of({43, 0, 1, 4, 0, 0, 0, 0});
    const std::string routing = bytes_of({60, 1}) + std::string(14, '\0');
    const std::string destination = bytes_of({51, 0}) + std::string(6, '\0');
    const std::string authentication = bytes_of({6, 4}) + std::string(22, '\0');
    const std::string chain = hop_by_hop + routing + destination + authentication;
    CHECK(Decoding(ethernet(ipv6({.next_header = 0}, chain + tcp({.payload = "x"})))).segment.payload == "x");
    CHECK(Decoding(ethernet(ipv4({.protocol = 51}, authentication + tcp({.payload = "x"})))).segment.payload == "x");

    std::string endless;
    for (int i = 0; i < 100; ++i) endless += bytes_of({60, 0}) + std::string(6, '\0');
    CHECK(drop_of(ethernet(ipv6({.next_header = 60}, endless))) == "contradictory header");
    CHECK(drop_of(ethernet(ipv6({.next_header = 60}, bytes_of({6, 9}) + std::string(6, '\0')))) ==
          "contradictory header");
    CHECK(drop_of(ethernet(ipv6({.next_header = 59}, ""))) == "unknown transport protocol");
  }

  TEST_CASE("a UDP datagram ends where its own length says") {
    Decoding plain(udp_frame({.payload = "query"}));
    CHECK(plain.segment.transport == Transport::udp);
    CHECK(plain.segment.payload == "query");
    std::string shorter = udp({.payload = "query"});
    shorter[5] = 10;
    CHECK(Decoding(ethernet(ip(address("10.0.0.1"), address("10.0.0.2"), 17, shorter))).segment.payload == "qu");
    std::string longer = udp({.payload = "query"});
    longer[4] = longer[5] = '\xff';
    Decoding beyond(ethernet(ip(address("10.0.0.1"), address("10.0.0.2"), 17, longer)));
    CHECK(beyond.segment.payload == "query");
    CHECK(beyond.segment.payload_length == 5);
  }

  TEST_CASE("an SCTP packet: ports, and its chunks as payload") {
    Decoding it(ethernet(
        ip(address("10.0.0.1"), address("10.0.0.2"), 132, be16(2905) + be16(2906) + be32(1) + be32(0) + "chunks")));
    CHECK(it.segment.transport == Transport::sctp);
    CHECK(it.segment.source.port == 2905);
    CHECK(it.segment.destination.port == 2906);
    CHECK(it.segment.payload == "chunks");
  }

  TEST_CASE("an echo has an identifier and a sequence number, other messages have none") {
    Decoding echo(ethernet(ipv4({.protocol = 1}, icmp(8, 0, be16(0x1234) + be16(7), "data"))));
    CHECK(echo.segment.transport == Transport::icmp);
    CHECK(echo.segment.source.port == 0);
    CHECK(echo.segment.icmp_type == 8);
    CHECK(echo.segment.icmp_id == 0x1234);
    CHECK(echo.segment.icmp_sequence == 7);
    CHECK(echo.segment.icmp_checksum == 0xabcd);
    CHECK(echo.segment.payload == "data");
    Decoding reply(ethernet(ipv6({.next_header = 58}, icmp(129, 0, be16(5) + be16(6), ""))));
    CHECK(reply.segment.icmp_id == 5);
    Decoding solicitation(ethernet(ipv6({.next_header = 58}, icmp(135, 0, be16(5) + be16(6), std::string(16, 'x')))));
    CHECK(solicitation.segment.icmp_id == 0);
    CHECK(solicitation.segment.quotes == false);
  }

  TEST_CASE("an ICMP error belongs to the stream that it quotes") {
    const std::string quoted =
        tcp_packet({.source = endpoint("10.9.0.1:1111"), .destination = endpoint("10.9.0.2:2222")});
    Decoding it(ethernet(ipv4({.protocol = 1}, icmp(3, 3, be32(0), quoted.substr(0, 28)))));
    REQUIRE(it.segment.quotes);
    CHECK(it.segment.quoted_transport == Transport::tcp);
    CHECK(it.segment.quoted_source == endpoint("10.9.0.1:1111"));
    CHECK(it.segment.quoted_destination == endpoint("10.9.0.2:2222"));
    CHECK(it.segment.source.address == address("10.0.0.1"));

    const std::string quoted_v6 =
        udp_packet({.source = endpoint("[2001:db8::9]:53"), .destination = endpoint("[2001:db8::8]:5353")});
    Decoding v6(ethernet(ipv6({.next_header = 58}, icmp(1, 4, be32(0), quoted_v6))));
    REQUIRE(v6.segment.quotes);
    CHECK(v6.segment.quoted_transport == Transport::udp);
    CHECK(v6.segment.quoted_source == endpoint("[2001:db8::9]:53"));
  }

  TEST_CASE("an ICMP error that quotes too little, or a later fragment, quotes no stream") {
    const std::string quoted = tcp_packet({});
    for (std::size_t size = 0; size < 24; ++size) {
      CAPTURE(size);
      Decoding it(ethernet(ipv4({.protocol = 1}, icmp(11, 0, be32(0), quoted.substr(0, size)))));
      CHECK(it.decoded.drop == Drop::none);
      CHECK(it.segment.quotes == false);
    }
    const std::string fragment = ipv4({.fragment_offset = 8}, "0123456789");
    CHECK_FALSE(Decoding(ethernet(ipv4({.protocol = 1}, icmp(11, 0, be32(0), fragment)))).segment.quotes);
  }

  TEST_CASE("an object used again forgets the quote of the packet before") {
    net::Defragmenter defragmenter;
    net::Decoded decoded;
    const std::string error = ethernet(ipv4({.protocol = 1}, icmp(3, 3, be32(0), hello)));
    net::decode(captured(error), defragmenter, decoded);
    REQUIRE(decoded.segment.quotes);
    net::decode(captured(tcp_frame({})), defragmenter, decoded);
    CHECK_FALSE(decoded.segment.quotes);
    CHECK(decoded.segment.source == endpoint("10.0.0.1:40000"));
  }

  TEST_CASE("every cut and every single flipped byte of every kind of packet is read without harm") {
    const std::string packets[] = {
        ethernet(hello, {1, 2}),
        ethernet(ipv6({.next_header = 0},
                      bytes_of({44, 0, 1, 4, 0, 0, 0, 0}) + ipv6_fragment({.more = true}, std::string(16, 'x')))),
        ethernet(ipv4({.protocol = 1}, icmp(3, 3, be32(0), hello))), ethernet(0x8847, be32(0x00011100) + hello),
        ethernet(0x8864, pppoe(0x0057, hello_v6))};
    for (const std::string& frame : packets) {
      for (std::size_t size = 0; size <= frame.size(); ++size) {
        // A block of its own size: a sanitizer sees every byte read behind it.
        const std::vector<char> exact(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
        net::Packet packet = captured(frame);
        packet.data = {exact.data(), exact.size()};
        net::Defragmenter defragmenter;
        net::Decoded decoded;
        net::decode(packet, defragmenter, decoded);
        CHECK(decoded.segment.payload.size() <= size);
      }
      for (std::size_t at = 0; at < frame.size(); ++at) {
        for (const char flip : {'\x01', '\x80', '\xff'}) {
          std::string damaged = frame;
          damaged[at] = static_cast<char>(damaged[at] ^ flip);
          Decoding it(damaged);
          CHECK((it.decoded.drop != Drop::none || it.segment.payload.size() <= damaged.size()));
        }
      }
    }
  }

  TEST_CASE("every reason has a name of its own") {
    for (int a = 0; a < static_cast<int>(Drop::count_); ++a) {
      CHECK_FALSE(net::name(static_cast<Drop>(a)).empty());
      for (int b = 0; b < a; ++b) CHECK(net::name(static_cast<Drop>(a)) != net::name(static_cast<Drop>(b)));
    }
  }
}
