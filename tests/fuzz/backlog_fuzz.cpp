// SPDX-License-Identifier: Apache-2.0
// The backlog against a plain list: what was held comes back in order, or is counted as cut. The input is a byte for
// the limit, then steps of seven bytes:
//   stream (the two highest bits: hold a copy, hold a position, release, drop), captured length, number, position
// It is gone through twice: with memory alone, and with a spool whose limit the same byte gives and which sometimes
// cannot read back (a release with an odd position).
#include <array>
#include <cstdlib>
#include <deque>
#include <string>

#include "flow/backlog.hpp"
#include "support/memory_spool.hpp"

namespace {

using namespace wiretape;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr std::size_t streams = 64;

struct Model {
  std::array<std::deque<net::Packet>, streams> held;

  // Takes from the list what lies before it: that was cut.
  void expect(flow::FlowId stream, const net::Packet& packet) {
    auto& list = held[stream];
    const auto same = [&packet](const net::Packet& other) {
      if (other.position != packet.position || other.number != packet.number) return false;
      return packet.position != net::no_position || (other.data == packet.data && other.time == packet.time &&
                                                     other.original_length == packet.original_length &&
                                                     other.interface == packet.interface && other.link == packet.link);
    };
    while (!list.empty() && !same(list.front())) list.pop_front();
    require(!list.empty());
    list.pop_front();
  }
};

void take_back(flow::Backlog& backlog, Model& model, flow::FlowId stream) {
  const std::size_t held = model.held[stream].size();
  std::size_t told = 0;
  const flow::Cut cut = backlog.release(stream, [&](const net::Packet& packet) {
    model.expect(stream, packet);
    ++told;
  });
  require(told + cut.packets == held);
  model.held[stream].clear();
}

void go_through(Bytes input, flow::Backlog& backlog, std::size_t limit, support::MemorySpool* spool) {
  static const std::string noise(0xFFFFU * 3U, 'n');
  Cursor in(input);
  Model model;
  while (in.left() >= 7) {
    const std::uint8_t step = in.u8();
    const flow::FlowId stream = step & (streams - 1);
    const std::uint16_t length = in.be16();
    const std::uint16_t number = in.be16();
    const std::uint16_t position = in.be16();
    net::Packet packet;
    packet.time = {static_cast<std::int64_t>(number) << (position & 47U)};
    packet.data = Bytes(noise).substr(0, std::size_t{length} * ((position & 1U) + 1));
    packet.original_length = position * std::uint32_t{0x10001};
    packet.link = net::LinkType{length};
    packet.interface = number;
    packet.number = std::uint64_t{number} << (length & 47U);
    switch (step >> 6U) {
      case 1: packet.position = std::uint64_t{position} << (number & 47U); [[fallthrough]];
      case 0:
        backlog.hold(stream, packet);
        model.held[stream].push_back(packet);
        break;
      case 2:
        if (spool != nullptr) spool->forget_next(position & 1U);
        take_back(backlog, model, stream);
        break;
      default: backlog.drop(stream); model.held[stream].clear();
    }
    require(backlog.memory() <= limit + 16'384);
    require(spool == nullptr || backlog.spooled() == spool->size());
  }
  for (flow::FlowId stream = 0; stream < streams; ++stream) take_back(backlog, model, stream);
  require(spool == nullptr || spool->places() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes input(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t limit = (std::size_t{data[0]} + 1) << 13U;
  {
    flow::Backlog backlog(limit);
    go_through(input, backlog, limit, nullptr);
  }
  support::MemorySpool spool(std::size_t{data[0]} * 7919 % 256 << 12U);
  flow::BacklogBudget budget(limit, 1);
  flow::Backlog backlog(budget, &spool);
  go_through(input, backlog, limit, &spool);
  return 0;
}
