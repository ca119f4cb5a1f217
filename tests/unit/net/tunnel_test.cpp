// SPDX-License-Identifier: Apache-2.0
#include "net/tunnel.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "net/decode.hpp"
#include "net/defragment.hpp"
#include "support/tunnels.hpp"

using namespace wiretape;
using namespace wiretape::support;
using net::Drop;

namespace {

// Feeds frames as packets numbered from 1; bytes stay where they are.
struct Feed {
  Feed() = default;
  explicit Feed(const std::string& frame) { feed(frame); }

  Drop feed(const std::string& frame) {
    packet = captured(frames.emplace_back(frame));
    packet.number = frames.size();
    net::decode(packet, defragmenter, decoded);
    return decoded.drop;
  }

  std::deque<std::string> frames;
  net::Packet packet;
  std::vector<std::string> given_up;  // payloads of partial segments
  net::Defragmenter defragmenter{{}, [this](const net::GivenUp& datagram) {
                                   net::Decoded partial;
                                   if (net::decode_partial(datagram, partial))
                                     given_up.emplace_back(partial.segment.payload);
                                 }};
  net::Decoded decoded;
  const net::Segment& segment = decoded.segment;
};

const Endpoint client = endpoint("192.168.7.1:40000");
const Endpoint server = endpoint("192.168.7.2:80");
const std::string hello = tcp_packet({.source = client, .destination = server, .payload = "hello"});
const std::string hello_v6 =
    tcp_packet({.source = endpoint("[fd00::1]:40000"), .destination = endpoint("[fd00::2]:80"), .payload = "hello"});

constexpr std::uint16_t bridged = 0x6558;
constexpr std::uint16_t erspan = 0x88be;

struct Tunnel {
  std::string name, packet;
};

std::vector<Tunnel> tunnels() {
  const std::string frame = ethernet(hello);
  const std::string extension = bytes_of({1, 0x85, 9, 0});
  return {
      {"IP in IP", ip_in_ip(hello)},
      {"IPv6 in IPv4", ip_in_ip(hello_v6)},
      {"IPv4 in IPv6", ipv6({.next_header = 4}, hello)},
      {"IPv6 in IPv6", ipv6({.next_header = 41}, hello_v6)},
      {"IP in IP behind an extension header", ipv6({.next_header = 60}, bytes_of({4, 0, 1, 4, 0, 0, 0, 0}) + hello)},
      {"GRE", gre({}, hello)},
      {"GRE in IPv6", ipv6({.next_header = 47}, be16(0) + be16(0x0800) + hello)},
      {"GRE with IPv6", gre({.type = 0x86dd}, hello_v6)},
      {"GRE with a checksum", gre({.flags = 0x8000, .optional = be32(0)}, hello)},
      {"GRE with a key", gre({.flags = 0x2000, .optional = be32(7)}, hello)},
      {"GRE with everything", gre({.flags = 0xb000, .optional = std::string(12, 'x')}, hello)},
      {"GRE with Ethernet", gre({.flags = 0x2000, .type = bridged, .optional = be32(7)}, frame)},
      {"GRE with tagged Ethernet", gre({.type = bridged}, ethernet(hello, {9}))},
      {"ERSPAN I", gre({.type = erspan}, frame)},
      {"ERSPAN II", gre({.flags = 0x1000, .type = erspan, .optional = be32(1)}, std::string(8, '\x10') + frame)},
      {"VXLAN", vxlan(frame)},
      {"VXLAN with IPv6", vxlan(ethernet(hello_v6))},
      {"VXLAN to the port of old", vxlan(frame, 8472)},
      {"VXLAN to the port of VXLAN-GPE", vxlan(frame, 4790)},
      {"IPv4 in VXLAN-GPE", vxlan_gpe(1, hello)},
      {"IPv6 in VXLAN-GPE", vxlan_gpe(2, hello_v6)},
      {"Ethernet in VXLAN-GPE", vxlan_gpe(3, frame)},
      {"Geneve with Ethernet", geneve(bridged, frame)},
      {"Geneve with IPv4 behind options", geneve(0x0800, hello, std::string(252, 'o'))},
      {"Geneve with IPv6", geneve(0x86dd, hello_v6)},
      {"GTP-U", gtp_u(hello)},
      {"GTP-U with IPv6", gtp_u(hello_v6)},
      {"GTP-U with a sequence number", gtp_u(hello, 0x32, be32(0x00010000))},
      {"GTP-U with extension headers",
       gtp_u(hello, 0x34, bytes_of({0, 0, 0, 0x85}) + extension.substr(0, 3) + "\xc0" + extension)},
      {"GTP-U in VXLAN in GRE in IP", ip_in_ip(gre({.type = bridged}, ethernet(vxlan(ethernet(gtp_u(hello))))))},
  };
}

std::string drop_of(const std::string& packet) {
  return std::string(net::name(Feed(ethernet(packet)).decoded.drop));
}

}  // namespace

