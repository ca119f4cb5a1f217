// SPDX-License-Identifier: Apache-2.0
#include "proto/transport.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/protocol.hpp"
#include "proto/schemas.hpp"

namespace wiretape {
namespace {

constexpr Label tcp_label = {"tcp", "", "TCP", "Transmission Control Protocol", "tcp"};
constexpr Label udp_label = {"udp", "", "UDP", "User Datagram Protocol", "udp"};
constexpr Label icmp_label = {"icmp", "", "ICMP", "Internet Control Message Protocol", "icmp"};
constexpr Label sctp_label = {"sctp", "", "SCTP", "Stream Control Transmission Protocol", "sctp"};
constexpr std::array<const Label*, 4> labels = {&tcp_label, &udp_label, &icmp_label, &sctp_label};

template <std::uint64_t SideFacts::*count, Direction direction>
std::optional<std::int64_t> counted(const Entry& entry) {
  return static_cast<std::int64_t>(entry.stream->sides[index(direction)].*count);
}

std::string_view name_of(StreamState state) {
  switch (state) {
    case StreamState::established: return "established";
    case StreamState::closed: return "closed";
    case StreamState::reset: return "reset";
    case StreamState::refused: return "refused";
    case StreamState::half_open: return "half-open";
    case StreamState::midstream: return "midstream";
  }
  return "";
}

std::optional<std::string_view> state(const Entry& entry) {
  return name_of(entry.stream->state);
}
std::optional<double> handshake_time(const Entry& entry) {
  return entry.stream->handshake.as_milliseconds();
}
std::optional<std::string_view> dissected(const Entry& entry) {
  return entry.stream->dissected;
}

template <std::uint64_t SideFacts::*count, Direction direction>
constexpr Field count_field(std::string_view path, std::string_view about, std::string_view unit = "") {
  return {.path = path,
          .get = Number{counted<count, direction>},
          .type = Type::number,
          .about = about,
          .unit = unit,
          .example = "10"};
}

constexpr Direction sent = Direction::to_server;
constexpr Direction received = Direction::to_client;

constexpr Field dissected_field = {.path = "dissected",
                                   .get = Text{dissected},
                                   .type = Type::text,
                                   .about = "the protocol found inside, empty for none",
                                   .example = "\"http\""};

constexpr Field tcp_fields[] = {
    count_field<&SideFacts::packets, sent>("request.packets", "packets of the client"),
    count_field<&SideFacts::bytes, sent>("request.bytes", "their payload, retransmissions included", "bytes"),
    count_field<&SideFacts::retransmissions, sent>("request.retransmissions", "packets sent again"),
    count_field<&SideFacts::out_of_order, sent>("request.outOfOrder", "packets that came before their turn"),
    count_field<&SideFacts::gaps, sent>("request.gaps", "holes left by packets that never came"),
    count_field<&SideFacts::packets, received>("response.packets", "packets of the server"),
    count_field<&SideFacts::bytes, received>("response.bytes", "their payload, retransmissions included", "bytes"),
    count_field<&SideFacts::retransmissions, received>("response.retransmissions", "packets sent again"),
    count_field<&SideFacts::out_of_order, received>("response.outOfOrder", "packets that came before their turn"),
    count_field<&SideFacts::gaps, received>("response.gaps", "holes left by packets that never came"),
    {.path = "state",
     .get = Text{state},
     .type = Type::text,
     .about = "established, closed, reset, refused, half-open or midstream",
     .example = "\"reset\""},
    {.path = "handshakeTime",
     .get = Real{handshake_time},
     .type = Type::real,
     .about = "from SYN to the ACK that ends the handshake, 0 when it was not seen whole",
     .unit = "ms",
     .example = "0.8"},
    dissected_field,
};

constexpr Field datagram_fields[] = {
    count_field<&SideFacts::packets, sent>("request.packets", "packets of the client"),
    count_field<&SideFacts::bytes, sent>("request.bytes", "their payload", "bytes"),
    count_field<&SideFacts::packets, received>("response.packets", "packets of the server"),
    count_field<&SideFacts::bytes, received>("response.bytes", "their payload", "bytes"),
    dissected_field,
};

constexpr std::string_view tcp_summary[] = {"state", "request.bytes", "response.bytes", "dissected"};
constexpr std::string_view datagram_summary[] = {"request.packets", "request.bytes", "response.bytes", "dissected"};

Fault fault_of(const StreamFacts& facts) {
  if (facts.transport != Transport::tcp) return {};
  switch (facts.state) {
    case StreamState::reset: return {Fault::Type::connection, "Reset"};
    case StreamState::refused: return {Fault::Type::connection, "Refused"};
    case StreamState::half_open: return {Fault::Type::connection, "No answer"};
    default: return {};
  }
}

}  // namespace

Schema transport_schema(Transport transport, std::uint8_t ordinal) {
  const auto place = static_cast<std::size_t>(transport);
  const bool tcp = transport == Transport::tcp;
  return {.name = labels[place]->name,
          .title = labels[place]->long_name,
          .ordinal = ordinal,
          .fields = tcp ? std::span<const Field>(tcp_fields) : std::span<const Field>(datagram_fields),
          .labels = std::span(labels).subspan(place, 1),
          .summary = tcp ? std::span<const std::string_view>(tcp_summary)
                         : std::span<const std::string_view>(datagram_summary)};
}

Entry transport_entry(const StreamFacts& facts) {
  static thread_local std::array<Message, 2> halves;
  for (std::size_t side = 0; side < halves.size(); ++side) {
    halves[side].first = facts.first;
    halves[side].last = facts.last;
    halves[side].size = facts.sides[side].bytes;
  }
  return {.schema = &transport_schema(facts.transport),
          .stream = &facts,
          .label = labels[static_cast<std::size_t>(facts.transport)],
          .request = &halves[0],
          .response = &halves[1],
          .fault = fault_of(facts)};
}

}  // namespace wiretape
