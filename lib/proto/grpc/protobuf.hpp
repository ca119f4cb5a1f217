// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers as bytes (protobuf.dev, "Encoding"): fields one after the other, each with its number and kind of
// wire.
//
//   message := field*
//   field   := tag value                                tag: varint, number << 3 | wire
//   value   := varint | 8 bytes LE | varint length, bytes | field* end-tag of the same number | 4 bytes LE
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace wiretape::grpc {

enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, group = 3, end_group = 4, fixed32 = 5 };

struct WireField {
  std::uint32_t number = 0;
  Wire wire = Wire::varint;
  std::uint64_t value = 0;  // varint, fixed64, fixed32
  Bytes bytes;              // bytes; of a group what stands inside
  bool cut = false;         // there was more of `bytes`
};

// Messages and groups that stand in each other deeper are not looked into.
inline constexpr std::size_t deepest_message = 64;

// Whether `bytes` are all of a message, or its beginning.
enum class Extent : std::uint8_t { whole, cut };

// Reads fields off the front of a message.
class FieldReader {
 public:
  explicit FieldReader(Bytes message, Extent extent = Extent::whole) : rest_(message), extent_(extent) {}

  // The next field; false at the end and where the bytes are no field, which ok() tells apart. Of a message that is
  // cut, the last bytes or group come as far as they are there, and a number that is not whole does not come.
  bool next(WireField& field);
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  bool read_value(WireField& field);
  bool read_bytes(WireField& field);
  bool read_group(WireField& field);
  bool take_open_group(WireField& field);
  bool stop();
  bool run_out(bool unfinished);

  Bytes rest_;
  Extent extent_;
  bool ok_ = true;
};

// Takes a varint off the front of `rest`; false when it is not whole or longer than 10 bytes (`rest` is then
// unchanged).
bool take_varint(Bytes& rest, std::uint64_t& value);

// True when the bytes are fields to their end. What stands inside of `bytes` fields is not looked at.
bool is_message(Bytes bytes, Extent extent);

}  // namespace wiretape::grpc
