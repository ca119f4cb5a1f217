// SPDX-License-Identifier: Apache-2.0
// DNS messages, each as a query or an answer alone, in a datagram and in a TCP stream cut into pieces; what is read is
// told.
//
//   input := pieces:8 message
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "entry_teller.hpp"
#include "proto/dns/dns.hpp"
#include "proto/session.hpp"

namespace {

using namespace wiretape;

void speak(Transport transport, std::string_view bytes, std::size_t piece) {
  const Protocol* list[] = {&dns::protocol};
  SessionPool pool(DissectorOptions{}, list);
  StreamFacts facts;
  facts.transport = transport;
  facts.server.port = 53;
  Session session(pool, facts);
  test::EntryTeller teller;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::string_view part = bytes.substr(at, piece);
    const Direction direction = at / piece % 2 == 0 ? Direction::to_server : Direction::to_client;
    session.feed({.direction = transport == Transport::udp ? direction : Direction::to_server,
                  .bytes = part,
                  .datagram = transport == Transport::udp},
                 teller);
  }
  session.finish({}, teller);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] == 0 ? bytes.size() : data[0];
  speak(Transport::udp, bytes, bytes.size());
  speak(Transport::udp, bytes, piece);
  speak(Transport::tcp, bytes, piece);
  std::string framed{static_cast<char>(bytes.size() >> 8U), static_cast<char>(bytes.size() & 0xFFU)};
  framed += bytes;
  speak(Transport::tcp, framed, piece);
  return 0;
}
