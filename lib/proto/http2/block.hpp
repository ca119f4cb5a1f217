// SPDX-License-Identifier: Apache-2.0
// The fields of one header block as http::Message takes them: lines of text, and marks in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "proto/http/http1_wire.hpp"
#include "proto/http2/hpack.hpp"

namespace wiretape::http2 {

// Used again for every block.
class HeaderBlock final : public FieldSink {
 public:
  // Text that is kept of a block; fields beyond it are decoded for the table's sake and left out.
  static constexpr std::size_t most_text = 64U << 10U;

  void clear();
  void field(Bytes name, Bytes value) override;

  // After the last field: the pieces of Cookie become one line (RFC 9113 section 8.2.3), and what was not told and may
  // have been among what is unknown is so.
  void settle(HeaderDecoder::Result result);

  // "name: value" lines, pseudo headers as they were sent, and places in them. Valid until clear().
  [[nodiscard]] Bytes text() const { return text_; }
  [[nodiscard]] const http::Head& head() const { return head_; }
  [[nodiscard]] Bytes media_type() const { return media_type_.of(text_); }

  [[nodiscard]] bool has_pseudo() const { return has_pseudo_; }  // a request or a response begins, else trailers
  // Why the block is not all that was sent, or not what may be sent; "" for nothing. Static storage.
  [[nodiscard]] std::string_view flaw() const { return flaw_; }
  [[nodiscard]] bool unknown() const { return unknown_; }

 private:
  void note(Bytes name, http::Slice value);
  void note_pseudo(Bytes name, http::Slice value);
  void append_name(Bytes name);
  void append_value(Bytes value);
  [[nodiscard]] http::Slice add_line(Bytes name, Bytes value);

  std::string text_;
  std::string cookie_;
  http::Head head_;
  http::Slice authority_;
  http::Slice media_type_;
  std::string_view flaw_;
  bool has_pseudo_ = false;
  bool unknown_ = false;
};

}  // namespace wiretape::http2
