// SPDX-License-Identifier: Apache-2.0
#include "flow/flow_table.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace wiretape::flow {
namespace {

using Flags = net::TcpFlags;
constexpr std::uint8_t syn = Flags::syn, ack = Flags::ack, fin = Flags::fin, rst = Flags::rst;

Endpoint v4(std::uint32_t host, std::uint16_t port) {
  Endpoint endpoint{.address = {}, .port = port};
  for (unsigned i = 0; i < 4; ++i) endpoint.address.bytes[i] = static_cast<std::uint8_t>(host >> (24U - 8U * i));
  return endpoint;
}

Endpoint v6(std::uint8_t last, std::uint16_t port) {
  Endpoint endpoint{.address = {}, .port = port};
  endpoint.address.v6 = true;
  endpoint.address.bytes[0] = 0x20;
  endpoint.address.bytes[15] = last;
  return endpoint;
}

const Endpoint alice = v4(0x0A000001, 40000);
const Endpoint bob = v4(0x0A000002, 80);

// A table with a clock of its own, and the ends it told.
struct Fixture {
  FlowTable table;
  Timestamp now{1'000'000'000'000};
  std::vector<std::pair<std::uint64_t, End>> ends;
  std::map<FlowId, std::uint64_t> numbers;

  Found see(net::Segment segment) {
    segment.time = now;
    table.expire(now, [this](FlowId flow, End end) { ends.emplace_back(numbers[flow], end); });
    const Found found = table.of(segment);
    if (found.replaced != no_flow) ends.emplace_back(numbers[found.replaced], End::replaced);
    numbers[found.flow] = found.number;
    return found;
  }
  Found tcp(const Endpoint& from, const Endpoint& to, std::uint8_t flags, std::uint32_t sequence = 100,
            std::uint32_t acknowledgment = 0, std::uint32_t length = 0) {
    net::Segment segment;
    segment.source = from;
    segment.destination = to;
    segment.flags = flags;
    segment.sequence = sequence;
    segment.acknowledgment = acknowledgment;
    segment.payload_length = length;
    return see(segment);
  }
  Found other(Transport transport, const Endpoint& from, const Endpoint& to) {
    net::Segment segment;
    segment.transport = transport;
    segment.source = from;
    segment.destination = to;
    return see(segment);
  }
  Found icmp(const Endpoint& from, const Endpoint& to, std::uint8_t type, std::uint16_t id = 0) {
    net::Segment segment;
    segment.transport = Transport::icmp;
    segment.source = from;
    segment.destination = to;
    segment.icmp_type = type;
    segment.icmp_id = id;
    return see(segment);
  }
  // A connection with an open handshake and a request on its way.
  void connect(std::uint32_t client_isn = 100, std::uint32_t server_isn = 9000) {
    tcp(alice, bob, syn, client_isn);
    tcp(bob, alice, syn | ack, server_isn, client_isn + 1);
    tcp(alice, bob, ack, client_isn + 1, server_isn + 1);
    tcp(alice, bob, ack, client_isn + 1, server_isn + 1, 10);
  }
  void pass(Duration time) {
    now = now + time;
    table.expire(now, [this](FlowId flow, End end) { ends.emplace_back(numbers[flow], end); });
  }
};

}  // namespace

