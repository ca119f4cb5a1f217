// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <snappy.h>

#include <string>

#include "json/writer.hpp"
#include "proto/grpc/payload.hpp"
#include "proto/grpc/unpack.hpp"
#include "proto/support/http_calls.hpp"
#include "proto/support/packing.hpp"
#include "proto/support/protobuf.hpp"

using namespace wiretape;
using namespace wiretape::test;

namespace {

constexpr std::size_t megabyte = 1U << 20U;
constexpr char plain = 0, packed = 1, trailers = '\x80';

std::string frame(char flags, const std::string& bytes) {
  std::string text(1, flags);
  for (unsigned shift = 32; shift != 0; shift -= 8) text += static_cast<char>(bytes.size() >> (shift - 8) & 0xFFU);
  return text + bytes;
}

std::string snappy_block(const std::string& text) {
  std::string out;
  snappy::Compress(text.data(), text.size(), &out);
  return out;
}

std::string snappy_chunk(char kind, const std::string& bytes) {
  const std::string body = "csum" + bytes;
  return kind + little_endian(body.size(), 3) + body;
}
std::string snappy_framed(const std::string& text) {
  const std::string half = text.substr(0, text.size() / 2), rest = text.substr(text.size() / 2);
  return std::string("\xFF\x06\x00\x00sNaPpY", 10) + snappy_chunk('\x00', snappy_block(half)) +
         snappy_chunk('\xFE', "padding") + snappy_chunk('\x01', rest);
}

std::string messages(const std::string& body, const grpc::BodyForm& form) {
  grpc::Payload payload;
  payload.read(body, form);
  std::string text;
  json::Writer writer(text);
  payload.tell(writer);
  return text;
}
std::string messages(const std::string& body) {
  return messages(body, {.content_type = "application/grpc", .limit = megabyte});
}

// The field of a call that came over HTTP/1.
struct WebCall {
  WebCall(const std::string& type, const std::string& asked, const std::string& answered) : driver(http::protocol) {
    driver.send(Direction::to_server, "POST /shop.v1.Carts/Add HTTP/1.1\r\nContent-Type: " + type +
                                          "\r\nContent-Length: " + std::to_string(asked.size()) + "\r\n\r\n" + asked);
    driver.send(Direction::to_client, "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\nContent-Length: " +
                                          std::to_string(answered.size()) + "\r\n\r\n" + answered);
    REQUIRE(driver.messages.size() == 2);
  }
  [[nodiscard]] std::string field(std::string_view path) const {
    return value(entry_of(driver.messages[0].message.get(), driver.messages[1].message.get()), path);
  }
  Driver driver;
};

}  // namespace

