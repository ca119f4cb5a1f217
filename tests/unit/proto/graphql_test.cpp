// SPDX-License-Identifier: Apache-2.0
#include "proto/graphql/graphql.hpp"

#include <doctest/doctest.h>

#include <string>

#include "proto/support/http_calls.hpp"

using namespace wiretape;
using namespace wiretape::test;

namespace {

constexpr Direction up = Direction::to_server, down = Direction::to_client;

std::string post(const std::string& body, const std::string& type = "application/json", const std::string& more = "") {
  return "POST /graphql HTTP/1.1\r\nContent-Type: " + type + "\r\n" + more +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string label(const Driver& driver, std::size_t place = 0) {
  REQUIRE(driver.messages.size() > place);
  return std::string(driver.messages[place].message->label->abbr);
}

std::string label(const std::string& request) {
  Driver driver(http::protocol);
  driver.send(up, request);
  return label(driver);
}

std::string field(const std::string& request, std::string_view path) {
  Driver driver(http::protocol);
  driver.send(up, request);
  REQUIRE(driver.messages.size() == 1);
  return value(entry_of(driver.messages[0].message.get(), nullptr), path);
}

std::string graphql_field(const std::string& request, const std::string& member) {
  return field(request, "request.graphql." + member);
}

std::string answered(const std::string& request, const std::string& response) {
  Driver driver(http::protocol);
  driver.send(up, request);
  driver.send(down, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(response.size()) + "\r\n\r\n" + response);
  REQUIRE(driver.messages.size() == 2);
  return value(entry_of(driver.messages[0].message.get(), driver.messages[1].message.get()), "response.graphql.errors");
}

const std::string cart =
    R"({"operationName":"Cart","variables":{"id":"7","n":[1,2]},"query":"query Cart($id: ID!) { cart(id: $id) { total } }"})";
const std::string hash(64, 'a');

}  // namespace

TEST_SUITE("graphql") {
  TEST_CASE("a post with a document is a GraphQL call") {
    const std::string request = post(cart);
    CHECK(label(request) == "GQL");
    CHECK(graphql_field(request, "operationName") == "\"Cart\"");
    CHECK(graphql_field(request, "operationType") == "\"query\"");
    CHECK(graphql_field(request, "query") == "\"query Cart($id: ID!) { cart(id: $id) { total } }\"");
    CHECK(graphql_field(request, "variables") == R"({"id":"7","n":[1,2]})");
    CHECK(graphql_field(request, "persistedQuery") == "missing");
    CHECK(graphql_field(request, "batch") == "missing");
    CHECK(field(request, "request.postData.text").size() > cart.size());
  }

  TEST_CASE("name and type are told also where they are not given") {
    const struct {
      std::string body, name, type;
    } rows[] = {
        {R"({"query":"{ me { id } }"})", "\"\"", "\"query\""},
        {R"({"query":"mutation Pay { pay }"})", "\"Pay\"", "\"mutation\""},
        {R"({"query":"mutation Pay { pay }","operationName":null})", "\"Pay\"", "\"mutation\""},
        {R"({"query":"subscription { ticks }","operationName":""})", "\"\"", "\"subscription\""},
        {R"({"query":"query A {a} mutation B {b}","operationName":"B"})", "\"B\"", "\"mutation\""},
        {R"({"query":"query A {a} mutation B {b}"})", "\"\"", "\"\""},
        {R"({"query":"query A {a}","operationName":"other"})", "\"other\"", "\"\""},
        {R"( {"query" : "\u007b\n  me\t}" } )", "\"\"", "\"query\""},
    };
    for (const auto& row : rows) {
      CAPTURE(row.body);
      const std::string request = post(row.body);
      CHECK(label(request) == "GQL");
      CHECK(graphql_field(request, "operationName") == row.name);
      CHECK(graphql_field(request, "operationType") == row.type);
      CHECK(graphql_field(request, "variables") == "null");
    }
  }

