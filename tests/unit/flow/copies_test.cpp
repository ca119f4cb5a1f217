// SPDX-License-Identifier: Apache-2.0
#include "flow/copies.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "net/decode.hpp"
#include "net/defragment.hpp"
#include "support/packets.hpp"
#include "support/tunnels.hpp"

using namespace wiretape;
using namespace wiretape::support;
using net::LinkType;

namespace {

constexpr std::int64_t millisecond = 1'000'000;

// What is seen where, and when: "a" and "b" are interfaces of the source.
struct Seen {
  std::string frame;
  char interface = 'a';
  std::int64_t time = 0;
  LinkType link = LinkType::ethernet;
};

// A packet of "any" at an interface, with the kernel's word for where it is going.
std::string cooked(std::uint32_t interface, unsigned packet_type, const std::string& packet) {
  return be16(0x0800) + be16(0) + be32(interface) + be16(1) + bytes_of({packet_type, 6}) + std::string(8, '\2') +
         packet;
}
constexpr unsigned incoming = 0, outgoing = 4;

class Path {
 public:
  bool copy(const Seen& seen) {
    packet_ = {.time = {seen.time},
               .data = seen.frame,
               .original_length = static_cast<std::uint32_t>(seen.frame.size() + not_captured),
               .link = seen.link,
               .interface = static_cast<std::uint32_t>(seen.interface)};
    net::decode(packet_, defragmenter_, decoded_);
    REQUIRE(decoded_.drop == net::Drop::none);
    return copies_.seen(decoded_.segment);
  }

  std::size_t not_captured = 0;

 private:
  flow::Copies copies_;
  net::Defragmenter defragmenter_;
  net::Decoded decoded_;
  net::Packet packet_;
};

// One letter for each: K is kept, c is a copy.
std::string verdicts(const std::vector<Seen>& all) {
  Path path;
  std::string out;
  for (const Seen& seen : all) out += path.copy(seen) ? 'c' : 'K';
  return out;
}

const std::string call = tcp_frame({.sequence = 7, .payload = "GET / HTTP/1.1\r\n\r\n"});
const std::string syn = tcp_frame({.sequence = 6, .flags = 0x02});
const std::string query = udp_frame({.payload = "who is example.org?"});
const std::string ping = ethernet(ipv4({.protocol = 1}, bytes_of({8, 0, 0, 0, 0, 1, 0, 1}) + "ping"));

std::string with_ttl(std::uint8_t ttl, std::uint16_t checksum) {
  std::string frame = call;
  constexpr std::size_t ip = 14;
  frame[ip + 8] = static_cast<char>(ttl);
  frame.replace(ip + 10, 2, be16(checksum));
  frame.replace(ip + 20 + 16, 2, be16(checksum + 1U));
  return frame;
}

}  // namespace