TEST_SUITE("net tunnel") {
  TEST_CASE("the segment of a tunnel is that of the packet inside") {
    for (const Tunnel& tunnel : tunnels()) {
      CAPTURE(tunnel.name);
      Feed it(ethernet(tunnel.packet, {100}));
      REQUIRE(it.decoded.drop == Drop::none);
      CHECK(it.segment.transport == Transport::tcp);
      CHECK(it.segment.payload == "hello");
      CHECK(it.segment.payload_length == 5);
      CHECK(it.segment.source.port == client.port);
      CHECK(it.segment.destination.address ==
            (it.segment.destination.address.v6 ? address("fd00::2") : server.address));
      CHECK(it.segment.vlan == 100);
      REQUIRE(it.segment.packets.size() == 1);
      CHECK(it.segment.packets.data() == &it.packet);
    }
  }

  TEST_CASE("a datagram to a tunnel's port that carries no packet is a segment itself") {
    const std::string arp = ethernet(0x0806, std::string(28, '\0'));
    const std::string ospf = ethernet(ipv4({.protocol = 89}, std::string(24, 'x')));
    std::string no_identifier = vxlan(ethernet(hello));
    no_identifier[28] = 0;
    std::string other_version = geneve(bridged, ethernet(hello));
    other_version[28] = '\x40';
    const Tunnel rows[] = {
        {"nothing", udp_to(4789, "")},
        {"text", udp_to(6081, "a song of ice and fire, and of thirty-two bytes")},
        {"ARP in VXLAN", vxlan(arp)},
        {"OSPF in VXLAN", vxlan(ospf)},
        {"VXLAN without a valid identifier", no_identifier},
        {"a service header in VXLAN-GPE", vxlan_gpe(4, hello)},
        {"a VXLAN-GPE header that is cut off", udp_to(4790, std::string(7, '\x08'))},
        {"half an IP header in VXLAN", vxlan(ethernet(hello).substr(0, 24))},
        {"half a TCP header in VXLAN", vxlan(ethernet(hello).substr(0, 44))},
        {"Geneve of another version", other_version},
        {"Geneve with options beyond its end", udp_to(6081, bytes_of({63, 0}) + be16(bridged) + std::string(100, 'o'))},
        {"an echo of GTP-U", gtp_u("", 0x32, be32(0x00010000), 1)},
        {"GTP'", gtp_u(hello, 0x20)},
        {"GTP-U with an extension header of no length", gtp_u(hello, 0x34, bytes_of({0, 0, 0, 0x85, 0, 0, 0, 0}))},
        {"a fragment beyond the largest datagram in VXLAN",
         vxlan(ethernet(ipv4({.protocol = 17, .fragment_offset = 65528}, std::string(64, 'x'))))},
    };
    for (const Tunnel& row : rows) {
      CAPTURE(row.name);
      Feed it(ethernet(row.packet));
      REQUIRE(it.decoded.drop == Drop::none);
      CHECK(it.segment.transport == Transport::udp);
      CHECK(it.segment.source == endpoint("10.0.0.1:40000"));
      CHECK(it.segment.destination.address == address("10.0.0.2"));
      CHECK(it.segment.payload == row.packet.substr(28));
      CHECK(it.segment.payload_length == row.packet.size() - 28);
    }
  }

  TEST_CASE("the way back from a tunnel's port is no tunnel") {
    Udp answer{.payload = vxlan(ethernet(hello)).substr(28)};
    answer.source.port = 4789;
    CHECK(Feed(udp_frame(answer)).segment.transport == Transport::udp);
  }

  TEST_CASE("why an IP tunnel carries no segment") {
    const struct {
      std::string packet, reason;
    } rows[] = {
        {gre({}, ""), "header cut off"},
        {ipv4({.protocol = 47}, "gre"), "header cut off"},
        {ipv4({.protocol = 4}, ""), "header cut off"},
        {ipv4({.protocol = 4}, hello_v6), "contradictory header"},
        {gre({.flags = 0x3000}, ""), "header cut off"},
        {gre({.flags = 0x0001, .type = 0x880b}, "ppp"), "unknown transport protocol"},
        {gre({.flags = 0x4000, .optional = be32(0)}, hello), "unknown transport protocol"},
        {gre({.type = 0x0806}, std::string(28, '\0')), "not IP"},
        {gre({.flags = 0x1000, .type = erspan, .optional = be32(1)}, "short"), "header cut off"},
        {ip_in_ip(ipv4({.protocol = 89}, std::string(24, 'x'))), "unknown transport protocol"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.packet.size());
      CHECK(drop_of(row.packet) == row.reason);
    }
  }

  TEST_CASE("hostile nesting: four tunnels are opened, and a deeper packet stays closed") {
    const auto nested = [](int depth, const std::function<std::string(const std::string&)>& wrap) {
      std::string packet = hello;
      for (int i = 0; i < depth; ++i) packet = wrap(packet);
      return packet;
    };
    const auto in_ip = [](const std::string& packet) { return ip_in_ip(packet); };
    const auto in_vxlan = [](const std::string& packet) { return vxlan(ethernet(packet)); };

    CHECK(Feed(ethernet(nested(4, in_ip))).segment.payload == "hello");
    CHECK(drop_of(nested(5, in_ip)) == "unknown transport protocol");
    CHECK(drop_of(nested(1000, in_ip)) == "unknown transport protocol");

    CHECK(Feed(ethernet(nested(4, in_vxlan))).segment.payload == "hello");
    Feed deep(ethernet(nested(100, in_vxlan)));
    CHECK(deep.decoded.drop == Drop::none);
    CHECK(deep.segment.payload == nested(96, in_vxlan).substr(28));

    // Of what is closed, the innermost datagram around it is the segment.
    const std::string closed = nested(9, in_ip);
    Feed around(ethernet(ip_in_ip(vxlan(ethernet(closed)))));
    CHECK(around.segment.transport == Transport::udp);
    CHECK(around.segment.payload_length == 16 + 14 + closed.size() - 8);
  }

  TEST_CASE("fragments inside a tunnel make their datagram") {
    const std::string datagram = udp({.payload = "abcdefghijklmnopqrstuvwxyz"});
    const auto fragment = [&](std::size_t from, std::size_t to) {
      return ipv4({.protocol = 17, .fragment_offset = from, .more_fragments = to < datagram.size()},
                  datagram.substr(from, to - from));
    };
    Feed it;
    CHECK(it.feed(ethernet(vxlan(ethernet(fragment(0, 16))))) == Drop::fragment_held);
    REQUIRE(it.feed(ethernet(gre({}, fragment(16, datagram.size())))) == Drop::none);
    CHECK(it.segment.payload == "abcdefghijklmnopqrstuvwxyz");
    CHECK(it.segment.destination.port == 53);
    CHECK(it.segment.packets.size() == 2);
  }

  TEST_CASE("a tunnel whose own datagrams came in fragments, with fragments inside") {
    const std::string datagram = udp({.payload = std::string(64, 'a') + std::string(64, 'b')});
    const auto send = [&](Feed& to, std::uint16_t id, std::size_t from, std::size_t until) {
      const std::string inner =
          ipv4({.protocol = 17, .fragment_offset = from, .more_fragments = until < datagram.size()},
               datagram.substr(from, until - from));
      const std::string outer = vxlan(ethernet(inner)).substr(20);
      to.feed(ethernet(ipv4({.protocol = 17, .identification = id, .more_fragments = true}, outer.substr(0, 64))));
      return to.feed(ethernet(ipv4({.protocol = 17, .identification = id, .fragment_offset = 64}, outer.substr(64))));
    };
    Feed it;
    CHECK(send(it, 1, 0, 64) == Drop::fragment_held);
    REQUIRE(send(it, 2, 64, datagram.size()) == Drop::none);
    CHECK(it.segment.payload == std::string(64, 'a') + std::string(64, 'b'));
    std::vector<std::uint64_t> numbers;
    for (const net::Packet& packet : it.segment.packets) {
      numbers.push_back(packet.number);
      CHECK(packet.data == it.frames[packet.number - 1]);
    }
    CHECK(numbers == std::vector<std::uint64_t>{1, 2, 3, 4});
    CHECK(it.defragmenter.memory() == 0);

    Feed lossy;
    CHECK(send(lossy, 1, 0, 64) == Drop::fragment_held);
    lossy.defragmenter.drain();
    CHECK(lossy.given_up == std::vector<std::string>{std::string(56, 'a')});
  }

  TEST_CASE("a tunnel's datagram that lacks its end: the beginning of the packet inside") {
    const std::string inner = tcp_packet({.source = client, .destination = server, .payload = std::string(100, 'x')});
    const std::string outer = vxlan(ethernet(inner)).substr(20);
    Feed it;
    it.feed(ethernet(ipv4({.protocol = 17, .more_fragments = true}, outer.substr(0, 80))));
    it.defragmenter.drain();
    CHECK(it.given_up == std::vector<std::string>{std::string(80 - 8 - 8 - 14 - 40, 'x')});

    // A fragment inside waits for nobody: the datagram around it is told.
    const std::string fragment = ipv4({.protocol = 17, .more_fragments = true}, udp({.payload = std::string(80, 'y')}));
    const std::string around = vxlan(ethernet(fragment)).substr(20);
    Feed nested;
    nested.feed(ethernet(ipv4({.protocol = 17, .more_fragments = true}, around.substr(0, 80))));
    nested.defragmenter.drain();
    CHECK(nested.given_up == std::vector<std::string>{around.substr(8, 72)});
  }

  TEST_CASE("a snapshot length that cuts inside a tunnel leaves the true length") {
    const std::string frame = ethernet(vxlan(ethernet(hello)));
    Feed it;
    it.packet = captured(frame);
    it.packet.data.remove_suffix(3);
    net::decode(it.packet, it.defragmenter, it.decoded);
    CHECK(it.segment.payload == "he");
    CHECK(it.segment.payload_length == 5);
  }

  TEST_CASE("every cut and every flipped byte of every tunnel is read without harm") {
    for (const Tunnel& tunnel : tunnels()) {
      CAPTURE(tunnel.name);
      const std::string frame = ethernet(tunnel.packet);
      for (std::size_t size = 0; size <= frame.size(); ++size) {
        // A block of its own size: a sanitizer sees every byte read behind it.
        const std::vector<char> exact(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
        net::Packet packet = captured(frame);
        packet.data = {exact.data(), exact.size()};
        net::Defragmenter defragmenter;
        net::Decoded decoded;
        net::decode(packet, defragmenter, decoded);
        CHECK((decoded.drop != Drop::none || decoded.segment.payload.size() <= size));
      }
      for (std::size_t at = 14; at < frame.size(); ++at) {
        for (const char flip : {'\x01', '\x80', '\xff'}) {
          std::string damaged = frame;
          damaged[at] = static_cast<char>(damaged[at] ^ flip);
          Feed it(damaged);
          CHECK((it.decoded.drop != Drop::none || it.segment.payload.size() <= damaged.size()));
        }
      }
    }
  }
}