  TEST_CASE("a post with another body stays HTTP") {
    const std::string bodies[] = {
        R"({"query":"red shoes"})",
        R"({"query":""})",
        R"({"query":null})",
        R"({"query":{"match_all":{}}})",
        R"({"query":7})",
        R"({"q":"{a}"})",
        R"({"filter":{"query":"{a}"}})",
        R"({"query":"{a}")",
        R"({"query":"{a}"} x)",
        R"({"query":"{a}","operationName":7})",
        R"({"text":"a \"query\" : {a}"})",
        R"([])",
        R"(["query"])",
        R"([{"query":"{a}"},{"query":"shoes"}])",
        R"([[{"query":"{a}"}]])",
        R"("query")",
        R"({"extensions":{"persistedQuery":{"version":1}}})",
        R"({"extensions":{"persistedQuery":{"sha256Hash":7}}})",
        R"({"extensions":"persistedQuery"})",
        "{a}",
    };
    for (const auto& body : bodies) {
      CAPTURE(body);
      CHECK(label(post(body)) == "HTTP");
      CHECK(field(post(body), "request.graphql") == "missing");
      CHECK(graphql_field(post(body), "query") == "missing");
    }
  }

  TEST_CASE("media types and methods that ask in GraphQL") {
    CHECK(label(post(cart, "application/json; charset=utf-8")) == "GQL");
    CHECK(label(post(cart, "Application/JSON ;x=y")) == "GQL");
    CHECK(label(post(cart, "application/graphql+json")) == "GQL");
    CHECK(label(post("query A {a}", "application/graphql")) == "GQL");
    CHECK(graphql_field(post("mutation A {a}", "application/graphql"), "operationType") == "\"mutation\"");
    CHECK(label(post("shoes", "application/graphql")) == "HTTP");
    CHECK(label(post(cart, "text/plain")) == "HTTP");
    CHECK(label(post(cart, "application/graphql")) == "HTTP");
    CHECK(label("PUT" + post(cart).substr(4)) == "HTTP");
    CHECK(label(post("")) == "HTTP");
  }

  TEST_CASE("a get asks by its parameters") {
    const std::string request =
        "GET /graphql?query=query%20Me(%24id%3AID)%7Bme(id%3A%24id)%7Bid%7D%7D&variables=%7B%22id%22%3A7%7D "
        "HTTP/1.1\r\n\r\n";
    CHECK(label(request) == "GQL");
    CHECK(graphql_field(request, "operationName") == "\"Me\"");
    CHECK(graphql_field(request, "query") == "\"query Me($id:ID){me(id:$id){id}}\"");
    CHECK(graphql_field(request, "variables") == R"({"id":7})");
    CHECK(label("GET /g?operationName=B&query=query+A{a}+query+B{b} HTTP/1.1\r\n\r\n") == "GQL");
    CHECK(label("GET /g?extensions={%22persistedQuery%22:{%22sha256Hash%22:%22" + hash + "%22}} HTTP/1.1\r\n\r\n") ==
          "GQL");
    CHECK(graphql_field("GET /g?query={a}&variables=nonsense HTTP/1.1\r\n\r\n", "variables") == "null");
    CHECK(label("GET /search?query=shoes HTTP/1.1\r\n\r\n") == "HTTP");
    CHECK(label("GET /api/v1/query?query=up{job=%22x%22} HTTP/1.1\r\n\r\n") == "HTTP");
    CHECK(label("GET /query={a} HTTP/1.1\r\n\r\n") == "HTTP");
    CHECK(label("GET /g?subquery={a} HTTP/1.1\r\n\r\n") == "HTTP");
    CHECK(label("HEAD /g?query={a} HTTP/1.1\r\n\r\n") == "HTTP");
  }

  TEST_CASE("a batch is told by its first operation, and whole") {
    const std::string request = post("[" + cart + R"(,{"query":"mutation { pay }"}])");
    CHECK(label(request) == "GQL");
    CHECK(graphql_field(request, "operationName") == "\"Cart\"");
    CHECK(graphql_field(request, "batch") ==
          R"([{"operationName":"Cart","operationType":"query",)"
          R"("query":"query Cart($id: ID!) { cart(id: $id) { total } }","variables":{"id":"7","n":[1,2]}},)"
          R"({"operationName":"","operationType":"mutation","query":"mutation { pay }","variables":null}])");
  }

  TEST_CASE("a persisted query is asked for by its hash, with the document or without") {
    const std::string extensions = R"("extensions":{"persistedQuery":{"version":1,"sha256Hash":")" + hash + R"("}})";
    const std::string without = post(R"({"operationName":"Cart",)" + extensions + "}");
    CHECK(label(without) == "GQL");
    CHECK(graphql_field(without, "operationName") == "\"Cart\"");
    CHECK(graphql_field(without, "operationType") == "\"\"");
    CHECK(graphql_field(without, "query") == "\"\"");
    CHECK(graphql_field(without, "persistedQuery") == '"' + hash + '"');
    const std::string with = post("{" + extensions + R"(,"query":"{a}"})");
    CHECK(graphql_field(with, "operationType") == "\"query\"");
    CHECK(graphql_field(with, "persistedQuery") == '"' + hash + '"');
  }

  TEST_CASE("errors are told whatever the status") {
    const std::string request = post(cart);
    CHECK(answered(request, R"({"errors":[{"message":"no","path":["cart",0]}],"data":null})") ==
          R"([{"message":"no","path":["cart",0]}])");
    CHECK(answered(request, R"({"data":{"errors":[1]}})") == "[]");
    CHECK(answered(request, R"([{"errors":[{"message":"a"}]},{"data":{}},{"errors":[{"message":"b"}]}])") ==
          R"([{"message":"a"},{"message":"b"}])");
    CHECK(answered(request, R"({"errors":"many"})") == "[]");
    CHECK(answered(request, R"({"errors":[)") == "[]");
    CHECK(answered(request, "<html>\"errors\"</html>") == "[]");
    CHECK(answered(request, "") == "[]");
    CHECK(answered("POST /x HTTP/1.1\r\nContent-Length: 0\r\n\r\n", R"({"errors":[1]})") == "missing");
  }

  TEST_CASE("a request is the same call however it is cut, its body wanted or not") {
    const std::string request = post(cart) + post(R"({"query":"shoes"})") +
                                "POST / HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: "
                                "chunked\r\n\r\n9\r\n{\"query\":\r\n7\r\n\"{ a }\"\r\n1\r\n}\r\n0\r\n\r\n";
    for (const bool wanted : {true, false}) {
      for (std::size_t size = 1; size <= request.size(); ++size) {
        CAPTURE(size);
        Driver driver(http::protocol);
        driver.keep_bodies = wanted;
        driver.send_in_pieces(up, request, size);
        REQUIRE(driver.messages.size() == 3);
        CHECK(label(driver, 0) == "GQL");
        CHECK(label(driver, 1) == "HTTP");
        CHECK(label(driver, 2) == "GQL");
      }
    }
  }

  TEST_CASE("what nobody wants is let go when the call is known") {
    Driver driver(http::protocol);
    driver.keep_bodies = false;
    driver.send(up, post(cart));
    const Entry entry = entry_of(driver.messages[0].message.get(), nullptr);
    CHECK(value(entry, "request.postData.text") == "\"\"");
    CHECK(value(entry, "request.bodySize") == std::to_string(cart.size()));
    CHECK(value(entry, "request.graphql.operationName") == "\"Cart\"");
    CHECK(value(entry, "request.graphql.variables") == R"({"id":"7","n":[1,2]})");
  }

  TEST_CASE("the call is known also where no bodies are kept") {
    for (const std::size_t limit : {std::size_t{0}, std::size_t{10}}) {
      Driver driver(http::protocol, {.body_limit = limit});
      driver.send(up, post(cart));
      const Entry entry = entry_of(driver.messages[0].message.get(), nullptr);
      CHECK(label(driver) == "GQL");
      CHECK(value(entry, "request.postData.text") == (limit == 0 ? R"("")" : R"("{\"operatio")"));
      CHECK(value(entry, "request.postData.truncated") == "true");
    }
  }

  TEST_CASE("a packed body is looked into") {
    // gzip of {"query":"{a}"}
    const std::string packed(
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x2a\x2c\x4d\x2d\xaa\x54\xb2\x52\xaa\x4e\xac\x55\xaa\x05\x00"
        "\x64\x40\x56\x52\x0f\x00\x00\x00",
        35);
    for (const bool wanted : {true, false}) {
      Driver driver(http::protocol);
      driver.keep_bodies = wanted;
      driver.send(up, post(packed, "application/json", "Content-Encoding: gzip\r\n"));
      CHECK(label(driver) == "GQL");
    }
  }

  TEST_CASE("long bodies: the names come early, or the body is not looked at further") {
    const std::string filler(70'000, 'x');
    const struct {
      std::string body, label;
    } rows[] = {
        {R"({"query":"{a}","variables":{"file":")" + filler + R"("}})", "GQL"},
        {R"({"variables":{"file":")" + filler + R"("},"query":"{a}"})", "HTTP"},
        {filler + R"({"query":"{a}"})", "HTTP"},
        {std::string(70'000, ' ') + R"({"query":"{a}"})", "HTTP"},
    };
    for (const auto& row : rows) {
      Driver driver(http::protocol);
      driver.send_in_pieces(up, post(row.body), 1000);
      CHECK(label(driver) == row.label);
    }
    Driver driver(http::protocol, {.body_limit = 100'000});
    driver.send_in_pieces(up, post(R"({"query":"{a}","variables":{"file":")" + std::string(200'000, 'x') + R"("}})"),
                          1000);
    CHECK(label(driver) == "HTTP");
  }

  TEST_CASE("a body that breaks off, or has a hole, asks nothing") {
    Driver broken(http::protocol);
    broken.send(up, post(cart).substr(0, post(cart).size() - 1));
    broken.close(up);
    CHECK(label(broken) == "HTTP");

    Driver holed(http::protocol);
    holed.send(up, post(cart).substr(0, post(cart).size() - 30));
    holed.lose(up, 20);
    holed.send(up, cart.substr(cart.size() - 10));
    CHECK(label(holed) == "HTTP");
  }

  TEST_CASE("a batch of a hundred thousand, and a body of brackets, cost their bytes") {
    std::string batch = "[";
    for (int i = 0; i < 50'000; ++i) batch += R"({"query":"{a}"},)";
    batch.back() = ']';
    CHECK(label(post(batch)) == "GQL");
    CHECK(label(post(R"({"query":)" + std::string(900'000, '['))) == "HTTP");
    CHECK(label(post(R"({"query":")" + std::string(900'000, '{') + "\"}")) == "HTTP");
  }
}
