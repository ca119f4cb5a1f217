// SPDX-License-Identifier: Apache-2.0
// One API call: a request with its response, or one message where a protocol has no pairs.
//
// An entry owns nothing. It points at the facts of its stream and at the messages of its protocol, and is valid
// during the call that hands it over. Who wants to keep it tells it to a json::Sink (entry/render.hpp) there and then.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/stream_facts.hpp"
#include "base/time.hpp"

namespace wiretape {

// What `protocol` says of a call. A protocol has one constant for each flavour (HTTP/1.0, HTTP/1.1 ...), and its
// messages point at it.
struct Label {
  std::string_view name;       // "http": protocol.name
  std::string_view version;    // "1.1"
  std::string_view abbr;       // "HTTP"
  std::string_view long_name;  // "Hypertext Transfer Protocol -- HTTP/1.1"
  std::string_view macro;      // the word of the language: "http"
};

// What happened to a call that is not whole.
struct Fault {
  enum class Type : std::uint8_t { none, dissection, connection, timeout, pair_not_found, incomplete };
  Type type = Type::none;
  std::string_view message;  // static storage or owned by the message that carries it
};
std::string_view name(Fault::Type type);

// How far a call is known. A statement may be decided before the call is complete; a field says from which stage on
// it can be relied on (Field::known).
enum class Stage : std::uint8_t { stream, request_head, request, response_head, complete };

// Which half of a call a message is, where the message itself says so; otherwise what goes to the server is a request.
enum class Half : std::uint8_t { by_direction, request, response };

// Said by a peer of calls without answering them: the one with the message's id, or all with a greater one.
enum class Refusal : std::uint8_t { none, one, above };

struct Schema;

// A half of a call, as its protocol's dissector left it. Each protocol derives its own and its fields cast to it.
// Messages are pooled: a dissector hands them out and gets them back, with whatever memory they have grown.
struct Message {
  Message() = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  virtual ~Message() = default;

  const Label* label = nullptr;
  const Schema* schema = nullptr;  // of a message of another protocol than its stream's; null: the same
  Timestamp first;                 // of its first byte
  Timestamp last;                  // of its last byte
  std::uint64_t size = 0;          // bytes on the wire, head and body
  std::uint64_t id = 0;            // what pairs it with the other half, where the protocol has such a number
  Half half = Half::by_direction;
  bool alone = false;  // pairs with nothing: an entry of its own (a push, a one-way request)
  // Not none: this is no message. The requests it means that wait for a response are told without one, with its fault.
  Refusal refusal = Refusal::none;
  Fault fault;
};

// Room for the texts that the envelope's getters make when asked: each has a place of its own, so that two texts of one
// entry can be compared, and nothing is allocated. Written before it is read, hence not initialised; a copy starts
// without.
struct EntryTexts {
  // NOLINTBEGIN(modernize-use-equals-default,bugprone-unhandled-self-assignment)
  EntryTexts() {}
  EntryTexts(const EntryTexts&) {}
  EntryTexts& operator=(const EntryTexts&) { return *this; }
  // NOLINTEND(modernize-use-equals-default,bugprone-unhandled-self-assignment)

  std::array<char, 304> id;  // node (at most 253, the longest name in DNS and Kubernetes), stream, index
  std::array<char, 32> stream;
  std::array<std::array<char, 48>, 2> ip;
  std::array<std::array<char, 8>, 2> port;
  std::array<char, 32> start_time;
};

struct Entry {
  const Schema* schema = nullptr;       // fields of the protocol
  const StreamFacts* stream = nullptr;  // never null
  const Label* label = nullptr;         // never null
  const Message* request = nullptr;     // null: the half that was not seen, or not yet
  const Message* response = nullptr;
  std::uint64_t index = 0;  // position in its stream
  bool tls = false;         // decrypted from TLS, or a TLS handshake itself
  Stage stage = Stage::complete;
  Fault fault = {};
  mutable EntryTexts texts{};

  // Times of the call: from the first byte of the request to the last byte of the response.
  [[nodiscard]] Timestamp start() const {
    return request != nullptr ? request->first : response != nullptr ? response->first : stream->first;
  }
  [[nodiscard]] Duration elapsed() const {
    return request != nullptr && response != nullptr ? response->last - request->first : Duration{};
  }
};

}  // namespace wiretape
