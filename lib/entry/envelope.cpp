// SPDX-License-Identifier: Apache-2.0
// The fields that every entry has.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "entry/field.hpp"

namespace wiretape {
namespace {

// What is known of a stream whose source nobody told.
const SourceFacts& source_of(const Entry& entry) {
  static const SourceFacts unknown;
  return entry.stream->source != nullptr ? *entry.stream->source : unknown;
}

// Writes texts one after the other into a place that is large enough for all of them.
template <std::size_t size>
class Place {
 public:
  explicit Place(std::array<char, size>& place) : place_(place) {}

  void put(std::string_view text) {
    const std::size_t count = std::min(text.size(), size - used_);
    std::copy_n(text.data(), count, place_.data() + used_);
    used_ += count;
  }
  void put(std::uint64_t number) {
    const auto end = std::to_chars(place_.data() + used_, place_.data() + size, number);
    if (end.ec == std::errc{}) used_ = static_cast<std::size_t>(end.ptr - place_.data());
  }
  [[nodiscard]] std::string_view text() const { return {place_.data(), used_}; }

 private:
  std::array<char, size>& place_;
  std::size_t used_ = 0;
};

// base appends to strings; one string a thread keeps its memory, so that nothing is allocated for an entry.
template <class Append>
std::string_view appended(Append&& append) {
  static thread_local std::string text;
  text.clear();
  append(text);
  return text;
}

std::string_view stream_id(const Entry& entry) {
  return appended([&](std::string& out) { append_stream_id(out, *entry.stream); });
}

std::optional<std::string_view> id(const Entry& entry) {
  constexpr std::size_t longest_node = 253;
  Place place(entry.texts.id);
  place.put(std::string_view(source_of(entry).node_name).substr(0, longest_node));
  place.put("/");
  place.put(stream_id(entry));
  place.put("-");
  place.put(entry.index);
  return place.text();
}

std::optional<std::string_view> stream(const Entry& entry) {
  Place place(entry.texts.stream);
  place.put(stream_id(entry));
  return place.text();
}

std::optional<std::string_view> start_time(const Entry& entry) {
  Place place(entry.texts.start_time);
  place.put(appended([&](std::string& out) { append_rfc3339(out, entry.start()); }));
  return place.text();
}

// Direction says whose: what goes to_server comes from the client.
const Endpoint& endpoint(const Entry& entry, Direction from) {
  return from == Direction::to_server ? entry.stream->client : entry.stream->server;
}

template <Direction from>
std::optional<std::string_view> ip(const Entry& entry) {
  const Address& address = endpoint(entry, from).address;
  auto& room = entry.texts.ip[index(from)];
  if (address.v6) {
    const auto size = static_cast<socklen_t>(room.size());
    return inet_ntop(AF_INET6, address.bytes.data(), room.data(), size) != nullptr ? room.data() : "";
  }
  Place place(room);
  for (std::size_t i = 0; i < 4; ++i) {
    if (i != 0) place.put(".");
    place.put(std::uint64_t{address.bytes[i]});
  }
  return place.text();
}

template <Direction from>
std::optional<std::string_view> port(const Entry& entry) {
  if (entry.stream->transport == Transport::icmp) return "";
  Place place(entry.texts.port[index(from)]);
  place.put(std::uint64_t{endpoint(entry, from).port});
  return place.text();
}

Presence always(const Entry&) {
  return Presence::present;
}
std::optional<std::string_view> unknown_text(const Entry&) {
  return "";
}
std::optional<std::string_view> no_mechanism(const Entry&) {
  return "none";
}
bool tell_unknown(const Entry&, json::Sink& sink) {
  sink.null();
  return true;
}

bool outgoing(const Entry& entry) {
  const std::string& node = source_of(entry).node_ip;
  return !node.empty() && ip<Direction::to_server>(entry) == node;
}

std::string_view layer4(const Entry& entry) {
  static constexpr std::array<std::string_view, 4> names = {"tcp", "udp", "icmp", "sctp"};
  return names[static_cast<std::size_t>(entry.stream->transport)];
}

bool tell_ports(const Entry& entry, json::Sink& sink) {
  sink.begin_array();
  if (entry.schema != nullptr) {
    for (const std::uint16_t number : entry.schema->ports) {
      std::array<char, 8> room{};
      Place place(room);
      place.put(std::uint64_t{number});
      sink.text(place.text());
    }
  }
  sink.end_array();
  return true;
}

Presence presence(const Message* half) {
  return half != nullptr ? Presence::present : Presence::null;
}
std::int64_t size_of(const Message* half) {
  return half != nullptr ? static_cast<std::int64_t>(half->size) : 0;
}

bool is_whole(const Entry& entry) {
  return entry.fault.type == Fault::Type::none;
}

constexpr Member pod_members[] = {
    {"metadata.name", Type::text, "name of the pod", "\"cart-7d4b9\""},
    {"metadata.namespace", Type::text, "its namespace", "\"shop\""},
    {"metadata.labels", Type::map, "its labels"},
    {"metadata.annotations", Type::map, "its annotations"},
    {"metadata.ownerReferences", Type::array, "what owns it"},
    {"spec.nodeName", Type::text, "the node it runs on", "\"worker-1\""},
    {"status.hostIP", Type::text, "that node's address", "\"10.0.0.5\""},
};
constexpr Member service_members[] = {
    {"metadata.name", Type::text, "its name", "\"cart\""},
    {"metadata.namespace", Type::text, "its namespace", "\"shop\""},
    {"metadata.labels", Type::map, "its labels"},
};
constexpr Member port_members[] = {{"[]", Type::text, "a port", "\"80\""}};

// Paths of both ends, so that each is described once.
struct EndPaths {
  std::string_view self, ip, port, name, name_space, pod, service, slice, mechanism;
};
constexpr EndPaths src_paths = {"src",
                                "src.ip",
                                "src.port",
                                "src.name",
                                "src.namespace",
                                "src.pod",
                                "src.service",
                                "src.endpointSlice",
                                "src.resolutionMechanism"};
constexpr EndPaths dst_paths = {"dst",
                                "dst.ip",
                                "dst.port",
                                "dst.name",
                                "dst.namespace",
                                "dst.pod",
                                "dst.service",
                                "dst.endpointSlice",
                                "dst.resolutionMechanism"};

// The place where names come in: everything from `name` on is unknown until somebody resolves addresses.
template <Direction from>
constexpr std::array<Field, 9> end_fields(const EndPaths& path, std::string_view about) {
  constexpr Stage known = Stage::stream;
  return {{
      {.path = path.self, .get = Shape{always}, .type = Type::object, .about = about, .known = known},
      {.path = path.ip,
       .get = Text{ip<from>},
       .type = Type::text,
       .about = "its address",
       .example = "\"10.0.1.20\"",
       .known = known},
      {.path = path.port,
       .get = Text{port<from>},
       .type = Type::text,
       .about = "its port, empty for ICMP",
       .example = "\"8080\"",
       .known = known},
      {.path = path.name,
       .get = Text{unknown_text},
       .type = Type::text,
       .about = "its name",
       .example = "\"cart\"",
       .known = known},
      {.path = path.name_space,
       .get = Text{unknown_text},
       .type = Type::text,
       .about = "the namespace of its name",
       .example = "\"shop\"",
       .known = known},
      {.path = path.pod,
       .get = Tell{tell_unknown},
       .type = Type::object,
       .about = "the pod that has this address",
       .known = known,
       .members = pod_members},
      {.path = path.service,
       .get = Tell{tell_unknown},
       .type = Type::object,
       .about = "the service whose endpoints hold it",
       .known = known,
       .members = service_members},
      {.path = path.slice,
       .get = Tell{tell_unknown},
       .type = Type::object,
       .about = "the endpoint slice that holds it",
       .known = known,
       .members = service_members},
      {.path = path.mechanism,
       .get = Text{no_mechanism},
       .type = Type::text,
       .about = "how the name was found: none, ip, ip-and-port, dns, hosts",
       .example = "\"ip\"",
       .known = known},
  }};
}

constexpr Field front[] = {
    {.path = "id",
     .get = Text{id},
     .type = Type::text,
     .about = "node, stream and index: unique in a recording",
     .example = "\"worker-1/000000000042-0\"",
     .known = Stage::request_head},
    {.path = "index",
     .get = [](const Entry& e) -> std::optional<std::int64_t> { return e.index; },
     .type = Type::number,
     .about = "position of the call in its stream, from 0",
     .example = "0",
     .known = Stage::request_head},
    {.path = "stream",
     .get = Text{stream},
     .type = Type::text,
     .about = "the stream that carries the call",
     .example = "\"000000000042\"",
     .known = Stage::stream},
    {.path = "record",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return source_of(e).record; },
     .type = Type::text,
     .about = "name of the recording, empty for live traffic and plain capture files",
     .example = "\"errors\"",
     .known = Stage::stream},
    {.path = "node",
     .get = Shape{always},
     .type = Type::object,
     .about = "where it was captured",
     .known = Stage::stream},
    {.path = "node.name",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return source_of(e).node_name; },
     .type = Type::text,
     .about = "name of the machine",
     .example = "\"worker-1\"",
     .known = Stage::stream},
    {.path = "node.ip",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return source_of(e).node_ip; },
     .type = Type::text,
     .about = "its address",
     .example = "\"10.0.0.5\"",
     .known = Stage::stream},
    {.path = "protocol", .get = Shape{always}, .type = Type::object, .about = "what is spoken", .known = Stage::stream},
    {.path = "protocol.name",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return e.label->name; },
     .type = Type::text,
     .about = "the family",
     .example = "\"http\"",
     .known = Stage::stream},
    {.path = "protocol.version",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return e.label->version; },
     .type = Type::text,
     .about = "its version",
     .example = "\"1.1\"",
     .known = Stage::stream},
    {.path = "protocol.abbr",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return e.label->abbr; },
     .type = Type::text,
     .about = "its short name for people",
     .example = "\"HTTP\"",
     .known = Stage::stream},
    {.path = "protocol.longName",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return e.label->long_name; },
     .type = Type::text,
     .about = "its name in full",
     .example = "\"Domain Name System\"",
     .known = Stage::stream},
    {.path = "protocol.macro",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return e.label->macro; },
     .type = Type::text,
     .about = "the word of the language for it",
     .example = "\"http\"",
     .known = Stage::stream},
    {.path = "protocol.layer4",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return layer4(e); },
     .type = Type::text,
     .about = "what carries it: tcp, udp, icmp, sctp",
     .example = "\"tcp\"",
     .known = Stage::stream},
    {.path = "protocol.layer3",
     .get = [](const Entry&) -> std::optional<std::string_view> { return "ip"; },
     .type = Type::text,
     .about = "what carries that",
     .example = "\"ip\"",
     .known = Stage::stream},
    {.path = "protocol.ports",
     .get = Tell{tell_ports},
     .type = Type::array,
     .about = "where the protocol is usually found",
     .known = Stage::stream,
     .members = port_members},
    {.path = "tls",
     .get = [](const Entry& e) -> std::optional<bool> { return e.tls; },
     .type = Type::flag,
     .about = "decrypted from TLS, or a TLS handshake itself",
     .example = "true",
     .known = Stage::stream},
    {.path = "capture",
     .get = Shape{always},
     .type = Type::object,
     .about = "how it was captured",
     .known = Stage::stream},
    {.path = "capture.backend",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return source_of(e).backend; },
     .type = Type::text,
     .about = "libpcap, file, kubectl or ebpf",
     .example = "\"libpcap\"",
     .known = Stage::stream},
    {.path = "capture.source",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return source_of(e).source; },
     .type = Type::text,
     .about = "interface or file name",
     .example = "\"eth0\"",
     .known = Stage::stream},
    {.path = "capture.interface",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return source_of(e).interface; },
     .type = Type::text,
     .about = "name of the interface, empty when unknown",
     .example = "\"eth0\"",
     .known = Stage::stream},
    {.path = "capture.vlan",
     .get = [](const Entry& e) -> std::optional<std::int64_t> { return e.stream->vlan; },
     .type = Type::number,
     .about = "outermost 802.1Q identifier, 0 without",
     .example = "12",
     .known = Stage::stream},
};

