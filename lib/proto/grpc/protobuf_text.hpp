// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers messages told as JSON.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "json/sink.hpp"
#include "proto/grpc/protobuf.hpp"
#include "proto/grpc/types.hpp"

namespace wiretape::grpc {

// Tells messages, one after the other; memory that it has grown serves the next one.
//
// Without a type, and for fields that the type does not know, the bytes say how they are told:
//   key       the field's number: {"1":"hello","2":150}; what comes again is an array
//   varint    an integer, as int64
//   fixed     a real where that gives a number of a usual size, else an integer
//   bytes     a text where it is UTF-8 without control characters; a message where it is fields to its end; a text
//             where it is UTF-8 with line ends and tabs; else base64
// With a type the names and forms are those of JSON (protobuf.dev, "ProtoJSON"), but integers are numbers wherever
// int64 holds them, and what is not there is not told.
//
// Time is linear in the size for each level, and memory is bounded: of a message with more than most_fields only so
// many are told.
class MessageTeller {
 public:
  static constexpr std::size_t most_fields = 1U << 18U;

  // Tells `message` as an object (or in the form that its type has), or tells nothing and returns false when it is
  // none. `type` may be null; `types` finds what an Any holds and may be null.
  bool tell(Bytes message, Extent extent, const MessageType* type, const Types* types, json::Sink& sink);

  // Of the last message: there was more than was told.
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  // Places of one message's fields in fields_.
  struct Range {
    std::size_t begin, end;
  };

  bool collect(Bytes message, Extent extent);
  bool tell_message(Bytes message, Extent extent, const MessageType* type, json::Sink& sink);
  void tell_members(Range range, const MessageType* type, json::Sink& sink);
  void tell_run(Range run, const MessageType* type, json::Sink& sink);
  void tell_unknown(Range run, json::Sink& sink);
  void tell_known(Range run, const FieldType& known, json::Sink& sink);
  void tell_map(Range run, const FieldType& known, json::Sink& sink);
  void tell_guessed(const WireField& field, json::Sink& sink);
  void tell_bytes(const WireField& field, json::Sink& sink);
  void tell_value(const WireField& field, const FieldType& known, json::Sink& sink);
  void tell_packed(Bytes bytes, const FieldType& known, json::Sink& sink);
  void tell_base64(Bytes bytes, json::Sink& sink);

  // Forms of their own; false: the message is told by its fields.
  bool tell_well_known(Range range, const MessageType& type, json::Sink& sink);
  bool tell_timestamp(Range range, json::Sink& sink);
  bool tell_duration(Range range, json::Sink& sink);
  bool tell_any(Range range, json::Sink& sink);
  bool tell_only(Range range, const MessageType& type, json::Sink& sink);
  bool tell_one_of(Range range, const MessageType& type, json::Sink& sink);
  [[nodiscard]] const WireField* last(Range range, std::uint32_t number, Wire wire) const;

  const Types* types_ = nullptr;
  std::vector<WireField> fields_;  // of the messages that are open, each behind the one that it stands in
  std::string text_;               // of the value that is being told
  std::size_t depth_ = 0;
  bool cut_ = false;
};

}  // namespace wiretape::grpc
