// SPDX-License-Identifier: Apache-2.0
// One line about a call:
//
//   08:45:12.031  HTTP    cart.shop > payment.shop   POST /charge   500  31.2 ms
//
// time, protocol, peers, what was asked, what was answered, how long it took, and what was wrong.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "entry/field.hpp"
#include "output/document.hpp"
#include "output/printer.hpp"

namespace wiretape::cli {

// Lines of one listing. Columns widen to what they have seen, up to a limit, and never narrow.
class CallLines {
 public:
  explicit CallLines(const TextStyle& style) : style_(style), time_(style.time) {}
  // Appends the line without its newline.
  void append(std::string& out, Element call);

 private:
  // A column's text is put together in cell_, so that its width is known before it stands in the line.
  struct Column {
    std::size_t width;
    std::size_t widest;
  };
  void end_cell(std::string& out, Column& column);
  void append_peer(Element call, std::string_view side);
  void append_half(Element call, const Schema* schema, std::string_view half);
  void append_outcome(std::string& out, Element call);

  TextStyle style_;
  TimeColumn time_;
  Column protocol_{.width = 6, .widest = 10};
  Column peers_{.width = 24, .widest = 47};  // two IPv4 addresses with ports
  Column request_{.width = 20, .widest = 48};
  std::string cell_;
};

}  // namespace wiretape::cli
