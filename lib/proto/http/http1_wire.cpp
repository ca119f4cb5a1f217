// SPDX-License-Identifier: Apache-2.0
#include "proto/http/http1_wire.hpp"

#include <algorithm>
#include <cstring>

namespace wiretape::http {
namespace {

constexpr std::size_t longest_method = 32;
constexpr Bytes version_prefix = "HTTP/1.";

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// RFC 9110 section 5.6.2.
constexpr std::array<bool, 256> token_characters = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : Bytes("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();
constexpr bool is_token(char c) {
  return token_characters[static_cast<unsigned char>(c)];
}

Slice slice(std::size_t begin, std::size_t end) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
}

std::size_t find_line_end(Bytes bytes, std::size_t from) {
  const void* found = std::memchr(bytes.data() + from, '\n', bytes.size() - from);
  return found == nullptr ? Bytes::npos : static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
}

// Text that may still become a start line: no control characters but those that may end it.
bool plausible(Bytes text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 || c == '\r' || c == '\t'; });
}

Parsed unfinished(Bytes bytes, std::size_t from) {
  if (bytes.size() >= longest_head) return Parsed::malformed;
  return plausible(bytes.substr(from)) ? Parsed::partial : Parsed::malformed;
}

// A line without a version, `bytes` up to its end. Health checks of load balancers still ask like this; other forms
// than GET with a path would be too much like any text.
bool parse_simple_request(Bytes line, std::size_t size, Head& head) {
  constexpr Bytes front = "GET /";
  if (line.substr(0, front.size()) != front || line.find_first_of(" \t", front.size()) != Bytes::npos) return false;
  head.method = slice(0, 3);
  head.target = slice(4, line.size());
  head.minor = 0;
  head.simple = true;
  head.size = static_cast<std::uint32_t>(size);
  return true;
}

Parsed parse_request_line(Bytes bytes, Head& head) {
  const std::size_t reach = std::min(bytes.size(), longest_method + 1);
  std::size_t at = 0;
  while (at < reach && is_token(bytes[at])) ++at;
  if (at == bytes.size() && at <= longest_method) return Parsed::partial;
  if (at == 0 || at > longest_method || bytes[at] != ' ') return Parsed::malformed;

  const std::size_t feed = find_line_end(bytes, at);
  if (feed == Bytes::npos) return unfinished(bytes, at);
  std::size_t end = feed;
  while (end > at && (bytes[end - 1] == '\r' || is_blank(bytes[end - 1]))) --end;

  if (parse_simple_request(bytes.substr(0, end), feed + 1, head)) return Parsed::whole;

  constexpr std::size_t version_size = version_prefix.size() + 1;
  if (end < at + version_size + 2) return Parsed::malformed;
  const std::size_t version = end - version_size;
  if (bytes.substr(version, version_prefix.size()) != version_prefix) return Parsed::malformed;
  if (!is_digit(bytes[end - 1]) || !is_blank(bytes[version - 1])) return Parsed::malformed;

  // Spaces inside a target are wrong and seen; the last one is the one before the version.
  std::size_t target = at, target_end = version;
  while (target < target_end && is_blank(bytes[target])) ++target;
  while (target_end > target && is_blank(bytes[target_end - 1])) --target_end;
  if (target == target_end) return Parsed::malformed;

  head.method = slice(0, at);
  head.target = slice(target, target_end);
  head.minor = static_cast<std::uint8_t>(bytes[end - 1] - '0');
  head.bare_feed = bytes[feed - 1] != '\r';
  const Bytes between = head.target.of(bytes);
  const bool is_lone = target == at + 1 && bytes[at] == ' ' && target_end + 1 == version && bytes[target_end] == ' ';
  head.odd_blanks = !is_lone || between.find(' ') != Bytes::npos || between.find('\t') != Bytes::npos;
  head.size = static_cast<std::uint32_t>(feed + 1);
  return Parsed::whole;
}

