// SPDX-License-Identifier: Apache-2.0
// The coding "compress" (RFC 9110 section 8.4.1.1): LZW as the old UNIX program of that name packs.
//
//   packed := 1F 9D flags code*     flags: bits 0 to 4 the widest code (9 to 16), bit 7 code 256 empties the table
//
// Codes stand in the order of the bits, lowest first, from 9 bits on as wide as the newest entry needs. They come in
// groups of eight: where the width changes, or the table is emptied, the rest of the group is padding.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "proto/http/coding.hpp"

namespace wiretape::http {

class Lzw final : public Unpacking {
 public:
  Result feed(Bytes bytes, Output& output) override;
  // The format has no end of its own.
  [[nodiscard]] bool finished() const override { return header_ == header_size; }

 private:
  static constexpr unsigned narrowest = 9, widest = 16, header_size = 3;
  static constexpr std::uint16_t literals = 256, clear_code = 256;

  struct Entry {
    std::uint16_t before;  // what stands before the last byte
    char last;
  };
  struct Table {
    std::array<Entry, 1U << widest> entries;
    std::array<char, 1U << widest> text;  // of one code, written from its end
  };

  bool read_header(unsigned char byte);
  bool take_bits(std::uint16_t& code);
  void end_group(unsigned width);
  Result use(std::uint16_t code, Output& output);

  std::unique_ptr<Table> table_;
  std::uint64_t bits_ = 0;  // that came and are not used yet
  unsigned bit_count_ = 0;
  unsigned padding_ = 0;  // bits to be passed over
  unsigned in_group_ = 0;
  unsigned width_ = narrowest;
  unsigned widest_ = widest;
  unsigned header_ = 0;         // bytes of it that came
  std::uint32_t next_ = 0;      // the entry that is made next
  std::uint16_t previous_ = 0;  // code
  char first_of_previous_ = 0;  // byte of its text
  bool clears_ = false;
  bool has_previous_ = false;
};

}  // namespace wiretape::http
