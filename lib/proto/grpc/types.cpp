// SPDX-License-Identifier: Apache-2.0
// Tables from a FileDescriptorSet (google/protobuf/descriptor.proto), which is a message like any other.
#include "proto/grpc/types.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace wiretape::grpc {
namespace {

struct NamedKind {
  std::string_view name;
  WellKnown kind;
};

constexpr std::string_view well_known_package = "google.protobuf.";
constexpr std::array<NamedKind, 15> well_known_messages = {{{"Timestamp", WellKnown::timestamp},
                                                            {"Duration", WellKnown::duration},
                                                            {"Any", WellKnown::any},
                                                            {"Struct", WellKnown::structure},
                                                            {"Value", WellKnown::value},
                                                            {"ListValue", WellKnown::list_value},
                                                            {"DoubleValue", WellKnown::wrapper},
                                                            {"FloatValue", WellKnown::wrapper},
                                                            {"Int64Value", WellKnown::wrapper},
                                                            {"UInt64Value", WellKnown::wrapper},
                                                            {"Int32Value", WellKnown::wrapper},
                                                            {"UInt32Value", WellKnown::wrapper},
                                                            {"BoolValue", WellKnown::wrapper},
                                                            {"StringValue", WellKnown::wrapper},
                                                            {"BytesValue", WellKnown::wrapper}}};

WellKnown well_known(std::string_view name) {
  if (!name.starts_with(well_known_package)) return WellKnown::none;
  name.remove_prefix(well_known_package.size());
  const auto* const found = std::find_if(well_known_messages.begin(), well_known_messages.end(),
                                         [&](const NamedKind& known) { return known.name == name; });
  return found == well_known_messages.end() ? WellKnown::none : found->kind;
}

std::string joined(std::string_view scope, std::string_view name) {
  std::string text(scope);
  if (!text.empty()) text += '.';
  return text += name;
}

// Type names in descriptors begin with a dot.
std::string without_dot(std::string_view name) {
  return std::string(name.starts_with('.') ? name.substr(1) : name);
}

// What JSON makes of a name where the descriptor does not say it: an_item is anItem.
std::string camel_case(std::string_view name) {
  std::string text;
  bool upper = false;
  for (const char c : name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    text += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return text;
}

}  // namespace

// Reads descriptors into the tables. Numbers of fields are those of descriptor.proto.
class DescriptorReader {
 public:
  explicit DescriptorReader(Types& types) : types_(types) {}

  bool read_set(Bytes bytes) {
    FieldReader in(bytes);
    for (WireField part; in.next(part);) {
      if (part.number == 1 && part.wire == Wire::bytes && !read_file(part.bytes)) return false;
    }
    return in.ok();
  }

 private:
  // Of FileDescriptorProto. The package is not always in front of what stands in it.
  bool read_file(Bytes bytes) {
    std::string_view package;
    FieldReader first(bytes);
    for (WireField part; first.next(part);) {
      if (part.number == 2) package = part.bytes;
    }
    if (!first.ok()) return false;
    FieldReader in(bytes);
    for (WireField part; in.next(part);) {
      switch (part.number) {
        case 4: read_message(package, part.bytes, 0); break;
        case 5: read_enum(package, part.bytes); break;
        case 6: read_service(package, part.bytes); break;
        case 7: read_field({}, part.bytes, package); break;
        default: break;
      }
    }
    return true;
  }

  void read_message(std::string_view scope, Bytes bytes, std::size_t depth) {
    if (depth == deepest_message) return;
    const std::string name = joined(scope, text_of(bytes, 1));
    if (types_.messages_by_name_.contains(name)) return;
    MessageType& message = types_.messages_.emplace_back();
    message.name = name;
    message.well_known = well_known(name);
    types_.messages_by_name_.emplace(name, &message);
    FieldReader in(bytes);
    for (WireField part; in.next(part);) {
      switch (part.number) {
        case 2: read_field(name, part.bytes, name); break;
        case 3: read_message(name, part.bytes, depth + 1); break;
        case 4: read_enum(name, part.bytes); break;
        case 6: read_field({}, part.bytes, name); break;
        case 7: message.map_entry = number_of(part.bytes, 7) != 0; break;
        default: break;
      }
    }
  }

  // A field of `owner`, or ("") an extension of the message that it names, declared in `scope`.
  void read_field(std::string_view owner, Bytes bytes, std::string_view scope) {
    Types::Open open{.owner = std::string(owner), .type = without_dot(text_of(bytes, 6)), .field = {}};
    FieldType& field = open.field;
    field.number = static_cast<std::uint32_t>(number_of(bytes, 3));
    field.repeated = number_of(bytes, 4) == 3;
    const std::uint64_t kind = number_of(bytes, 5);
    field.kind = kind > static_cast<std::uint64_t>(FieldKind::sint64) ? FieldKind::none : static_cast<FieldKind>(kind);
    if (owner.empty()) {
      open.owner = without_dot(text_of(bytes, 2));
      field.name = '[' + joined(scope, text_of(bytes, 1)) + ']';
    } else {
      field.name = text_of(bytes, 10);
      if (field.name.empty()) field.name = camel_case(text_of(bytes, 1));
    }
    types_.open_fields_.push_back(std::move(open));
  }

