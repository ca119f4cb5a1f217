// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "proto/support/http_calls.hpp"

using namespace wiretape;
using namespace wiretape::test;

namespace {

constexpr Direction up = Direction::to_server, down = Direction::to_client;

// The field of the one message that `wire` is.
std::string field(Direction direction, const std::string& wire, std::string_view path) {
  Driver driver(http::protocol);
  driver.send(direction, wire);
  driver.close(direction);
  REQUIRE(driver.messages.size() == 1);
  const Message* message = driver.messages[0].message.get();
  return value(direction == up ? entry_of(message, nullptr) : entry_of(nullptr, message), path);
}

std::string of_request(const std::string& target, const std::string& lines, std::string_view path) {
  return field(up, "GET " + target + " HTTP/1.1\r\n" + lines + "\r\n", path);
}

std::string of_post(const std::string& type, const std::string& body, std::string_view path) {
  return field(up,
               "POST / HTTP/1.1\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\n\r\n" + body,
               path);
}

std::string of_response(const std::string& head, const std::string& body, std::string_view path) {
  return field(down, "HTTP/1.1 " + head + "\r\n" + body, path);
}

std::optional<std::string_view> look_up(const Entry& entry, std::string_view path, std::string_view key) {
  for (const Field& f : http::protocol.fields) {
    if (f.path == path) return std::get<Lookup>(f.get).get(entry, key);
  }
  return std::nullopt;
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("the target in all its forms") {
    const struct {
      std::string target, path, segments, query;
    } rows[] = {
        {"/", "\"/\"", "[\"\"]", "{}"},
        {"/a/b?x=1&y=%20z+w", "\"/a/b\"", "[\"a\",\"b\"]", R"({"x":"1","y":" z w"})"},
        {"/a/?x=1&y=2&x=3&x", "\"/a/\"", "[\"a\",\"\"]", R"({"x":["1","3",""],"y":"2"})"},
        {"http://h:80/p?q=%C3%A4#f", "\"/p\"", "[\"p\"]", "{\"q\":\"\xC3\xA4\"}"},
        {"http://h", "\"/\"", "[\"\"]", "{}"},
        {"http://h?q=1", "\"\"", "[]", R"({"q":"1"})"},
        {"*", "\"*\"", "[\"*\"]", "{}"},
        {"/go?to=http://other/x", "\"/go\"", "[\"go\"]", R"({"to":"http://other/x"})"},
        {"/bad?%zz=%E4&&=", "\"/bad\"", "[\"bad\"]", "{\"%zz\":\"\xC3\xA4\",\"\":\"\"}"},
        {"/caf\xE9", "\"/caf\xC3\xA9\"", "[\"caf\xC3\xA9\"]", "{}"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.target);
      CHECK(of_request(row.target, "", "request.path") == row.path);
      CHECK(of_request(row.target, "", "request.pathSegments") == row.segments);
      CHECK(of_request(row.target, "", "request.queryString") == row.query);
    }
    CHECK(of_request("http://h:80/p?q#f", "", "request.url") == "\"http://h:80/p?q#f\"");
    CHECK(of_request("http://h:80/p?q#f", "", "request.targetUri") == "\"http://h:80/p?q#f\"");
    CHECK(field(up, "CONNECT a.example:443 HTTP/1.1\r\n\r\n", "request.path") == "\"\"");
  }

  TEST_CASE("headers are told in canonical case, repeats joined, whatever was sent") {
    const struct {
      std::string lines, told;
    } rows[] = {
        {"", "{}"},
        {"user-AGENT: x\r\nHOST:h\r\n", R"({"User-Agent":"x","Host":"h"})"},
        {"A: 1\r\nB: 2\r\na: 3\r\nA:\r\n", R"({"A":"1, 3, ","B":"2"})"},
        {"X: a\r\n  b\r\n\tc\r\n", R"({"X":"a b c"})"},
        {"X: gr\xFC\xDF\r\n", "{\"X\":\"gr\xC3\xBC\xC3\x9F\"}"},
        {"X: gr\xC3\xBC\r\n", "{\"X\":\"gr\xC3\xBC\"}"},
        {"no colon\r\n: no name\r\nX-B3-TRACEID: 7\r\n", R"({"X-B3-Traceid":"7"})"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.lines);
      CHECK(of_request("/", row.lines, "request.headers") == row.told);
    }
  }

  TEST_CASE("a header is found without regard to case, before and after all are told") {
    Driver driver(http::protocol);
    driver.send(up, "GET / HTTP/1.1\r\nhost: h\r\nAccept: a\r\naccept: b\r\nFolded: x\r\n y\r\n\r\n");
    const Entry entry = entry_of(driver.messages[0].message.get(), nullptr);
    for (int round = 0; round < 2; ++round) {
      CHECK(look_up(entry, "request.headers", "HOST") == "h");
      CHECK(look_up(entry, "request.headers", "Accept") == "a, b");
      CHECK(look_up(entry, "request.headers", "folded") == "x y");
      CHECK_FALSE(look_up(entry, "request.headers", "absent"));
      static_cast<void>(value(entry, "request.headers"));
    }
  }

  TEST_CASE("ten thousand headers of one name, or of ten thousand names, cost no more than their bytes") {
    std::string same, different;
    for (int i = 0; i < 10'000; ++i) {
      same += "a:\r\n";
      if (i < 5000) different += std::to_string(i) + ":1\r\n";
    }
    CHECK(of_request("/", same, "request.headers").size() > 20'000);
    CHECK(of_request("/", different, "request.headers").size() > 30'000);
  }

  TEST_CASE("cookies of both sides") {
    CHECK(of_request("/", "Cookie: a=1; b=\"two\";c ; a=3\r\nCookie: d=x=y\r\n", "request.cookies") ==
          R"({"a":"3","b":"two","c":"","d":"x=y"})");
    CHECK(of_response("200 OK\r\nSet-Cookie: sid=7; Path=/; HttpOnly\r\nset-cookie: t=8\r\nContent-Length: 0\r\n", "",
                      "response.cookies") == R"({"sid":"7","t":"8"})");
    CHECK(of_response("200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n", "",
                      "response.headers") == R"({"Set-Cookie":"a=1, b=2","Content-Length":"0"})");
  }

  TEST_CASE("the status line") {
    CHECK(of_response("404 Nothing here\r\nContent-Length: 0\r\n", "", "response.statusText") == "\"Nothing here\"");
    CHECK(of_response("404\r\nContent-Length: 0\r\n", "", "response.statusText") == "\"Not Found\"");
    CHECK(of_response("599 \r\nContent-Length: 0\r\n", "", "response.statusText") == "\"\"");
    CHECK(of_response("200 \xFC\r\nContent-Length: 0\r\n", "", "response.statusText") == "\"\xC3\xBC\"");
    CHECK(of_response("302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n", "", "response.redirectURL") == "\"/x\"");
    CHECK(of_response("200 OK\r\nContent-Length: 0\r\n", "", "response.redirectURL") == "\"\"");
    CHECK(field(down, "HTTP/1.0 204 x\r\n\r\n", "response.httpVersion") == "\"HTTP/1.0\"");
  }

  TEST_CASE("the content of a response") {
    const struct {
      std::string lines, body, path, expected;
    } rows[] = {
        {"Content-Type: text/plain\r\n", "hi", "response.content.mimeType", "\"text/plain\""},
        {"", "hi", "response.content.mimeType", "\"\""},
        {"", "hi", "response.content.text", "\"hi\""},
        {"", "hi", "response.content.encoding", "\"\""},
        {"", "hi", "response.content.size", "2"},
        {"", "hi", "response.content.compression", "0"},
        {"", "hi", "response.content.truncated", "missing"},
        {"", "\xFF\xFE", "response.content.text", "\"//4=\""},
        {"", "\xFF\xFE", "response.content.encoding", "\"base64\""},
        {"", "", "response.content.text", "\"\""},
        {"Content-Encoding: identity\r\n", "hi", "response.content.text", "\"hi\""},
        {"Content-Encoding: x-compress\r\n", std::string("\x1f\x9d\x90\x68\xd2\0", 6), "response.content.text",
         "\"hi\""},
        {"Content-Encoding: rot13\r\n", "hi", "response.content.text", "\"hi\""},
    };
    for (const auto& row : rows) {
      CAPTURE(row.path);
      CHECK(of_response("200 OK\r\n" + row.lines + "Content-Length: " + std::to_string(row.body.size()) + "\r\n",
                        row.body, row.path) == row.expected);
    }
  }

  TEST_CASE("trailers are there only when sent") {
    const std::string head = "200 OK\r\nTransfer-Encoding: chunked\r\n";
    CHECK(of_response(head, "1\r\nx\r\n0\r\nsum: 1\r\nSum: 2\r\n\r\n", "response.trailers") == R"({"Sum":"1, 2"})");
    CHECK(of_response(head, "1\r\nx\r\n0\r\n\r\n", "response.trailers") == "missing");
    CHECK(of_response(head, "1\r\nx\r\n0\r\n\r\n", "response.bodySize") == "11");
  }

  TEST_CASE("post data is there only when there is a body") {
    CHECK(of_request("/", "", "request.postData") == "missing");
    CHECK(of_request("/", "", "request.postData.text") == "missing");
    CHECK(of_post("application/json", "{}", "request.postData.mimeType") == "\"application/json\"");
    CHECK(of_post("application/json", "{}", "request.postData.text") == "\"{}\"");
    CHECK(of_post("application/json", "{}", "request.postData.params") == "[]");
    CHECK(of_post("application/octet-stream", "\xFF", "request.postData.encoding") == "\"base64\"");
  }

  TEST_CASE("the fields of forms") {
    const std::string urlencoded = "application/x-www-form-urlencoded";
    CHECK(of_post(urlencoded, "a=1&b=x+y%21&a", "request.postData.params") ==
          R"([{"name":"a","value":"1","fileName":"","contentType":""},)"
          R"({"name":"b","value":"x y!","fileName":"","contentType":""},)"
          R"({"name":"a","value":"","fileName":"","contentType":""}])");

    const std::string parts =
        "preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nme\r\n"
        "--XX\r\ncontent-disposition: form-data; name=f; filename=\"a b.txt\"\r\nContent-Type: text/plain\r\n\r\n"
        "line\r\nline\r\n--XX--\r\nepilogue";
    const std::string told = R"([{"name":"who","value":"me","fileName":"","contentType":""},)"
                             R"({"name":"f","value":"line\r\nline","fileName":"a b.txt","contentType":"text/plain"}])";
    CHECK(of_post("multipart/form-data; boundary=XX", parts, "request.postData.params") == told);
    CHECK(of_post("Multipart/Form-Data; charset=x; Boundary=\"XX\"", parts.substr(10), "request.postData.params") ==
          told);
    const struct {
      std::string disposition, name, file;
    } names[] = {
        {R"(form-data; name="a \"b\"; c"; filename="d\\e.txt")", R"(a \"b\"; c)", R"(d\\e.txt)"},
        {R"(form-data; name=a; filename="C:\temp\x.txt")", "a", R"(C:\\temp\\x.txt)"},
        {R"(form-data; filename="name=x"; name = "a")", "a", "name=x"},
        {R"(form-data; odd; =; name="a)", "a", ""},
        {R"(form-data; filename="plain"; filename*=UTF-8''%C3%A4+1; name=a)", "a", "\xC3\xA4+1"},
        {R"(form-data; filename="plain"; filename*=broken; name=a)", "a", "plain"},
        {R"(form-data; name="")", "", ""},
        {"form-data", "", ""},
    };
    for (const auto& row : names) {
      CAPTURE(row.disposition);
      const std::string body = "--XX\r\nContent-Disposition: " + row.disposition + "\r\n\r\nv\r\n--XX--\r\n";
      CHECK(of_post("multipart/form-data; boundary=XX", body, "request.postData.params") ==
            R"([{"name":")" + row.name + R"(","value":"v","fileName":")" + row.file + R"(","contentType":""}])");
    }
    const struct {
      std::string type, body, params;
    } hostile[] = {
        {"multipart/form-data", parts, "[]"},
        {"multipart/form-data; boundary=", parts, "[]"},
        {"multipart/form-data; boundary=" + std::string(5000, 'x'), parts, "[]"},
        {"multipart/form-data; boundary=XX", "--XX", "[]"},
        {"multipart/form-data; boundary=XX", "--XX\r\n", "[]"},
        {"multipart/form-data; boundary=XX", "--XX\r\n\r\n",
         R"([{"name":"","value":"","fileName":"","contentType":""}])"},
        {"multipart/form-data; boundary=XX", "--XX\r\n--XX\r\n--XX--", "[]"},
        {"multipart/form-data; boundary=XX", "no boundary at all", "[]"},
    };
    for (const auto& row : hostile) {
      CAPTURE(row.type);
      CAPTURE(row.body);
      CHECK(of_post(row.type, row.body, "request.postData.params") == row.params);
    }
  }

  TEST_CASE("fields of the half that was not seen are missing") {
    Driver driver(http::protocol);
    driver.send(up, "GET / HTTP/1.1\r\n\r\n");
    driver.send(down, "HTTP/1.1 204 x\r\n\r\n");
    const Entry request = entry_of(driver.messages[0].message.get(), nullptr);
    const Entry response = entry_of(nullptr, driver.messages[1].message.get());
    for (const Field& f : http::protocol.fields) {
      CAPTURE(f.path);
      const bool of_request = f.path.substr(0, 8) == "request.";
      CHECK(value(of_request ? response : request, f.path) == "missing");
    }
  }

  TEST_CASE("the labels of the versions") {
    Driver driver(http::protocol);
    driver.send(up, "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    CHECK(driver.messages[0].message->label->version == "1.0");
    CHECK(driver.messages[1].message->label->version == "1.1");
    CHECK(driver.messages[1].message->label->long_name == "Hypertext Transfer Protocol -- HTTP/1.1");
  }
}
