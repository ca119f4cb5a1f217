// SPDX-License-Identifier: Apache-2.0
// What the body of one half of a gRPC call holds: its messages as text, and the trailers of gRPC-Web.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "json/sink.hpp"
#include "proto/grpc/framing.hpp"
#include "proto/grpc/types.hpp"
#include "proto/http/coding.hpp"

namespace wiretape::grpc {

// True for the content types of gRPC and gRPC-Web: "application/grpc" and what begins so.
bool is_grpc(std::string_view content_type);

// True for those of gRPC-Web, whose trailers are in the body.
bool is_web(std::string_view content_type);

// service and method of a call's path, "/shop.v1.Carts/Add"; both "" where it is no such path.
struct MethodName {
  std::string_view service, method;
};
MethodName method_name(std::string_view path);

// How a call ended, as grpc-status and grpc-message say it.
struct Outcome {
  std::optional<std::int64_t> status;
  std::string message;  // UTF-8

  // Both as they were sent, "" what was not.
  void read(std::string_view sent_status, std::string_view sent_message);
};

// How a body is to be read. Views and pointers need to live during Payload::read() only.
struct BodyForm {
  std::string_view content_type = {};
  std::string_view encoding = {};     // grpc-encoding
  bool cut = false;                   // the body is not all there
  std::size_t limit = 0;              // bytes of unpacked messages that are looked at, in all
  const MessageType* type = nullptr;  // of the messages; null: unknown
  const Types* types = nullptr;       // may be null
};

// Read once, told as often as wanted; memory serves the next body unless it has grown much.
class Payload {
 public:
  void read(Bytes body, const BodyForm& form);
  void clear();

  // As an array of {size, compressed, text}; "encoding" where the text is base64, "truncated" where it is not all of
  // the message.
  void tell(json::Sink& sink) const;

  // The value of one of gRPC-Web's trailers, without regard to case; "" without.
  [[nodiscard]] std::string_view trailer(std::string_view name) const;

 private:
  struct Item {
    std::uint32_t size = 0;  // on the wire
    bool compressed = false;
    bool cut = false;
    bool base64 = false;
    std::size_t at = 0;  // of its text in text_
    std::size_t text_size = 0;
  };

  void add(const Frame& frame, const BodyForm& form);
  void add_text(Bytes message, const BodyForm& form, Item& item);
  void add_raw(Bytes message, Item& item);

  std::vector<Item> items_;
  std::string text_;
  std::string trailers_;     // header lines
  std::string decoded_;      // the body of grpc-web-text
  http::Unpacked unpacked_;  // the message that is read
  std::size_t left_ = 0;     // of the limit
};

}  // namespace wiretape::grpc
