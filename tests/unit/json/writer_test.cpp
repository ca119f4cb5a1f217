// SPDX-License-Identifier: Apache-2.0
#include "json/writer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace wiretape::json {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

std::string number(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

// Whether some bytes behind it would make `piece` a UTF-8 sequence.
bool begins_sequence(const std::string& piece) {
  for (std::string filler : {std::string("\x80"), std::string("\xBF")}) {
    for (std::string whole = piece + filler; whole.size() <= 4; whole += '\x80') {
      if (valid_utf8(whole) == whole.size()) return true;
    }
  }
  return false;
}

// How much of what is not UTF-8 becomes one replacement.
std::size_t replaced(std::string_view text) {
  for (std::size_t length = std::min<std::size_t>(text.size(), 3); length > 1; --length) {
    if (begins_sequence(std::string(text.substr(0, length)))) return length;
  }
  return 1;
}

// One character after the other, as the standard puts it.
std::string quoted_slowly(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t sequence = byte < 0x80 ? 1 : valid_utf8(text.substr(at, 4)) != 0 ? 1 : 0;
    if (sequence == 0) {
      out += "\xEF\xBF\xBD";
      at += replaced(text.substr(at)) - 1;
    } else if (byte == '"' || byte == '\\') {
      out += '\\';
      out += text[at];
    } else if (byte == '\n' || byte == '\r' || byte == '\t' || byte == '\b' || byte == '\f') {
      out += '\\';
      out += byte == '\n' ? 'n' : byte == '\r' ? 'r' : byte == '\t' ? 't' : byte == '\b' ? 'b' : 'f';
    } else if (byte < 0x20) {
      constexpr std::string_view digits = "0123456789abcdef";
      out += "\\u00";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      const std::size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
      out += text.substr(at, length);
      at += length - 1;
    }
    ++at;
  }
  return out + '"';
}

TEST_SUITE("json writer") {
  TEST_CASE("texts are escaped as RFC 8259 asks, and no more") {
    const struct {
      std::string text, json;
    } rows[] = {
        {"", R"("")"},
        {"plain / text", R"("plain / text")"},
        {"a \"quote\" and a \\", R"("a \"quote\" and a \\")"},
        {"\n\r\t\b\f", R"("\n\r\t\b\f")"},
        {std::string("\0\x1f\x7f", 3), "\"\\u0000\\u001f\x7f\""},
        {"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80", "\"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80\""},
        {"\xFF!", "\"\xEF\xBF\xBD!\""},
        {"\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                  // overlong
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},  // a surrogate
        {"cut \xE2\x82", "\"cut \xEF\xBF\xBD\""},  // as much as begins a sequence is one replacement
        {"\xE2\x82!", "\"\xEF\xBF\xBD!\""},
        {"\xF0\x9F\x98", "\"\xEF\xBF\xBD\""},
        {"\xF0\x9F\xE2\x82\xAC", "\"\xEF\xBF\xBD\xE2\x82\xAC\""},
        {"\xF0\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(quoted(row.text) == row.json);
    }
  }

  TEST_CASE("a text comes out the same wherever its escapes fall") {
    std::mt19937 random(8259);
    const std::string alphabet =
        std::string("abcdefgh\"\\\n\x01\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80\xFF\x80\xED\xE0\xF4\xA0", 27);
    for (int round = 0; round < 3000; ++round) {
      std::string text;
      const std::size_t length = random() % 1600;
      const std::size_t variety = 1 + random() % alphabet.size();
      for (std::size_t i = 0; i < length; ++i) text += alphabet[random() % variety];
      REQUIRE(quoted(text) == quoted_slowly(text));
    }
  }

  TEST_CASE("numbers are the shortest that read back the same, whole ones without a fraction") {
    const struct {
      double value;
      std::string json;
    } rows[] = {{0, "0"},         {1, "1"},         {-1.5, "-1.5"},
                {31.2, "31.2"},   {1e6, "1000000"}, {0.1 + 0.2, "0.30000000000000004"},
                {1e300, "1e+300"}};
    for (const auto& row : rows) CHECK(number(row.value) == row.json);
  }

  TEST_CASE("bytes become base64 with padding") {
    const struct {
      std::string bytes, text;
    } rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xFF\xFE", "//4="}};
    for (const auto& row : rows) CHECK(base64(row.bytes) == row.text);
  }

  TEST_CASE("a document is written in the order in which it is told") {
    std::string out;
    Writer writer(out);
    writer.begin_object();
    writer.text("name", "x");
    writer.key("list");
    writer.begin_array();
    writer.integer(-1);
    writer.real(0.5);
    writer.real(std::numeric_limits<double>::infinity());
    writer.boolean(true);
    writer.null();
    writer.begin_object();
    writer.end_object();
    writer.begin_array();
    writer.end_array();
    writer.end_array();
    writer.boolean("last", false);
    writer.end_object();
    CHECK(out == R"({"name":"x","list":[-1,0.5,null,true,null,{},[]],"last":false})");
  }

  TEST_CASE("documents written one after the other stand by themselves") {
    std::string out;
    Writer writer(out);
    for (int i = 0; i < 2; ++i) {
      writer.begin_object();
      writer.integer("i", i);
      writer.end_object();
      out += '\n';
    }
    writer.text("alone");
    CHECK(out == "{\"i\":0}\n{\"i\":1}\n\"alone\"");
  }

  TEST_CASE("text that is not UTF-8 is told as base64, and says so") {
    std::string out;
    Writer writer(out);
    writer.begin_object();
    tell_text(writer, "text", "gr\xC3\xBC\xC3\x9F");
    tell_text(writer, "bytes", "\xFF\xFE");
    writer.end_object();
    CHECK(out == "{\"text\":\"gr\xC3\xBC\xC3\x9F\",\"bytes\":\"//4=\",\"encoding\":\"base64\"}");
  }
}

}  // namespace
}  // namespace wiretape::json
