// SPDX-License-Identifier: Apache-2.0
// SOCKS as bytes: version 4 with host names (4A), version 5 (RFC 1928) with a user and a password (RFC 1929). Knows
// neither streams nor entries.
//
//   client   := connect4 | greeting5 password? request5
//   server   := reply4 | choice5 verdict? reply5
//   connect4 := 04 command:8 port:16 address:32 user 00 ( host 00 )?      host: where the address is 0.0.0.x
//   reply4   := 00 code:8 port:16 address:32
//   greeting5 := 05 count:8 method:8*count         choice5 := 05 method:8
//   password := 01 length:8 user length:8 secret   verdict := 01 status:8
//   request5 := 05 command:8 00 address5           reply5  := 05 code:8 00 address5
//   address5 := ( 01 octet*4 | 03 length:8 host | 04 octet*16 ) port:16
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace wiretape::socks {

enum class Version : std::uint8_t { v4 = 4, v5 = 5 };

// What a message is about.
enum class Topic : std::uint8_t { greeting, password, command };

// What the parts of both versions have in common; what a message does not have stays as it is here.
struct Parts {
  Topic topic = Topic::command;
  std::uint8_t number = 0;  // of a request the command, of a reply its code, of a choice the method
  std::string user;
  std::string host;  // an address as text or a name as sent
  std::uint16_t port = 0;
};

struct Read {
  enum class Kind : std::uint8_t { whole, partial, malformed };
  Kind kind = Kind::malformed;
  std::size_t size = 0;  // whole: of the message
};

// Fill `parts` as far as they come. Nothing is longer than two texts of 255 bytes and what stands around them.
// `topic`: what comes next, or is answered; version 4 knows commands only.
Read read_request(Version version, Topic topic, Bytes bytes, Parts& parts);
Read read_reply(Version version, Topic topic, Bytes bytes, Parts& parts);

inline constexpr std::uint8_t connect = 1, bind = 2, udp_associate = 3;
inline constexpr std::uint8_t method_password = 2, method_none = 0xff;

bool is_known_method(std::uint8_t method);  // RFC 1928 section 3 and the IANA registry, private ones included
[[nodiscard]] bool is_success(Version version, Topic topic, std::uint8_t code);

// For people: "connect", "succeeded", "connection refused"; "" for a number that nobody has given out.
std::string_view command_name(Topic topic, std::uint8_t command);
std::string_view code_name(Version version, Topic topic, std::uint8_t code);

}  // namespace wiretape::socks
