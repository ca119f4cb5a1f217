// SPDX-License-Identifier: Apache-2.0
// Bytes as a message of Protocol Buffers: without a type, cut, and named by descriptors that are the input too.
//
//   input := size descriptors message     size: a byte, of the descriptors
#include <cstddef>
#include <cstdint>
#include <string>

#include "json/writer.hpp"
#include "proto/grpc/protobuf_text.hpp"

namespace {

using namespace wiretape;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

void tell(Bytes message, grpc::Extent extent, const grpc::MessageType* type, const grpc::Types& types) {
  grpc::MessageTeller teller;
  std::string text;
  json::Writer writer(text);
  const bool told = teller.tell(message, extent, type, &types, writer);
  require(told == !text.empty());
  require(json::is_utf8(text));
  // A type that is repeated within itself does not make a text of any size.
  require(text.size() <= 64 + 64 * message.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes input(reinterpret_cast<const char*>(data + 1), size - 1);
  const Bytes descriptors = input.substr(0, data[0]);
  const Bytes message = input.substr(descriptors.size());
  grpc::Types types;
  types.add(descriptors);
  types.settle();
  tell(message, grpc::Extent::whole, nullptr, types);
  tell(message, grpc::Extent::cut, nullptr, types);
  tell(message, grpc::Extent::cut, types.message("M"), types);
  tell(message, grpc::Extent::whole, types.message("google.protobuf.Any"), types);
  return 0;
}
