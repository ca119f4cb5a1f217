// SPDX-License-Identifier: Apache-2.0
// The flow table over any segments, against the rules that the rest of the program relies on: a place is open once, a
// stream keeps its key, numbers grow by one. The input is segments of fourteen bytes:
//   transport, flags (or ICMP type), endpoints (a nibble each for both addresses and ports), seconds passed, sequence,
//   acknowledgment
#include <cstdlib>
#include <map>
#include <utility>

#include "flow/flow_table.hpp"

namespace {

using namespace wiretape;

void require(bool holds) {
  if (!holds) std::abort();
}

Endpoint endpoint(std::uint8_t host, std::uint8_t port) {
  Endpoint made{.address = {}, .port = port};
  made.address.bytes[3] = host & 7U;
  made.address.v6 = (host & 8U) != 0;
  return made;
}

net::Segment segment_of(Cursor& in, Timestamp& now) {
  net::Segment segment;
  segment.transport = static_cast<Transport>(in.u8() & 3U);
  segment.flags = segment.icmp_type = in.u8();
  const std::uint8_t hosts = in.u8();
  const std::uint8_t ports = in.u8();
  const bool icmp = segment.transport == Transport::icmp;
  segment.icmp_id = ports;
  segment.source = endpoint(hosts >> 4U, icmp ? 0 : ports >> 4U);
  segment.destination = endpoint(hosts & 15U, icmp ? 0 : ports & 15U);
  segment.time = now = now + Duration::seconds(static_cast<std::int16_t>(in.be16()));
  segment.sequence = in.be32();
  segment.acknowledgment = in.be32();
  segment.payload_length = segment.sequence & 3U;
  return segment;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Cursor in(Bytes(reinterpret_cast<const char*>(data), size));
  flow::FlowTable table;
  std::map<flow::FlowId, std::pair<Endpoint, Endpoint>> open;
  std::uint64_t number = 0;
  Timestamp now;
  while (in.left() >= 14) {
    const net::Segment segment = segment_of(in, now);
    table.expire(now, [&](flow::FlowId flow, flow::End) { require(open.erase(flow) == 1); });
    const flow::Found found = table.of(segment);
    if (found.replaced != flow::no_flow) {
      require(found.fresh && found.replaced != found.flow);
      require(open.erase(found.replaced) == 1);
    }
    require(found.fresh == !open.contains(found.flow));
    if (found.fresh) {
      require(found.number == number++);
      open[found.flow] = {table.client(found.flow), table.server(found.flow)};
    }
    const auto& [client, server] = open[found.flow];
    const bool up = found.direction == Direction::to_server;
    require(client == (up ? segment.source : segment.destination));
    require(server == (up ? segment.destination : segment.source));
    require(table.size() == open.size());
  }
  table.finish([&](flow::FlowId flow, flow::End) { require(open.erase(flow) == 1); });
  require(open.empty() && table.size() == 0);
  return 0;
}