  void read_enum(std::string_view scope, Bytes bytes) {
    const std::string name = joined(scope, text_of(bytes, 1));
    if (types_.enums_by_name_.contains(name)) return;
    EnumType& type = types_.enums_.emplace_back();
    FieldReader in(bytes);
    for (WireField part; in.next(part);) {
      if (part.number != 2) continue;
      type.values.emplace_back(static_cast<std::int32_t>(number_of(part.bytes, 2)), text_of(part.bytes, 1));
    }
    // The first of several names for a number is its name.
    std::stable_sort(type.values.begin(), type.values.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    types_.enums_by_name_.emplace(name, &type);
  }

  void read_service(std::string_view package, Bytes bytes) {
    const std::string service = joined(package, text_of(bytes, 1));
    FieldReader in(bytes);
    for (WireField part; in.next(part);) {
      if (part.number != 2) continue;
      types_.open_methods_.push_back({.name = service + '/' + std::string(text_of(part.bytes, 1)),
                                      .input = without_dot(text_of(part.bytes, 2)),
                                      .output = without_dot(text_of(part.bytes, 3))});
    }
  }

  static std::string_view text_of(Bytes message, std::uint32_t number) {
    FieldReader in(message);
    for (WireField part; in.next(part);) {
      if (part.number == number && part.wire == Wire::bytes) return part.bytes;
    }
    return {};
  }

  static std::uint64_t number_of(Bytes message, std::uint32_t number) {
    FieldReader in(message);
    for (WireField part; in.next(part);) {
      if (part.number == number && part.wire == Wire::varint) return part.value;
    }
    return 0;
  }

  Types& types_;
};

const std::string* EnumType::name_of(std::int32_t number) const {
  const auto found = std::lower_bound(values.begin(), values.end(), number,
                                      [](const auto& value, std::int32_t wanted) { return value.first < wanted; });
  return found != values.end() && found->first == number ? &found->second : nullptr;
}

Wire FieldType::wire() const {
  switch (kind) {
    case FieldKind::real64:
    case FieldKind::fixed64:
    case FieldKind::sfixed64: return Wire::fixed64;
    case FieldKind::real32:
    case FieldKind::fixed32:
    case FieldKind::sfixed32: return Wire::fixed32;
    case FieldKind::text:
    case FieldKind::bytes:
    case FieldKind::message: return Wire::bytes;
    case FieldKind::group: return Wire::group;
    default: return Wire::varint;
  }
}

bool FieldType::packable() const {
  return repeated && wire() != Wire::bytes && wire() != Wire::group;
}

bool FieldType::fits(Wire met) const {
  return kind != FieldKind::none && (met == wire() || (met == Wire::bytes && packable()));
}

const FieldType* MessageType::field(std::uint32_t number) const {
  const auto found =
      std::lower_bound(fields.begin(), fields.end(), number,
                       [](const FieldType& field, std::uint32_t wanted) { return field.number < wanted; });
  return found != fields.end() && found->number == number ? &*found : nullptr;
}

bool Types::add(Bytes descriptor_set) {
  return DescriptorReader(*this).read_set(descriptor_set);
}

void Types::settle() {
  for (Open& open : open_fields_) {
    const auto owner = messages_by_name_.find(open.owner);
    if (owner == messages_by_name_.end()) continue;
    const auto message_type = messages_by_name_.find(open.type);
    if (message_type != messages_by_name_.end()) open.field.message = message_type->second;
    const auto enum_type = enums_by_name_.find(open.type);
    if (enum_type != enums_by_name_.end()) open.field.enumeration = enum_type->second;
    owner->second->fields.push_back(std::move(open.field));
  }
  for (MessageType& type : messages_) {
    std::stable_sort(type.fields.begin(), type.fields.end(),
                     [](const FieldType& a, const FieldType& b) { return a.number < b.number; });
  }
  for (const OpenMethod& open : open_methods_) {
    methods_.try_emplace(open.name, MethodType{.input = message(open.input), .output = message(open.output)});
  }
  open_fields_.clear();
  open_methods_.clear();
}

const MessageType* Types::message(std::string_view name) const {
  const auto found = messages_by_name_.find(name);
  return found == messages_by_name_.end() ? nullptr : found->second;
}

const MethodType* Types::method(std::string_view name) const {
  const auto found = methods_.find(name);
  return found == methods_.end() ? nullptr : &found->second;
}

}  // namespace wiretape::grpc