Parsed parse_status_line(Bytes bytes, Head& head) {
  constexpr std::size_t status_at = version_prefix.size() + 2;
  const std::size_t prefix = std::min(bytes.size(), version_prefix.size());
  if (bytes.substr(0, prefix) != version_prefix.substr(0, prefix)) return Parsed::malformed;
  for (std::size_t at = prefix; at < std::min(bytes.size(), status_at + 3); ++at) {
    const bool right = at == status_at - 1 ? bytes[at] == ' ' : is_digit(bytes[at]);
    if (!right) return Parsed::malformed;
  }
  if (bytes.size() <= status_at + 3) return Parsed::partial;
  if (bytes[status_at] == '0') return Parsed::malformed;
  const char after = bytes[status_at + 3];
  if (!is_blank(after) && after != '\r' && after != '\n') return Parsed::malformed;

  const std::size_t feed = find_line_end(bytes, status_at + 3);
  if (feed == Bytes::npos) return unfinished(bytes, status_at + 3);
  std::size_t reason = status_at + 3, end = feed;
  while (end > reason && (bytes[end - 1] == '\r' || is_blank(bytes[end - 1]))) --end;
  while (reason < end && is_blank(bytes[reason])) ++reason;

  const auto digit = [&](std::size_t at) { return bytes[at] - '0'; };
  head.status = static_cast<std::uint16_t>(digit(status_at) * 100 + digit(status_at + 1) * 10 + digit(status_at + 2));
  head.minor = static_cast<std::uint8_t>(digit(version_prefix.size()));
  head.reason = slice(reason, end);
  head.bare_feed = bytes[feed - 1] != '\r';
  head.size = static_cast<std::uint32_t>(feed + 1);
  return Parsed::whole;
}

Coding coding_of(Bytes name) {
  if (same_name(name, "gzip") || same_name(name, "x-gzip")) return Coding::gzip;
  if (same_name(name, "deflate") || same_name(name, "x-deflate")) return Coding::deflate;
  if (same_name(name, "br")) return Coding::brotli;
  if (same_name(name, "zstd")) return Coding::zstd;
  if (same_name(name, "compress") || same_name(name, "x-compress")) return Coding::compress;
  return Coding::unknown;
}

void note_transfer_encoding(Bytes value, Head& head) {
  for (Bytes name; next_element(value, name);) {
    name = trimmed(name.substr(0, name.find(';')));
    if (name.empty() || same_name(name, "identity")) continue;
    const bool chunked = same_name(name, "chunked");
    const bool hidden = head.transfer == Transfer::chunked || head.transfer == Transfer::opaque;
    head.transfer = hidden ? Transfer::opaque : chunked ? Transfer::chunked : Transfer::coded;
    if (!chunked) head.moved.add(coding_of(name));
  }
}

