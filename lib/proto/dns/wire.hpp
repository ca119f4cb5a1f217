// SPDX-License-Identifier: Apache-2.0
// DNS messages as bytes: RFC 1035 section 4. Knows neither streams nor entries.
//
//   message    := header question* answer* authority* additional*
//   header     := id:16 flags:16 counts:16*4
//   question   := name type:16 class:16
//   record     := name type:16 class:16 ttl:32 length:16 data
//   name       := ( length:8 label )* ( 0:8 | 11b pointer:14 )
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace wiretape::dns {

inline constexpr std::size_t header_size = 12;
// What says which message it is: identifier and flags.
inline constexpr std::size_t least_header_size = 4;

struct Header {
  std::uint16_t id = 0;
  bool is_response = false;
  std::uint8_t opcode = 0;  // 4 bits
  bool authoritative = false;
  bool truncated = false;
  bool recursion_desired = false;
  bool recursion_available = false;
  std::uint8_t reserved = 0;                 // Z, AD, CD as they stand
  std::uint8_t rcode = 0;                    // 4 bits
  std::array<std::uint16_t, 4> counts = {};  // by Section, as announced
};

enum class Section : std::uint8_t { questions, answers, authorities, additionals };
inline constexpr std::size_t sections = 4;
constexpr std::size_t index(Section section) {
  return static_cast<std::size_t>(section);
}

// A question or a record. Offsets are from the start of the message.
struct Record {
  std::size_t name = 0;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::uint32_t ttl = 0;   // 0 for a question
  std::size_t data = 0;    // where its data begins
  std::size_t length = 0;  // of its data
  std::size_t end = 0;     // where the next one begins
};

// Why a name does not go on, or does not begin.
enum class NameFlaw : std::uint8_t {
  none,  // it does, or breaks off, or is noise
  // Behind labels that can be read:
  extended_label,  // 01b in front, which was given up (RFC 6891 section 5): where the name ends cannot be known
  too_long,        // more than 255 octets
  // Anywhere:
  loop,  // a pointer that does not lead backwards, or more pointers than there can be labels
};

// For people, in angle brackets as no name stands; "" for none.
std::string_view name(NameFlaw flaw);

// A question whose name cannot be read.
struct FlawedQuestion {
  NameFlaw flaw = NameFlaw::none;
  std::uint16_t type = 0;  // 0 where it is not known
  std::uint16_t klass = 0;
};

// Where each section begins, and how many of its records can be read.
struct Layout {
  std::array<std::size_t, sections> begins = {};
  std::array<std::uint16_t, sections> counts = {};
  std::size_t end = 0;    // behind the last record that can be read
  bool whole = false;     // the header and all announced records can be read
  FlawedQuestion flawed;  // behind those that can be read
};

// Nothing when there are fewer than least_header_size bytes. Counts that are cut off are 0.
std::optional<Header> read_header(Bytes message);

// The question or record at `at`; nothing when it is malformed or does not end within the message.
std::optional<Record> read_question(Bytes message, std::size_t at);
std::optional<Record> read_record(Bytes message, std::size_t at);

// Reads all sections once. Time is linear in the message, whatever its pointers say.
Layout lay_out(Bytes message, const Header& header);

// Offset behind the name at `at`, where it can be read: at most 255 octets, pointers strictly backwards (which ends
// every loop) and not too many. Appends it to `out`, if any, as presentation format (RFC 1035 section 5.1), without the
// trailing dot;
// "<Root>" for the root; dots, backslashes, blanks and control characters inside a label as \. \\ \DDD. Bytes from 0x80
// on stand as they are: names for people are UTF-8 (RFC 6762 section 16).
std::optional<std::size_t> read_name(Bytes message, std::size_t at, std::string* out);

// A number that is equal for equal questions, whatever the case of their names; 0 for none.
std::uint64_t question_hash(Bytes message, const Layout& layout);

}  // namespace wiretape::dns
