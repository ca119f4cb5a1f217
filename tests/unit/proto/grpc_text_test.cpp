// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "json/writer.hpp"
#include "proto/grpc/protobuf_text.hpp"
#include "proto/support/protobuf.hpp"

using namespace wiretape;
using namespace wiretape::grpc;
using namespace wiretape::test;

namespace {

std::string told(const std::string& message, const MessageType* type = nullptr, Extent extent = Extent::whole,
                 const Types* types = nullptr) {
  MessageTeller teller;
  std::string text;
  json::Writer writer(text);
  const bool is_message = teller.tell(message, extent, type, types, writer);
  CHECK(is_message == !text.empty());
  if (!is_message) return "no message";
  return teller.cut() ? text + " and more" : text;
}

std::string beginning(const std::string& message, const MessageType* type = nullptr) {
  return told(message, type, Extent::cut);
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// message Cart { string id = 1; repeated Item items = 2; Kind kind = 3; map<string, int32> stock = 4;
//   repeated sint32 moves = 5; double sum = 6; uint64 owner = 7; bytes seal = 8; bool open = 9; float rate = 10;
//   google.protobuf.Timestamp made = 11; google.protobuf.Duration age = 12; google.protobuf.Any extra = 13;
//   google.protobuf.StringValue note = 14; google.protobuf.Struct tags = 15; Item first_item = 16;
//   map<bool, Item> by_state = 17; fixed32 hash = 18; sfixed64 shift = 19; google.protobuf.ListValue list = 20; }
// message Item { string name = 1; Cart parent = 2; }   enum Kind { SMALL = 0; LARGE = 1; }
struct Shop {
  Shop() {
    DescriptorWriter file("shop.v1");
    file.message("Cart", {{"id", 1, FieldKind::text},
                          {"items", 2, FieldKind::message, "shop.v1.Item", Occurs::repeated},
                          {"kind", 3, FieldKind::enumeration, "shop.v1.Kind"},
                          {"stock", 4, FieldKind::message, "shop.v1.StockEntry", Occurs::repeated},
                          {"moves", 5, FieldKind::sint32, "", Occurs::repeated},
                          {"sum", 6, FieldKind::real64},
                          {"owner", 7, FieldKind::uint64},
                          {"seal", 8, FieldKind::bytes},
                          {"open", 9, FieldKind::boolean},
                          {"rate", 10, FieldKind::real32},
                          {"made", 11, FieldKind::message, "google.protobuf.Timestamp"},
                          {"age", 12, FieldKind::message, "google.protobuf.Duration"},
                          {"extra", 13, FieldKind::message, "google.protobuf.Any"},
                          {"note", 14, FieldKind::message, "google.protobuf.StringValue"},
                          {"tags", 15, FieldKind::message, "google.protobuf.Struct"},
                          {"first_item", 16, FieldKind::message, "shop.v1.Item"},
                          {"by_state", 17, FieldKind::message, "shop.v1.StateEntry", Occurs::repeated},
                          {"hash", 18, FieldKind::fixed32},
                          {"shift", 19, FieldKind::sfixed64},
                          {"list", 20, FieldKind::message, "google.protobuf.ListValue"}});
    file.message("Item", {{"name", 1, FieldKind::text}, {"parent", 2, FieldKind::message, "shop.v1.Cart"}});
    file.map_entry("StockEntry", {{"key", 1, FieldKind::text}, {"value", 2, FieldKind::int32}});
    file.map_entry("StateEntry", {{"key", 1, FieldKind::boolean}, {"value", 2, FieldKind::message, "shop.v1.Item"}});
    file.enumeration("Kind", {{"SMALL", 0}, {"LARGE", 1}, {"BELOW", -1}});
    DescriptorWriter standard("google.protobuf");
    standard.message("Timestamp", {{"seconds", 1, FieldKind::int64}, {"nanos", 2, FieldKind::int32}});
    standard.message("Duration", {{"seconds", 1, FieldKind::int64}, {"nanos", 2, FieldKind::int32}});
    standard.message("Any", {{"type_url", 1, FieldKind::text}, {"value", 2, FieldKind::bytes}});
    standard.message("StringValue", {{"value", 1, FieldKind::text}});
    standard.message("Struct", {{"fields", 1, FieldKind::message, "google.protobuf.FieldsEntry", Occurs::repeated}});
    standard.map_entry("FieldsEntry",
                       {{"key", 1, FieldKind::text}, {"value", 2, FieldKind::message, "google.protobuf.Value"}});
    standard.message("Value", {{"null_value", 1, FieldKind::enumeration, "google.protobuf.NullValue"},
                               {"number_value", 2, FieldKind::real64},
                               {"string_value", 3, FieldKind::text},
                               {"bool_value", 4, FieldKind::boolean},
                               {"struct_value", 5, FieldKind::message, "google.protobuf.Struct"},
                               {"list_value", 6, FieldKind::message, "google.protobuf.ListValue"}});
    standard.message("ListValue", {{"values", 1, FieldKind::message, "google.protobuf.Value", Occurs::repeated}});
    standard.enumeration("NullValue", {{"NULL_VALUE", 0}});
    REQUIRE(types.add(file.set() + standard.set()));
    types.settle();
    cart = types.message("shop.v1.Cart");
    REQUIRE(cart != nullptr);
  }

  std::string told(const std::string& message) const { return ::told(message, cart, Extent::whole, &types); }

  Types types;
  const MessageType* cart = nullptr;
};

}  // namespace

TEST_SUITE("grpc") {
  TEST_CASE("without a type: fields by number, in the form that the bytes suggest") {
    const std::string point = varint_field(1, 3) + varint_field(2, 4);
    const struct {
      std::string message, text;
    } rows[] = {
        {"", "{}"},
        {text_field(1, "hello") + varint_field(2, 150), R"({"1":"hello","2":150})"},
        {varint_field(1, ~0ULL), R"({"1":-1})"},
        {varint_field(2, 1) + varint_field(1, 2), R"({"1":2,"2":1})"},
        {text_field(1, "a") + varint_field(2, 7) + text_field(1, "b"), R"({"1":["a","b"],"2":7})"},
        {text_field(1, ""), R"({"1":""})"},
        {text_field(3, point), R"({"3":{"1":3,"2":4}})"},
        {text_field(3, text_field(1, "deep")), R"({"3":{"1":"deep"}})"},
        {text_field(1, "say \"\\\""), R"({"1":"say \"\\\""})"},
        {text_field(1, "caf\xC3\xA9"), "{\"1\":\"caf\xC3\xA9\"}"},
        {text_field(1, "two\nlines\t"), R"({"1":"two\nlines\t"})"},
        {text_field(1,
                    "\n\x03"
                    "abc"),
         R"({"1":{"1":"abc"}})"},
        {text_field(1, std::string("\xFF\xFE\x00", 3)), R"({"1":"//4A"})"},
        {text_field(1, "bell\x07"), R"({"1":"YmVsbAc="})"},
        {real64_field(1, 2.5) + real64_field(2, -0.125), R"({"1":2.5,"2":-0.125})"},
        {real32_field(1, 0.1F), R"({"1":0.1})"},
        {fixed64_field(1, 150), R"({"1":150})"},
        {fixed64_field(1, 1'700'000'000'000'000'000), R"({"1":1700000000000000000})"},
        {fixed32_field(1, 0), R"({"1":0})"},
        {group_field(4, point), R"({"4":{"1":3,"2":4}})"},
        {group_field(4, group_field(5, "")), R"({"4":{"5":{}}})"},
        {varint_field(536870911, 1), R"({"536870911":1})"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(told(row.message) == row.text);
    }
  }

  TEST_CASE("bytes that are no message") {
    const struct {
      std::string why, message;
    } rows[] = {
        {"field 0", std::string("\x00\x01", 2)},
        {"a kind of wire that there is not", "\x0E"},
        {"an end without its group", "\x0C"},
        {"a group that ends as another", "\x0B\x14"},
        {"a group without an end", "\x0B\x08\x01"},
        {"a length beyond the end",
         "\x0A\x05"
         "abc"},
        {"a length beyond everything", "\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"},
        {"a varint without an end", "\x08\x80\x80"},
        {"a varint of eleven bytes", "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"},
        {"a fixed64 of seven bytes",
         "\x09"
         "1234567"},
        {"a field number over 29 bits", "\x80\x80\x80\x80\x10\x01"},
        {"groups deeper than anybody needs", repeated("\x0B", 100) + repeated("\x0C", 100)},
    };
    for (const auto& row : rows) {
      CAPTURE(row.why);
      CHECK(told(row.message) == "no message");
    }
  }

  TEST_CASE("the beginning of a message is told as far as it goes, wherever it was cut") {
    const std::string whole = text_field(1, "hello") +
                              text_field(2, varint_field(1, 300) + text_field(2, "in\x01side")) + fixed32_field(3, 7);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      CHECK(beginning(whole.substr(0, size)) != "no message");
    }
    CHECK(beginning(whole.substr(0, 4)) == R"({"1":"he"})");
    CHECK(beginning(whole.substr(0, 7) + "\x12\x0D\x08\xAC\x02\x12") == R"({"1":"hello","2":{"1":300}})");
    CHECK(beginning(text_field(1, "caf\xC3\xA9").substr(0, 6)) == R"({"1":"caf"})");
    CHECK(beginning(std::string("\x00\x01", 2)) == "no message");
  }

  TEST_CASE("messages nested without end are told to a depth, and take no time") {
    std::string message = varint_field(1, 1);
    while (message.size() < 20'000) message = text_field(1, message);
    const std::string text = told(message);
    CHECK(text.substr(0, 10) == R"({"1":{"1":)");
    CHECK(text.find(repeated("{\"1\":", deepest_message + 1)) == std::string::npos);
  }

  TEST_CASE("more fields than anybody reads are cut") {
    std::string message;
    for (std::size_t i = 0; i <= MessageTeller::most_fields; ++i) message += "\x08\x01";
    const std::string text = told(message);
    CHECK(text.substr(0, 8) == R"({"1":[1,)");
    CHECK(text.substr(text.size() - 9) == " and more");
  }

  TEST_CASE("with a type: names and forms of JSON") {
    const Shop shop;
    const std::string item = text_field(1, "tea");
    const struct {
      std::string message, text;
    } rows[] = {
        {"", "{}"},
        {text_field(1, "c1"), R"({"id":"c1"})"},
        {text_field(1,
                    "\n\x03"
                    "abc"),
         R"({"id":"\n\u0003abc"})"},
        {text_field(2, item), R"({"items":[{"name":"tea"}]})"},
        {text_field(2, item) + text_field(2, ""), R"({"items":[{"name":"tea"},{}]})"},
        {text_field(2, text_field(2, text_field(1, "c2"))), R"({"items":[{"parent":{"id":"c2"}}]})"},
        {varint_field(3, 1), R"({"kind":"LARGE"})"},
        {varint_field(3, ~0ULL), R"({"kind":"BELOW"})"},
        {varint_field(3, 9), R"({"kind":9})"},
        {text_field(4, text_field(1, "tea") + varint_field(2, 5)) + text_field(4, ""), R"({"stock":{"tea":5,"":0}})"},
        {varint_field(5, 1) + text_field(5, "\x02\x03"), R"({"moves":[-1,1,-2]})"},
        {real64_field(6, 0), R"({"sum":0})"},
        {real64_field(6, 1e300 * 1e10), R"({"sum":"Infinity"})"},
        {varint_field(7, ~0ULL), R"({"owner":"18446744073709551615"})"},
        {varint_field(7, 7), R"({"owner":7})"},
        {text_field(8, "abc"), R"({"seal":"YWJj"})"},
        {varint_field(9, 2), R"({"open":true})"},
        {real32_field(10, 0.1F), R"({"rate":0.1})"},
        {text_field(11, varint_field(1, 1'700'000'000) + varint_field(2, 5)),
         R"({"made":"2023-11-14T22:13:20.000000005Z"})"},
        {text_field(11, varint_field(1, 1ULL << 60U)), R"({"made":{"seconds":1152921504606846976}})"},
        {text_field(12, varint_field(1, 1) + varint_field(2, 500'000'000)), R"({"age":"1.5s"})"},
        {text_field(12, varint_field(2, ~0ULL)), R"({"age":"-0.000000001s"})"},
        {text_field(12, ""), R"({"age":"0s"})"},
        {text_field(14, text_field(1, "hi")), R"({"note":"hi"})"},
        {text_field(14, ""), R"({"note":""})"},
        {text_field(15, text_field(1, text_field(1, "a") + text_field(2, varint_field(4, 1))) +
                            text_field(1, text_field(1, "b") + text_field(2, ""))),
         R"({"tags":{"a":true,"b":null}})"},
        {text_field(20, text_field(1, text_field(3, "x")) + text_field(1, varint_field(1, 0))),
         R"({"list":["x",null]})"},
        {text_field(13, text_field(1, "type.googleapis.com/shop.v1.Item") + text_field(2, item)),
         R"({"extra":{"@type":"type.googleapis.com/shop.v1.Item","name":"tea"}})"},
        {text_field(13, text_field(1, "x/google.protobuf.Duration") + text_field(2, varint_field(1, 3))),
         R"({"extra":{"@type":"x/google.protobuf.Duration","value":"3s"}})"},
        {text_field(13, text_field(1, "x/unknown.Type") + text_field(2, item)),
         R"({"extra":{"typeUrl":"x/unknown.Type","value":"CgN0ZWE="}})"},
        {text_field(16, item), R"({"firstItem":{"name":"tea"}})"},
        {text_field(16, text_field(1, "old")) + text_field(16, item), R"({"firstItem":{"name":"tea"}})"},
        {text_field(17, varint_field(1, 1) + text_field(2, item)), R"({"byState":{"true":{"name":"tea"}}})"},
        {fixed32_field(18, 0xFFFFFFFF), R"({"hash":4294967295})"},
        {fixed64_field(19, ~0ULL), R"({"shift":-1})"},
        {varint_field(99, 5) + text_field(1, "c1"), R"({"id":"c1","99":5})"},
        {varint_field(1, 5), R"({"1":5})"},
        {text_field(16, "\xFF"), R"({"firstItem":"/w=="})"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(shop.told(row.message) == row.text);
    }
  }

  TEST_CASE("descriptors: what is declared twice, nowhere or in itself does no harm") {
    DescriptorWriter file("a");
    file.message("M", {{"x", 1, FieldKind::message, "a.M"}, {"y", 2, FieldKind::message, "not.There"}});
    file.message("M", {{"z", 1, FieldKind::text}});
    file.service("S", {{"Go", "a.M", "not.There"}});
    Types types;
    CHECK(types.add(file.set()));
    CHECK(types.add(file.set()));
    types.settle();
    const MessageType* type = types.message("a.M");
    REQUIRE(type != nullptr);
    CHECK(told(text_field(1, text_field(2, varint_field(1, 5))), type) == R"({"x":{"y":{"1":5}}})");
    REQUIRE(types.method("a.S/Go") != nullptr);
    CHECK(types.method("a.S/Go")->input == type);
    CHECK(types.method("a.S/Go")->output == nullptr);
    CHECK(types.method("a.S/Stay") == nullptr);
    CHECK(!types.add("no descriptors at all"));
  }
}
