// SPDX-License-Identifier: Apache-2.0
#include "proto/http2/hpack.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>

namespace wiretape::http2 {
namespace {

constexpr std::uint32_t static_entries = 61;

// An integer with a prefix of so many bits (section 5.1), off the front of `rest`.
bool take_integer(Bytes& rest, unsigned prefix_bits, std::uint32_t& value) {
  constexpr unsigned most_shift = 21;  // four bytes behind the prefix: more than any length or index needs
  if (rest.empty()) return false;
  const std::uint32_t most = (1U << prefix_bits) - 1U;
  value = static_cast<unsigned char>(rest.front()) & most;
  rest.remove_prefix(1);
  if (value < most) return true;
  for (unsigned shift = 0; !rest.empty() && shift <= most_shift; shift += 7) {
    const auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    value += (byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) return true;
  }
  return false;
}

// A string with its length and its flag.
bool take_string(Bytes& rest, Bytes& string) {
  const Bytes from = rest;
  std::uint32_t length = 0;
  if (!take_integer(rest, 7, length) || length > rest.size()) return false;
  rest.remove_prefix(length);
  string = from.substr(0, from.size() - rest.size());
  return true;
}

}  // namespace

struct HeaderDecoder::Representation {
  enum class Kind : std::uint8_t { update, indexed, literal };
  Kind kind = Kind::literal;
  std::uint32_t number = 0;  // index, or size
  unsigned char first = 0;   // its pattern
  Bytes whole;
  Bytes value;  // of a literal: with its length
};

void HeaderDecoder::Deleter::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

bool HeaderDecoder::next(Bytes& rest, Representation& out) {
  const Bytes from = rest;
  out.first = static_cast<unsigned char>(rest.front());
  const bool indexed = (out.first & 0x80U) != 0;
  const bool added = !indexed && (out.first & 0x40U) != 0;
  const bool update = !indexed && !added && (out.first & 0x20U) != 0;
  if (!take_integer(rest, indexed ? 7 : added ? 6 : update ? 5 : 4, out.number)) return false;
  out.kind = indexed  ? Representation::Kind::indexed
             : update ? Representation::Kind::update
                      : Representation::Kind::literal;
  if (out.kind == Representation::Kind::literal) {
    Bytes name;
    if (out.number == 0 && !take_string(rest, name)) return false;
    if (!take_string(rest, out.value)) return false;
  }
  out.whole = from.substr(0, from.size() - rest.size());
  return true;
}

// A table of the library's own for each direction; the first block makes it.
bool HeaderDecoder::ready() {
  if (inflater_) return true;
  nghttp2_hd_inflater* made = nullptr;
  if (nghttp2_hd_inflate_new(&made) != 0) return false;
  inflater_.reset(made);
  return nghttp2_hd_inflate_change_table_size(made, most_table) == 0;
}

void HeaderDecoder::lose() {
  inflater_.reset();
  if (!ready()) return;
  // How large the peer's table is was said before. An entry that is kept for too long will not be asked for.
  static_cast<void>(take_update(most_table));
  nghttp2_hd_inflate_end_headers(inflater_.get());
}

HeaderDecoder::Result HeaderDecoder::decode(Bytes block, FieldSink& sink) {
  if (!ready()) return Result::malformed;
  bool unknown = false, has_fields = false;
  for (Representation field; !block.empty();) {
    bool good = next(block, field);
    if (good && field.kind == Representation::Kind::update) {
      good = !has_fields && take_update(field.number);
    } else if (good) {
      has_fields = true;
      good = take_field(field, sink, unknown);
    }
    if (!good) {
      lose();
      return Result::malformed;
    }
  }
  nghttp2_hd_inflate_end_headers(inflater_.get());
  return unknown ? Result::unknown : Result::whole;
}

bool HeaderDecoder::take_update(std::uint32_t size) {
  size = std::min(size, most_table);
  constexpr std::uint32_t most = 0x1F;
  std::array<char, 6> bytes{};
  std::size_t count = 0;
  bytes[count++] = static_cast<char>(0x20U | std::min(size, most));
  if (size >= most) {
    std::uint32_t left = size - most;
    for (; left >= 0x80; left >>= 7U) bytes[count++] = static_cast<char>((left & 0x7FU) | 0x80U);
    bytes[count++] = static_cast<char>(left);
  }
  return inflate(Bytes(bytes.data(), count), nullptr);
}

bool HeaderDecoder::take_field(const Representation& field, FieldSink& sink, bool& unknown) {
  const bool indexed = field.kind == Representation::Kind::indexed;
  if (indexed && field.number == 0) return false;
  const bool known =
      field.number <= static_entries || field.number <= nghttp2_hd_inflate_get_num_table_entries(inflater_.get());
  if (known) return inflate(field.whole, &sink);
  unknown = true;
  if (indexed) {
    sink.field(unknown_text, unknown_text);
    return true;
  }
  // The value is there, and the table has to have an entry for it.
  const std::array<char, 3> name = {static_cast<char>(field.first & ((field.first & 0x40U) != 0 ? 0xC0U : 0xF0U)), 1,
                                    unknown_text.front()};
  return inflate(Bytes(name.data(), name.size()), nullptr) && inflate(field.value, &sink);
}

// `bytes` are a representation or a part of one; with a sink, its end.
bool HeaderDecoder::inflate(Bytes bytes, FieldSink* sink) {
  while (!bytes.empty()) {
    nghttp2_nv field{};
    int flags = 0;
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    const auto used = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, data, bytes.size(), 0);
    if (used < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(used));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      if (sink == nullptr) return false;
      sink->field({reinterpret_cast<const char*>(field.name), field.namelen},
                  {reinterpret_cast<const char*>(field.value), field.valuelen});
      return bytes.empty();
    }
    if (used == 0) return false;
  }
  return sink == nullptr;
}

}  // namespace wiretape::http2
