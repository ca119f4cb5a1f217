// SPDX-License-Identifier: Apache-2.0
// A TLS handshake, cut into pieces; what is read is told.
//
//   input := ( direction:1 length:15 bytes*length )*     0: to the server
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "entry_teller.hpp"
#include "proto/session.hpp"
#include "proto/tls/tls.hpp"

using namespace wiretape;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Protocol* list[] = {&tls::protocol};
  SessionPool pool(DissectorOptions{}, list);
  StreamFacts facts;
  facts.transport = Transport::tcp;
  facts.state = StreamState::established;
  facts.server.port = 443;
  Session session(pool, facts);
  test::EntryTeller teller;
  Cursor in(std::string_view(reinterpret_cast<const char*>(data), size));
  while (in.left() != 0) {
    const std::uint16_t head = in.be16();
    const Bytes piece = in.rest().substr(0, head & 0x7fffU);
    in.skip(piece.size());
    const Direction direction = head >> 15U == 0 ? Direction::to_server : Direction::to_client;
    session.feed({.direction = direction, .bytes = piece}, teller);
  }
  session.finish({}, teller);
  return 0;
}
