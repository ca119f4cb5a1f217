// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "proto/http/lzw.hpp"

using namespace wiretape::http;
using wiretape::Bytes;

namespace {

// Packs as the program compress does; empties its table when it is full.
class Packer {
 public:
  explicit Packer(unsigned widest) : widest_(widest), out_("\x1F\x9D") { out_ += static_cast<char>(0x80U | widest); }

  std::string pack(const std::string& text) {
    std::uint32_t code = static_cast<unsigned char>(text.at(0));
    for (const char c : text.substr(1)) {
      const auto known = entries_.find({code, c});
      if (known != entries_.end()) {
        code = known->second;
        continue;
      }
      put(code);
      if (next_ < 1U << widest_) {
        entries_[{code, c}] = next_++;
      } else {
        clear();
      }
      code = static_cast<unsigned char>(c);
    }
    put(code);
    while (bit_ != 0) put_bit(0);
    return out_;
  }

 private:
  void put(std::uint32_t code) {
    for (unsigned i = 0; i < width_; ++i) put_bit(code >> i & 1U);
    in_group_ = (in_group_ + 1) % 8;
    if (next_ >= 1U << width_ && width_ < widest_) {
      end_group();
      ++width_;
    }
  }
  void clear() {
    put(256);
    end_group();
    entries_.clear();
    width_ = 9;
    next_ = 257;
  }
  void end_group() {
    for (; in_group_ != 0; in_group_ = (in_group_ + 1) % 8) {
      for (unsigned i = 0; i < width_; ++i) put_bit(0);
    }
  }
  void put_bit(std::uint32_t bit) {
    if (bit_ == 0) out_ += '\0';
    out_.back() = static_cast<char>(static_cast<unsigned char>(out_.back()) | bit << bit_);
    bit_ = (bit_ + 1) % 8;
  }

  std::map<std::pair<std::uint32_t, char>, std::uint32_t> entries_;
  unsigned widest_;
  std::string out_;
  unsigned width_ = 9, in_group_ = 0, bit_ = 0;
  std::uint32_t next_ = 257;
};

struct Text final : Unpacking::Output {
  bool take(Bytes bytes) override {
    text += bytes;
    return text.size() <= most;
  }
  std::string text;
  std::size_t most = SIZE_MAX;
};

// What comes out, "bad: " before it where the input was.
std::string unpacked(const std::string& packed, std::size_t piece) {
  Lzw lzw;
  Text out;
  for (std::size_t at = 0; at < packed.size(); at += piece) {
    if (lzw.feed(Bytes(packed).substr(at, piece), out) == Unpacking::Result::bad) return "bad: " + out.text;
  }
  return out.text;
}

std::string noise(std::size_t size, unsigned letters) {
  std::string text;
  for (std::uint32_t state = 1; text.size() < size;) {
    state = state * 1664525U + 1013904223U;
    text += static_cast<char>('a' + (state >> 24U) % letters);
  }
  return text;
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("compress: what the program packed comes out, however it is cut") {
    // gzip unpacks it too.
    const std::string packed("\x1f\x9d\x90\x68\xca\xb0\x61\xf3\x06\x44\xc0\x81\x05\x0f\x12\x34\x28\x90\x20", 19);
    for (std::size_t piece = 1; piece <= packed.size(); ++piece) {
      CHECK(unpacked(packed, piece) == "hello hello hello hello");
    }
  }

  TEST_CASE("compress: long texts, all widths, tables that fill and are emptied") {
    for (unsigned widest = 9; widest <= 16; ++widest) {
      for (const unsigned letters : {1U, 2U, 26U, 200U}) {
        CAPTURE(widest);
        CAPTURE(letters);
        const std::string text = noise(150'000, letters);
        const std::string packed = Packer(widest).pack(text);
        CHECK(unpacked(packed, 1) == text);
        CHECK(unpacked(packed, packed.size()) == text);
      }
    }
  }

  TEST_CASE("compress: what is none") {
    const std::string rows[] = {
        std::string("\x1f\x8b\x08", 3),              // gzip
        std::string("\x1f\x9d\x88", 3),              // codes of 8 bits
        std::string("\x1f\x9d\x91", 3),              // of 17
        std::string("\x1f\x9d\x90\x01\x01", 5),      // 257 first
        std::string("\x1f\x9d\x90\x61\xfe\x03", 6),  // "a", then an entry far behind
    };
    for (const auto& row : rows) CHECK(unpacked(row, 1).substr(0, 4) == "bad:");
    CHECK(unpacked("\x1f\x9d", 1).empty());
  }

  TEST_CASE("compress: who wants no more is asked no more") {
    Lzw lzw;
    Text out;
    out.most = 1000;
    const std::string packed = Packer(16).pack(std::string(100'000, 'a'));
    CHECK(lzw.feed(packed, out) == Unpacking::Result::enough);
    CHECK(out.text.size() < 2000);
  }
}
