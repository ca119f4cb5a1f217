// SPDX-License-Identifier: Apache-2.0
// A sink that writes compact JSON text (RFC 8259), members in the order they are told.
#pragma once

#include <string>

#include "json/sink.hpp"

namespace wiretape::json {

// Appends to a string of the caller's, which must outlive the writer. Several documents may be written one after
// the other; what stands between them (a newline, say) is the caller's to append.
class Writer final : public Sink {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  using Sink::boolean;
  using Sink::integer;
  using Sink::text;

  void begin_object() override;
  void end_object() override;
  void begin_array() override;
  void end_array() override;
  void key(std::string_view name) override;
  void null() override;
  void boolean(bool value) override;
  void integer(std::int64_t value) override;
  void real(double value) override;
  void text(std::string_view value) override;

 private:
  void before_value();
  void after_value() { comma_ = depth_ != 0; }

  std::string& out_;
  std::size_t depth_ = 0;
  bool comma_ = false;  // something stands before, on this level
};

// Appends `value` as a JSON string with its quotes. What is not UTF-8 becomes U+FFFD, one for each
// piece that could have begun a sequence and one for each byte that could not (Unicode 15, section 3.9).
void append_quoted(std::string& out, std::string_view value);

// Shortest text that reads back as the same double; whole values below 2^63 without a fraction.
void append_number(std::string& out, double value);

// Length of the longest prefix of `text` that is valid UTF-8 (no overlong forms, surrogates or values over U+10FFFF).
std::size_t valid_utf8(std::string_view text);
inline bool is_utf8(std::string_view text) { return valid_utf8(text) == text.size(); }

// Standard base64 (RFC 4648 section 4) with padding.
void append_base64(std::string& out, std::string_view bytes);

// The house rule for text off the wire (entries.md): `name: text`, or where it is not UTF-8 `name: base64, "encoding": "base64"`.
void tell_text(Sink& sink, std::string_view name, std::string_view value);

}  // namespace wiretape::json
