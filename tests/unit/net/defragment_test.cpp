// SPDX-License-Identifier: Apache-2.0
#include "net/defragment.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "net/decode.hpp"
#include "support/packets.hpp"

using namespace wiretape;
using namespace wiretape::support;
using net::Drop;

namespace {

constexpr std::uint8_t udp_number = 17;

// What a segment of a datagram that lacks fragments said.
struct Partial {
  Endpoint source;
  Endpoint destination;
  std::string payload;
  std::uint32_t payload_length = 0;
  std::size_t packets = 0;
  std::uint16_t vlan = 0;
  Timestamp time;
};

// Feeds frames as packets numbered from 1 and remembers what came of them.
struct Fragments {
  explicit Fragments(const net::DefragmentLimits& limits = {})
      : defragmenter(limits, [this](const net::GivenUp& datagram) { remember(datagram); }) {}

  void remember(const net::GivenUp& datagram) {
    for (const net::Packet& each : datagram.packets) given_up.push_back(each.number);
    net::Decoded beginning;
    if (!net::decode_partial(datagram, beginning)) return;
    const net::Segment& segment = beginning.segment;
    partial.push_back({.source = segment.source,
                       .destination = segment.destination,
                       .payload = std::string(segment.payload),
                       .payload_length = segment.payload_length,
                       .packets = segment.packets.size(),
                       .vlan = segment.vlan,
                       .time = segment.time});
  }

  Drop feed(const std::string& frame, Timestamp time = {}, std::uint32_t original_length = 0) {
    const std::string& kept = frames.emplace_back(frame);
    packet = captured(kept, time);
    packet.number = ++number;
    packet.position = number * 1000;
    if (original_length != 0) packet.original_length = original_length;
    net::decode(packet, defragmenter, decoded);
    return decoded.drop;
  }
  [[nodiscard]] std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> out;
    for (const net::Packet& each : decoded.segment.packets) out.push_back(each.number);
    return out;
  }

  std::vector<std::uint64_t> given_up;
  std::vector<Partial> partial;
  net::Defragmenter defragmenter;
  net::Decoded decoded;
  net::Packet packet;
  std::deque<std::string> frames;
  std::uint64_t number = 0;
};

// Bytes [from, to) of a datagram as an IPv4 or IPv6 fragment.
std::string v4(const std::string& datagram, std::size_t from, std::size_t to, std::uint16_t id = 1) {
  return ethernet(ipv4(
      {.protocol = udp_number, .identification = id, .fragment_offset = from, .more_fragments = to < datagram.size()},
      datagram.substr(from, to - from)));
}
std::string v6(const std::string& datagram, std::size_t from, std::size_t to, std::uint32_t id = 1) {
  return ethernet(
      ipv6({.next_header = 44}, ipv6_fragment({.offset = from, .more = to < datagram.size(), .identification = id},
                                              datagram.substr(from, to - from))));
}

const std::string alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const std::string datagram = udp({.payload = alphabet});  // 60 bytes

}  // namespace

