// SPDX-License-Identifier: Apache-2.0
// A request or a response of the HTTP family: its bytes, marks in them, and what is derived when somebody asks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/lazy.hpp"
#include "entry/entry.hpp"
#include "json/sink.hpp"
#include "proto/graphql/request.hpp"
#include "proto/grpc/payload.hpp"
#include "proto/http/body.hpp"
#include "proto/http/http1_wire.hpp"
#include "proto/http/text_map.hpp"

namespace wiretape::http {

// Texts that it hands out are UTF-8 and live as long as the message is not used again.
class Message final : public wiretape::Message {
 public:
  // Begins a new message with a copy of its head's bytes; `marks` are places in them.
  void begin(Start start, Bytes head, const Head& marks, std::size_t body_limit);

  [[nodiscard]] Start start() const { return start_; }
  [[nodiscard]] const Head& head() const { return marks_; }

  [[nodiscard]] std::string_view method() const { return marks_.method.of(bytes_); }
  [[nodiscard]] std::string_view version() const;
  [[nodiscard]] Bytes raw_target() const { return marks_.target.of(bytes_); }  // as sent, may be no UTF-8
  [[nodiscard]] std::string_view target() const { return target_parts().target; }
  [[nodiscard]] std::string_view path() const {
    return target_parts().path;
  }                                                    // "" of CONNECT, which asks for an authority
  [[nodiscard]] std::string_view status_text() const;  // the reason as sent, else the standard one
  [[nodiscard]] std::string_view media_type() const;   // Content-Type, "" without

  // Without regard to case; repeats are joined.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  [[nodiscard]] const TextMap& headers() const;
  [[nodiscard]] const TextMap& cookies() const;  // of Cookie, or of Set-Cookie
  [[nodiscard]] const TextMap& query() const;
  [[nodiscard]] const TextMap& trailers() const;

  // Body text by the house rule: as it is where it is UTF-8, else as base64 (then `body_is_base64`).
  [[nodiscard]] std::string_view body_text() const;
  [[nodiscard]] bool body_is_base64() const;

  // What a request asks in GraphQL, null where it does not: graphql::recognize finds out.
  [[nodiscard]] const graphql::Request* graphql() const { return asks_graphql_ ? graphql_.get() : nullptr; }
  void set_graphql(graphql::Request& read);  // takes its texts, and gives others for them

  // Of one half of a gRPC call, which media_type() tells (grpc::is_grpc). What its messages hold is named after the
  // method that `request` calls; null: it was not seen.
  [[nodiscard]] const grpc::Payload& grpc(const Message* request) const;
  [[nodiscard]] const grpc::Outcome& grpc_outcome(const Message* request) const;

  const grpc::Types* types = nullptr;  // names in gRPC messages, set behind begin(); null: none are known
  Body body;
  std::string trailer_lines;    // as sent; bounded
  std::uint64_t body_size = 0;  // bytes on the wire behind the head: chunk framing and trailers included

 private:
  struct Target {
    std::string_view target, path, query;
    std::string text;  // what the views point at where the bytes are not UTF-8
  };
  [[nodiscard]] const Target& target_parts() const;
  bool plain_header(std::string_view name, std::optional<std::string_view>& value) const;

  std::string bytes_;
  Head marks_;
  Start start_ = Start::request;
  bool asks_graphql_ = false;
  std::unique_ptr<graphql::Request> graphql_;
  std::size_t body_limit_ = 0;
  mutable std::unique_ptr<grpc::Payload> grpc_;
  mutable bool is_grpc_read_ = false;
  mutable Lazy<grpc::Outcome> grpc_outcome_;
  mutable Lazy<Target> target_;
  mutable Lazy<std::string> reason_;
  mutable Lazy<TextMap> headers_;
  mutable Lazy<TextMap> cookies_;
  mutable Lazy<TextMap> query_;
  mutable Lazy<TextMap> trailers_;
  mutable Lazy<std::string> base64_;
};

// The path's pieces, as an array: split on "/", without the first empty piece. "/a/" is "a" and "".
void tell_segments(std::string_view path, json::Sink& sink);

// A phrase for a status (RFC 9110 section 15 and the IANA registry), "" for one that is not registered.
std::string_view standard_reason(std::uint16_t status);

}  // namespace wiretape::http