constexpr auto client_fields = end_fields<Direction::to_server>(src_paths, "the client");
constexpr auto server_fields = end_fields<Direction::to_client>(dst_paths, "the server");

constexpr Field back[] = {
    {.path = "outgoing",
     .get = [](const Entry& e) -> std::optional<bool> { return outgoing(e); },
     .type = Type::flag,
     .about = "the client is on this node",
     .example = "true",
     .known = Stage::stream},
    {.path = "timestamp",
     .get = [](const Entry& e) -> std::optional<std::int64_t> { return e.start().milliseconds(); },
     .type = Type::number,
     .about = "time of the request's first byte, since 1970 in UTC",
     .unit = "ms",
     .example = "1717490700000",
     .known = Stage::request_head},
    {.path = "startTime",
     .get = Text{start_time},
     .type = Type::text,
     .about = "the same, RFC 3339 with nanoseconds, UTC",
     .example = "\"2024-06-04T08:45:00.000000000Z\"",
     .known = Stage::request_head},
    {.path = "elapsedTime",
     .get = [](const Entry& e) -> std::optional<double> { return e.elapsed().as_milliseconds(); },
     .type = Type::real,
     .about = "last byte of the response minus first byte of the request, 0 without a response",
     .unit = "ms",
     .example = "31.2",
     .known = Stage::complete},
    {.path = "requestSize",
     .get = [](const Entry& e) -> std::optional<std::int64_t> { return size_of(e.request); },
     .type = Type::number,
     .about = "request as captured, headers and body",
     .unit = "bytes",
     .example = "512",
     .known = Stage::request},
    {.path = "responseSize",
     .get = [](const Entry& e) -> std::optional<std::int64_t> { return size_of(e.response); },
     .type = Type::number,
     .about = "response as captured, headers and body",
     .unit = "bytes",
     .example = "2048",
     .known = Stage::complete},
    {.path = "request",
     .get = [](const Entry& e) -> Presence { return presence(e.request); },
     .type = Type::object,
     .about = "what the client sent, null when it was not seen",
     .known = Stage::request_head},
    {.path = "response",
     .get = [](const Entry& e) -> Presence { return presence(e.response); },
     .type = Type::object,
     .about = "what the server sent, null when it was not seen",
     .known = Stage::response_head},
    {.path = "error",
     .get = [](const Entry& e) -> Presence { return is_whole(e) ? Presence::null : Presence::present; },
     .type = Type::object,
     .about = "what is wrong with the call, null for nothing"},
    {.path = "error.type",
     .get = [](const Entry& e) -> std::optional<std::string_view> {
       return is_whole(e) ? std::nullopt : std::optional(name(e.fault.type));
     },
     .type = Type::text,
     .about = "dissection, connection, timeout, pair-not-found or incomplete",
     .example = "\"timeout\""},
    {.path = "error.msg",
     .get = [](const Entry& e) -> std::optional<std::string_view> {
       return is_whole(e) ? std::nullopt : std::optional(e.fault.message);
     },
     .type = Type::text,
     .about = "the same for people",
     .example = "\"Reset\""},
};

template <std::size_t... sizes>
constexpr auto joined(const std::span<const Field, sizes>&... parts) {
  std::array<Field, (sizes + ...)> all{};
  auto at = all.begin();
  ((at = std::copy(parts.begin(), parts.end(), at)), ...);
  return all;
}

constexpr auto fields = joined(std::span(front), std::span(client_fields), std::span(server_fields), std::span(back));

}  // namespace

std::span<const Field> envelope() {
  return fields;
}

}  // namespace wiretape
