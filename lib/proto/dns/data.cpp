// SPDX-License-Identifier: Apache-2.0
#include "proto/dns/data.hpp"

#include <array>
#include <charconv>
#include <string_view>

#include "base/endpoint.hpp"
#include "base/time.hpp"
#include "json/writer.hpp"
#include "proto/dns/registry.hpp"

namespace wiretape::dns {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end.ptr);
}

void append_hex(std::string& out, Bytes bytes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
}

// Reads a record's data from the front and writes it as words with blanks between. Like Cursor it may be used straight
// through and is asked once, at the end.
class Words {
 public:
  Words(std::string& out, Bytes message, const Record& record)
      : out_(out), message_(message), at_(record.data), end_(record.data + record.length) {}

  [[nodiscard]] bool whole() const { return ok_ && at_ == end_; }
  [[nodiscard]] std::size_t left() const { return end_ - at_; }
  [[nodiscard]] bool ok() const { return ok_; }

  std::uint64_t number(std::size_t octets) {
    std::uint64_t value = 0;
    for (const char c : take(octets)) value = value << 8U | static_cast<std::uint8_t>(c);
    return value;
  }
  Bytes take(std::size_t count) {
    if (!ok_ || count > left()) {
      ok_ = false;
      return {};
    }
    at_ += count;
    return message_.substr(at_ - count, count);
  }
  Bytes rest() { return take(left()); }
  Bytes string() { return take(number(1)); }

  Words& word(std::string_view text) {
    if (started_) out_ += ' ';
    started_ = true;
    out_ += text;
    return *this;
  }
  Words& numbers(std::initializer_list<std::size_t> sizes) {
    for (const std::size_t octets : sizes) {
      const std::uint64_t value = number(octets);
      word("");
      append_number(out_, value);
    }
    return *this;
  }
  Words& name() {
    word("");
    const auto behind = ok_ ? read_name(message_, at_, &out_) : std::nullopt;
    ok_ = behind && *behind <= end_;
    if (ok_) at_ = *behind;
    return *this;
  }
  Words& quoted() { return quote(string()); }
  Words& quote(Bytes text) {
    word("\"");
    for (const char c : text) {
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c;
    }
    out_ += '"';
    return *this;
  }
  Words& type() {
    word("");
    append_type(out_, static_cast<std::uint16_t>(number(2)));
    return *this;
  }
  Words& hex(Bytes bytes) {
    word("");
    append_hex(out_, bytes);
    return *this;
  }
  Words& base64(Bytes bytes) {
    word("");
    json::append_base64(out_, bytes);
    return *this;
  }

 private:
  std::string& out_;
  Bytes message_;
  std::size_t at_;
  std::size_t end_;
  bool ok_ = true;
  bool started_ = false;
};

bool append_address(std::string& out, Bytes data, std::size_t size) {
  if (data.size() != size) return false;
  append_text(out, size == 4 ? Address::v4_of(data) : Address::v6_of(data));
  return true;
}

bool append_strings(std::string& out, Words& in) {
  for (bool first = true; in.ok() && in.left() != 0; first = false) {
    if (!first) out += ", ";
    out += in.string();
  }
  return in.whole();
}

// The types for which an NSEC record says that there are records: RFC 4034 section 4.1.2.
bool append_type_bitmaps(std::string& out, Words& in) {
  while (in.ok() && in.left() != 0) {
    const auto block = static_cast<unsigned>(in.number(1));
    const Bytes bitmap = in.string();
    for (std::size_t place = 0; place < bitmap.size() * 8 && place < 256; ++place) {
      if ((static_cast<std::uint8_t>(bitmap[place / 8]) & 0x80U >> place % 8) == 0) continue;
      in.word("");
      append_type(out, static_cast<std::uint16_t>(block * 256 + place));
    }
  }
  return in.whole();
}

