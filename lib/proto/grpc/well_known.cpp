// SPDX-License-Identifier: Apache-2.0
// Messages of google/protobuf/ in the forms that JSON has for them (protobuf.dev, "ProtoJSON").
#include <cstdint>
#include <limits>
#include <string>

#include "base/time.hpp"
#include "proto/grpc/protobuf_text.hpp"

namespace wiretape::grpc {
namespace {

constexpr std::int64_t billion = 1'000'000'000;

}  // namespace

bool MessageTeller::tell_well_known(Range range, const MessageType& type, json::Sink& sink) {
  switch (type.well_known) {
    case WellKnown::none: return false;
    case WellKnown::timestamp: return tell_timestamp(range, sink);
    case WellKnown::duration: return tell_duration(range, sink);
    case WellKnown::any: return tell_any(range, sink);
    case WellKnown::wrapper:
    case WellKnown::structure:
    case WellKnown::list_value: return tell_only(range, type, sink);
    case WellKnown::value: return tell_one_of(range, type, sink);
  }
  return false;
}

const WireField* MessageTeller::last(Range range, std::uint32_t number, Wire wire) const {
  for (std::size_t i = range.end; i-- != range.begin;) {
    if (fields_[i].number == number && fields_[i].wire == wire) return &fields_[i];
  }
  return nullptr;
}

// As far as our own time reaches: 1677 to 2262.
bool MessageTeller::tell_timestamp(Range range, json::Sink& sink) {
  constexpr std::int64_t furthest = std::numeric_limits<std::int64_t>::max() / billion - 1;
  const WireField* seconds = last(range, 1, Wire::varint);
  const WireField* nanos = last(range, 2, Wire::varint);
  const std::int64_t whole = seconds != nullptr ? static_cast<std::int64_t>(seconds->value) : 0;
  const std::int64_t fraction = nanos != nullptr ? static_cast<std::int64_t>(nanos->value) : 0;
  if (whole > furthest || whole < -furthest || fraction < 0 || fraction >= billion) return false;
  text_.clear();
  append_rfc3339(text_, Timestamp{whole * billion + fraction});
  sink.text(text_);
  return true;
}

// Seconds with up to nine decimals: "1.5s".
bool MessageTeller::tell_duration(Range range, json::Sink& sink) {
  constexpr std::int64_t longest = 315'576'000'000;  // as the standard bounds it
  const WireField* seconds = last(range, 1, Wire::varint);
  const WireField* nanos = last(range, 2, Wire::varint);
  const std::int64_t whole = seconds != nullptr ? static_cast<std::int64_t>(seconds->value) : 0;
  std::int64_t fraction = nanos != nullptr ? static_cast<std::int64_t>(nanos->value) : 0;
  const bool in_range = whole >= -longest && whole <= longest && fraction > -billion && fraction < billion;
  if (!in_range || (whole < 0 && fraction > 0) || (whole > 0 && fraction < 0)) return false;
  text_.clear();
  if (whole < 0 || fraction < 0) text_ += '-';
  text_ += std::to_string(whole < 0 ? -whole : whole);
  if (fraction != 0) {
    std::string digits = std::to_string(billion + (fraction < 0 ? -fraction : fraction));
    digits.front() = '.';
    digits.erase(digits.find_last_not_of('0') + 1);
    text_ += digits;
  }
  text_ += 's';
  sink.text(text_);
  return true;
}

// Its own members beside "@type", or under "value" where they have a form of their own.
bool MessageTeller::tell_any(Range range, json::Sink& sink) {
  const WireField* url = last(range, 1, Wire::bytes);
  if (url == nullptr) return false;
  const Bytes name = url->bytes;
  const MessageType* type = types_ != nullptr ? types_->message(name.substr(name.rfind('/') + 1)) : nullptr;
  if (type == nullptr) return false;
  const WireField* found = last(range, 2, Wire::bytes);
  const WireField value = found != nullptr ? *found : WireField{};
  sink.begin_object();
  sink.text("@type", name);
  const std::size_t begin = fields_.size();
  if (type->well_known == WellKnown::none && collect(value.bytes, value.cut ? Extent::cut : Extent::whole)) {
    tell_members({begin, fields_.size()}, type, sink);
    fields_.resize(begin);
  } else {
    sink.key("value");
    if (!tell_message(value.bytes, value.cut ? Extent::cut : Extent::whole, type, sink)) tell_base64(value.bytes, sink);
  }
  sink.end_object();
  return true;
}

// The value of the only field, which is field 1; where it is not there, an empty one.
bool MessageTeller::tell_only(Range range, const MessageType& type, json::Sink& sink) {
  const FieldType* only = type.field(1);
  if (only == nullptr) return false;
  for (std::size_t i = range.begin; i != range.end; ++i) {
    if (fields_[i].number != 1 || !only->fits(fields_[i].wire)) return false;
  }
  if (!only->repeated && range.begin == range.end) {
    tell_value(WireField{}, *only, sink);
    return true;
  }
  tell_known(range, *only, sink);
  return true;
}

// google.protobuf.Value: null, or what the last field holds.
bool MessageTeller::tell_one_of(Range range, const MessageType& type, json::Sink& sink) {
  constexpr std::uint32_t null_value = 1;
  if (range.begin == range.end) {
    sink.null();
    return true;
  }
  const WireField field = fields_[range.end - 1];
  if (range.end - range.begin != 1) return false;
  if (field.number == null_value) {
    sink.null();
    return true;
  }
  const FieldType* known = type.field(field.number);
  if (known == nullptr || !known->fits(field.wire)) return false;
  tell_value(field, *known, sink);
  return true;
}

}  // namespace wiretape::grpc