// Digits only (RFC 9110 section 8.6): no sign, no spaces inside, below 2^63.
bool parse_length(Bytes digits, std::uint64_t& value) {
  if (digits.empty()) return false;
  value = 0;
  for (const char c : digits) {
    if (!is_digit(c) || value > (UINT64_MAX >> 1U) / 10 - 1) return false;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

bool names_h2c(Bytes value) {
  for (Bytes name; next_element(value, name);) {
    if (same_name(name, "h2c")) return true;
  }
  return false;
}

void note_content_length(Bytes value, Head& head) {
  bool any = false;
  for (Bytes element; next_element(value, element);) {
    any = true;
    std::uint64_t length = 0;
    if (!parse_length(element, length)) {
      head.length = Length::malformed;
    } else if (head.length == Length::none) {
      head.length = Length::given;
      head.content_length = length;
    } else if (head.length == Length::given || head.length == Length::repeated) {
      head.length = head.content_length == length ? Length::repeated : Length::conflicting;
    }
  }
  if (!any) head.length = Length::malformed;
}

// Only what says where the message ends is read; the first letter throws out most lines.
void note_line(Bytes line, Head& head) {
  const std::size_t colon = line.find(':');
  if (colon == Bytes::npos || colon == 0) return;
  if (is_blank(line[colon - 1])) head.odd_blanks = true;
  const char first = lower(line[0]);
  if (first != 'c' && first != 't' && first != 'e' && first != 'u') return;
  const Bytes name = trimmed(line.substr(0, colon));
  const auto value = [&] { return line.substr(colon + 1); };
  switch (name.size()) {
    case 6:
      if (same_name(name, "expect")) head.expects = same_name(trimmed(value()), "100-continue");
      return;
    case 7:
      if (same_name(name, "upgrade")) head.asks_h2c = names_h2c(value());
      return;
    case 14:
      if (same_name(name, "content-length")) note_content_length(value(), head);
      return;
    case 16:
      if (same_name(name, "content-encoding")) note_content_encoding(value(), head);
      return;
    case 17:
      if (same_name(name, "transfer-encoding")) note_transfer_encoding(value(), head);
      return;
    default: return;
  }
}

// The length of an empty line that begins at `at`, 0 when there is none.
std::size_t empty_line(Bytes bytes, std::size_t at) {
  if (at < bytes.size() && bytes[at] == '\n') return 1;
  return at + 1 < bytes.size() && bytes[at] == '\r' && bytes[at + 1] == '\n' ? 2 : 0;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char letter = lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

}  // namespace

bool same_name(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

Bytes trimmed(Bytes text) {
  const auto empty = [](char c) { return is_blank(c) || c == '\r' || c == '\n'; };
  while (!text.empty() && empty(text.front())) text.remove_prefix(1);
  while (!text.empty() && empty(text.back())) text.remove_suffix(1);
  return text;
}

bool next_element(Bytes& rest, Bytes& element) {
  if (rest.data() == nullptr) return false;
  const std::size_t comma = rest.find(',');
  element = trimmed(rest.substr(0, comma));
  rest = comma == Bytes::npos ? Bytes{} : rest.substr(comma + 1);
  return true;
}

Parsed parse_start_line(Start start, Bytes bytes, Head& head) {
  return start == Start::request ? parse_request_line(bytes, head) : parse_status_line(bytes, head);
}

Parsed parse_head(Start start, Bytes bytes, Head& head) {
  head = {};
  const Parsed first = parse_start_line(start, bytes, head);
  if (first != Parsed::whole || head.simple) return first;

  const std::size_t lines = head.size;
  std::size_t at = lines;
  for (;;) {
    if (const std::size_t end = empty_line(bytes, at); end != 0) {
      head.lines = slice(lines, at);
      if (end == 1) head.bare_feed = true;
      head.size = static_cast<std::uint32_t>(at + end);
      return head.size <= longest_head ? Parsed::whole : Parsed::malformed;
    }
    std::size_t feed = find_line_end(bytes, at);
    while (feed != Bytes::npos && feed + 1 < bytes.size() && is_blank(bytes[feed + 1])) {
      feed = find_line_end(bytes, feed + 1);
    }
    if (feed == Bytes::npos) return bytes.size() < longest_head ? Parsed::partial : Parsed::malformed;
    if (bytes[feed - 1] != '\r') head.bare_feed = true;
    note_line(bytes.substr(at, feed - at), head);
    at = feed + 1;
    if (at > longest_head) return Parsed::malformed;
    if (at == bytes.size()) return Parsed::partial;
  }
}

std::size_t find_head_end(Bytes bytes, std::size_t from) {
  // An empty line may have begun with the three bytes before.
  for (std::size_t at = from > 3 ? from - 3 : 0; at < bytes.size();) {
    const std::size_t feed = find_line_end(bytes, at);
    if (feed == Bytes::npos) return 0;
    if (const std::size_t end = empty_line(bytes, feed + 1); end != 0) return feed + 1 + end;
    at = feed + 1;
  }
  return 0;
}

void note_content_encoding(Bytes value, Head& head) {
  for (Bytes name; next_element(value, name);) {
    if (!name.empty() && !same_name(name, "identity")) head.content.add(coding_of(name));
  }
}

bool next_line(Bytes& rest, Line& line) {
  while (!rest.empty()) {
    std::size_t feed = find_line_end(rest, 0);
    while (feed != Bytes::npos && feed + 1 < rest.size() && is_blank(rest[feed + 1])) {
      feed = find_line_end(rest, feed + 1);
    }
    const Bytes whole = rest.substr(0, feed);
    rest = feed == Bytes::npos ? Bytes{} : rest.substr(feed + 1);
    const std::size_t colon = whole.find(':', 1);
    if (colon == Bytes::npos) continue;
    line.name = trimmed(whole.substr(0, colon));
    line.value = trimmed(whole.substr(colon + 1));
    if (!line.name.empty()) return true;
  }
  return false;
}

ChunkWalker::Piece ChunkWalker::next(Bytes& rest) {
  while (!rest.empty()) {
    Piece piece{Piece::Kind::more, {}};
    switch (state_) {
      case State::size:
      case State::size_end: piece = size_line(rest); break;
      case State::data: piece = data(rest); break;
      case State::data_end: piece = data_end(rest); break;
      case State::trailer: piece = trailer(rest); break;
    }
    if (piece.kind != Piece::Kind::more) return piece;
  }
  return {Piece::Kind::more, {}};
}

// Bytes of a line, of which more comes.
void ChunkWalker::note_part(Bytes line) {
  if (!line.empty()) ends_with_return_ = line.back() == '\r';
}

// The rest of a line, without its LF.
void ChunkWalker::note_feed(Bytes line) {
  note_part(line);
  if (!ends_with_return_) has_bare_feed_ = true;
  ends_with_return_ = false;
}

ChunkWalker::Piece ChunkWalker::size_line(Bytes& rest) {
  while (state_ == State::size && !rest.empty()) {
    const char c = rest.front();
    const int digit = hex_digit(c);
    if (digit >= 0) {
      if (left_ >> 56U != 0) return {Piece::Kind::broken, {}};  // below 2^60, so that sums of sizes cannot overflow
      left_ = left_ << 4U | static_cast<std::uint64_t>(digit);
      has_digit_ = true;
    } else if (!is_blank(c) || has_digit_) {
      if (!has_digit_ || !(is_blank(c) || c == ';' || c == '\r' || c == '\n')) return {Piece::Kind::broken, {}};
      state_ = State::size_end;
      break;
    }
    rest.remove_prefix(1);
  }
  const std::size_t feed = rest.find('\n');
  if (feed == Bytes::npos) {
    note_part(rest);
    rest = {};
    return {Piece::Kind::more, {}};
  }
  note_feed(rest.substr(0, feed));
  rest.remove_prefix(feed + 1);
  has_digit_ = false;
  line_has_text_ = false;
  state_ = left_ == 0 ? State::trailer : State::data;
  return {Piece::Kind::more, {}};
}

ChunkWalker::Piece ChunkWalker::data(Bytes& rest) {
  const Bytes bytes = rest.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size())));
  rest.remove_prefix(bytes.size());
  left_ -= bytes.size();
  if (left_ == 0) state_ = State::data_end;
  return {Piece::Kind::data, bytes};
}

