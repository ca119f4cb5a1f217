// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "proto/http/body.hpp"
#include "proto/http/coding.hpp"
#include "proto/support/packing.hpp"

using namespace wiretape::http;
using wiretape::Bytes;
using wiretape::test::deflated, wiretape::test::gzipped, wiretape::test::zstd_packed;

namespace {

const std::string hello = "hello hello hello hello";
// brotli -q 5 of the text above.
const std::string hello_brotli("\x1b\x16\x00\x00\x24\x40\x6a\x10\x65\xea\xf0\x9c\x3e", 13);
// brotli -q 9 of ten million "a" (10 MiB) in 26 bytes.
const std::string brotli_bomb(
    "\xcb\xff\xff\x3f\x00\x24\xc2\xe2\xb1\x40\x72\xef\xff\xf2\xff\xff\x03\x80\x04\x40\x1c\x16\x80\xee\xfd\x07", 26);

Codings codings(std::initializer_list<Coding> list) {
  Codings result;
  for (const Coding coding : list) result.add(coding);
  return result;
}

struct Read {
  std::string text;
  std::uint64_t size;
  bool cut;
};

Read read(const Codings& how, const std::string& wire, std::size_t limit, std::size_t piece) {
  Body body;
  body.begin(how, limit);
  for (std::size_t at = 0; at < wire.size(); at += piece) body.append(Bytes(wire).substr(at, piece));
  return {std::string(body.text()), body.size(), body.cut()};
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("a packed body comes out the same, whole or in pieces") {
    const struct {
      std::string name;
      Codings how;
      std::string wire;
    } rows[] = {
        {"gzip", codings({Coding::gzip}), gzipped(hello)},
        {"two members", codings({Coding::gzip}), gzipped("hello hello ") + gzipped("hello hello")},
        {"padded gzip", codings({Coding::gzip}), gzipped(hello) + std::string(5, '\0')},
        {"deflate as the standard says", codings({Coding::deflate}), deflated(hello, 15)},
        {"bare deflate", codings({Coding::deflate}), deflated(hello, -15)},
        {"br", codings({Coding::brotli}), hello_brotli},
        {"zstd", codings({Coding::zstd}), zstd_packed(hello)},
        {"gzip in gzip", codings({Coding::gzip, Coding::gzip}), gzipped(gzipped(hello))},
        {"deflate in zstd in gzip", codings({Coding::deflate, Coding::zstd, Coding::gzip}),
         gzipped(zstd_packed(deflated(hello, 15)))},
        {"br in bare deflate", codings({Coding::brotli, Coding::deflate}), deflated(hello_brotli, -15)},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      for (const std::size_t piece : {row.wire.size(), std::size_t{1}, std::size_t{7}}) {
        const Read whole = read(row.how, row.wire, 1000, piece);
        CHECK(whole.text == hello);
        CHECK(whole.size == hello.size());
        CHECK_FALSE(whole.cut);
        // So small a limit that it is unpacked as it comes.
        const Read limited = read(row.how, row.wire, 8, piece);
        CHECK(limited.text == hello.substr(0, 8));
        CHECK(limited.size == hello.size());
        CHECK(limited.cut);
      }
    }
  }

  TEST_CASE("a body that is not what it says is shown as it was sent") {
    const std::string plain = "this was never packed";
    for (const Coding coding : {Coding::gzip, Coding::brotli, Coding::zstd, Coding::unknown}) {
      const Read result = read(codings({coding}), plain, 1000, plain.size());
      CHECK(result.text == plain);
      CHECK(result.size == plain.size());
    }
  }

  TEST_CASE("a packed body that breaks off shows what there was") {
    const std::string text(100'000, 'x');
    const std::string wire = gzipped(text);
    const Read result = read(codings({Coding::gzip}), wire.substr(0, wire.size() - 9), 1'000'000, 1000);
    CHECK(result.cut);
    CHECK(result.size > 0);
    CHECK(result.text == text.substr(0, result.text.size()));
  }

  TEST_CASE("a body over the limit is cut, never inside a character, and its size stays true") {
    const struct {
      std::string wire;
      std::size_t limit;
      std::string text;
    } rows[] = {
        {"hello", 5, "hello"}, {"hello", 4, "hell"},     {"hello", 0, ""},
        {"a\xC3\xA4", 2, "a"}, {"\xE2\x82\xAC!", 2, ""}, {"\xE2\x82\xAC!", 3, "\xE2\x82\xAC"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.wire);
      for (const std::size_t piece : {row.wire.size(), std::size_t{1}}) {
        const Read result = read({}, row.wire, row.limit, piece);
        CHECK(result.text == row.text);
        CHECK(result.size == row.wire.size());
        CHECK(result.cut == (row.wire.size() > row.limit));
      }
    }
  }

  TEST_CASE("a long packed body is unpacked as it comes") {
    std::string text;
    for (unsigned i = 0, state = 1; i < 3'000'000; ++i) {
      state = state * 1664525U + 1013904223U;
      text += static_cast<char>('a' + (state >> 28U));
    }
    const Read result = read(codings({Coding::gzip}), gzipped(text), 1U << 20U, 1400);
    CHECK(result.size == text.size());
    CHECK(result.cut);
    CHECK(result.text == text.substr(0, 1U << 20U));
  }

  TEST_CASE("bombs are stopped: what comes out is bounded by the limit and by what went in") {
    const std::string zeros(20U << 20U, '\0');
    const std::string gzip_bomb = gzipped(zeros);
    const struct {
      std::string name;
      Codings how;
      std::string wire;
    } rows[] = {
        {"gzip", codings({Coding::gzip}), gzip_bomb},
        {"gzip twice", codings({Coding::gzip, Coding::gzip}), gzipped(gzip_bomb)},
        {"br", codings({Coding::brotli}), brotli_bomb},
        {"zstd", codings({Coding::zstd}), zstd_packed(zeros)},
    };
    constexpr std::size_t limit = 4096, one_piece = 64U << 10U;
    for (const auto& row : rows) {
      CAPTURE(row.name);
      const Read result = read(row.how, row.wire, limit, row.wire.size());
      CHECK(result.cut);
      CHECK(result.text.size() <= limit);
      CHECK(result.size <= limit + 100 * row.wire.size() + one_piece);
    }
  }

  TEST_CASE("a body that is not kept is counted") {
    Body body;
    body.begin({}, 1000);
    body.stop_keeping();
    body.append("hello");
    CHECK(body.text().empty());
    CHECK(body.size() == 5);
    CHECK(body.cut());
    body.begin({}, 1000);
    body.append("hello");
    CHECK(body.text() == "hello");
    CHECK_FALSE(body.cut());
  }

  TEST_CASE("behind a gap nothing is kept") {
    Body body;
    body.begin({}, 1000);
    body.append("hello");
    body.gap(10);
    body.append("world");
    CHECK(body.text() == "hello");
    CHECK(body.size() == 20);
    CHECK(body.cut());
  }
}
