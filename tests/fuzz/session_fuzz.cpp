// SPDX-License-Identifier: Apache-2.0
// A stream of any shape through a session with all protocols: bytes, gaps, ends and time in any order.
//
//   input := midstream:1 udp:1 wanted:1 port-is-53:1 unused:4 step*
//   step  := what:3 unused:1 direction:1 unused:3 length:8 bytes?
//
// what: 0 to 4 bytes follow, 5 a gap of length, 6 the direction ends, 7 time passes. Checked: every index once, in
// order.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "proto/session.hpp"
#include "proto/transport.hpp"

namespace {

using namespace wiretape;

struct Teller final : EntryListener {
  void complete(const Entry& entry) override {
    if (entry.index != next++ || (entry.request == nullptr && entry.response == nullptr)) std::abort();
    tell(entry);
  }
  bool opened(const Entry& entry) override {
    tell(entry);
    return entry.index % 2 == 0;
  }
  void identified(const Protocol*) override {}

  void tell(const Entry& entry) {
    text.clear();
    json::Writer writer(text);
    render(entry, writer);
  }

  std::string text;
  std::uint64_t next = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const unsigned settings = data[0];
  rest.remove_prefix(1);

  SessionPool pool(DissectorOptions{.body_limit = 1000});
  if ((settings & 0x20U) != 0) pool.want(*protocols().front(), false);
  StreamFacts facts;
  facts.state = (settings & 0x80U) != 0 ? StreamState::midstream : StreamState::established;
  facts.transport = (settings & 0x40U) != 0 ? Transport::udp : Transport::tcp;
  facts.server.port = (settings & 0x10U) != 0 ? 53 : 80;
  Teller teller;
  {
    Session session(pool, facts);
    Timestamp now;
    while (rest.size() >= 2) {
      const auto head = static_cast<std::uint8_t>(rest[0]);
      const std::size_t length = static_cast<std::uint8_t>(rest[1]);
      rest.remove_prefix(2);
      const unsigned what = head >> 5U;
      const Direction direction = (head & 8U) != 0 ? Direction::to_client : Direction::to_server;
      if (what < 5) {
        const std::string_view bytes = rest.substr(0, length);
        rest.remove_prefix(bytes.size());
        session.feed(
            {.direction = direction, .time = now, .bytes = bytes, .datagram = facts.transport == Transport::udp},
            teller);
      } else if (what == 5) {
        session.feed({.direction = direction, .time = now, .missing = length}, teller);
      } else if (what == 6) {
        session.end(direction, now, teller);
      } else {
        now = now + Duration::seconds(static_cast<std::int64_t>(length));
        if (session.next_expiry() <= now) session.expire(now, teller);
      }
    }
    session.finish(now, teller);
    if (session.calls() != teller.next) std::abort();
  }
  teller.tell(transport_entry(facts));
  return 0;
}