ChunkWalker::Piece ChunkWalker::data_end(Bytes& rest) {
  const char c = rest.front();
  if (c != '\r' && c != '\n') return {Piece::Kind::broken, {}};
  rest.remove_prefix(1);
  if (c == '\n') {
    note_feed({});
    state_ = State::size;
  } else {
    ends_with_return_ = true;
  }
  return {Piece::Kind::more, {}};
}

ChunkWalker::Piece ChunkWalker::trailer(Bytes& rest) {
  const std::size_t feed = rest.find('\n');
  const Bytes bytes = rest.substr(0, feed == Bytes::npos ? rest.size() : feed + 1);
  rest.remove_prefix(bytes.size());
  line_has_text_ = line_has_text_ || !trimmed(bytes).empty();
  if (feed == Bytes::npos) {
    note_part(bytes);
    return {Piece::Kind::trailer, bytes};
  }
  note_feed(bytes.substr(0, feed));
  if (!line_has_text_) return {Piece::Kind::end, {}};
  line_has_text_ = false;
  return {Piece::Kind::trailer, bytes};
}

bool ChunkWalker::gap(std::uint64_t missing) {
  if (state_ != State::data || missing > left_) return false;
  left_ -= missing;
  if (left_ == 0) state_ = State::data_end;
  return true;
}

}  // namespace wiretape::http
