// SPDX-License-Identifier: Apache-2.0
#include "proto/http/lzw.hpp"

namespace wiretape::http {

bool Lzw::read_header(unsigned char byte) {
  constexpr unsigned char magic[] = {0x1F, 0x9D};
  if (header_ < 2) return byte == magic[header_++];
  ++header_;
  widest_ = byte & 0x1FU;
  clears_ = (byte & 0x80U) != 0;
  if (widest_ < narrowest || widest_ > widest) return false;
  table_ = std::make_unique<Table>();
  next_ = clears_ ? literals + 1 : literals;
  return true;
}

// What is left of the group of eight codes, of which `in_group_` were `width` wide, is padding.
void Lzw::end_group(unsigned width) {
  padding_ = (8 - in_group_) % 8 * width;
  in_group_ = 0;
}

// The next code; false when its bits have not come yet.
bool Lzw::take_bits(std::uint16_t& code) {
  if (next_ >= 1U << width_ && width_ < widest_) end_group(width_++);
  const unsigned passed = padding_ < bit_count_ ? padding_ : bit_count_;
  bits_ >>= passed;
  bit_count_ -= passed;
  padding_ -= passed;
  if (bit_count_ < width_) return false;
  code = static_cast<std::uint16_t>(bits_ & ((1U << width_) - 1));
  bits_ >>= width_;
  bit_count_ -= width_;
  in_group_ = (in_group_ + 1) % 8;
  return true;
}

Unpacking::Result Lzw::feed(Bytes bytes, Output& output) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (header_ < header_size) {
      if (!read_header(byte)) return Result::bad;
      continue;
    }
    // Never more than 16 wait: a code is taken as soon as its bits are there.
    bits_ |= std::uint64_t{byte} << bit_count_;
    bit_count_ += 8;
    for (std::uint16_t code = 0; take_bits(code);) {
      if (const Result result = use(code, output); result != Result::good) return result;
    }
  }
  return Result::good;
}

Unpacking::Result Lzw::use(std::uint16_t code, Output& output) {
  if (clears_ && code == clear_code) {
    end_group(width_);
    width_ = narrowest;
    next_ = literals;  // the first code behind it makes entry 256, which nothing refers to
    return Result::good;
  }
  if (!has_previous_ ? code >= literals : code > next_) return Result::bad;

  Table& table = *table_;
  std::size_t at = table.text.size();
  std::uint16_t rest = code;
  // The entry that is made with this very code: the text before, and its first byte again.
  if (has_previous_ && code == next_) {
    table.text[--at] = first_of_previous_;
    rest = previous_;
  }
  for (; rest >= literals; rest = table.entries[rest].before) table.text[--at] = table.entries[rest].last;
  table.text[--at] = static_cast<char>(rest);
  first_of_previous_ = table.text[at];

  if (has_previous_ && next_ < 1U << widest_) table.entries[next_++] = {previous_, first_of_previous_};
  previous_ = code;
  has_previous_ = true;
  return output.take(Bytes(table.text.data() + at, table.text.size() - at)) ? Result::good : Result::enough;
}

}  // namespace wiretape::http