TEST_SUITE("flow table") {
  TEST_CASE("both directions are one stream, told apart by direction") {
    Fixture f;
    const Found there = f.tcp(alice, bob, syn);
    const Found back = f.tcp(bob, alice, syn | ack, 500, 101);
    CHECK(there.fresh);
    CHECK_FALSE(back.fresh);
    CHECK(there.flow == back.flow);
    CHECK(there.direction == Direction::to_server);
    CHECK(back.direction == Direction::to_client);
    CHECK(f.table.client(there.flow) == alice);
    CHECK(f.table.server(there.flow) == bob);
    CHECK(f.table.size() == 1);
  }

  TEST_CASE("addresses, ports and transport each make another stream") {
    Fixture f;
    std::set<FlowId> flows = {
        f.tcp(alice, bob, ack).flow,
        f.other(Transport::udp, alice, bob).flow,
        f.other(Transport::sctp, alice, bob).flow,
        f.tcp(v4(0x0A000001, 40001), bob, ack).flow,
        f.tcp(v4(0x0A000003, 40000), bob, ack).flow,
        f.tcp(alice, v4(0x0A000002, 81), ack).flow,
        f.tcp(v6(1, 40000), v6(2, 80), ack).flow,
        f.tcp(v6(1, 80), v6(2, 40000), ack).flow,
        f.tcp(v4(0x0A000001, 80), v4(0x0A000002, 40000), ack).flow,
    };
    CHECK(flows.size() == 9);
    CHECK(f.table.size() == 9);
  }

  TEST_CASE("who is the client: first segment -> client") {
    const Endpoint high = v4(1, 50000), low = v4(2, 443), same = v4(3, 443);
    struct {
      std::string situation;
      Endpoint from, to;
      std::uint8_t flags;
      Endpoint client;
    } rows[] = {
        {"the sender of the SYN", high, low, syn, high},
        {"the sender of the SYN, though its port is the lower one", low, high, syn, low},
        {"the receiver of the SYN+ACK", low, high, syn | ack, high},
        {"the receiver of the SYN+ACK, though its port is the lower one", high, low, syn | ack, low},
        {"midstream, the higher port, sending", high, low, ack, high},
        {"midstream, the higher port, receiving", low, high, ack, high},
        {"midstream, equal ports: who was seen first", low, same, ack, low},
        {"midstream, equal ports, the other way", same, low, ack, same},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      Fixture f;
      CHECK(bool(f.table.client(f.tcp(row.from, row.to, row.flags).flow) == row.client));
      if (row.flags == ack) {
        CHECK(bool(f.table.client(f.other(Transport::udp, row.from, row.to).flow) == row.client));
      }
    }
  }

  TEST_CASE("a SYN sent again belongs to its connection, in any state") {
    Fixture f;
    f.tcp(alice, bob, syn, 100);
    CHECK_FALSE(f.tcp(alice, bob, syn, 100).fresh);
    f.tcp(bob, alice, syn | ack, 9000, 101);
    CHECK_FALSE(f.tcp(bob, alice, syn | ack, 9000, 101).fresh);
    f.tcp(alice, bob, ack, 101, 9001, 10);
    CHECK_FALSE(f.tcp(alice, bob, syn, 100).fresh);
    f.tcp(alice, bob, rst, 111);
    CHECK_FALSE(f.tcp(alice, bob, syn, 100).fresh);
    CHECK(f.table.size() == 1);
  }

  TEST_CASE("a SYN with another number on an established connection begins a new one") {
    Fixture f;
    f.connect();
    const Found next = f.tcp(alice, bob, syn, 70000);
    CHECK(next.fresh);
    CHECK(next.number == 1);
    CHECK(next.replaced != no_flow);
    CHECK(next.replaced != next.flow);
    CHECK(f.ends == std::vector<std::pair<std::uint64_t, End>>{{0, End::replaced}});
    CHECK(f.table.size() == 1);
    CHECK_FALSE(f.tcp(bob, alice, syn | ack, 5, 70001).fresh);
  }

  TEST_CASE("a port used again after FIN or RST, before the old stream has timed out") {
    for (const bool reset : {false, true}) {
      Fixture f;
      f.connect();
      if (reset) {
        f.tcp(alice, bob, rst, 111);
      } else {
        f.tcp(alice, bob, fin | ack, 111, 9001);
        f.tcp(bob, alice, fin | ack, 9001, 112);
      }
      CHECK_FALSE(f.tcp(alice, bob, ack, 112, 9002).fresh);
      CHECK(f.tcp(alice, bob, syn, 70000).fresh);
    }
  }

  TEST_CASE("a port used again the other way round") {
    Fixture f;
    f.connect();
    const Found next = f.tcp(bob, alice, syn, 70000);
    CHECK(next.fresh);
    CHECK(f.table.client(next.flow) == bob);
  }

  TEST_CASE("a SYN on a stream that was found midstream begins a new one") {
    Fixture f;
    f.tcp(alice, bob, ack, 5'000'000, 1, 10);
    f.tcp(bob, alice, ack, 1, 5'000'010, 10);
    CHECK(f.tcp(alice, bob, syn, 42).fresh);
  }

  TEST_CASE("a SYN that was captured late belongs to its connection") {
    SUBCASE("behind its SYN+ACK") {
      Fixture f;
      f.tcp(bob, alice, syn | ack, 9000, 101);
      const Found late = f.tcp(alice, bob, syn, 100);
      CHECK_FALSE(late.fresh);
      CHECK(late.direction == Direction::to_server);
    }
    SUBCASE("behind the first data") {
      Fixture f;
      f.tcp(alice, bob, ack, 101, 9001, 200);
      CHECK_FALSE(f.tcp(alice, bob, syn, 100).fresh);
      CHECK_FALSE(f.tcp(bob, alice, syn | ack, 9000, 101).fresh);
    }
  }

  TEST_CASE("both sides open at the same time: one stream, of who was first") {
    Fixture f;
    f.tcp(bob, alice, syn, 9000);
    CHECK_FALSE(f.tcp(alice, bob, syn, 100).fresh);
    CHECK_FALSE(f.tcp(bob, alice, syn | ack, 9000, 101).fresh);
    CHECK_FALSE(f.tcp(alice, bob, syn | ack, 100, 9001).fresh);
    CHECK_FALSE(f.tcp(alice, bob, ack, 101, 9001, 5).fresh);
    CHECK(f.table.client(0) == bob);
  }

  TEST_CASE("a server that answers each SYN with another number (SYN cookies) is one connection") {
    Fixture f;
    f.tcp(alice, bob, syn, 100);
    f.tcp(bob, alice, syn | ack, 9000, 101);
    f.tcp(alice, bob, syn, 100);
    CHECK_FALSE(f.tcp(bob, alice, syn | ack, 777000, 101).fresh);
    CHECK_FALSE(f.tcp(alice, bob, ack, 101, 777001).fresh);
  }

  TEST_CASE("how long a stream waits: what happened -> idle time") {
    using Act = void (*)(Fixture&);
    struct {
      std::string situation;
      Act act;
      std::int64_t seconds;
      End end;
    } rows[] = {
        {"a SYN without an answer", [](Fixture& f) { f.tcp(alice, bob, syn); }, 30, End::idle},
        {"a SYN+ACK without the last ACK",
         [](Fixture& f) {
           f.tcp(alice, bob, syn);
           f.tcp(bob, alice, syn | ack, 9000, 101);
         },
         30, End::idle},
        {"a finished handshake",
         [](Fixture& f) {
           f.tcp(alice, bob, syn);
           f.tcp(bob, alice, syn | ack, 9000, 101);
           f.tcp(alice, bob, ack, 101, 9001);
         },
         3600, End::idle},
        {"data midstream", [](Fixture& f) { f.tcp(alice, bob, ack, 1, 1, 10); }, 3600, End::idle},
        {"a FIN of one side",
         [](Fixture& f) {
           f.connect();
           f.tcp(alice, bob, fin | ack, 111);
         },
         3600, End::idle},
        {"a FIN of both",
         [](Fixture& f) {
           f.connect();
           f.tcp(alice, bob, fin | ack, 111);
           f.tcp(bob, alice, fin | ack, 9001);
         },
         5, End::closed},
        {"a refused connection",
         [](Fixture& f) {
           f.tcp(alice, bob, syn);
           f.tcp(bob, alice, rst | ack, 0, 101);
         },
         5, End::closed},
        {"a RST",
         [](Fixture& f) {
           f.connect();
           f.tcp(bob, alice, rst, 9001);
         },
         5, End::closed},
        {"a RST from far outside of the window",
         [](Fixture& f) {
           f.connect();
           f.tcp(bob, alice, rst, 2'000'000'000);
         },
         3600, End::idle},
        {"UDP", [](Fixture& f) { f.other(Transport::udp, alice, bob); }, 60, End::idle},
        {"a ping", [](Fixture& f) { f.icmp(alice, bob, 8, 1); }, 60, End::idle},
        {"SCTP", [](Fixture& f) { f.other(Transport::sctp, alice, bob); }, 3600, End::idle},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      Fixture f;
      row.act(f);
      f.pass(Duration{row.seconds * 1'000'000'000 - 1});
      CHECK(f.ends.empty());
      f.pass(Duration{1});
      REQUIRE(f.ends.size() == 1);
      CHECK(bool(f.ends[0].second == row.end));
      CHECK(f.table.size() == 0);
    }
  }

  TEST_CASE("streams end oldest first, whatever they wait for") {
    Fixture f;
    f.other(Transport::udp, alice, bob);                 // ends at 60 s
    f.tcp(alice, bob, syn);                              // at 30 s
    f.other(Transport::udp, alice, v4(0x0A000009, 53));  // at 60 s, but is heard again
    f.pass(Duration::seconds(20));
    f.other(Transport::udp, v4(0x0A000009, 53), alice);
    f.pass(Duration::seconds(1000));
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, end] : f.ends) numbers.push_back(number);
    CHECK(numbers == std::vector<std::uint64_t>{1, 0, 2});
  }

  TEST_CASE("time that jumps back neither ends a stream nor keeps it for longer") {
    Fixture f;
    f.other(Transport::udp, alice, bob);
    f.pass(Duration::seconds(-50));
    f.other(Transport::udp, alice, bob);
    f.pass(Duration::seconds(50 + 59));
    CHECK(f.ends.empty());
    f.pass(Duration::seconds(1));
    CHECK(f.ends.size() == 1);
  }

  TEST_CASE("a file that begins before the one read last still has its time-outs") {
    Fixture f;
    f.tcp(alice, bob, ack, 1, 1, 10);
    f.pass(Duration::seconds(-86400));
    const Endpoint carol = v4(0x0A0000C0, 5000);
    f.other(Transport::udp, carol, bob);
    for (int i = 0; i < 2000; ++i) {
      f.now = f.now + Duration::milliseconds(1);
      f.tcp(alice, bob, ack, 1, 1, 10);
    }
    f.pass(Duration::seconds(61));
    REQUIRE(f.ends.size() == 1);
    CHECK(f.ends[0].first == 1);
    CHECK(f.table.size() == 1);
  }

  TEST_CASE("times at both ends of what can be said do no harm") {
    Fixture f;
    for (const std::int64_t time : {INT64_MIN, INT64_MAX, std::int64_t{0}, INT64_MAX - 1, INT64_MIN + 1}) {
      f.now = {time};
      f.other(Transport::udp, alice, bob);
      f.tcp(alice, bob, syn);
    }
    f.table.finish([](FlowId, End) {});
    CHECK(f.table.size() == 0);
  }

  TEST_CASE("a ping is its address pair and identifier, whoever is seen first") {
    Fixture f;
    const Found asked = f.icmp(alice, bob, 8, 7);
    const Found told = f.icmp(bob, alice, 0, 7);
    CHECK(asked.flow == told.flow);
    CHECK(told.direction == Direction::to_client);
    CHECK(f.icmp(alice, bob, 8, 8).fresh);
    const Found reply_first = f.icmp(bob, alice, 0, 9);
    CHECK(reply_first.direction == Direction::to_client);
    CHECK(f.icmp(alice, bob, 8, 9).flow == reply_first.flow);
    const Found six = f.icmp(v6(1, 0), v6(2, 0), 128, 7);
    CHECK(f.icmp(v6(2, 0), v6(1, 0), 129, 7).flow == six.flow);
  }

  TEST_CASE("other ICMP is its address pair and type") {
    Fixture f;
    const Found first = f.icmp(alice, bob, 3, 0);
    CHECK(f.icmp(alice, bob, 3, 0).flow == first.flow);
    CHECK(f.icmp(alice, bob, 11, 0).fresh);
    CHECK(first.direction == Direction::to_server);
  }

  TEST_CASE("an ICMP error finds the stream that it quotes, in either direction, and opens none") {
    Fixture f;
    const Found stream = f.other(Transport::udp, alice, bob);
    net::Segment error;
    error.transport = Transport::icmp;
    error.quotes = true;
    error.quoted_transport = Transport::udp;
    error.quoted_source = alice;
    error.quoted_destination = bob;
    CHECK(f.table.quoted(error) == stream.flow);
    std::swap(error.quoted_source, error.quoted_destination);
    CHECK(f.table.quoted(error) == stream.flow);
    error.quoted_transport = Transport::tcp;
    CHECK(f.table.quoted(error) == no_flow);
    error.quoted_transport = Transport::icmp;
    CHECK(f.table.quoted(error) == no_flow);
    error.quotes = false;
    CHECK(f.table.quoted(error) == no_flow);
    CHECK(f.table.size() == 1);
  }

  TEST_CASE("at the end of the input all streams end in the order of their numbers") {
    FlowTable table({}, 40);
    net::Segment segment;
    segment.destination = bob;
    segment.flags = ack;
    for (std::uint16_t port = 3000; port > 2000; --port) {
      segment.source = v4(7, port);
      table.of(segment);
    }
    std::vector<std::uint64_t> ports;
    table.finish([&](FlowId flow, End end) {
      CHECK(bool(end == End::finished));
      ports.push_back(table.client(flow).port);
    });
    REQUIRE(ports.size() == 1000);
    CHECK(ports.front() == 3000);
    CHECK(ports.back() == 2001);
    CHECK(table.size() == 0);
    segment.time = {1};
    CHECK(table.of(segment).number == 1040);
  }

  TEST_CASE("a connection with itself is a stream like any other") {
    Fixture f;
    const Found found = f.tcp(alice, alice, syn);
    CHECK(found.direction == Direction::to_server);
    CHECK(f.tcp(alice, alice, syn | ack, 100, 101).flow == found.flow);
  }

  TEST_CASE("a hundred thousand streams that come and go take the memory of those that are open") {
    Fixture f;
    std::size_t settled = 0;
    std::size_t most = 0;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
      f.now = f.now + Duration::milliseconds(10);
      f.tcp(v4(i, static_cast<std::uint16_t>(i)), bob, syn, i);
      most = std::max(most, f.table.size());
      if (i == 10'000) settled = f.table.memory();
    }
    CHECK(most <= 3001);
    CHECK(f.table.memory() == settled);
  }

  TEST_CASE("random segments find the stream that a plain map finds") {
    using Key = std::tuple<std::uint32_t, std::uint32_t, std::uint16_t, std::uint16_t>;
    std::mt19937 random(7);
    const auto below = [&random](std::uint32_t limit) { return static_cast<std::uint16_t>(random() % limit); };
    Fixture f;
    std::map<Key, FlowId> open;
    std::map<FlowId, Key> keys;
    for (int i = 0; i < 50'000; ++i) {
      const Key key = {below(40), 100U + below(40), below(8), below(8)};
      const auto& [a, b, p, q] = key;
      net::Segment segment;
      segment.transport = Transport::udp;
      segment.source = v4(a, p);
      segment.destination = v4(b, q);
      if (below(2) == 0) std::swap(segment.source, segment.destination);
      segment.time = f.now = f.now + Duration::milliseconds(below(10));
      f.table.expire(f.now, [&](FlowId flow, End) {
        open.erase(keys[flow]);
        keys.erase(flow);
      });
      const Found found = f.table.of(segment);
      const auto known = open.find(key);
      const bool same = known == open.end() ? found.fresh : !found.fresh && known->second == found.flow;
      open[key] = found.flow;
      keys[found.flow] = key;
      REQUIRE((same && f.table.size() == open.size()));
    }
  }
}

}  // namespace wiretape::flow