TEST_SUITE("flow copies") {
  TEST_CASE("a packet on its way through a machine is seen once") {
    const std::string inner = call.substr(14);
    const struct {
      std::string situation;
      std::vector<Seen> packets;
      std::string verdicts;
    } rows[] = {
        {"at a bridge and at both its ports", {{call, 'a'}, {call, 'b', 1000}, {call, 'c', 2000}}, "Kcc"},
        {"UDP", {{query, 'a'}, {query, 'b', 1000}}, "Kc"},
        {"a ping", {{ping, 'a'}, {ping, 'b', 1000}}, "Kc"},
        {"forwarded: another time to live, other checksums", {{call, 'a'}, {with_ttl(3, 77), 'b', 1000}}, "Kc"},
        {"with a VLAN tag here and without it there", {{ethernet(inner, {100}), 'a'}, {call, 'b', 1000}}, "Kc"},
        {"over links of different kinds", {{call, 'a'}, {inner, 'b', 1000, LinkType::raw}}, "Kc"},
        {"in a tunnel, then out of it", {{ethernet(vxlan(call)), 'a'}, {call, 'b', 1000}}, "Kc"},
        {"before a tunnel, then in it", {{call, 'a'}, {ethernet(vxlan(call)), 'b', 1000}}, "Kc"},
        {"the interfaces are read one after the other", {{call, 'b', 90 * millisecond}, {call, 'a', 0}}, "Kc"},
        {"a second later it is not the same any more", {{call, 'a'}, {call, 'b', 1001 * millisecond}}, "KK"},
        {"nor when it is from a second before", {{call, 'a', 1001 * millisecond}, {call, 'b', 0}}, "KK"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      CHECK(verdicts(row.packets) == row.verdicts);
    }
  }

  TEST_CASE("what is sent twice is kept twice") {
    const std::int64_t later = 200 * millisecond;
    const struct {
      std::string situation;
      std::vector<Seen> packets;
      std::string verdicts;
    } rows[] = {
        {"a SYN", {{syn, 'a', 0}, {syn, 'a', later}}, "KK"},
        {"two questions alike", {{query, 'a', 0}, {query, 'a', later}}, "KK"},
        {"each with its copy", {{call, 'a'}, {call, 'b', 1}, {call, 'a', later}, {call, 'b', later + 1}}, "KcKc"},
        {"both before their copies", {{call, 'a'}, {call, 'a', later}, {call, 'b', 1}, {call, 'b', later + 1}}, "KKcc"},
        {"a copy before the second one", {{call, 'a'}, {call, 'b', 1}, {call, 'b', later}, {call, 'a', later}}, "KccK"},
        {"again and again for longer than a second",
         {{syn, 'a', 0},
          {syn, 'a', 900 * millisecond},
          {syn, 'b', 901 * millisecond},
          {syn, 'a', 1800 * millisecond},
          {syn, 'b', 1801 * millisecond}},
         "KKcKc"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      CHECK(verdicts(row.packets) == row.verdicts);
    }
  }

  TEST_CASE("an interface that goes silent loses nothing") {
    Path path;
    for (std::uint32_t at = 0; at < 100; ++at) {
      const std::string frame = tcp_frame({.sequence = at, .payload = "x"});
      const std::int64_t time = at * millisecond;
      if (at < 50) CHECK_FALSE(path.copy({frame, 'a', time}));
      CHECK(path.copy({frame, 'b', time + 1}) == (at < 50));
    }
    // What only the other one shows stays its own, also when the first one comes back.
    const std::string last = tcp_frame({.sequence = 99, .payload = "x"});
    CHECK(path.copy({last, 'a', 100 * millisecond}));
    CHECK_FALSE(path.copy({last, 'b', 101 * millisecond}));
  }

  TEST_CASE("the interfaces of \"any\" are told apart by the packets themselves, and in from out") {
    const std::string inner = call.substr(14);
    const LinkType link = LinkType::linux_sll2;
    const struct {
      std::string situation;
      std::vector<Seen> packets;
      std::string verdicts;
    } rows[] = {
        {"out of one end of a veth pair, in at the other",
         {{cooked(3, outgoing, inner), 'a', 0, link}, {cooked(4, incoming, inner), 'a', 1, link}},
         "Kc"},
        {"in and out again of the same interface",
         {{cooked(3, incoming, inner), 'a', 0, link}, {cooked(3, outgoing, inner), 'a', 1, link}},
         "Kc"},
        {"in twice: sent twice",
         {{cooked(3, incoming, inner), 'a', 0, link}, {cooked(3, incoming, inner), 'a', 1, link}},
         "KK"},
        {"a port of a bridge by its name, and \"any\"",
         {{call, 'a', 0}, {cooked(3, incoming, inner), 'b', 1, link}},
         "Kc"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      CHECK(verdicts(row.packets) == row.verdicts);
    }
  }

  TEST_CASE("packets that differ are no copies of one another") {
    const Tcp base{.sequence = 7, .acknowledgment = 9, .payload = std::string(300, 'x')};
    const auto tcp_with = [&](const std::function<void(Tcp&)>& change) {
      Tcp changed = base;
      change(changed);
      return tcp_frame(changed);
    };
    const auto udp_with = [](const std::string& payload) { return udp_frame({.payload = payload}); };
    const auto icmp = [](unsigned type, unsigned id, unsigned sequence) {
      return ethernet(ipv4({.protocol = 1}, bytes_of({type, 0, 0, 0, 0, id, 0, sequence}) + "ping"));
    };
    const struct {
      std::string situation, one, other;
    } rows[] = {
        {"sequence", tcp_frame(base), tcp_with([](Tcp& it) { ++it.sequence; })},
        {"acknowledgment", tcp_frame(base), tcp_with([](Tcp& it) { ++it.acknowledgment; })},
        {"sequence and acknowledgment exchanged", tcp_frame(base),
         tcp_with([](Tcp& it) { std::swap(it.sequence, it.acknowledgment); })},
        {"flags", tcp_frame(base), tcp_with([](Tcp& it) { it.flags |= 0x08; })},
        {"window", tcp_frame(base), tcp_with([](Tcp& it) { --it.window; })},
        {"port", tcp_frame(base), tcp_with([](Tcp& it) { it.source.port = 40001; })},
        {"address", tcp_frame(base), tcp_with([](Tcp& it) { it.destination.address = address("10.0.0.3"); })},
        {"direction", tcp_frame(base), tcp_with([](Tcp& it) { std::swap(it.source, it.destination); })},
        {"length", tcp_frame(base), tcp_with([](Tcp& it) { it.payload += 'x'; })},
        {"first byte", tcp_frame(base), tcp_with([](Tcp& it) { it.payload.front() = 'y'; })},
        {"last byte", tcp_frame(base), tcp_with([](Tcp& it) { it.payload.back() = 'y'; })},
        {"transport", tcp_with([](Tcp& it) { it = {.payload = ""}; }), udp_with("")},
        {"no payload and a zero", udp_with(""), udp_with(std::string(1, '\0'))},
        {"one byte of a short datagram", udp_with("abc"), udp_with("abd")},
        {"the echo and its answer", icmp(8, 1, 1), icmp(0, 1, 1)},
        {"the next echo", icmp(8, 1, 1), icmp(8, 1, 2)},
        {"another one's echo", icmp(8, 1, 1), icmp(8, 2, 1)},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      CHECK(verdicts({{row.one, 'a'}, {row.other, 'b', 1}}) == "KK");
      CHECK(verdicts({{row.one, 'a'}, {row.one, 'b', 1}}) == "Kc");
      CHECK(verdicts({{row.other, 'a'}, {row.other, 'b', 1}}) == "Kc");
    }
  }

  TEST_CASE("every byte of a payload up to 128 bytes counts") {
    for (const std::size_t length : {1U, 15U, 16U, 17U, 64U, 65U, 127U, 128U}) {
      const std::string payload(length, 'x');
      for (std::size_t at = 0; at < length; ++at) {
        std::string other = payload;
        other[at] = 'y';
        CAPTURE(length);
        CAPTURE(at);
        CHECK(verdicts({{udp_frame({.payload = payload}), 'a'}, {udp_frame({.payload = other}), 'b', 1}}) == "KK");
      }
    }
  }

  TEST_CASE("what an earlier packet left in the fields of another transport does not count") {
    Path path;
    CHECK_FALSE(path.copy({query, 'a', 0}));
    CHECK_FALSE(path.copy({tcp_frame({.sequence = 1234, .flags = 0x12, .window = 99}), 'a', 0}));
    CHECK(path.copy({query, 'b', 1}));
    CHECK_FALSE(path.copy({ping, 'a', 1}));
    CHECK(path.copy({query, 'c', 1}));
  }

  TEST_CASE("a packet that the snapshot length cuts at different places is the same packet") {
    Path path;
    const std::string whole = tcp_frame({.sequence = 7, .payload = std::string(200, 'x')});
    const auto cut = [&](std::size_t by) {
      path.not_captured = by;
      return whole.substr(0, whole.size() - by);
    };
    CHECK_FALSE(path.copy({cut(96), 'a', 0}));
    CHECK(path.copy({cut(100), 'b', 1}));
  }

  TEST_CASE("times that a file makes up do no harm") {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    CHECK(verdicts({{call, 'a', least}, {call, 'b', least + 1001 * millisecond}}) == "KK");
    CHECK(verdicts({{call, 'a', least}, {call, 'b', least + 1}}) == "Kc");
    CHECK(verdicts({{call, 'a', most}, {call, 'b', most - 1}}) == "Kc");
    CHECK(verdicts({{call, 'a', most}, {call, 'b', most - 1001 * millisecond}}) == "KK");
    CHECK(verdicts({{call, 'a', -1}, {call, 'b', 1}}) == "Kc");
  }

  TEST_CASE("some thousand packets may come between a packet and its copy") {
    Path path;
    std::vector<std::string> frames;
    for (std::uint32_t at = 0; at < 4000; ++at) frames.push_back(tcp_frame({.sequence = at, .payload = "x"}));
    for (const std::string& frame : frames) CHECK_FALSE(path.copy({frame, 'a', 0}));
    std::size_t found = 0;
    for (const std::string& frame : frames) found += path.copy({frame, 'b', 1}) ? 1 : 0;
    CHECK(found > 3800);
  }
}
