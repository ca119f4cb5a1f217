// SPDX-License-Identifier: Apache-2.0
#include "json/reader.hpp"

#include <doctest/doctest.h>

#include <string>

#include "json/writer.hpp"

namespace wiretape::json {
namespace {

std::string told(std::string_view text) {
  Reader reader;
  if (!reader.open(text)) return "not JSON";
  std::string out;
  Writer writer(out);
  reader.tell(Reader::root, writer);
  return out;
}

TEST_SUITE("json reader") {
  TEST_CASE("text -> the same told again, or refused") {
    const struct {
      std::string text, told;
    } rows[] = {
        {"{}", "{}"},
        {" [ ] ", "[]"},
        {"{\"a\": 1, \"b\" : [true , false,null]}\r\n", "{\"a\":1,\"b\":[true,false,null]}"},
        {"\"\\u00e9\\ud83d\\ude00\\n\\/\"", "\"\u00e9\U0001F600\\n/\""},
        {"\"\\ud800x\"", "\"\uFFFDx\""},
        {"-0.5e-3", "-5e-04"},
        {"1e400", "null"},
        {"18446744073709551615", "18446744073709551616"},
        {"{\"a\":{\"b\":{}},\"c\":[[],[{}]]}", "{\"a\":{\"b\":{}},\"c\":[[],[{}]]}"},
        {"\"[1,2]{:}\"", "\"[1,2]{:}\""},
        {"", "not JSON"},
        {" ", "not JSON"},
        {"{", "not JSON"},
        {"[1,]", "not JSON"},
        {"[,1]", "not JSON"},
        {"{\"a\"}", "not JSON"},
        {"{\"a\":}", "not JSON"},
        {"{\"a\":1,}", "not JSON"},
        {"{1:2}", "not JSON"},
        {"[1}", "not JSON"},
        {"1 2", "not JSON"},
        {"\"a\"\"b\"", "not JSON"},
        {"\"a\"b", "not JSON"},
        {"[\"a\" 1]", "not JSON"},
        {"nul", "not JSON"},
        {"truee", "not JSON"},
        {"NaN", "not JSON"},
        {"-", "not JSON"},
        {"01", "not JSON"},
        {"1.", "not JSON"},
        {".1", "not JSON"},
        {"1e", "not JSON"},
        {"+1", "not JSON"},
        {"\"\\x\"", "not JSON"},
        {"\"\\u12g4\"", "not JSON"},
        {"\"\\", "not JSON"},
        {"\"open", "not JSON"},
        {"\"a\nb\"", "not JSON"},
        {"\"\xFF\"", "not JSON"},
        {"\xEF\xBB\xBF{}", "not JSON"},
        {"{\"a\":1\x0c}", "not JSON"},
        {"[1\x1a]", "not JSON"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(told(row.text) == row.told);
    }
  }

  TEST_CASE("arrays and objects nest 256 deep and no deeper") {
    CHECK(told(std::string(256, '[') + std::string(256, ']')) != "not JSON");
    CHECK(told(std::string(257, '[') + std::string(257, ']')) == "not JSON");
    CHECK(told(std::string(1'000'000, '[')) == "not JSON");
  }

  TEST_CASE("a document that is cut anywhere is refused") {
    const std::string whole = R"({"a":[1,{"b":"\u00e9\\"},true],"c":-1.5e3,"d":null})";
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      CAPTURE(cut);
      CHECK(told(whole.substr(0, cut)) == "not JSON");
    }
    CHECK(told(whole) != "not JSON");
  }

  TEST_CASE("nothing behind the view is read") {
    const std::string padded = "{\"a\":1}garbage\xFF\"";
    CHECK(told(std::string_view(padded).substr(0, 7)) == "{\"a\":1}");
  }

  TEST_CASE("values are visited in any order, brackets skipped in one step") {
    Reader reader;
    const std::string text = R"({"a":[1,[2,3],{"x":4}],"b":{},"c":"d"})";
    REQUIRE(reader.open(text));
    std::string names;
    for (auto key = reader.first(Reader::root); key != reader.end(Reader::root);
         key = reader.next(Reader::root, reader.member(key))) {
      names += reader.raw_text(key);
      names += '=';
      names += reader.raw(reader.member(key));
      names += ';';
    }
    CHECK(names == R"(a=[1,[2,3],{"x":4}];b={};c="d";)");
    CHECK(reader.raw(Reader::root) == text);
    CHECK_FALSE(reader.empty(Reader::root));
  }

  TEST_CASE("numbers are exact where 64 bits hold them") {
    CHECK(parse_number("9223372036854775807").kind == Number::Kind::integer);
    CHECK(parse_number("9223372036854775808").kind == Number::Kind::natural);
    CHECK(parse_number("18446744073709551615").natural == UINT64_MAX);
    CHECK(parse_number("18446744073709551616").kind == Number::Kind::real);
    CHECK(parse_number("-9223372036854775808").integer == INT64_MIN);
    CHECK(parse_number("+7").integer == 7);
    CHECK(parse_number("1e-400").real == 0);
    CHECK(parse_number("0.1").real == 0.1);
  }

  TEST_CASE("base64 with padding, and nothing else") {
    std::string out;
    CHECK(decode_base64("YQ==", out));
    CHECK(out == "a");
    CHECK(decode_base64("YWI=", out));
    CHECK(out == "ab");
    CHECK(decode_base64("YWJj", out));
    CHECK(out == "abc");
    for (const char* text : {"", "YQ", "YQ=", "YQ===", "Y===", "YR==", "YW I=", "YWJ-", "YQ==YQ==", "====", "Y=Q="}) {
      CAPTURE(std::string(text));
      CHECK_FALSE(decode_base64(text, out));
    }
  }
}

}  // namespace
}  // namespace wiretape::json
