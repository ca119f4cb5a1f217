// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers written field by field, and descriptors of what they mean.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/grpc/types.hpp"

namespace wiretape::test {

inline std::string varint(std::uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7U) text += static_cast<char>((value & 0x7FU) | 0x80U);
  return text += static_cast<char>(value);
}

inline std::string little_endian(std::uint64_t value, std::size_t size) {
  std::string text;
  for (; text.size() < size; value >>= 8U) text += static_cast<char>(value & 0xFFU);
  return text;
}

inline std::string tag(std::uint64_t number, unsigned wire) {
  return varint(number << 3U | wire);
}
inline std::string varint_field(std::uint64_t number, std::uint64_t value) {
  return tag(number, 0) + varint(value);
}
inline std::string fixed64_field(std::uint64_t number, std::uint64_t value) {
  return tag(number, 1) + little_endian(value, 8);
}
inline std::string text_field(std::uint64_t number, std::string_view bytes) {
  return tag(number, 2) + varint(bytes.size()) + std::string(bytes);
}
inline std::string group_field(std::uint64_t number, const std::string& inside) {
  return tag(number, 3) + inside + tag(number, 4);
}
inline std::string fixed32_field(std::uint64_t number, std::uint32_t value) {
  return tag(number, 5) + little_endian(value, 4);
}
inline std::string real64_field(std::uint64_t number, double value) {
  return fixed64_field(number, std::bit_cast<std::uint64_t>(value));
}
inline std::string real32_field(std::uint64_t number, float value) {
  return fixed32_field(number, std::bit_cast<std::uint32_t>(value));
}

enum class Occurs : std::uint8_t { once = 1, repeated = 3 };

// One file of a FileDescriptorSet.
class DescriptorWriter {
 public:
  struct NewField {
    std::string name;
    std::uint64_t number;
    grpc::FieldKind kind;
    std::string type = {};  // with its package
    Occurs occurs = Occurs::once;
  };
  struct NewValue {
    std::string name;
    std::int64_t number;
  };
  struct NewMethod {
    std::string name, input, output;
  };

  explicit DescriptorWriter(std::string_view package) : file_(text_field(1, "a.proto") + text_field(2, package)) {}

  void message(const std::string& name, const std::vector<NewField>& fields) {
    file_ += text_field(4, body(name, fields));
  }
  void map_entry(const std::string& name, const std::vector<NewField>& fields) {
    file_ += text_field(4, body(name, fields) + text_field(7, varint_field(7, 1)));
  }
  void enumeration(const std::string& name, const std::vector<NewValue>& values) {
    std::string text = text_field(1, name);
    for (const NewValue& value : values) {
      text += text_field(2, text_field(1, value.name) + varint_field(2, static_cast<std::uint64_t>(value.number)));
    }
    file_ += text_field(5, text);
  }
  void service(const std::string& name, const std::vector<NewMethod>& methods) {
    std::string text = text_field(1, name);
    for (const NewMethod& method : methods) {
      text += text_field(
          2, text_field(1, method.name) + text_field(2, '.' + method.input) + text_field(3, '.' + method.output));
    }
    file_ += text_field(6, text);
  }

  [[nodiscard]] std::string set() const { return text_field(1, file_); }

 private:
  static std::string body(const std::string& name, const std::vector<NewField>& fields) {
    std::string text = text_field(1, name);
    for (const NewField& field : fields) {
      std::string one = text_field(1, field.name) + varint_field(3, field.number) +
                        varint_field(4, static_cast<std::uint64_t>(field.occurs)) +
                        varint_field(5, static_cast<std::uint64_t>(field.kind));
      if (!field.type.empty()) one += text_field(6, '.' + field.type);
      text += text_field(2, one);
    }
    return text;
  }

  std::string file_;
};

}  // namespace wiretape::test
