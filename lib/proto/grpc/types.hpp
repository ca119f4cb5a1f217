// SPDX-License-Identifier: Apache-2.0
// What a .proto file says, as far as it is needed to name what messages hold: tables by field number.
//
// Filled once (load_types.hpp), then only read: threads share them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "proto/grpc/protobuf.hpp"

namespace wiretape::grpc {

struct MessageType;

// Numbers as in descriptor.proto, FieldDescriptorProto.Type.
enum class FieldKind : std::uint8_t {
  none = 0,
  real64 = 1,
  real32 = 2,
  int64 = 3,
  uint64 = 4,
  int32 = 5,
  fixed64 = 6,
  fixed32 = 7,
  boolean = 8,
  text = 9,
  group = 10,
  message = 11,
  bytes = 12,
  uint32 = 13,
  enumeration = 14,
  sfixed32 = 15,
  sfixed64 = 16,
  sint32 = 17,
  sint64 = 18,
};

struct EnumType {
  std::vector<std::pair<std::int32_t, std::string>> values;  // by number

  [[nodiscard]] const std::string* name_of(std::int32_t number) const;  // null: unknown
};

struct FieldType {
  std::uint32_t number = 0;
  FieldKind kind = FieldKind::none;
  bool repeated = false;
  std::string name;                      // as in JSON: lowerCamelCase unless the file says another
  const MessageType* message = nullptr;  // of messages and groups
  const EnumType* enumeration = nullptr;

  [[nodiscard]] Wire wire() const;      // of one value
  [[nodiscard]] bool packable() const;  // several values may stand in one field of bytes
  [[nodiscard]] bool fits(Wire met) const;
};

// Messages of google/protobuf/ that JSON has a form of its own for.
enum class WellKnown : std::uint8_t { none, timestamp, duration, wrapper, any, structure, value, list_value };

struct MessageType {
  std::string name;               // with its package: "shop.v1.Cart"
  std::vector<FieldType> fields;  // by number
  bool map_entry = false;         // one pair of a map: fields 1 and 2
  WellKnown well_known = WellKnown::none;

  [[nodiscard]] const FieldType* field(std::uint32_t number) const;  // null: unknown
};

struct MethodType {
  const MessageType* input = nullptr;
  const MessageType* output = nullptr;
};

// Owns all types; pointers to them are valid as long as it is.
class Types {
 public:
  Types() = default;
  Types(const Types&) = delete;
  Types& operator=(const Types&) = delete;

  // Takes a serialized FileDescriptorSet (protoc --descriptor_set_out). False when the bytes are none. A type that is
  // there already stays as it is.
  bool add(Bytes descriptor_set);
  // After the last add(), once: types that name each other find each other.
  void settle();

  // By its name with the package, "shop.v1.Cart"; null when it is not known.
  [[nodiscard]] const MessageType* message(std::string_view name) const;
  // By service and method as a call's path has them, "shop.v1.Carts/Add"; null when it is not known.
  [[nodiscard]] const MethodType* method(std::string_view name) const;

 private:
  friend class DescriptorReader;

  // A field whose type or owner is known by name so far.
  struct Open {
    std::string owner;
    std::string type;
    FieldType field;
  };
  struct OpenMethod {
    std::string name;  // "shop.v1.Carts/Add"
    std::string input, output;
  };

  std::deque<MessageType> messages_;
  std::deque<EnumType> enums_;
  std::map<std::string, MessageType*, std::less<>> messages_by_name_;
  std::map<std::string, EnumType*, std::less<>> enums_by_name_;
  std::map<std::string, MethodType, std::less<>> methods_;
  std::vector<Open> open_fields_;
  std::vector<OpenMethod> open_methods_;
};

}  // namespace wiretape::grpc