TEST_SUITE("grpc") {
  const std::string hello = text_field(1, "hello");

  TEST_CASE("the content types of gRPC, and who else begins so") {
    const struct {
      std::string type;
      bool is_grpc, is_web;
    } rows[] = {
        {"application/grpc", true, false},         {"application/grpc+proto", true, false},
        {"Application/GRPC; a=b", true, false},    {"application/grpc-web", true, true},
        {"application/grpc-web-text", true, true}, {"application/json", false, false},
        {"application/grp", false, false},         {"", false, false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.type);
      CHECK(grpc::is_grpc(row.type) == row.is_grpc);
      CHECK(grpc::is_web(row.type) == row.is_web);
    }
  }

  TEST_CASE("service and method of a path") {
    const struct {
      std::string path, service, method;
    } rows[] = {
        {"/shop.v1.Carts/Add", "shop.v1.Carts", "Add"},
        {"/behind/a/proxy/Do", "behind/a/proxy", "Do"},
        {"/Add", "", ""},
        {"", "", ""},
        {"shop/Add", "", ""},
        {"/shop/", "shop", ""},
    };
    for (const auto& row : rows) {
      CAPTURE(row.path);
      CHECK(grpc::method_name(row.path).service == row.service);
      CHECK(grpc::method_name(row.path).method == row.method);
    }
  }

  TEST_CASE("bodies: none, one, several, not whole, and what is no message") {
    const struct {
      std::string body, told;
    } rows[] = {
        {"", "[]"},
        {frame(plain, ""), R"([{"size":0,"compressed":false,"text":"{}"}])"},
        {frame(plain, hello), R"([{"size":7,"compressed":false,"text":"{\"1\":\"hello\"}"}])"},
        {frame(plain, hello) + frame(plain, varint_field(2, 1)),
         R"([{"size":7,"compressed":false,"text":"{\"1\":\"hello\"}"},{"size":2,"compressed":false,"text":"{\"2\":1}"}])"},
        {frame(plain, hello).substr(0, 9),
         R"([{"size":7,"compressed":false,"text":"{\"1\":\"he\"}","truncated":true}])"},
        {frame(plain, hello).substr(0, 4), "[]"},
        {frame(plain, "no protobuf"), R"([{"size":11,"compressed":false,"text":"no protobuf"}])"},
        {frame(plain, "\xFF"), R"([{"size":1,"compressed":false,"text":"/w==","encoding":"base64"}])"},
        {std::string("\x00\xFF\xFF\xFF\xFF\x0A", 6),
         R"([{"size":4294967295,"compressed":false,"text":"{}","truncated":true}])"},
        {"<html>502</html>", "[]"},
        {frame(plain, hello) + "\x04junk", R"([{"size":7,"compressed":false,"text":"{\"1\":\"hello\"}"}])"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.told);
      CHECK(messages(row.body) == row.told);
    }
  }

  TEST_CASE("messages in other formats than Protocol Buffers are told as they are") {
    const grpc::BodyForm form{.content_type = "application/grpc+json;charset=utf-8", .limit = megabyte};
    CHECK(messages(frame(plain, "{\"a\":1}"), form) == R"([{"size":7,"compressed":false,"text":"{\"a\":1}"}])");
  }

  TEST_CASE("packed messages, by every coding") {
    const std::string message = text_field(1, std::string(300, 'a'));
    const struct {
      std::string encoding, bytes;
    } rows[] = {
        {"gzip", gzipped(message)},        {"deflate", deflated(message, 15)}, {"zstd", zstd_packed(message)},
        {"snappy", snappy_block(message)}, {"snappy", snappy_framed(message)}, {"identity", message},
    };
    for (const auto& row : rows) {
      CAPTURE(row.encoding);
      const std::string told = messages(
          frame(packed, row.bytes), {.content_type = "application/grpc", .encoding = row.encoding, .limit = megabyte});
      CHECK(told == "[{\"size\":" + std::to_string(row.bytes.size()) +
                        ",\"compressed\":true,\"text\":\"{\\\"1\\\":\\\"" + std::string(300, 'a') + "\\\"}\"}]");
    }
  }

  TEST_CASE("messages that are not packed as was said") {
    const struct {
      std::string encoding, bytes, text;
    } rows[] = {
        {"gzip", "plain", R"("plain","truncated":true)"},
        {"lzma", "plain", R"("plain","truncated":true)"},
        {"snappy", "\x05plain", R"("\u0005plain","truncated":true)"},
        {"snappy", std::string("\xFF\x06\x00\x00sNaPpY\x00\x01\x00\x00x", 15),
         R"("/wYAAHNOYVBwWQABAAB4","encoding":"base64","truncated":true)"},
        {"gzip", gzipped(text_field(1, "hello there, gzip")).substr(0, 20), R"("{\"1\":\"hello)"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      const std::string told = messages(
          frame(packed, row.bytes), {.content_type = "application/grpc", .encoding = row.encoding, .limit = megabyte});
      CHECK(told.find("\"text\":" + row.text) != std::string::npos);
      CHECK(told.find("\"truncated\":true") != std::string::npos);
    }
  }

  TEST_CASE("bombs: all messages together unpack to no more than the limit") {
    const std::string zeros = text_field(1, std::string(megabyte, 'z'));
    const struct {
      std::string encoding, bytes;
    } rows[] = {{"gzip", gzipped(zeros)}, {"zstd", zstd_packed(zeros)}, {"snappy", snappy_block(zeros)}};
    for (const auto& row : rows) {
      CAPTURE(row.encoding);
      std::string body;
      for (int i = 0; i < 50; ++i) body += frame(packed, row.bytes);
      const std::string told =
          messages(body, {.content_type = "application/grpc", .encoding = row.encoding, .limit = 10'000});
      CHECK(told.size() < 25'000);
      CHECK(told.find("\"truncated\":true") != std::string::npos);
    }
  }

  TEST_CASE("zstd from before its standard is not unpacked: its decoders show memory of ours") {
    http::Unpacked out;
    grpc::unpack(grpc::Encoding::zstd, std::string("\x26\xB5\x2F\xFD\x20\x05\x29\x00\x00hel", 12), megabyte, out);
    CHECK(out.text.empty());
    CHECK(out.broken);
    const std::string one = zstd_packed("one"), two = zstd_packed("two"),
                      skipped("\x5A\x2A\x4D\x18\x02\x00\x00\x00xx", 10);
    grpc::unpack(grpc::Encoding::zstd, one + skipped + two, megabyte, out);
    CHECK(out.text == "onetwo");
    CHECK(!out.broken);
    grpc::unpack(grpc::Encoding::zstd, one + "\x26\xB5\x2F\xFD\x20\x05", megabyte, out);
    CHECK(out.text == "one");
    CHECK(out.broken);
  }

  TEST_CASE("a body that says a forged size of snappy takes no memory for it") {
    http::Unpacked out;
    grpc::unpack(grpc::Encoding::snappy,
                 "\xFF\xFF\xFF\xFF\x0F"
                 "abc",
                 megabyte, out);
    CHECK(out.text.empty());
    CHECK(out.cut);
  }

  TEST_CASE("wherever a body is cut, what was whole before is told the same") {
    const std::string first = frame(plain, hello), second = frame(plain, text_field(1, text_field(2, "x")));
    const std::string whole = messages(first + second), alone = messages(first);
    for (std::size_t size = first.size(); size < first.size() + second.size(); ++size) {
      CAPTURE(size);
      const std::string told = messages((first + second).substr(0, size));
      CHECK(told.substr(0, alone.size() - 1) == alone.substr(0, alone.size() - 1));
      CHECK(told.size() <= whole.size() + std::string(R"(,"truncated":true)").size());
    }
  }

  TEST_CASE("messages are named after the method that is called") {
    DescriptorWriter file("shop.v1");
    file.message("Item", {{"item_name", 1, grpc::FieldKind::text}});
    file.message("Cart", {{"owner", 1, grpc::FieldKind::text}});
    file.service("Carts", {{"Add", "shop.v1.Item", "shop.v1.Cart"}});
    grpc::Types types;
    REQUIRE(types.add(file.set()));
    types.settle();

    const WebCall call("application/grpc-web+proto", frame(plain, hello), frame(plain, hello));
    for (const auto& seen : call.driver.messages) static_cast<http::Message&>(*seen.message).types = &types;
    CHECK(call.field("request.grpc.messages") ==
          R"([{"size":7,"compressed":false,"text":"{\"itemName\":\"hello\"}"}])");
    CHECK(call.field("response.grpc.messages") == R"([{"size":7,"compressed":false,"text":"{\"owner\":\"hello\"}"}])");
  }

  TEST_CASE("gRPC-Web over HTTP/1: trailers behind the messages") {
    const std::string end = frame(trailers, "grpc-status:5\r\nGrpc-Message:no%20such%20cart\r\n");
    const WebCall call("application/grpc-web", frame(plain, hello), frame(plain, hello) + end);
    CHECK(call.driver.messages[0].message->label == &http::grpc_1_1);
    CHECK(call.field("request.grpc.service") == "\"shop.v1.Carts\"");
    CHECK(call.field("request.grpc.method") == "\"Add\"");
    CHECK(call.field("request.grpc.messages") == R"([{"size":7,"compressed":false,"text":"{\"1\":\"hello\"}"}])");
    CHECK(call.field("response.grpc.messages") == R"([{"size":7,"compressed":false,"text":"{\"1\":\"hello\"}"}])");
    CHECK(call.field("response.grpc.status") == "5");
    CHECK(call.field("response.grpc.message") == "\"no such cart\"");
  }

  TEST_CASE("gRPC-Web as text: base64, padded in the middle") {
    std::string asked, answered;
    json::append_base64(asked, frame(plain, hello));
    json::append_base64(answered, frame(plain, hello));
    json::append_base64(answered, frame(trailers, "grpc-status: 0\r\n"));
    const WebCall call("application/grpc-web-text+proto", asked, answered);
    CHECK(call.field("request.grpc.messages") == R"([{"size":7,"compressed":false,"text":"{\"1\":\"hello\"}"}])");
    CHECK(call.field("response.grpc.messages") == R"([{"size":7,"compressed":false,"text":"{\"1\":\"hello\"}"}])");
    CHECK(call.field("response.grpc.status") == "0");
    CHECK(call.field("response.grpc.message") == "\"\"");
  }

  TEST_CASE("the status of a call, as it was sent") {
    const struct {
      std::string status, message;
      std::optional<std::int64_t> number;
      std::string text;
    } rows[] = {
        {"0", "", 0, ""},
        {"5", "no%20such%20cart", 5, "no such cart"},
        {"13", "100%25 of caf%C3%A9, a+b", 13, "100% of caf\xC3\xA9, a+b"},
        {"2", "%zz %4", 2, "%zz %4"},
        {"", "", std::nullopt, ""},
        {"five", "", std::nullopt, ""},
        {"5 ", "", std::nullopt, ""},
        {"99999999999999999999", "", std::nullopt, ""},
    };
    for (const auto& row : rows) {
      CAPTURE(row.status);
      grpc::Outcome outcome;
      outcome.read(row.status, row.message);
      CHECK(outcome.status == row.number);
      CHECK(outcome.message == row.text);
    }
  }

  TEST_CASE("a call in HTTP that is no gRPC has none of it") {
    const WebCall call("application/json", "{}", "{}");
    for (const std::string path : {"request.grpc", "request.grpc.service", "request.grpc.messages", "response.grpc",
                                   "response.grpc.status", "response.grpc.message", "response.grpc.messages"}) {
      CAPTURE(path);
      CHECK(call.field(path) == "missing");
    }
  }
}
