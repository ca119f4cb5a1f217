// SPDX-License-Identifier: Apache-2.0
// A talk with a SOCKS proxy, cut into pieces; what is read is told.
//
//   input := ( size:8 bytes*size )*     clients and servers in turn
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "entry_teller.hpp"
#include "proto/session.hpp"
#include "proto/socks/socks.hpp"

using namespace wiretape;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Protocol* list[] = {&socks::protocol};
  SessionPool pool(DissectorOptions{}, list);
  StreamFacts facts;
  facts.transport = Transport::tcp;
  facts.state = StreamState::established;
  facts.server.port = 1080;
  Session session(pool, facts);
  test::EntryTeller teller;
  std::string_view left(reinterpret_cast<const char*>(data), size);
  for (Direction direction = Direction::to_server; !left.empty(); direction = opposite(direction)) {
    const std::string_view piece = left.substr(1, static_cast<std::uint8_t>(left.front()));
    left.remove_prefix(1 + piece.size());
    session.feed({.direction = direction, .bytes = piece}, teller);
  }
  session.finish({}, teller);
  return 0;
}
