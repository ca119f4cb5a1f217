// SPDX-License-Identifier: Apache-2.0
// Names with their texts, as headers, cookies and query strings are: in order, and a name may come again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "json/sink.hpp"
#include "proto/http/http1_wire.hpp"

namespace wiretape::http {

// Appends bytes of a head as UTF-8: as they are, or where they are no UTF-8, as ISO-8859-1. Old line folding becomes a
// space.
void append_head_text(std::string& out, Bytes bytes);

// Appends with %XX undone (RFC 3986 section 2.1), and + as the space that forms make of it.
void append_unescaped(std::string& out, Bytes bytes);

// Appends with %XX undone, and + as it is.
void append_percent_decoded(std::string& out, Bytes bytes);

// Appends a header's name in canonical case, User-Agent, whatever case was sent.
void append_canonical(std::string& out, Bytes name);

// Owns its texts. Fill it, then settle() once; views live until clear().
class TextMap {
 public:
  // What a name that comes again means.
  enum class Repeats : std::uint8_t {
    join,  // one text, ", " between: header fields
    last,  // the last one counts: cookies
    list,  // all count, told as an array: query strings
  };
  // How names are compared.
  enum class Names : std::uint8_t { exact, caseless };

  void clear();

  // Appends to the map's texts; how a name or value is written there is the caller's to say.
  template <class WriteName, class WriteValue>
  void add(WriteName&& write_name, WriteValue&& write_value) {
    Item item;
    item.name.at = size();
    write_name(text_);
    item.name.size = size() - item.name.at;
    item.value.at = size();
    write_value(text_);
    item.value.size = size() - item.value.at;
    items_.push_back(item);
  }

  // O(n log n), whatever names a hostile message brings.
  void settle(Repeats repeats, Names names);

  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;

  // As an object of texts, in the order of first appearance.
  void tell(json::Sink& sink) const;

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  struct Item {
    Slice name;
    Slice value;
    std::uint32_t again = none;  // list: the next of the same name
    bool repeated = false;       // not the first of its name
  };
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(text_.size()); }
  [[nodiscard]] bool same(Bytes a, Bytes b) const;
  [[nodiscard]] bool before(std::uint32_t a, std::uint32_t b) const;
  void merge(std::size_t begin, std::size_t end);

  std::string text_;
  std::vector<Item> items_;
  std::vector<std::uint32_t> order_;  // items by name
  Repeats repeats_ = Repeats::last;
  Names names_ = Names::exact;
};

}  // namespace wiretape::http
