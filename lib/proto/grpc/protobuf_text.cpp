// SPDX-License-Identifier: Apache-2.0
#include "proto/grpc/protobuf_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "json/writer.hpp"

namespace wiretape::grpc {
namespace {

constexpr std::size_t most_idle_fields = 4096;

// Text of a number, on the stack.
class NumberText {
 public:
  template <class Number>
  explicit NumberText(Number number) {
    size_ =
        static_cast<std::size_t>(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr - text_.data());
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 32> text_{};
  std::size_t size_ = 0;
};

void tell_unsigned(std::uint64_t value, json::Sink& sink) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    sink.integer(static_cast<std::int64_t>(value));
  } else {
    sink.text(NumberText(value).view());
  }
}

void tell_real(double value, json::Sink& sink) {
  if (std::isnan(value)) return sink.text("NaN");
  if (std::isinf(value)) return sink.text(value < 0 ? "-Infinity" : "Infinity");
  sink.real(value);
}

// The double that prints as the float does: 0.1, not 0.10000000149011612.
double widened(float value) {
  if (!std::isfinite(value)) return value;
  const NumberText text(value);
  double wide = 0;
  std::from_chars(text.view().data(), text.view().data() + text.view().size(), wide);
  return wide;
}

double real_of(const WireField& field) {
  if (field.wire == Wire::fixed64) return std::bit_cast<double>(field.value);
  return widened(std::bit_cast<float>(static_cast<std::uint32_t>(field.value)));
}

// Integers read as reals are tiny or huge.
bool is_usual(double value) {
  constexpr double least = 1e-6, most = 1e15;
  return value != 0 && std::abs(value) >= least && std::abs(value) <= most;
}

void tell_enum(std::int32_t number, const EnumType* type, json::Sink& sink) {
  const std::string* name = type != nullptr ? type->name_of(number) : nullptr;
  if (name != nullptr) return sink.text(*name);
  sink.integer(number);
}

std::int64_t unfolded(std::uint64_t value) {  // ZigZag
  return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

enum class Likeness : std::uint8_t { binary, lines, text };

// How much bytes look like a text.
Likeness likeness(Bytes bytes) {
  if (!json::is_utf8(bytes)) return Likeness::binary;
  Likeness likeness = Likeness::text;
  for (const char c : bytes) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (!control) continue;
    if (c != '\n' && c != '\t' && c != '\r') return Likeness::binary;
    likeness = Likeness::lines;
  }
  return likeness;
}

// Without the beginning of a character that was cut.
Bytes without_torn_character(Bytes bytes) {
  constexpr std::size_t longest_torn = 3;
  const std::size_t valid = json::valid_utf8(bytes);
  return bytes.size() - valid <= longest_torn ? bytes.substr(0, valid) : bytes;
}

constexpr Extent extent_of(const WireField& field) {
  return field.cut ? Extent::cut : Extent::whole;
}

// The key of a map, which JSON knows as text only.
std::string_view key_text(const WireField& field, FieldKind kind, NumberText& room) {
  switch (kind) {
    case FieldKind::text: return field.bytes;
    case FieldKind::boolean: return field.value != 0 ? "true" : "false";
    case FieldKind::sint32:
    case FieldKind::sint64: room = NumberText(unfolded(field.value)); break;
    case FieldKind::int32:
    case FieldKind::sfixed32: room = NumberText(static_cast<std::int32_t>(field.value)); break;
    case FieldKind::int64:
    case FieldKind::sfixed64: room = NumberText(static_cast<std::int64_t>(field.value)); break;
    default: room = NumberText(field.value); break;
  }
  return room.view();
}

}  // namespace

bool MessageTeller::tell(Bytes message, Extent extent, const MessageType* type, const Types* types, json::Sink& sink) {
  if (fields_.capacity() > most_idle_fields) std::vector<WireField>().swap(fields_);
  types_ = types;
  depth_ = 0;
  cut_ = false;
  return tell_message(message, extent, type, sink);
}

