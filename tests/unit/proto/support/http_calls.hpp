// SPDX-License-Identifier: Apache-2.0
// HTTP conversations and what is read of them, as short texts that tests compare.
#pragma once

#include <string>
#include <string_view>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "proto/http/http.hpp"
#include "proto/http/message.hpp"
#include "proto/support/driver.hpp"

namespace wiretape::test {

// An entry of one message, or of two.
inline Entry entry_of(const Message* request, const Message* response) {
  static const StreamFacts facts;
  Entry entry;
  entry.stream = &facts;
  const Message* half = request != nullptr ? request : response;
  entry.label = half != nullptr ? half->label : nullptr;
  entry.request = request;
  entry.response = response;
  return entry;
}

// The field as JSON, "missing" where it is.
inline std::string value(const Entry& entry, std::string_view path) {
  for (const Field& field : http::protocol.fields) {
    if (field.path != path) continue;
    std::string out;
    json::Writer writer(out);
    return tell(field, entry, writer) ? out : "missing";
  }
  return "no such field";
}

// "GET /a HTTP/1.1 [5 body] !dissection: why", one line.
inline std::string brief(const Message& wire) {
  const auto& message = static_cast<const http::Message&>(wire);
  std::string out;
  if (message.start() == http::Start::request) {
    out = std::string(message.method()) + ' ' + std::string(message.target());
  } else {
    out = std::to_string(message.head().status);
  }
  if (message.body.packed_size() != 0) {
    out += " [" + std::to_string(message.body_size) + ' ' + std::string(message.body_text()) + ']';
  }
  if (wire.fault.type == Fault::Type::dissection) out += " !dissection: " + std::string(wire.fault.message);
  if (wire.fault.type == Fault::Type::incomplete) out += " !incomplete";
  return out;
}

// Messages of one direction, a line each, and how it ended.
inline std::string told(const Driver& driver, Direction direction) {
  std::string out;
  for (const auto& seen : driver.messages) {
    if (seen.direction == direction) out += (out.empty() ? "" : "\n") + brief(*seen.message);
  }
  return out;
}

}  // namespace wiretape::test
