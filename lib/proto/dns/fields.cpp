// SPDX-License-Identifier: Apache-2.0
// What entries say of DNS messages.
#include <optional>

#include "json/writer.hpp"
#include "proto/dns/data.hpp"
#include "proto/dns/message.hpp"
#include "proto/dns/registry.hpp"

namespace wiretape::dns {
namespace {

const DnsMessage* request(const Entry& entry) {
  return static_cast<const DnsMessage*>(entry.request);
}
const DnsMessage* response(const Entry& entry) {
  return static_cast<const DnsMessage*>(entry.response);
}

using Half_of = const DnsMessage* (*)(const Entry&);

// Texts are made in one place a thread, so that telling a record allocates nothing.
template <class Append>
std::string_view made(Append&& append) {
  static thread_local std::string text;
  text.clear();
  append(text);
  return text;
}

void tell_head(const DnsMessage& message, const Record& record, json::Sink& sink) {
  sink.text("name", made([&](std::string& out) { read_name(message.bytes, record.name, &out); }));
  sink.text("type", made([&](std::string& out) { append_type(out, record.type); }));
}

void tell_class(const Record& record, json::Sink& sink) {
  sink.text("class", made([&](std::string& out) { append_class(out, record.klass); }));
}

// The member that holds the data of a type, in the order they are told; `data` holds that of all others.
std::string_view member_of(std::uint16_t type) {
  switch (type) {
    case Types::a:
    case Types::aaaa: return "ip";
    case Types::ns: return "ns";
    case Types::cname: return "cname";
    case Types::ptr: return "ptr";
    case Types::txt:
    case Types::spf: return "txts";
    case Types::soa: return "soa";
    case Types::srv: return "srv";
    case Types::mx: return "mx";
    case Types::opt: return "opt";
    case Types::uri: return "uri";
    default: return "data";
  }
}

void tell_data(const DnsMessage& message, const Record& record, json::Sink& sink) {
  constexpr std::string_view names[] = {"ip", "ns", "cname", "ptr", "txts", "soa", "srv", "mx", "opt", "uri", "data"};
  bool understood = false;
  const std::string_view data = made([&](std::string& out) { understood = append_data(out, message.bytes, record); });
  const std::string_view holder = understood ? member_of(record.type) : "data";
  for (const std::string_view name : names) {
    if (name == holder) {
      json::tell_text(sink, name, data);
    } else {
      sink.text(name, "");
    }
  }
}

void tell_question(const DnsMessage& message, const Record& record, json::Sink& sink) {
  sink.begin_object();
  tell_head(message, record, sink);
  tell_class(record, sink);
  sink.end_object();
}

// What can be said of a question without a name that can be read: why it has none.
void tell_flawed_question(const FlawedQuestion& question, json::Sink& sink) {
  const bool known = question.type != 0;
  sink.begin_object();
  sink.text("name", name(question.flaw));
  sink.text("type", made([&](std::string& out) {
              if (known) append_type(out, question.type);
            }));
  sink.text("class", made([&](std::string& out) {
              if (known) append_class(out, question.klass);
            }));
  sink.end_object();
}

void tell_record(const DnsMessage& message, const Record& record, json::Sink& sink) {
  sink.begin_object();
  tell_head(message, record, sink);
  if (record.type == Types::opt) {
    sink.text("class", "");  // there it is a size, and told so in `opt`
  } else {
    tell_class(record, sink);
  }
  sink.integer("ttl", record.ttl);
  tell_data(message, record, sink);
  sink.end_object();
}

// Only what the layout says can be read is read.
template <class Visit>
void each_record(const DnsMessage& message, Section section, Visit&& visit) {
  std::size_t at = message.layout.begins[index(section)];
  for (unsigned i = 0; i < message.layout.counts[index(section)]; ++i) {
    const auto record =
        section == Section::questions ? read_question(message.bytes, at) : read_record(message.bytes, at);
    if (!record || !visit(*record)) return;
    at = record->end;
  }
}

template <Half_of half, Section section>
bool tell_section(const Entry& entry, json::Sink& sink) {
  const DnsMessage* message = half(entry);
  if (message == nullptr) return false;
  sink.begin_array();
  each_record(*message, section, [&](const Record& record) {
    if (section == Section::questions) {
      tell_question(*message, record, sink);
    } else {
      tell_record(*message, record, sink);
    }
    return !sink.done();
  });
  const FlawedQuestion& flawed = message->layout.flawed;
  if (section == Section::questions && flawed.flaw != NameFlaw::none && !sink.done()) {
    tell_flawed_question(flawed, sink);
  }
  sink.end_array();
  return true;
}

template <Half_of half>
std::optional<std::int64_t> id(const Entry& entry) {
  const DnsMessage* message = half(entry);
  return message != nullptr ? std::optional<std::int64_t>(message->header.id) : std::nullopt;
}

std::optional<std::string_view> op_code(const Entry& entry) {
  const DnsMessage* message = request(entry);
  return message != nullptr ? std::optional(opcode_name(message->header.opcode)) : std::nullopt;
}

std::optional<std::int64_t> rcode(const Entry& entry) {
  const DnsMessage* message = response(entry);
  return message != nullptr ? std::optional<std::int64_t>(message->header.rcode) : std::nullopt;
}

// An OPT record brings eight more bits in front (RFC 6891 section 6.1.3).
std::optional<std::string_view> code(const Entry& entry) {
  const DnsMessage* message = response(entry);
  if (message == nullptr) return std::nullopt;
  unsigned whole = message->header.rcode;
  each_record(*message, Section::additionals, [&](const Record& record) {
    if (record.type != Types::opt) return true;
    whole |= record.ttl >> 24U << 4U;
    return false;
  });
  return rcode_name(static_cast<std::uint16_t>(whole));
}

Presence flags(const Entry& entry) {
  return response(entry) != nullptr ? Presence::present : Presence::missing;
}

template <bool Header::*bit>
std::optional<bool> flag(const Entry& entry) {
  const DnsMessage* message = response(entry);
  return message != nullptr ? std::optional(message->header.*bit) : std::nullopt;
}

constexpr Member question_members[] = {
    {"[].name", Type::text, "the name asked for, without the trailing dot, or in angle brackets why it cannot be read",
     "\"example.com\""},
    {"[].type", Type::text, "the type asked for", "\"AAAA\""},
    {"[].class", Type::text, "its class", "\"IN\""},
};

constexpr Member record_members[] = {
    {"[].name", Type::text, "the name it belongs to, without the trailing dot", "\"example.com\""},
    {"[].type", Type::text, "its type", "\"AAAA\""},
    {"[].class", Type::text, "its class, empty for OPT", "\"IN\""},
    {"[].ttl", Type::number, "seconds it may be kept", "300"},
    {"[].ip", Type::text, "A, AAAA: the address", "\"10.0.0.1\""},
    {"[].ns", Type::text, "NS: the name server", "\"ns1.example.com\""},
    {"[].cname", Type::text, "CNAME: the name it stands for", "\"www.example.com\""},
    {"[].ptr", Type::text, "PTR: the name", "\"host.example.com\""},
    {"[].txts", Type::text, "TXT: its texts, joined by a comma and a blank", "\"v=spf1 -all\""},
    {"[].soa", Type::text, "SOA: server, mailbox, serial, refresh, retry, expire, minimum",
     "\"ns1.example.com admin.example.com 7 3600 600 86400 60\""},
    {"[].srv", Type::text, "SRV: priority, weight, port, target", "\"0 5 5060 sip.example.com\""},
    {"[].mx", Type::text, "MX: preference, host", "\"10 mail.example.com\""},
    {"[].opt", Type::text, "OPT: what EDNS says", "\"udp=1232 version=0 rcode=0 flags=do\""},
    {"[].uri", Type::text, "URI: priority, weight, target", "\"10 1 \\\"https://example.com\\\"\""},
    {"[].data", Type::text, "any other type as a master file writes it, RFC 3597 where it is unknown",
     "\"0 issue \\\"example.com\\\"\""},
};

template <Half_of half, Section section>
constexpr Field section_field(std::string_view path, std::string_view about, Stage known) {
  return {.path = path,
          .get = Tell{tell_section<half, section>},
          .type = Type::array,
          .about = about,
          .known = known,
          .members = section == Section::questions ? std::span<const Member>(question_members)
                                                   : std::span<const Member>(record_members)};
}

constexpr Stage asked = Stage::request_head;
constexpr Stage answered = Stage::response_head;

constexpr Field table[] = {
    {.path = "request.opCode",
     .get = Text{op_code},
     .type = Type::text,
     .about = "what is wanted",
     .example = "\"Query\"",
     .known = asked},
    {.path = "request.id",
     .get = Number{id<request>},
     .type = Type::number,
     .about = "identifier that the answer repeats",
     .example = "4660",
     .known = asked},
    section_field<request, Section::questions>("request.questions", "what is asked", asked),
    {.path = "response.id",
     .get = Number{id<response>},
     .type = Type::number,
     .about = "identifier of the query",
     .example = "4660",
     .known = answered},
    section_field<response, Section::questions>("response.questions", "what was asked", answered),
    {.path = "response.code",
     .get = Text{code},
     .type = Type::text,
     .about = "how it went",
     .example = "\"Non-Existent Domain\"",
     .known = answered},
    {.path = "response.rcode",
     .get = Number{rcode},
     .type = Type::number,
     .about = "the same as the header's number, from 0 to 15",
     .example = "3",
     .known = answered},
    section_field<response, Section::answers>("response.answers", "records that answer", answered),
    section_field<response, Section::authorities>("response.authorities", "records of who is responsible", answered),
    section_field<response, Section::additionals>("response.additionals", "records that may help", answered),
    {.path = "response.flags",
     .get = Shape{flags},
     .type = Type::object,
     .about = "flags of the header",
     .known = answered},
    {.path = "response.flags.authoritative",
     .get = Flag{flag<&Header::authoritative>},
     .type = Type::flag,
     .about = "the server is responsible for the name",
     .example = "true",
     .known = answered},
    {.path = "response.flags.truncated",
     .get = Flag{flag<&Header::truncated>},
     .type = Type::flag,
     .about = "the answer did not fit: ask again over TCP",
     .example = "true",
     .known = answered},
    {.path = "response.flags.recursionDesired",
     .get = Flag{flag<&Header::recursion_desired>},
     .type = Type::flag,
     .about = "the client wanted the server to ask others",
     .example = "true",
     .known = answered},
    {.path = "response.flags.recursionAvailable",
     .get = Flag{flag<&Header::recursion_available>},
     .type = Type::flag,
     .about = "the server would ask others",
     .example = "true",
     .known = answered},
};

}  // namespace

constinit const std::array<Field, 15> fields = std::to_array(table);
constinit const std::array<std::string_view, 3> summary = {"request.questions", "response.code", "response.answers"};

}  // namespace wiretape::dns
