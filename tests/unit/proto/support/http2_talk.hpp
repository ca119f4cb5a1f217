// SPDX-License-Identifier: Apache-2.0
// HTTP/2 as bytes, written by hand, and a connection whose calls are told as short lines.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proto/http/message.hpp"
#include "proto/http2/frame.hpp"
#include "proto/http2/http2.hpp"
#include "proto/session.hpp"

namespace wiretape::test {

using http2::FrameType;

inline std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string out;
  while (bytes-- > 0) out += static_cast<char>(value >> (8U * bytes) & 0xFFU);
  return out;
}

inline std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string out = big_endian(payload.size(), 3);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  return out + big_endian(stream, 4) += payload;
}

// A string as header compression writes it, without Huffman's code.
inline std::string hpack_string(std::string_view text) {
  std::string out;
  std::size_t left = text.size();
  if (left < 0x7F) return out + static_cast<char>(left) + std::string(text);
  out += '\x7F';
  for (left -= 0x7F; left >= 0x80; left >>= 7U) out += static_cast<char>((left & 0x7FU) | 0x80U);
  return out + static_cast<char>(left) + std::string(text);
}

// How a field is written: with an entry of its own in the table, or without.
enum class Adds : std::uint8_t { nothing, entry };
inline std::string field(std::string_view name, std::string_view value, Adds adds = Adds::nothing) {
  return (adds == Adds::entry ? '\x40' : '\x00') + hpack_string(name) + hpack_string(value);
}
inline std::string indexed(unsigned index) {
  return std::string(1, static_cast<char>(0x80U | index));
}

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;
inline std::string block(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) out += field(name, value);
  return out;
}

inline constexpr std::uint8_t end_stream = http2::flag::end_stream;
inline constexpr std::uint8_t end_headers = http2::flag::end_headers;
inline constexpr std::uint8_t whole = end_stream | end_headers;

inline std::string headers(std::uint32_t stream, const Fields& fields, std::uint8_t flags = whole) {
  return frame(FrameType::headers, flags, stream, block(fields));
}
inline std::string data(std::uint32_t stream, std::string_view bytes, std::uint8_t flags = end_stream) {
  return frame(FrameType::data, flags, stream, bytes);
}
inline std::string reset(std::uint32_t stream, std::uint32_t code) {
  return frame(FrameType::rst_stream, 0, stream, big_endian(code, 4));
}
inline std::string settings() {
  return frame(FrameType::settings, 0, 0, std::string("\x00\x03\x00\x00\x00\x64", 6));
}
inline std::string get(std::uint32_t stream, std::string_view path) {
  return headers(stream, {{":method", "GET"}, {":scheme", "http"}, {":path", path}, {":authority", "a"}});
}
inline std::string post(std::uint32_t stream, std::string_view path) {
  return headers(stream, {{":method", "POST"}, {":scheme", "http"}, {":path", path}}, end_headers);
}
inline std::string answer(std::uint32_t stream, std::string_view status, std::uint8_t flags = end_headers) {
  return headers(stream, {{":status", status}}, flags);
}

// Hears a session: "POST /a [5 hello] | 200 [2 ok] !connection: Reset: CANCEL", a line each.
class Calls2 final : public EntryListener {
 public:
  void complete(const Entry& entry) override {
    log += both(entry);
    if (entry.fault.type != Fault::Type::none) {
      log += " !" + std::string(name(entry.fault.type)) + ": " + std::string(entry.fault.message);
    }
    log += '\n';
    last_label = entry.label;
    last_start = entry.start();
    last_elapsed = entry.elapsed();
    if (on_complete) on_complete(entry);
  }
  bool opened(const Entry& entry) override {
    if (heads && entry.stage != Stage::request) log += "head: " + both(entry) + '\n';
    return keep_bodies;
  }
  void identified(const Protocol* found) override { protocol = found; }

  bool heads = false;
  bool keep_bodies = true;
  std::string log;
  const Protocol* protocol = nullptr;
  const Label* last_label = nullptr;
  Timestamp last_start;
  Duration last_elapsed;
  void (*on_complete)(const Entry& entry) = nullptr;

 private:
  // Of another protocol that goes through a stream.
  static std::string other(const Entry& entry) {
    const Message& message = entry.request != nullptr ? *entry.request : *entry.response;
    std::string out(entry.schema->name);
    out += entry.request != nullptr ? " > " : " < ";
    return out += std::to_string(message.size) + " bytes";
  }
  static std::string body(const http::Message& message) {
    std::string out;
    if (message.body_size != 0) {
      out = " [" + std::to_string(message.body_size) + ' ' + std::string(message.body_text()) + ']';
    }
    if (!message.trailer_lines.empty()) out += " +trailers";
    return out;
  }
  static std::string both(const Entry& entry) {
    if (entry.schema->name != "http") return other(entry);
    const auto* request = static_cast<const http::Message*>(entry.request);
    const auto* response = static_cast<const http::Message*>(entry.response);
    std::string out = "-";
    if (request != nullptr) {
      out = std::string(request->method()) + ' ' + std::string(request->target()) + body(*request);
    }
    out += " | ";
    return out += response != nullptr ? std::to_string(response->head().status) + body(*response) : "-";
  }
};

// A connection. Times are whole milliseconds.
class Connection2 {
 public:
  explicit Connection2(StreamState state, std::size_t body_limit = 1U << 20U)
      : pool_(DissectorOptions{.body_limit = body_limit}) {
    facts.state = state;
    facts.client.port = 40000;
    facts.server.port = 4000;
    session_ = std::make_unique<Session>(pool_, facts);
  }
  // After the preface and the settings of both.
  Connection2() : Connection2(StreamState::established) {
    ask(std::string(http2::preface) + settings());
    say(settings());
  }

  void ask(std::string_view bytes, std::int64_t at = 1) { send(Direction::to_server, bytes, at); }
  void say(std::string_view bytes, std::int64_t at = 1) { send(Direction::to_client, bytes, at); }
  void send(Direction direction, std::string_view bytes, std::int64_t at = 1) {
    session_->feed({.direction = direction, .time = {at * 1'000'000}, .bytes = bytes}, calls);
  }
  void lose(Direction direction, std::uint64_t missing, std::int64_t at = 1) {
    session_->feed({.direction = direction, .time = {at * 1'000'000}, .missing = missing}, calls);
  }
  void close(Direction direction) { session_->end(direction, {}, calls); }
  void finish(std::int64_t at = 1) { session_->finish({at * 1'000'000}, calls); }
  void wait_until(std::int64_t at) { session_->expire({at * 1'000'000}, calls); }

  // What was told since the last time.
  std::string heard() { return std::exchange(calls.log, {}); }
  Session& session() { return *session_; }

  StreamFacts facts;
  Calls2 calls;

 private:
  SessionPool pool_;
  std::unique_ptr<Session> session_;
};

}  // namespace wiretape::test
