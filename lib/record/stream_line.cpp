// SPDX-License-Identifier: Apache-2.0
#include "record/stream_line.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "json/writer.hpp"
#include "record/members.hpp"

namespace wiretape::record {
namespace {

constexpr std::array<std::string_view, 4> transport_names = {"tcp", "udp", "icmp", "sctp"};
constexpr std::array<std::string_view, 6> stream_state_names = {"established", "closed",    "reset",
                                                                "refused",     "half-open", "midstream"};
constexpr std::array<const char*, 2> side_names = {"client", "server"};  // by the direction of what they send

struct SideCounter {
  const char* key;
  std::uint64_t SideFacts::*member;
};
constexpr std::array side_counters = {
    SideCounter{"packets", &SideFacts::packets},
    SideCounter{"bytes", &SideFacts::bytes},
    SideCounter{"retransmissions", &SideFacts::retransmissions},
    SideCounter{"outOfOrder", &SideFacts::out_of_order},
    SideCounter{"gaps", &SideFacts::gaps},
    SideCounter{"gapBytes", &SideFacts::gap_bytes},
};

struct LossCounter {
  const char* key;
  std::uint64_t Loss::*member;
};
constexpr std::array loss_counters = {
    LossCounter{"gaps", &Loss::gaps},
    LossCounter{"gapBytes", &Loss::gap_bytes},
    LossCounter{"backlogCutPackets", &Loss::backlog_cut_packets},
    LossCounter{"backlogCutBytes", &Loss::backlog_cut_bytes},
    LossCounter{"snaplenCuts", &Loss::snaplen_cuts},
    LossCounter{"conflicts", &Loss::conflicts},
    LossCounter{"kernelDrops", &Loss::kernel_drops},
    LossCounter{"interfaceDrops", &Loss::interface_drops},
    LossCounter{"letGoPackets", &Loss::let_go_packets},
    LossCounter{"letGoBytes", &Loss::let_go_bytes},
};

void tell_count(json::Sink& out, std::string_view key, std::uint64_t value) {
  out.integer(key, static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX)));
}

void tell_time(json::Sink& out, std::string_view key, std::optional<Timestamp> time) {
  out.key(key);
  if (time) {
    out.text(rfc3339(*time));
  } else {
    out.null();
  }
}

void tell_range(json::Sink& out, const GapRange& range) {
  out.begin_object();
  out.text("from", side_names[index(range.direction)]);
  tell_count(out, "offset", range.offset);
  tell_count(out, "bytes", range.bytes);
  tell_time(out, "time", range.time);
  out.end_object();
}

void tell_endpoint(json::Writer& out, std::string_view key, const Endpoint& endpoint, Transport transport) {
  out.key(key);
  out.begin_object();
  out.text("ip", text(endpoint.address));
  out.text("port", transport == Transport::icmp ? std::string() : std::to_string(endpoint.port));
  out.end_object();
}

void tell_side(json::Writer& out, std::string_view key, const SideFacts& side) {
  out.key(key);
  out.begin_object();
  for (const SideCounter& counter : side_counters) tell_count(out, counter.key, side.*counter.member);
  out.end_object();
}

template <std::size_t size>
std::optional<std::size_t> position_of(const std::array<std::string_view, size>& names, std::string_view name) {
  const auto* const found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

template <class Enum, std::size_t size>
void read_enum(Members& in, const char* key, const std::array<std::string_view, size>& names, Enum& to) {
  std::string text;
  in.text(key, text);
  const auto position = position_of(names, text);
  if (!position) return in.set_wrong(key, "is unknown");
  to = static_cast<Enum>(*position);
}

bool read_address(const std::string& text, Address& to) {
  std::array<char, 16> wire{};
  if (inet_pton(AF_INET, text.c_str(), wire.data()) == 1) {
    to = Address::v4_of(Bytes(wire.data(), 4));
    return true;
  }
  if (inet_pton(AF_INET6, text.c_str(), wire.data()) != 1) return false;
  to = Address::v6_of(Bytes(wire.data(), wire.size()));
  return true;
}

void read_endpoint(Members& in, const char* key, Endpoint& endpoint) {
  if (!in.has(key)) in.set_wrong(key, "is missing");
  in.object(key, [&](Members& members) {
    std::string ip, port;
    members.text("ip", ip);
    members.text("port", port);
    if (!read_address(ip, endpoint.address)) members.set_wrong("ip", "is no address");
    if (port.empty()) return;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc() || end != port.data() + port.size()) members.set_wrong("port", "is no port");
  });
}

void read_range(Members& in, GapRange& range) {
  std::string from;
  in.text("from", from);
  range.direction = from == side_names[1] ? Direction::to_client : Direction::to_server;
  in.count("offset", range.offset);
  in.count("bytes", range.bytes);
  in.time("time", range.time);
}