// Puts the fields of `message` by number behind those that are there; false, and none, when it is no message.
bool MessageTeller::collect(Bytes message, Extent extent) {
  const std::size_t begin = fields_.size();
  FieldReader reader(message, extent);
  for (WireField field; reader.next(field);) {
    if (fields_.size() == most_fields) {
      cut_ = true;
      continue;
    }
    fields_.push_back(field);
  }
  if (!reader.ok()) {
    fields_.resize(begin);
    return false;
  }
  const auto by_number = [](const WireField& a, const WireField& b) { return a.number < b.number; };
  const auto first = fields_.begin() + static_cast<std::ptrdiff_t>(begin);
  if (!std::is_sorted(first, fields_.end(), by_number)) std::stable_sort(first, fields_.end(), by_number);
  return true;
}

bool MessageTeller::tell_message(Bytes message, Extent extent, const MessageType* type, json::Sink& sink) {
  if (depth_ == deepest_message) return false;
  const std::size_t begin = fields_.size();
  if (!collect(message, extent)) return false;
  ++depth_;
  const Range range{begin, fields_.size()};
  if (type == nullptr || !tell_well_known(range, *type, sink)) {
    sink.begin_object();
    tell_members(range, type, sink);
    sink.end_object();
  }
  --depth_;
  fields_.resize(begin);
  return true;
}

void MessageTeller::tell_members(Range range, const MessageType* type, json::Sink& sink) {
  for (Range run{range.begin, range.begin}; run.begin != range.end; run.begin = run.end) {
    const std::uint32_t number = fields_[run.begin].number;
    while (run.end != range.end && fields_[run.end].number == number) ++run.end;
    tell_run(run, type, sink);
  }
}

// Fields of one number.
void MessageTeller::tell_run(Range run, const MessageType* type, json::Sink& sink) {
  const std::uint32_t number = fields_[run.begin].number;
  const FieldType* known = type != nullptr ? type->field(number) : nullptr;
  for (std::size_t i = run.begin; known != nullptr && i != run.end; ++i) {
    if (!known->fits(fields_[i].wire)) known = nullptr;
  }
  if (known != nullptr) {
    sink.key(known->name);
    tell_known(run, *known, sink);
    return;
  }
  sink.key(NumberText(number).view());
  tell_unknown(run, sink);
}

// Fields are copied where they are told: what stands in them is collected behind them.
void MessageTeller::tell_unknown(Range run, json::Sink& sink) {
  if (run.end - run.begin == 1) return tell_guessed(WireField(fields_[run.begin]), sink);
  sink.begin_array();
  for (std::size_t i = run.begin; i != run.end; ++i) tell_guessed(WireField(fields_[i]), sink);
  sink.end_array();
}

void MessageTeller::tell_known(Range run, const FieldType& known, json::Sink& sink) {
  // The last one counts.
  if (!known.repeated) return tell_value(WireField(fields_[run.end - 1]), known, sink);
  if (known.message != nullptr && known.message->map_entry) return tell_map(run, known, sink);
  sink.begin_array();
  for (std::size_t i = run.begin; i != run.end; ++i) {
    const WireField field = fields_[i];
    if (field.wire == Wire::bytes && known.packable())
      tell_packed(field.bytes, known, sink);
    else
      tell_value(field, known, sink);
  }
  sink.end_array();
}

void MessageTeller::tell_map(Range run, const FieldType& known, json::Sink& sink) {
  const FieldType* key_type = known.message->field(1);
  const FieldType* value_type = known.message->field(2);
  sink.begin_object();
  for (std::size_t i = run.begin; i != run.end && key_type != nullptr && value_type != nullptr; ++i) {
    const WireField pair = fields_[i];
    WireField key, value;  // what is not there is empty or 0
    FieldReader reader(pair.bytes, extent_of(pair));
    for (WireField part; reader.next(part);) {
      if (part.number == 1 && key_type->fits(part.wire)) key = part;
      if (part.number == 2 && value_type->fits(part.wire)) value = part;
    }
    NumberText room(0);
    sink.key(key_text(key, key_type->kind, room));
    tell_value(value, *value_type, sink);
  }
  sink.end_object();
}

