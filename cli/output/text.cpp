// SPDX-License-Identifier: Apache-2.0
// Calls for people: a line each, or a line and a tree.
#include "output/call_line.hpp"
#include "output/document.hpp"
#include "output/safe_text.hpp"

namespace wiretape::cli {
namespace {

class TextPrinter final : public DocumentPrinter {
 public:
  TextPrinter(Output& out, const TextStyle& style) : DocumentPrinter(out), lines_(style) {}

 private:
  void show(Element call, std::string& out) override {
    line_.clear();
    lines_.append(line_, call);
    out += line_;
    out += '\n';
  }

  CallLines lines_;
  std::string line_;
};

// Below a call's line its document, members indented:
//
//     request:
//         method: POST
//         headers:
//             Host: payment.shop
class TreePrinter final : public DocumentPrinter {
 public:
  TreePrinter(Output& out, const TextStyle& style) : DocumentPrinter(out), lines_(style) {}

 private:
  void show(Element call, std::string& out) override {
    line_.clear();
    lines_.append(line_, call);
    out += line_;
    out += '\n';
    append_members(out, call, 1);
    out += '\n';
  }

  // simdjson refuses documents nested deeper than 1024, which bounds the recursion.
  void append_members(std::string& out, Element value, std::size_t level) {
    if (simdjson::dom::object object; value.get(object) == simdjson::SUCCESS) {
      for (const auto member : object) append_member(out, member.key, member.value, level);
      return;
    }
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS) return;
    std::size_t place = 0;
    for (const Element element : array) append_member(out, std::to_string(place++), element, level);
  }

  void append_member(std::string& out, std::string_view name, Element value, std::size_t level) {
    out.append(4 * level, ' ');
    append_safe(out, name);
    out += ':';
    if (is_branch(value)) {
      out += '\n';
      append_members(out, value, level + 1);
      return;
    }
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS && text.find('\n') != std::string_view::npos) {
      append_block(out, text, level + 1);
      return;
    }
    const std::size_t end = out.size();
    out += ' ';
    append_value(out, value);
    if (out.size() == end + 1) out.resize(end);
    out += '\n';
  }

  static bool is_branch(Element value) {
    if (simdjson::dom::object object; value.get(object) == simdjson::SUCCESS) return object.size() != 0;
    simdjson::dom::array array;
    return value.get(array) == simdjson::SUCCESS && array.size() != 0;
  }

  // A text of several lines keeps them.
  static void append_block(std::string& out, std::string_view text, std::size_t level) {
    out += '\n';
    while (!text.empty()) {
      const std::size_t newline = text.find('\n');
      std::string_view line = text.substr(0, newline);
      text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
      if (newline != std::string_view::npos && !line.empty() && line.back() == '\r') line.remove_suffix(1);
      out.append(4 * level, ' ');
      append_safe(out, line);
      out += '\n';
    }
  }

  CallLines lines_;
  std::string line_;
};

}  // namespace

std::unique_ptr<Printer> text_printer(Output& out, const TextStyle& style) {
  return std::make_unique<TextPrinter>(out, style);
}

std::unique_ptr<Printer> tree_printer(Output& out, const TextStyle& style) {
  return std::make_unique<TreePrinter>(out, style);
}

}  // namespace wiretape::cli
