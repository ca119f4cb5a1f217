// SPDX-License-Identifier: Apache-2.0
#include "proto/dns/wire.hpp"

#include <cctype>

namespace wiretape::dns {
namespace {

constexpr std::size_t most_octets = 255;  // RFC 1035 section 2.3.4
// More pointers than labels fit into a name serve nobody; unbounded, they would make a message's cost quadratic.
constexpr unsigned most_pointers = 127;

std::uint8_t octet(Bytes message, std::size_t at) {
  return static_cast<std::uint8_t>(message[at]);
}

void append_label(std::string& out, Bytes label) {
  for (const char c : label) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '.' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte > 0x20 && byte != 0x7F) {
      out += c;
    } else {
      out += '\\';
      out += static_cast<char>('0' + byte / 100);
      out += static_cast<char>('0' + byte / 10 % 10);
      out += static_cast<char>('0' + byte % 10);
    }
  }
}

// The offset behind a name, where it can be read, or behind the pointer that begins a loop.
struct NameEnd {
  std::optional<std::size_t> behind = std::nullopt;
  NameFlaw flaw = NameFlaw::none;
};

// Shows each label of the name at `at`.
template <class Label>
NameEnd each_label(Bytes message, std::size_t at, Label&& visit) {
  std::optional<std::size_t> behind;  // known from the first pointer on
  std::size_t bound = at;             // where the current run of labels began: pointers lead before it
  std::size_t octets = 1;
  const auto flawed = [&octets](NameFlaw flaw) { return NameEnd{.flaw = octets > 1 ? flaw : NameFlaw::none}; };
  for (unsigned pointers = 0; at < message.size();) {
    const std::uint8_t length = octet(message, at);
    if (length == 0) return {.behind = behind ? behind : at + 1};
    if (length < 0x40) {
      octets += length + std::size_t{1};
      if (octets > most_octets) return flawed(NameFlaw::too_long);
      if (message.size() - at <= length) return {};
      visit(message.substr(at + 1, length));
      at += length + std::size_t{1};
      continue;
    }
    if (length < 0x80) return flawed(NameFlaw::extended_label);
    if (length < 0xC0 || message.size() - at < 2) return {};
    const std::size_t target = (length & 0x3FU) << 8U | octet(message, at + 1);
    if (target >= message.size()) return {};
    if (target >= bound || ++pointers > most_pointers)
      return {.behind = behind.value_or(at + 2), .flaw = NameFlaw::loop};
    if (!behind) behind = at + 2;
    at = bound = target;
  }
  return {};
}

FlawedQuestion read_flawed_question(Bytes message, std::size_t at) {
  const NameEnd name = each_label(message, at, [](Bytes) {});
  FlawedQuestion question{.flaw = name.flaw};
  if (name.flaw == NameFlaw::none || !name.behind) return question;
  Cursor in(message.substr(*name.behind));
  question.type = in.be16();
  question.klass = in.be16();
  return question;
}

}  // namespace

std::string_view name(NameFlaw flaw) {
  switch (flaw) {
    case NameFlaw::none: return {};
    case NameFlaw::extended_label: return "<Unknown extended label>";
    case NameFlaw::too_long: return "<Name too long>";
    case NameFlaw::loop: return "<Name contains a pointer that loops>";
  }
  return {};
}

std::optional<Header> read_header(Bytes message) {
  Cursor in(message);
  Header header;
  header.id = in.be16();
  const std::uint16_t flags = in.be16();
  if (!in.ok()) return std::nullopt;
  for (std::uint16_t& count : header.counts) count = in.be16();
  header.is_response = (flags & 0x8000U) != 0;
  header.opcode = flags >> 11U & 15U;
  header.authoritative = (flags & 0x0400U) != 0;
  header.truncated = (flags & 0x0200U) != 0;
  header.recursion_desired = (flags & 0x0100U) != 0;
  header.recursion_available = (flags & 0x0080U) != 0;
  header.reserved = flags >> 4U & 7U;
  header.rcode = flags & 15U;
  return header;
}

std::optional<std::size_t> read_name(Bytes message, std::size_t at, std::string* out) {
  bool first = true;
  const NameEnd end = each_label(message, at, [&](Bytes label) {
    if (out == nullptr) return;
    if (!first) *out += '.';
    first = false;
    append_label(*out, label);
  });
  if (end.flaw != NameFlaw::none) return std::nullopt;
  if (end.behind && first && out != nullptr) *out += "<Root>";
  return end.behind;
}

std::optional<Record> read_question(Bytes message, std::size_t at) {
  const auto behind = read_name(message, at, nullptr);
  if (!behind) return std::nullopt;
  Cursor in(message.substr(*behind));
  Record question{.name = at, .type = in.be16(), .klass = in.be16()};
  if (!in.ok()) return std::nullopt;
  question.data = question.end = *behind + in.position();
  return question;
}

std::optional<Record> read_record(Bytes message, std::size_t at) {
  const auto behind = read_name(message, at, nullptr);
  if (!behind) return std::nullopt;
  Cursor in(message.substr(*behind));
  Record record{.name = at, .type = in.be16(), .klass = in.be16(), .ttl = in.be32(), .length = in.be16()};
  record.data = *behind + in.position();
  in.skip(record.length);
  if (!in.ok()) return std::nullopt;
  record.end = record.data + record.length;
  return record;
}

Layout lay_out(Bytes message, const Header& header) {
  Layout layout;
  layout.whole = message.size() >= header_size;
  std::size_t at = header_size;
  for (std::size_t section = 0; section < sections; ++section) {
    layout.begins[section] = at;
    for (unsigned i = 0; layout.whole && i < header.counts[section]; ++i) {
      const auto record = section == 0 ? read_question(message, at) : read_record(message, at);
      layout.whole = record.has_value();
      if (!record) break;
      at = record->end;
      ++layout.counts[section];
    }
  }
  layout.end = at;
  if (layout.counts[0] < header.counts[0]) layout.flawed = read_flawed_question(message, at);
  return layout;
}

std::uint64_t question_hash(Bytes message, const Layout& layout) {
  if (layout.counts[0] == 0) return 0;
  const auto question = read_question(message, layout.begins[0]);
  if (!question) return 0;
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  const auto mix = [&](std::uint8_t byte) { hash = (hash ^ byte) * 0x100000001b3; };
  each_label(message, question->name, [&](Bytes label) {
    mix(static_cast<std::uint8_t>(label.size()));
    for (const char c : label) mix(static_cast<std::uint8_t>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
  });
  for (const std::uint16_t number : {question->type, question->klass}) {
    mix(static_cast<std::uint8_t>(number >> 8U));
    mix(static_cast<std::uint8_t>(number & 0xFFU));
  }
  return hash | 1U;
}

}  // namespace wiretape::dns
