// SPDX-License-Identifier: Apache-2.0
// JSON (RFC 8259) as a series of calls: what tells a document and what takes one meet here, and no tree is built between them.
#pragma once

#include <cstdint>
#include <string_view>

namespace wiretape::json {

// Calls come in the order of the text: begin_object (key value)* end_object, begin_array value* end_array.
// Views are valid during the call. Texts should be UTF-8; what is not is replaced by who writes it.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  virtual void begin_object() = 0;
  virtual void end_object() = 0;
  virtual void begin_array() = 0;
  virtual void end_array() = 0;
  virtual void key(std::string_view name) = 0;
  virtual void null() = 0;
  virtual void boolean(bool value) = 0;
  virtual void integer(std::int64_t value) = 0;
  virtual void real(double value) = 0;  // a value that JSON cannot hold (infinity, not a number) is told as null
  virtual void text(std::string_view value) = 0;

  // True when this sink needs nothing more; who tells may stop, wherever it is.
  [[nodiscard]] virtual bool done() const { return false; }

  // The frequent pairs.
  void text(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  void integer(std::string_view name, std::int64_t value) {
    key(name);
    integer(value);
  }
  void boolean(std::string_view name, bool value) {
    key(name);
    boolean(value);
  }
};

}  // namespace wiretape::json
