// SPDX-License-Identifier: Apache-2.0
#include "proto/http/text_map.hpp"

#include <algorithm>
#include <numeric>

#include "json/writer.hpp"

namespace wiretape::http {
namespace {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

void append_latin1(std::string& out, Bytes bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0U | byte >> 6U);
      out += static_cast<char>(0x80U | (byte & 0x3FU));
    }
  }
}

// What stands in `out` from `begin` on becomes UTF-8 where it is none.
void repair_text(std::string& out, std::size_t begin) {
  if (json::is_utf8(std::string_view(out).substr(begin))) return;
  const std::string raw = out.substr(begin);
  out.resize(begin);
  append_latin1(out, raw);
}

void append_unfolded(std::string& out, Bytes bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t fold = bytes.find_first_of("\r\n", at);
    out += bytes.substr(at, fold - at);
    if (fold == Bytes::npos) return;
    at = bytes.find_first_not_of("\r\n \t", fold);
    out += ' ';
  }
}

void append_decoded(std::string& out, Bytes bytes, char plus) {
  const std::size_t begin = out.size();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = bytes[i] == '%' && i + 2 < bytes.size() ? hex_digit(bytes[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(bytes[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      out += bytes[i] == '+' ? plus : bytes[i];
    }
  }
  repair_text(out, begin);
}

}  // namespace

void append_head_text(std::string& out, Bytes bytes) {
  const std::size_t begin = out.size();
  append_unfolded(out, bytes);
  repair_text(out, begin);
}

void append_unescaped(std::string& out, Bytes bytes) {
  append_decoded(out, bytes, ' ');
}

void append_percent_decoded(std::string& out, Bytes bytes) {
  append_decoded(out, bytes, '+');
}

void append_canonical(std::string& out, Bytes name) {
  const std::size_t begin = out.size();
  out += name;
  bool first = true;
  for (std::size_t i = begin; i < out.size(); ++i) {
    const char c = out[i];
    out[i] = first ? upper(c) : lower(c);
    first = c == '-';
  }
  repair_text(out, begin);
}

void TextMap::clear() {
  text_.clear();
  items_.clear();
  order_.clear();
}

bool TextMap::same(Bytes a, Bytes b) const {
  return names_ == Names::caseless ? same_name(a, b) : a == b;
}

bool TextMap::before(std::uint32_t a, std::uint32_t b) const {
  const Bytes left = items_[a].name.of(text_), right = items_[b].name.of(text_);
  const int order = [&] {
    if (names_ == Names::exact) return left.compare(right);
    const auto [l, r] = std::mismatch(left.begin(), left.end(), right.begin(), right.end(),
                                      [](char x, char y) { return lower(x) == lower(y); });
    if (l == left.end() || r == right.end())
      return left.size() < right.size() ? -1 : left.size() > right.size() ? 1 : 0;
    return lower(*l) < lower(*r) ? -1 : 1;
  }();
  return order != 0 ? order < 0 : a < b;
}

void TextMap::settle(Repeats repeats, Names names) {
  repeats_ = repeats;
  names_ = names;
  order_.resize(items_.size());
  std::iota(order_.begin(), order_.end(), 0U);
  std::sort(order_.begin(), order_.end(), [this](std::uint32_t a, std::uint32_t b) { return before(a, b); });
  for (std::size_t begin = 0, end = 0; begin < order_.size(); begin = end) {
    const Bytes name = items_[order_[begin]].name.of(text_);
    end = begin + 1;
    while (end < order_.size() && same(items_[order_[end]].name.of(text_), name)) ++end;
    if (end - begin > 1) merge(begin, end);
  }
}

// The items order_[begin, end) have one name.
void TextMap::merge(std::size_t begin, std::size_t end) {
  Item& first = items_[order_[begin]];
  const std::uint32_t joined = size();
  for (std::size_t i = begin; i < end; ++i) {
    Item& item = items_[order_[i]];
    item.repeated = i != begin;
    if (repeats_ == Repeats::list) {
      item.again = i + 1 < end ? order_[i + 1] : none;
    } else if (repeats_ == Repeats::join) {
      if (item.repeated) text_ += ", ";
      text_.append(text_, item.value.at, item.value.size);
    }
  }
  if (repeats_ == Repeats::join) first.value = {joined, size() - joined};
  if (repeats_ == Repeats::last) first.value = items_[order_[end - 1]].value;
}

std::optional<std::string_view> TextMap::get(std::string_view name) const {
  for (const Item& item : items_) {
    if (!item.repeated && item.name.size == name.size() && same(item.name.of(text_), name)) return item.value.of(text_);
  }
  return std::nullopt;
}

void TextMap::tell(json::Sink& sink) const {
  sink.begin_object();
  for (const Item& item : items_) {
    if (item.repeated) continue;
    if (sink.done()) return;
    sink.key(item.name.of(text_));
    if (item.again == none) {
      sink.text(item.value.of(text_));
      continue;
    }
    sink.begin_array();
    sink.text(item.value.of(text_));
    for (std::uint32_t i = item.again; i != none; i = items_[i].again) sink.text(items_[i].value.of(text_));
    sink.end_array();
  }
  sink.end_object();
}

}  // namespace wiretape::http
