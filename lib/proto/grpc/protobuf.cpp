// SPDX-License-Identifier: Apache-2.0
#include "proto/grpc/protobuf.hpp"

#include <algorithm>
#include <array>

namespace wiretape::grpc {
namespace {

constexpr std::size_t longest_varint = 10;
constexpr std::uint64_t highest_number = (1U << 29U) - 1;

bool take_tag(Bytes& rest, WireField& field) {
  std::uint64_t tag = 0;
  if (!take_varint(rest, tag)) return false;
  const std::uint64_t number = tag >> 3U;
  if (number == 0 || number > highest_number || (tag & 7U) > static_cast<std::uint64_t>(Wire::fixed32)) return false;
  field.number = static_cast<std::uint32_t>(number);
  field.wire = static_cast<Wire>(tag & 7U);
  return true;
}

// True when more bytes could make a varint of it.
bool is_open_varint(Bytes rest) {
  return rest.size() < longest_varint &&
         std::all_of(rest.begin(), rest.end(), [](char c) { return static_cast<std::uint8_t>(c) >= 0x80U; });
}

// Over the value of a field that is no group.
bool pass_value(Bytes& rest, Wire wire) {
  std::uint64_t size = 0;
  switch (wire) {
    case Wire::varint: return take_varint(rest, size);
    case Wire::fixed64: size = 8; break;
    case Wire::fixed32: size = 4; break;
    case Wire::bytes:
      if (!take_varint(rest, size)) return false;
      break;
    case Wire::group:
    case Wire::end_group: return false;
  }
  if (size > rest.size()) return false;
  rest.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

}  // namespace

bool take_varint(Bytes& rest, std::uint64_t& value) {
  value = 0;
  for (std::size_t i = 0; i < rest.size() && i < longest_varint; ++i) {
    const auto byte = static_cast<std::uint8_t>(rest[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << (7U * i);
    if (byte < 0x80U) {
      rest.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool FieldReader::next(WireField& field) {
  if (!ok_ || rest_.empty()) return false;
  if (!take_tag(rest_, field)) return run_out(is_open_varint(rest_));
  return read_value(field);
}

bool FieldReader::read_value(WireField& field) {
  field.bytes = {};
  field.value = 0;
  field.cut = false;
  Cursor in(rest_);
  switch (field.wire) {
    case Wire::varint: return take_varint(rest_, field.value) || run_out(is_open_varint(rest_));
    case Wire::bytes: return read_bytes(field);
    case Wire::group: return read_group(field);
    case Wire::fixed64: field.value = in.le64(); break;
    case Wire::fixed32: field.value = in.le32(); break;
    case Wire::end_group: return stop();
  }
  if (!in.ok()) return run_out(true);
  rest_ = in.rest();
  return true;
}

bool FieldReader::read_bytes(WireField& field) {
  std::uint64_t size = 0;
  if (!take_varint(rest_, size)) return run_out(is_open_varint(rest_));
  if (size > rest_.size()) {
    if (extent_ == Extent::whole) return stop();
    size = rest_.size();
    field.cut = true;
  }
  field.bytes = rest_.substr(0, static_cast<std::size_t>(size));
  rest_.remove_prefix(field.bytes.size());
  return true;
}

bool FieldReader::read_group(WireField& field) {
  std::array<std::uint32_t, deepest_message> open{};
  std::size_t depth = 0;
  open[depth++] = field.number;
  Bytes rest = rest_;
  while (depth != 0) {
    const Bytes before = rest;
    WireField inner;
    if (!take_tag(rest, inner)) return take_open_group(field);
    if (inner.wire == Wire::group) {
      if (depth == open.size()) return stop();
      open[depth++] = inner.number;
    } else if (inner.wire == Wire::end_group) {
      if (inner.number != open[--depth]) return stop();
      if (depth == 0) field.bytes = rest_.substr(0, rest_.size() - before.size());
    } else if (!pass_value(rest, inner.wire)) {
      return take_open_group(field);
    }
  }
  rest_ = rest;
  return true;
}

// A group whose end is not there.
bool FieldReader::take_open_group(WireField& field) {
  if (extent_ == Extent::whole) return stop();
  field.bytes = rest_;
  field.cut = true;
  rest_ = {};
  return true;
}

bool FieldReader::stop() {
  ok_ = false;
  rest_ = {};
  return false;
}

// A number could go on behind the end: of a message that is cut there is nothing wrong with that.
bool FieldReader::run_out(bool unfinished) {
  ok_ = unfinished && extent_ == Extent::cut;
  rest_ = {};
  return false;
}

bool is_message(Bytes bytes, Extent extent) {
  FieldReader reader(bytes, extent);
  for (WireField field; reader.next(field);) {
  }
  return reader.ok();
}

}  // namespace wiretape::grpc