TEST_SUITE("net defragment") {
  TEST_CASE("fragments make the same datagram in every order") {
    for (const bool six : {false, true}) {
      const auto make = six ? +[](std::size_t a, std::size_t b) { return v6(datagram, a, b); }
                            : +[](std::size_t a, std::size_t b) { return v4(datagram, a, b); };
      const std::vector<std::string> frames = {make(0, 16), make(16, 24), make(24, 48), make(48, 60)};
      std::vector<std::size_t> order = {0, 1, 2, 3};
      do {
        Fragments it;
        for (std::size_t i = 0; i < 3; ++i) CHECK(it.feed(frames[order[i]]) == Drop::fragment_held);
        REQUIRE(it.feed(frames[order[3]]) == Drop::none);
        CHECK(it.decoded.segment.payload == alphabet);
        CHECK(it.decoded.segment.payload_length == alphabet.size());
        CHECK(it.decoded.segment.destination.port == 53);
        CHECK(it.decoded.segment.source.address.v6 == six);
        CHECK(it.numbers() == std::vector<std::uint64_t>{1, 2, 3, 4});
        CHECK(it.defragmenter.memory() == 0);
      } while (std::next_permutation(order.begin(), order.end()));
    }
  }

  TEST_CASE("the packets of a datagram are whole copies, with their positions") {
    Fragments it;
    const std::string first = v4(datagram, 0, 16);
    it.feed(first);
    it.frames.front().assign(first.size(), '?');  // the source uses its memory again
    it.feed(v4(datagram, 16, 60));
    REQUIRE(it.decoded.segment.packets.size() == 2);
    CHECK(it.decoded.segment.packets[0].data == first);
    CHECK(it.decoded.segment.packets[0].position == 1000);
    CHECK(it.decoded.segment.payload == alphabet);
  }

  TEST_CASE("an exact repetition belongs to the datagram and changes nothing") {
    for (const bool six : {false, true}) {
      Fragments it;
      it.feed(six ? v6(datagram, 0, 16) : v4(datagram, 0, 16));
      CHECK(it.feed(six ? v6(datagram, 0, 16) : v4(datagram, 0, 16)) == Drop::fragment_held);
      CHECK(it.feed(six ? v6(datagram, 16, 60) : v4(datagram, 16, 60)) == Drop::none);
      CHECK(it.decoded.segment.payload == alphabet);
      CHECK(it.decoded.segment.packets.size() == 3);
    }
  }

  TEST_CASE("IPv4 fragments that overlap: the first copy of a byte wins") {
    std::string other = datagram;
    std::fill(other.begin() + 16, other.end(), '!');
    Fragments it;
    it.feed(v4(datagram, 24, 48));
    it.feed(v4(other, 16, 60));
    REQUIRE(it.feed(v4(datagram, 0, 24)) == Drop::none);
    CHECK(it.decoded.segment.payload ==
          "abcdefgh"
          "!!!!!!!!" +
              alphabet.substr(16, 24) + "!!!!!!!!!!!!");
  }

  TEST_CASE("IPv6 fragments that overlap: the datagram is rejected as a whole, late fragments too") {
    Fragments it;
    it.feed(v6(datagram, 0, 24));
    CHECK(it.feed(v6(datagram, 16, 48)) == Drop::bad_fragment);
    CHECK(it.given_up == std::vector<std::uint64_t>{1});
    CHECK(it.feed(v6(datagram, 24, 60)) == Drop::bad_fragment);
    CHECK(it.defragmenter.counts().rejected == 1);
    CHECK(it.defragmenter.counts().completed == 0);
  }

  TEST_CASE("fragments that cannot be") {
    const std::string large(1480, 'x');
    const auto fragment = [](std::size_t offset, bool more, const std::string& bytes) {
      return ethernet(ipv4({.protocol = udp_number, .fragment_offset = offset, .more_fragments = more}, bytes));
    };
    Fragments it;
    CHECK(it.feed(fragment(65528, false, large)) == Drop::bad_fragment);  // the ping of death
    CHECK(it.feed(fragment(0, true, "odd")) == Drop::bad_fragment);
    CHECK(it.feed(fragment(8, true, "")) == Drop::bad_fragment);
    CHECK(it.defragmenter.memory() == 0);

    CHECK(it.feed(fragment(64, false, "12345678")) == Drop::fragment_held);
    CHECK(it.feed(fragment(80, false, "12345678")) == Drop::bad_fragment);  // a second end
    CHECK(it.feed(fragment(72, true, "12345678")) == Drop::bad_fragment);   // behind the end
  }

  TEST_CASE("datagrams of different identification, addresses or protocol do not mix") {
    Fragments it;
    it.feed(v4(datagram, 0, 16, 1));
    CHECK(it.feed(v4(datagram, 16, 60, 2)) == Drop::fragment_held);
    CHECK(it.feed(ethernet(
              ipv4({.source = address("10.0.0.9"), .protocol = udp_number, .identification = 1, .fragment_offset = 16},
                   datagram.substr(16)))) == Drop::fragment_held);
    CHECK(it.feed(ethernet(ipv4({.protocol = 6, .identification = 1, .fragment_offset = 16}, datagram.substr(16)))) ==
          Drop::fragment_held);
    CHECK(it.feed(v4(datagram, 16, 60, 1)) == Drop::none);
  }

  TEST_CASE("a fragment that waits longer than 30 seconds is given up, in packet time") {
    Fragments it;
    it.feed(v4(datagram, 0, 16), {0});
    CHECK(it.feed(v4(datagram, 16, 60), Timestamp{} + Duration::seconds(31)) == Drop::fragment_held);
    CHECK(it.given_up == std::vector<std::uint64_t>{1});
    CHECK(it.defragmenter.counts().expired == 1);
    it.feed(v4(datagram, 0, 16), Timestamp{} + Duration::seconds(40));
    CHECK(it.decoded.drop == Drop::none);
  }

  TEST_CASE("what was never completed comes out at the end, oldest first") {
    Fragments it;
    it.feed(v4(datagram, 0, 16, 1));
    it.feed(v4(datagram, 0, 16, 2));
    it.feed(v4(datagram, 24, 60, 1));
    it.defragmenter.drain();
    CHECK(it.given_up == std::vector<std::uint64_t>{1, 3, 2});
    CHECK(it.defragmenter.memory() == 0);
  }

  TEST_CASE("memory is bounded: the oldest datagrams give way") {
    Fragments it({.bytes = 64U << 10U});
    const std::string part(1480, 'x');
    for (std::uint16_t id = 0; id < 1000; ++id) {
      it.feed(ethernet(ipv4({.protocol = udp_number, .identification = id, .more_fragments = true}, part)));
      it.frames.clear();
      REQUIRE(it.defragmenter.memory() <= 64U << 10U);
    }
    CHECK(it.defragmenter.counts().evicted > 900);
    CHECK(it.given_up.front() == 1);
    CHECK(it.given_up.size() == it.defragmenter.counts().evicted);
  }

  TEST_CASE("a datagram of endless repetitions does not grow without end") {
    Fragments it;
    Drop last = Drop::none;
    for (int i = 0; i < 3000; ++i) last = it.feed(v4(datagram, 0, 16));
    CHECK(last == Drop::bad_fragment);
  }

  TEST_CASE("fragments that the snapshot length cut: what is there up to the first hole") {
    Fragments it;
    const std::string first = v4(datagram, 0, 32);
    it.feed(first.substr(0, first.size() - 4), {}, static_cast<std::uint32_t>(first.size()));
    REQUIRE(it.feed(v4(datagram, 32, 60)) == Drop::none);
    CHECK(it.decoded.segment.payload == alphabet.substr(0, 20));
    CHECK(it.decoded.segment.payload_length == alphabet.size());
  }

  TEST_CASE("an IPv6 fragment that is the whole packet does not wait") {
    Fragments it;
    CHECK(it.feed(v6(datagram, 0, 60)) == Drop::none);
    CHECK(it.decoded.segment.payload == alphabet);
    CHECK(it.defragmenter.counts().completed == 0);
  }

  TEST_CASE("extension headers inside the reassembled part") {
    const std::string whole = bytes_of({udp_number, 0, 1, 4, 0, 0, 0, 0}) + datagram;
    const auto fragment = [&](std::size_t from, std::size_t to) {
      return ethernet(
          ipv6({.next_header = 44}, ipv6_fragment({.next_header = 60, .offset = from, .more = to < whole.size()},
                                                  whole.substr(from, to - from))));
    };
    Fragments it;
    it.feed(fragment(16, whole.size()));
    REQUIRE(it.feed(fragment(0, 16)) == Drop::none);
    CHECK(it.decoded.segment.payload == alphabet);
  }

  TEST_CASE("a fragment of a fragment is none") {
    const std::string inner = ipv6_fragment({.more = true}, std::string(16, 'x'));
    const auto outer = [&](std::size_t from, std::size_t to) {
      return ethernet(
          ipv6({.next_header = 44}, ipv6_fragment({.next_header = 44, .offset = from, .more = to < inner.size()},
                                                  inner.substr(from, to - from))));
    };
    Fragments it;
    it.feed(outer(0, 8));
    CHECK(it.feed(outer(8, inner.size())) == Drop::bad_fragment);
  }

  TEST_CASE("a datagram that lacks its end: what was captured from its start on, as long as UDP says it is") {
    for (const bool six : {false, true}) {
      Fragments it;
      it.feed(six ? v6(datagram, 0, 16) : v4(datagram, 0, 16), {5});
      it.feed(six ? v6(datagram, 16, 24) : v4(datagram, 16, 24), {7});
      it.defragmenter.drain();
      REQUIRE(it.partial.size() == 1);
      const Partial& it_is = it.partial.front();
      CHECK(it_is.payload == alphabet.substr(0, 16));
      CHECK(it_is.payload_length == alphabet.size());
      CHECK(it_is.packets == 2);
      CHECK(it_is.source.port == 40000);
      CHECK(it_is.destination.port == 53);
      CHECK(it_is.source.address == address(six ? "2001:db8::1" : "10.0.0.1"));
      CHECK(it_is.time == Timestamp{7});
    }
  }

  TEST_CASE("a datagram with a hole: up to the hole, and all its packets") {
    Fragments it;
    it.feed(v4(datagram, 48, 60));
    it.feed(v4(datagram, 32, 48));
    it.feed(v4(datagram, 0, 24));
    it.defragmenter.drain();
    REQUIRE(it.partial.size() == 1);
    CHECK(it.partial.front().payload == alphabet.substr(0, 16));
    CHECK(it.partial.front().payload_length == alphabet.size());
    CHECK(it.partial.front().packets == 3);
    CHECK(it.given_up == std::vector<std::uint64_t>{1, 2, 3});
  }

  TEST_CASE("a datagram without its first fragment, or rejected, or with half a header has no segment") {
    Fragments headless;
    headless.feed(v4(datagram, 16, 60));
    headless.defragmenter.drain();
    CHECK(headless.given_up.size() == 1);
    CHECK(headless.partial.empty());

    Fragments rejected;
    rejected.feed(v6(datagram, 0, 24));
    rejected.feed(v6(datagram, 16, 48));
    rejected.defragmenter.drain();
    CHECK(rejected.given_up.size() == 1);
    CHECK(rejected.partial.empty());

    const std::string segment = tcp({.payload = alphabet});
    Fragments half;
    half.feed(ethernet(ipv4({.protocol = 6, .more_fragments = true}, segment.substr(0, 16))));
    half.defragmenter.drain();
    CHECK(half.partial.empty());
  }

  TEST_CASE("the length of a TCP segment that lacks fragments is at least what there is") {
    const std::string segment = tcp({.payload = alphabet});
    Fragments it;
    it.feed(ethernet(ipv4({.protocol = 6, .more_fragments = true}, segment.substr(0, 32))));
    it.feed(ethernet(ipv4({.protocol = 6, .fragment_offset = 48, .more_fragments = true}, segment.substr(48, 8))));
    it.defragmenter.drain();
    REQUIRE(it.partial.size() == 1);
    CHECK(it.partial.front().payload == alphabet.substr(0, 12));
    CHECK(it.partial.front().payload_length == 36);
  }

  TEST_CASE("time alone gives up what waits, and the VLAN of a given up datagram is known") {
    const std::string tagged =
        ethernet(ipv4({.protocol = udp_number, .more_fragments = true}, datagram.substr(0, 24)), {100});
    Fragments it;
    it.feed(tagged);
    it.defragmenter.expire(Timestamp{} + Duration::seconds(30));
    CHECK(it.partial.empty());
    it.defragmenter.expire(Timestamp{} + Duration::seconds(31));
    REQUIRE(it.partial.size() == 1);
    CHECK(it.partial.front().vlan == 100);
  }

  TEST_CASE("extension headers in the first fragment stand in front of the transport of a partial datagram") {
    const std::string whole = bytes_of({udp_number, 0, 1, 4, 0, 0, 0, 0}) + datagram;
    Fragments it;
    it.feed(ethernet(ipv6({.next_header = 44}, ipv6_fragment({.next_header = 60, .more = true}, whole.substr(0, 24)))));
    it.defragmenter.drain();
    REQUIRE(it.partial.size() == 1);
    CHECK(it.partial.front().payload == alphabet.substr(0, 8));
    CHECK(it.partial.front().payload_length == alphabet.size());
  }
}
