// SPDX-License-Identifier: Apache-2.0
#include "proto/ws/fields.hpp"

#include <optional>

#include "proto/ws/message.hpp"

namespace wiretape::ws {
namespace {

using OptionalFlag = std::optional<bool>;
using OptionalNumber = std::optional<std::int64_t>;
using OptionalText = std::optional<std::string_view>;
using Half_of = const wiretape::Message* Entry::*;

template <Half_of half>
const Message* message_of(const Entry& entry) {
  return static_cast<const Message*>(entry.*half);
}

template <Half_of half>
OptionalText opcode(const Entry& entry) {
  const Message* message = message_of<half>(entry);
  return message != nullptr ? OptionalText(name(message->opcode())) : std::nullopt;
}

template <Half_of half, bool (Message::*read)() const>
OptionalFlag flag(const Entry& entry) {
  const Message* message = message_of<half>(entry);
  return message != nullptr ? OptionalFlag((message->*read)()) : std::nullopt;
}

template <Half_of half>
OptionalNumber payload_length(const Entry& entry) {
  const Message* message = message_of<half>(entry);
  return message != nullptr ? OptionalNumber(message->payload_length()) : std::nullopt;
}

template <Half_of half>
OptionalFlag compressed(const Entry& entry) {
  const Message* message = message_of<half>(entry);
  return message != nullptr ? OptionalFlag(message->compressed) : std::nullopt;
}

template <Half_of half>
OptionalNumber close_code(const Entry& entry) {
  const Message* message = message_of<half>(entry);
  return message != nullptr && message->close_code() ? OptionalNumber(*message->close_code()) : std::nullopt;
}

template <Half_of half>
OptionalText payload(const Entry& entry) {
  const Message* message = message_of<half>(entry);
  return message != nullptr ? OptionalText(message->payload()) : std::nullopt;
}

template <Half_of half>
OptionalFlag truncated(const Entry& entry) {
  const Message* message = message_of<half>(entry);
  return message != nullptr && message->kept.is_cut() ? OptionalFlag(true) : std::nullopt;
}

constexpr Half_of client = &Entry::request, server = &Entry::response;

}  // namespace

constexpr Field fields[field_count] = {
    {.path = "request.opcode",
     .get = Text{opcode<client>},
     .type = Type::text,
     .about = "kind of the client's message: text, binary, close, ping, pong",
     .example = "\"text\"",
     .known = Stage::request_head},
    {.path = "request.fin",
     .get = Flag{flag<client, &Message::fin>},
     .type = Type::flag,
     .about = "its last fragment came",
     .known = Stage::request},
    {.path = "request.masked",
     .get = Flag{flag<client, &Message::masked>},
     .type = Type::flag,
     .about = "the payload was masked, as a client's must be",
     .known = Stage::request_head},
    {.path = "request.payloadLength",
     .get = Number{payload_length<client>},
     .type = Type::number,
     .about = "size of the payload on the wire, fragments together, before unpacking",
     .unit = "bytes",
     .example = "5",
     .known = Stage::request},
    {.path = "request.compressed",
     .get = Flag{compressed<client>},
     .type = Type::flag,
     .about = "the payload was packed by permessage-deflate",
     .known = Stage::request_head},
    {.path = "request.closeCode",
     .get = Number{close_code<client>},
     .type = Type::number,
     .about = "why the client closes, only when it says so",
     .example = "1000",
     .known = Stage::request},
    {.path = "request.payload",
     .get = Text{payload<client>},
     .type = Type::text,
     .about = "payload, unmasked and unpacked; of a close message its reason",
     .known = Stage::request,
     .part = Part::body},
    {.path = "request.truncated",
     .get = Flag{truncated<client>},
     .type = Type::flag,
     .about = "payload is not all of it, only when it is so",
     .known = Stage::request,
     .part = Part::body},
    {.path = "response.opcode",
     .get = Text{opcode<server>},
     .type = Type::text,
     .about = "kind of the server's message: text, binary, close, ping, pong",
     .example = "\"text\"",
     .known = Stage::response_head},
    {.path = "response.fin",
     .get = Flag{flag<server, &Message::fin>},
     .type = Type::flag,
     .about = "its last fragment came"},
    {.path = "response.masked",
     .get = Flag{flag<server, &Message::masked>},
     .type = Type::flag,
     .about = "the payload was masked, as a server's must not be",
     .known = Stage::response_head},
    {.path = "response.payloadLength",
     .get = Number{payload_length<server>},
     .type = Type::number,
     .about = "size of the payload on the wire, fragments together, before unpacking",
     .unit = "bytes",
     .example = "5"},
    {.path = "response.compressed",
     .get = Flag{compressed<server>},
     .type = Type::flag,
     .about = "the payload was packed by permessage-deflate",
     .known = Stage::response_head},
    {.path = "response.closeCode",
     .get = Number{close_code<server>},
     .type = Type::number,
     .about = "why the server closes, only when it says so",
     .example = "1000"},
    {.path = "response.payload",
     .get = Text{payload<server>},
     .type = Type::text,
     .about = "payload, unpacked; of a close message its reason",
     .part = Part::body},
    {.path = "response.truncated",
     .get = Flag{truncated<server>},
     .type = Type::flag,
     .about = "payload is not all of it, only when it is so",
     .part = Part::body},
};

}  // namespace wiretape::ws
