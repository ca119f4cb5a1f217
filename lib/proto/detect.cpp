// SPDX-License-Identifier: Apache-2.0
#include "proto/detect.hpp"

#include <algorithm>

namespace wiretape {
namespace {

bool is_port_of(const Protocol& protocol, std::uint16_t port) {
  return std::find(protocol.ports.begin(), protocol.ports.end(), port) != protocol.ports.end();
}

bool has_port(const Protocol& protocol, const FirstBytes& first) {
  return is_port_of(protocol, first.ports[0]) || is_port_of(protocol, first.ports[1]);
}

// What a protocol says of both directions together.
Guess ask(const Protocol& protocol, const FirstBytes& first, const std::array<Bytes, 2>& sides) {
  Guess together = Guess::maybe;
  for (const Direction direction : {Direction::to_server, Direction::to_client}) {
    const Bytes start = sides[index(direction)];
    if (start.empty()) continue;
    const Guess guess = protocol.guess(direction, start, first.datagram);
    if (guess == Guess::no && first.starts_are_sure) return Guess::no;
    if (guess == Guess::no && together == Guess::maybe) together = Guess::no;
    if (guess == Guess::yes) together = Guess::yes;
  }
  // Nothing follows a datagram: where the content leaves it open, the port decides.
  if (first.datagram && together == Guess::maybe) return has_port(protocol, first) ? Guess::yes : Guess::no;
  return together;
}

Detection ask_all(const FirstBytes& first, const std::array<Bytes, 2>& sides, std::span<const Protocol* const> list) {
  bool waits = false;  // for an earlier protocol to make up its mind
  for (const bool hinted : {true, false}) {
    for (const Protocol* protocol : list) {
      if (!(first.datagram ? protocol->over_udp : protocol->over_tcp) || has_port(*protocol, first) != hinted) continue;
      const Guess guess = ask(*protocol, first, sides);
      waits = waits || guess == Guess::maybe;
      if (guess != Guess::yes) continue;
      return {.verdict = waits ? Detection::Verdict::undecided : Detection::Verdict::found, .protocol = protocol};
    }
  }
  return {.verdict = waits ? Detection::Verdict::undecided : Detection::Verdict::none};
}

}  // namespace

Detection detect(const FirstBytes& first, std::span<const Protocol* const> list) {
  const Detection as_given = ask_all(first, first.sides, list);
  if (as_given.verdict == Detection::Verdict::found || first.roles_are_sure) return as_given;
  Detection exchanged = ask_all(first, {first.sides[1], first.sides[0]}, list);
  exchanged.swapped = true;
  if (exchanged.verdict == Detection::Verdict::found) return exchanged;
  return as_given.verdict == Detection::Verdict::undecided ? as_given : exchanged;
}

}  // namespace wiretape