// YYYYMMDDHHmmSS, as RFC 4034 section 3.2 writes the moments of a signature.
void append_moment(std::string& out, Words& in) {
  const auto seconds = static_cast<std::int64_t>(in.number(4));
  in.word("");
  for (const char c : rfc3339({seconds * 1'000'000'000}).substr(0, 19)) {
    if (c >= '0' && c <= '9') out += c;
  }
}

bool append_rrsig(std::string& out, Words& in) {
  in.type().numbers({1, 1, 4});
  append_moment(out, in);
  append_moment(out, in);
  in.numbers({2}).name().base64(in.rest());
  return in.whole();
}

// Base 32 with the extended hex alphabet, as RFC 5155 writes hashed names.
void append_base32(std::string& out, Bytes bytes) {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = bits << 8U | static_cast<std::uint8_t>(c);
    for (held += 8; held >= 5; held -= 5) out += alphabet[bits >> (held - 5) & 31U];
  }
  if (held != 0) out += alphabet[bits << (5 - held) & 31U];
}

void append_salt(Words& in) {
  const Bytes salt = in.string();
  salt.empty() ? in.word("-") : in.hex(salt);
}

bool append_nsec3(std::string& out, Words& in) {
  in.numbers({1, 1, 2});
  append_salt(in);
  in.word("");
  append_base32(out, in.string());
  return append_type_bitmaps(out, in);
}

constexpr std::array<std::string_view, 9> service_keys = {
    "mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp"};

void append_service_key(std::string& out, std::size_t key) {
  if (key < service_keys.size()) {
    out += service_keys[key];
    return;
  }
  out += "key";
  append_number(out, key);
}

void append_addresses(std::string& out, Bytes value, std::size_t size) {
  for (std::size_t at = 0; at + size <= value.size(); at += size) {
    if (at != 0) out += ',';
    append_address(out, value.substr(at, size), size);
  }
}

// The value of a service parameter: RFC 9460 section 7.
void append_service_value(std::string& out, std::size_t key, Bytes value) {
  Cursor in(value);
  switch (key) {
    case 0:
      for (bool first = true; in.left() != 0 && in.ok(); first = false) {
        if (!first) out += ',';
        append_service_key(out, in.be16());
      }
      return;
    case 1:
      for (bool first = true; in.left() != 0 && in.ok(); first = false) {
        if (!first) out += ',';
        out += in.take(in.u8());
      }
      return;
    case 3: return append_number(out, in.be16());
    case 4: return append_addresses(out, value, 4);
    case 5: return json::append_base64(out, value);
    case 6: return append_addresses(out, value, 16);
    case 7: out += value; return;
    default: return append_hex(out, value);
  }
}

bool append_service(std::string& out, Words& in) {
  in.numbers({2}).name();
  while (in.ok() && in.left() != 0) {
    const auto key = static_cast<std::size_t>(in.number(2));
    const Bytes value = in.take(static_cast<std::size_t>(in.number(2)));
    if (!in.ok()) return false;
    in.word("");
    append_service_key(out, key);
    if (value.empty()) continue;
    out += '=';
    append_service_value(out, key, value);
  }
  return in.whole();
}

std::string_view option_name(std::uint64_t code) {
  switch (code) {
    case 3: return "NSID";
    case 5: return "DAU";
    case 8: return "ECS";
    case 9: return "EXPIRE";
    case 10: return "COOKIE";
    case 11: return "KEEPALIVE";
    case 12: return "PADDING";
    case 15: return "EDE";
    default: return {};
  }
}

// The subnet of RFC 7871: family, prefix lengths, and as much of the address as they need.
bool append_subnet(std::string& out, Bytes value) {
  Cursor in(value);
  const std::uint16_t family = in.be16();
  const std::uint8_t source = in.u8();
  in.u8();
  const std::size_t size = family == 1 ? 4 : 16;
  if (!in.ok() || (family != 1 && family != 2) || in.left() > size) return false;
  std::array<char, 16> address{};
  in.rest().copy(address.data(), address.size());
  append_address(out, Bytes(address.data(), size), size);
  out += '/';
  append_number(out, source);
  return true;
}

void append_option(std::string& out, std::uint64_t code, Bytes value) {
  constexpr std::uint64_t subnet = 8, extended_error = 15;
  const std::string_view name = option_name(code);
  out += name.empty() ? "CODE" : name;
  if (name.empty()) append_number(out, code);
  out += '=';
  if (code == subnet && append_subnet(out, value)) return;
  if (code == extended_error && value.size() >= 2) {
    Cursor in(value);
    append_number(out, in.be16());
    if (in.left() != 0) (out += ' ') += in.rest();
    return;
  }
  append_hex(out, value);
}

bool append_opt(std::string& out, Words& in, const Record& record) {
  constexpr std::uint32_t dnssec_ok = 0x8000;
  in.word("udp=");
  append_number(out, record.klass);
  in.word("version=");
  append_number(out, record.ttl >> 16U & 0xFFU);
  in.word("rcode=");
  append_number(out, record.ttl >> 24U);
  in.word((record.ttl & dnssec_ok) != 0 ? "flags=do" : "flags=");
  while (in.ok() && in.left() != 0) {
    const std::uint64_t code = in.number(2);
    const Bytes value = in.take(static_cast<std::size_t>(in.number(2)));
    if (!in.ok()) return false;
    in.word("");
    append_option(out, code, value);
  }
  return in.whole();
}

bool append_caa(Words& in) {
  in.numbers({1});
  in.word(in.string());
  return in.quote(in.rest()).whole();
}

bool append_known(std::string& out, Bytes message, const Record& record) {
  Words in(out, message, record);
  switch (record.type) {
    case Types::a: return append_address(out, in.rest(), 4);
    case Types::aaaa: return append_address(out, in.rest(), 16);
    case Types::ns:
    case Types::cname:
    case Types::ptr:
    case Types::dname: return in.name().whole();
    case Types::soa: return in.name().name().numbers({4, 4, 4, 4, 4}).whole();
    case Types::mx:
    case Types::afsdb:
    case Types::kx: return in.numbers({2}).name().whole();
    case Types::rp: return in.name().name().whole();
    case Types::srv: return in.numbers({2, 2, 2}).name().whole();
    case Types::naptr: return in.numbers({2, 2}).quoted().quoted().quoted().name().whole();
    case Types::hinfo: return in.quoted().quoted().whole();
    case Types::txt:
    case Types::spf: return append_strings(out, in);
    case Types::uri: return in.numbers({2, 2}).quote(in.rest()).whole();
    case Types::caa: return append_caa(in);
    case Types::ds:
    case Types::cds: return in.numbers({2, 1, 1}).hex(in.rest()).whole();
    case Types::dnskey:
    case Types::cdnskey: return in.numbers({2, 1, 1}).base64(in.rest()).whole();
    case Types::rrsig: return append_rrsig(out, in);
    case Types::nsec: return in.name().ok() && append_type_bitmaps(out, in);
    case Types::nsec3: return append_nsec3(out, in);
    case Types::nsec3param:
      in.numbers({1, 1, 2});
      append_salt(in);
      return in.whole();
    case Types::sshfp: return in.numbers({1, 1}).hex(in.rest()).whole();
    case Types::tlsa:
    case Types::smimea: return in.numbers({1, 1, 1}).hex(in.rest()).whole();
    case Types::svcb:
    case Types::https: return append_service(out, in);
    case Types::opt: return append_opt(out, in, record);
    default: return false;
  }
}

}  // namespace

bool append_data(std::string& out, Bytes message, const Record& record) {
  const std::size_t before = out.size();
  if (append_known(out, message, record)) return true;
  out.resize(before);
  out += "\\# ";
  append_number(out, record.length);
  if (record.length != 0) out += ' ';
  append_hex(out, message.substr(record.data, record.length));
  return false;
}

}  // namespace wiretape::dns
