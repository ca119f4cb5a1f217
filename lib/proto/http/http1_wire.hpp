// SPDX-License-Identifier: Apache-2.0
// HTTP/1.x as bytes (RFC 9112): heads, header lines, chunks. Knows neither streams nor entries.
//
//   head        := start-line line* empty-line            lines end with CRLF, or a bare LF
//   start-line  := method SP target SP "HTTP/1." DIGIT | "HTTP/1." DIGIT SP 3DIGIT [ SP reason ]
//                | "GET" SP "/" path                      HTTP/0.9: the whole head, and the answer has none
//   line        := name ":" value ( LF ( SP | HT ) more )*   the last is the old folding
//   chunked     := ( size [ ";" extension ] CRLF data CRLF )* "0" CRLF line* empty-line
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace wiretape::http {

// A longer head is no head: it bounds what a stream has to hold back.
inline constexpr std::size_t longest_head = 64U << 10U;

// A place in a message's own bytes, so that a message can move.
struct Slice {
  std::uint32_t at = 0;
  std::uint32_t size = 0;

  [[nodiscard]] constexpr Bytes of(Bytes bytes) const { return bytes.substr(at, size); }
  [[nodiscard]] constexpr bool empty() const { return size == 0; }
};

// How bytes were packed; `unknown` is any name that cannot be undone here.
enum class Coding : std::uint8_t { gzip, deflate, brotli, zstd, compress, unknown };

// Codings in the order in which they were applied. More than fit are `unknown`: nobody packs a body five times in
// earnest.
struct Codings {
  std::array<Coding, 4> list{};
  std::uint8_t count = 0;

  constexpr void add(Coding coding) {
    if (count < list.size())
      list[count++] = coding;
    else
      list.back() = Coding::unknown;
  }
  [[nodiscard]] constexpr bool empty() const { return count == 0; }
};

enum class Start : std::uint8_t { request, response };

// What Content-Length said.
enum class Length : std::uint8_t { none, given, repeated, conflicting, malformed };

// What Transfer-Encoding said. Where chunked is not the last coding, only the end of the stream ends the body.
enum class Transfer : std::uint8_t {
  none,
  coded,    // other codings and not chunked
  chunked,  // the last coding, once
  opaque,   // chunked, and something over it
};

// Marks in the bytes of a head, and what decides where the body ends.
struct Head {
  std::uint32_t size = 0;  // bytes, the empty line included
  Slice method;            // of requests
  Slice target;
  Slice reason;  // of responses
  Slice lines;   // the header lines
  std::uint64_t content_length = 0;
  std::uint16_t status = 0;
  std::uint8_t major = 1;  // of the version; what follows 1 has its own framing, and brings its head as such marks
  std::uint8_t minor = 1;
  bool simple = false;  // of HTTP/0.9
  Length length = Length::none;
  Transfer transfer = Transfer::none;
  bool expects = false;     // Expect: 100-continue
  bool bare_feed = false;   // a line ends without CR
  bool odd_blanks = false;  // in the target, around it more than one, or before a colon
  bool asks_h2c = false;    // Upgrade: h2c, to go on in HTTP/2
  Codings content;          // from Content-Encoding
  Codings moved;            // from Transfer-Encoding, without chunked
};

enum class Parsed : std::uint8_t {
  whole,
  partial,    // so far so good
  malformed,  // no continuation makes it one
};

// The start line alone, at the front of `bytes`. partial also means that everything so far is plausible text.
// head.size is the line's, with its end.
Parsed parse_start_line(Start start, Bytes bytes, Head& head);

// A whole head in one pass. `bytes` may go on behind it.
Parsed parse_head(Start start, Bytes bytes, Head& head);

// Where the head that begins `bytes` ends, the empty line included; 0 when it is not there yet. Nothing before `from`
// is looked at again, so that a head which comes in drops costs linear time.
std::size_t find_head_end(Bytes bytes, std::size_t from);

// One header or trailer line as it was sent; a folded value still holds its line ends.
struct Line {
  Bytes name;
  Bytes value;
};

// Takes the next line off the front of `rest`; false when there is none. What is no "name: value" is passed over; a
// name may begin with a colon, as HTTP/2's pseudo headers do.
bool next_line(Bytes& rest, Line& line);

// Adds what Content-Encoding says to `head.content`.
void note_content_encoding(Bytes value, Head& head);

// Without regard to the case of ASCII letters.
bool same_name(Bytes a, Bytes b);

// Without spaces, tabs and line ends on both sides.
Bytes trimmed(Bytes text);

// Takes the next element of a comma-separated list off the front of `rest`, trimmed; false at its end.
bool next_element(Bytes& rest, Bytes& element);

// Follows a chunked body through pieces that are cut anywhere.
class ChunkWalker {
 public:
  struct Piece {
    enum class Kind : std::uint8_t {
      data,     // `bytes` belong to the body
      trailer,  // `bytes` belong to the trailer lines
      more,     // all is consumed and the body goes on
      end,      // the body ended; what is left of the input is behind it
      broken,   // not chunked, or no longer
    };
    Kind kind;
    Bytes bytes;
  };

  // Takes bytes off the front of `rest` up to the next thing worth telling.
  Piece next(Bytes& rest);

  // `missing` bytes are not there. False when they may hold more than data of the current chunk.
  bool gap(std::uint64_t missing);

  // A line between the data ended without CR.
  [[nodiscard]] bool has_bare_feed() const { return has_bare_feed_; }

 private:
  enum class State : std::uint8_t { size, size_end, data, data_end, trailer };
  Piece size_line(Bytes& rest);
  Piece data(Bytes& rest);
  Piece data_end(Bytes& rest);
  Piece trailer(Bytes& rest);
  void note_feed(Bytes line);
  void note_part(Bytes line);

  std::uint64_t left_ = 0;  // of the chunk; while its size is read, the size so far
  State state_ = State::size;
  bool has_digit_ = false;
  bool line_has_text_ = false;
  bool ends_with_return_ = false;  // what came of the current line
  bool has_bare_feed_ = false;
};

}  // namespace wiretape::http