void MessageTeller::tell_guessed(const WireField& field, json::Sink& sink) {
  switch (field.wire) {
    case Wire::varint: return sink.integer(static_cast<std::int64_t>(field.value));
    case Wire::fixed64:
    case Wire::fixed32:
      if (const double real = real_of(field); is_usual(real)) return sink.real(real);
      return sink.integer(static_cast<std::int64_t>(field.value));
    case Wire::bytes: return tell_bytes(field, sink);
    case Wire::group:
      if (!tell_message(field.bytes, extent_of(field), nullptr, sink)) tell_base64(field.bytes, sink);
      return;
    case Wire::end_group: return sink.null();  // no field
  }
}

void MessageTeller::tell_bytes(const WireField& field, json::Sink& sink) {
  const Bytes text = field.cut ? without_torn_character(field.bytes) : field.bytes;
  const Likeness like = likeness(text);
  if (like == Likeness::text) return sink.text(text);
  if (is_message(field.bytes, extent_of(field)) && tell_message(field.bytes, extent_of(field), nullptr, sink)) return;
  if (like == Likeness::lines) return sink.text(text);
  tell_base64(field.bytes, sink);
}

void MessageTeller::tell_value(const WireField& field, const FieldType& known, json::Sink& sink) {
  switch (known.kind) {
    case FieldKind::real64: return tell_real(std::bit_cast<double>(field.value), sink);
    case FieldKind::real32:
      return tell_real(widened(std::bit_cast<float>(static_cast<std::uint32_t>(field.value))), sink);
    case FieldKind::int64:
    case FieldKind::sfixed64: return sink.integer(static_cast<std::int64_t>(field.value));
    case FieldKind::int32:
    case FieldKind::sfixed32: return sink.integer(static_cast<std::int32_t>(field.value));
    case FieldKind::sint32:
    case FieldKind::sint64: return sink.integer(unfolded(field.value));
    case FieldKind::uint32:
    case FieldKind::fixed32: return sink.integer(static_cast<std::uint32_t>(field.value));
    case FieldKind::uint64:
    case FieldKind::fixed64: return tell_unsigned(field.value, sink);
    case FieldKind::boolean: return sink.boolean(field.value != 0);
    case FieldKind::enumeration: return tell_enum(static_cast<std::int32_t>(field.value), known.enumeration, sink);
    case FieldKind::text: return sink.text(field.cut ? without_torn_character(field.bytes) : field.bytes);
    case FieldKind::bytes: return tell_base64(field.bytes, sink);
    case FieldKind::message:
    case FieldKind::group:
      if (!tell_message(field.bytes, extent_of(field), known.message, sink)) tell_base64(field.bytes, sink);
      return;
    case FieldKind::none: return tell_guessed(field, sink);
  }
}

void MessageTeller::tell_packed(Bytes bytes, const FieldType& known, json::Sink& sink) {
  WireField field;
  field.wire = known.wire();
  Cursor in(bytes);
  Bytes varints = bytes;
  for (;;) {
    switch (field.wire) {
      case Wire::fixed64: field.value = in.le64(); break;
      case Wire::fixed32: field.value = in.le32(); break;
      default:
        if (!take_varint(varints, field.value)) return;
        break;
    }
    if (!in.ok()) return;
    tell_value(field, known, sink);
  }
}

void MessageTeller::tell_base64(Bytes bytes, json::Sink& sink) {
  text_.clear();
  json::append_base64(text_, bytes);
  sink.text(text_);
}

}  // namespace wiretape::grpc
