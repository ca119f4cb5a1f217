// SPDX-License-Identifier: Apache-2.0
#include "proto/socks/wire.hpp"

#include <algorithm>
#include <optional>

#include "base/endpoint.hpp"

namespace wiretape::socks {
namespace {

constexpr std::size_t longest_text = 255;

constexpr Read partial = {.kind = Read::Kind::partial};
constexpr Read malformed = {.kind = Read::Kind::malformed};

Read ended_at(const Cursor& in) {
  return {.kind = Read::Kind::whole, .size = in.position()};
}

// A text up to the NUL behind it; nothing while that is not there, or when it is too far away.
std::optional<std::string_view> text_before_nul(Bytes bytes) {
  const std::size_t end = bytes.substr(0, longest_text + 1).find('\0');
  return end == Bytes::npos ? std::nullopt : std::optional(bytes.substr(0, end));
}

bool read_text_before_nul(Cursor& in, std::string& out) {
  const auto found = text_before_nul(in.rest());
  if (!found) return false;
  out = *found;
  in.skip(found->size() + 1);
  return true;
}

Read missing_nul(const Cursor& in) {
  return in.left() > longest_text ? malformed : partial;
}

// What a request and a reply of version 4 have in common; gives the address's own bytes.
Bytes read_head4(Cursor& in, Parts& parts) {
  in.u8();
  parts.number = in.u8();
  parts.port = in.be16();
  const Bytes address = in.take(4);
  if (in.ok()) parts.host = text(Address::v4_of(address));
  return address;
}

Read read_connect4(Bytes bytes, Parts& parts) {
  Cursor in(bytes);
  const Bytes address = read_head4(in, parts);
  if (!in.ok()) return partial;
  if (!read_text_before_nul(in, parts.user)) return missing_nul(in);
  const bool named = address.substr(0, 3) == Bytes("\0\0\0", 3) && address[3] != '\0';
  if (named && !read_text_before_nul(in, parts.host)) return missing_nul(in);
  return ended_at(in);
}

Read read_reply4(Bytes bytes, Parts& parts) {
  if (bytes.front() != '\0') return malformed;
  Cursor in(bytes);
  read_head4(in, parts);
  return in.ok() ? ended_at(in) : partial;
}

Read read_greeting5(Bytes bytes) {
  Cursor in(bytes);
  in.u8();
  const std::uint8_t count = in.u8();
  if (!in.ok()) return partial;
  if (count == 0) return malformed;
  in.skip(count);
  return in.ok() ? ended_at(in) : partial;
}

Read read_password5(Bytes bytes, Parts& parts) {
  Cursor in(bytes);
  in.u8();
  parts.user = in.take(in.u8());
  in.skip(in.u8());
  return in.ok() ? ended_at(in) : partial;
}

Read read_command5(Bytes bytes, Parts& parts) {
  constexpr std::uint8_t v4_address = 1, host_name = 3, v6_address = 4;
  Cursor in(bytes);
  in.u8();
  parts.number = in.u8();
  in.u8();
  const std::uint8_t kind = in.u8();
  if (!in.ok()) return partial;
  if (kind != v4_address && kind != host_name && kind != v6_address) return malformed;
  const std::size_t size = kind == v4_address ? 4 : kind == v6_address ? 16 : in.u8();
  const Bytes address = in.take(size);
  parts.port = in.be16();
  if (!in.ok()) return partial;
  parts.host = kind == host_name    ? std::string(address)
               : kind == v4_address ? text(Address::v4_of(address))
                                    : text(Address::v6_of(address));
  return ended_at(in);
}

// A choice of a method, or the verdict over a password.
Read read_two_octets(std::uint8_t version, Bytes bytes, Parts& parts) {
  Cursor in(bytes);
  const bool right = in.u8() == version;
  parts.number = in.u8();
  if (!right) return malformed;
  return in.ok() ? ended_at(in) : partial;
}

std::string_view method_name(std::uint8_t method) {
  switch (method) {
    case 0: return "no authentication";
    case 1: return "GSSAPI";
    case method_password: return "password";
    case method_none: return "no acceptable method";
    default: return {};
  }
}

std::string_view code4_name(std::uint8_t code) {
  switch (code) {
    case 90: return "succeeded";
    case 91: return "rejected or failed";
    case 92: return "rejected: no identd on the client";
    case 93: return "rejected: identd names another user";
    default: return {};
  }
}

std::string_view code5_name(std::uint8_t code) {
  constexpr std::string_view names[] = {"succeeded",           "general failure",       "not allowed",
                                        "network unreachable", "host unreachable",      "connection refused",
                                        "TTL expired",         "command not supported", "address type not supported"};
  return code < std::size(names) ? names[code] : std::string_view{};
}

}  // namespace

Read read_request(Version version, Topic topic, Bytes bytes, Parts& parts) {
  parts.topic = topic;
  if (bytes.empty()) return partial;
  const auto first = static_cast<std::uint8_t>(bytes.front());
  if (version == Version::v4) return first == 4 ? read_connect4(bytes, parts) : malformed;
  switch (topic) {
    case Topic::greeting: return first == 5 ? read_greeting5(bytes) : malformed;
    case Topic::password: return first == 1 ? read_password5(bytes, parts) : malformed;
    case Topic::command: return first == 5 ? read_command5(bytes, parts) : malformed;
  }
  return malformed;
}

Read read_reply(Version version, Topic topic, Bytes bytes, Parts& parts) {
  parts.topic = topic;
  if (bytes.empty()) return partial;
  if (version == Version::v4) return read_reply4(bytes, parts);
  switch (topic) {
    case Topic::greeting: return read_two_octets(5, bytes, parts);
    case Topic::password: return read_two_octets(1, bytes, parts);
    case Topic::command: return bytes.front() == 5 ? read_command5(bytes, parts) : malformed;
  }
  return malformed;
}

bool is_known_method(std::uint8_t method) {
  constexpr std::uint8_t last_assigned = 9, first_private = 0x80;
  return method <= last_assigned || method >= first_private;
}

bool is_success(Version version, Topic topic, std::uint8_t code) {
  if (version == Version::v4) return code == 90;
  return topic == Topic::greeting ? code != method_none : code == 0;
}

std::string_view command_name(Topic topic, std::uint8_t command) {
  switch (topic) {
    case Topic::greeting: return "greeting";
    case Topic::password: return "password";
    case Topic::command: break;
  }
  switch (command) {
    case connect: return "connect";
    case bind: return "bind";
    case udp_associate: return "udp associate";
    default: return {};
  }
}

std::string_view code_name(Version version, Topic topic, std::uint8_t code) {
  if (version == Version::v4) return code4_name(code);
  switch (topic) {
    case Topic::greeting: return method_name(code);
    case Topic::password: return code == 0 ? "succeeded" : "failed";
    case Topic::command: return code5_name(code);
  }
  return {};
}

}  // namespace wiretape::socks