// Both ends or nothing.
void read_span(Members& in, std::optional<TimeSpan>& span) {
  std::optional<Timestamp> first, last;
  in.time("backlogCutFirst", first);
  in.time("backlogCutLast", last);
  if (first && last) span = {.first = *first, .last = *last};
}

void read_loss(Members& in, Loss& loss) {
  for (const LossCounter& counter : loss_counters) in.count(counter.key, loss.*counter.member);
  read_span(in, loss.backlog_cut_span);
  in.flag("midstream", loss.midstream);
  in.each("ranges", [&](Members& range) {
    GapRange ignored;
    read_range(range, loss.ranges.size() < Loss::most_ranges ? loss.ranges.emplace_back() : ignored);
  });
}

// The stream's number stands in its id.
void read_id(Members& in, StreamLine& line) {
  in.text("id", line.id);
  const std::size_t digits = std::min(line.id.find('_'), line.id.size());
  const auto [end, error] = std::from_chars(line.id.data(), line.id.data() + digits, line.facts.number);
  if (digits == 0 || error != std::errc() || end != line.id.data() + digits) in.set_wrong("id", "is no stream's id");
}

void read_line(Members& in, StreamLine& line) {
  StreamFacts& facts = line.facts;
  read_id(in, line);
  read_enum(in, "layer4", transport_names, facts.transport);
  read_enum(in, "state", stream_state_names, facts.state);
  in.text("protocol", line.protocol);
  in.text("interface", line.interface);
  read_endpoint(in, "src", facts.client);
  read_endpoint(in, "dst", facts.server);
  in.count("vlan", facts.vlan);
  in.time("firstTime", facts.first);
  in.time("lastTime", facts.last);
  in.milliseconds("handshakeTime", facts.handshake);
  for (std::size_t side = 0; side < facts.sides.size(); ++side) {
    in.object(side_names[side], [&](Members& members) {
      for (const SideCounter& counter : side_counters) members.count(counter.key, facts.sides[side].*counter.member);
    });
  }
  in.count("calls", line.calls);
  in.count("keptPackets", line.kept_packets);
  in.count("keptBytes", line.kept_bytes);
  if (!in.is_null("loss")) in.object("loss", [&](Members& members) { read_loss(members, line.loss); });
}

}  // namespace

std::string_view name(Transport transport) {
  return transport_names[static_cast<std::size_t>(transport)];
}
std::string_view name(StreamState state) {
  return stream_state_names[static_cast<std::size_t>(state)];
}

void Loss::add_gap(const GapRange& gap) {
  ++gaps;
  gap_bytes += gap.bytes;
  if (ranges.size() < most_ranges) ranges.push_back(gap);
}

void tell(json::Sink& out, const Loss& loss) {
  if (loss.none()) return out.null();
  out.begin_object();
  for (const LossCounter& counter : loss_counters) tell_count(out, counter.key, loss.*counter.member);
  const auto& span = loss.backlog_cut_span;
  tell_time(out, "backlogCutFirst", span ? std::optional(span->first) : std::nullopt);
  tell_time(out, "backlogCutLast", span ? std::optional(span->last) : std::nullopt);
  out.boolean("midstream", loss.midstream);
  out.key("ranges");
  out.begin_array();
  for (const GapRange& range : loss.ranges) tell_range(out, range);
  out.end_array();
  out.end_object();
}

void append_stream_line(std::string& out, const StreamFacts& facts, const StreamCounts& counts, const Loss& loss) {
  std::string id;
  append_stream_id(id, facts);
  json::Writer json(out);
  json.begin_object();
  json.integer("format", current_format.major);
  json.text("id", id);
  json.text("protocol", facts.dissected);
  json.text("layer4", name(facts.transport));
  json.text("state", name(facts.state));
  json.text("interface", facts.source == nullptr ? std::string_view() : facts.source->interface);
  tell_endpoint(json, "src", facts.client, facts.transport);
  tell_endpoint(json, "dst", facts.server, facts.transport);
  json.integer("vlan", facts.vlan);
  json.text("firstTime", rfc3339(facts.first));
  json.text("lastTime", rfc3339(facts.last));
  json.key("handshakeTime");
  json.real(facts.handshake.as_milliseconds());
  for (std::size_t side = 0; side < facts.sides.size(); ++side) tell_side(json, side_names[side], facts.sides[side]);
  tell_count(json, "calls", counts.calls);
  tell_count(json, "keptPackets", counts.kept_packets);
  tell_count(json, "keptBytes", counts.kept_bytes);
  json.key("loss");
  tell(json, loss);
  json.end_object();
}

std::optional<StreamLine> read_stream_line(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  const simdjson::padded_string padded(json);
  if (parser.parse(padded).get(document) != simdjson::SUCCESS) return std::nullopt;
  Members in(document);
  std::uint32_t format = 0;
  in.count("format", format);
  if (format == 0 || format > current_format.major) return std::nullopt;
  StreamLine line;
  read_line(in, line);
  if (!in.ok()) return std::nullopt;
  return line;
}

}  // namespace wiretape::record
