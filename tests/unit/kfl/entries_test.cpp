// SPDX-License-Identifier: Apache-2.0
// Statements over entries: getters, told values, stages, and what is known before any call.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "kfl/statement.hpp"
#include "support/kfl_entries.hpp"

namespace {
std::size_t allocations = 0;
}

// What the steady state must not do is counted.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

namespace wiretape::kfl {
namespace {

Statement statement(std::string_view text) {
  const auto compiled = compile(text, {.catalog = &made_up::catalog, .now = {}});
  REQUIRE_MESSAGE(bool(compiled), std::string(text));
  return *compiled;
}

std::string told(const Entry& entry) {
  std::string out;
  json::Writer writer(out);
  render(entry, writer);
  return out;
}

TEST_SUITE("kfl entries") {
  TEST_CASE("a statement says the same of an entry and of its document") {
    made_up::WebCall call;
    call.request.items = {{"apple", 3}, {"pear", 5}};
    call.request.has_body = true;
    call.request.body = "<order><id>7</id></order>";
    const std::string document = told(call.entry);
    CAPTURE(document);
    const struct {
      std::string text;
      bool result;
    } rows[] = {
        {"", true},
        {R"(protocol.name == "web")", true},
        {R"(request.method == "GET")", true},
        {R"(request.method == "POST")", false},
        {R"(request.method != "POST")", true},
        {"response.status == 200", true},
        {"response.status == \"200\"", true},
        {"response.status >= 500", false},
        {"200 <= response.status", true},
        {"response.status", true},
        {"!response.status", false},
        {R"(request.headers["user-agent"].startsWith("kube"))", true},
        {R"(request.headers["USER-AGENT"] == "kube-probe/1.27+")", true},
        {R"(request.headers.Host == "shop")", true},
        {R"(request.headers["X"] == "")", false},
        {R"(!(request.headers["X"] == r".*"))", true},
        {R"(request.headers.* == "shop")", true},
        {R"(request.headers == "")", true},
        {"request.headers", true},
        {R"(request.queryString.q == 1)", true},
        {R"(request.queryString["Q"] == 1)", false},
        {R"(request.items[1].name == "pear")", true},
        {R"(request.items[*].count > 4)", true},
        {R"(request.items.*.count > 5)", false},
        {R"(request.items..name == "apple")", true},
        {R"(request..name == "apple")", true},
        {R"(request.items[2].name == "pear")", false},
        {R"(request.postData.text.xml().order.id == "7")", true},
        {"request.postData", true},
        {R"(request.postData.* == r"order")", true},
        {R"(response.content.text.json().a.b[1] == 2)", true},
        {R"(response.content.text.json().user.contains("nn"))", true},
        {R"(response.content.text.json().none)", false},
        {R"(response.content.text.json().none == false)", true},
        {R"(response.content == "")", true},
        {R"(response.content.* == r"ann")", true},
        {"request", true},
        {"request and response", true},
        {"request.method.x", false},
        {"request.none == 1", false},
        {R"(src.ip == "10.0.0.1" and dst.port == 80)", true},
        {R"(src.* == "10.0.0.1")", true},
        {"error", false},
        {"!error", true},
        {"error == nil", true},
        {R"(record("night"))", true},
        {R"(record("day"))", false},
        {R"(record == "night")", true},
        {"tls", false},
        {"elapsedTime == 0", true},
        {R"(protocol.abbr == "WEB" or response.status == 1)", true},
        {R"(request.method == request.method)", true},
        {R"((request.method == "GET") == true)", true},
        {"request.items == response.status", false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      const Statement compiled = statement(row.text);
      Scratch scratch;
      CHECK(compiled.matches(call.entry, scratch) == row.result);
      const auto of_document = compiled.matches(document, "night", scratch);
      REQUIRE(bool(of_document));
      CHECK(*of_document == row.result);
    }
  }

  TEST_CASE("a half that was not seen is null, and nothing is asked of it") {
    made_up::WebCall call;
    call.entry.response = nullptr;
    Scratch scratch;
    CHECK(statement("response == nil").matches(call.entry, scratch));
    CHECK_FALSE(statement("response.status != 1").matches(call.entry, scratch));
    CHECK(statement("!(response.status == 1)").matches(call.entry, scratch));
    CHECK(statement("!(response..status == 1)").matches(call.entry, scratch));
    CHECK_FALSE(statement(R"(response.content.text.json().a == 1)").matches(call.entry, scratch));
    CHECK_FALSE(statement(R"(response.headers["a"] == "b")").matches(call.entry, scratch));
  }

  TEST_CASE("a text that is not UTF-8 is compared as it is told: in base64") {
    made_up::WebCall call;
    call.request.path = "\xFF\xFE\xFD";
    Scratch scratch;
    CHECK(statement(R"(request.path == "//79")").matches(call.entry, scratch));
    CHECK_FALSE(statement("request.path == \"\xFF\xFE\xFD\"").matches(call.entry, scratch));
    CHECK(statement(R"(request.path.startsWith("//7"))").matches(call.entry, scratch));
  }

  TEST_CASE("getters of every type") {
    made_up::StoreCall call;
    Scratch scratch;
    CHECK(statement("request.ratio == 0.5").matches(call.entry, scratch));
    CHECK(statement("request.ratio == \"0.5\"").matches(call.entry, scratch));
    CHECK(statement("request.ratio < 1").matches(call.entry, scratch));
    CHECK(statement("request.quick").matches(call.entry, scratch));
    CHECK(statement("request.quick == true").matches(call.entry, scratch));
    CHECK(statement("request.quick == \"true\"").matches(call.entry, scratch));
    CHECK_FALSE(statement("!request.quick").matches(call.entry, scratch));
    CHECK(statement("request.key.contains(\"k\")").matches(call.entry, scratch));
    CHECK_FALSE(statement("request.method == \"SET\"").matches(call.entry, scratch));
  }

  TEST_CASE("an entry without a schema has its envelope") {
    made_up::WebCall call;
    call.entry.schema = nullptr;
    Scratch scratch;
    CHECK(statement(R"(src.ip == "10.0.0.1")").matches(call.entry, scratch));
    CHECK_FALSE(statement(R"(request.method == "GET")").matches(call.entry, scratch));
  }

  TEST_CASE("what has a getter is decided without allocating") {
    const made_up::WebCall call;
    Scratch scratch;
    for (const char* text :
         {R"(protocol.name == "web" and response.status == 200)", R"(request.method == "GET" and request.path != "/x")",
          R"(request.headers["user-agent"].startsWith("kube") and response.status >= 200)",
          R"(src.ip == "10.0.0.1" or dst.ip == "10.0.0.1")", R"(request.path == r"^/" and !error)",
          R"((request.method == "GET") == (response.status == 200))"}) {
      CAPTURE(text);
      const Statement compiled = statement(text);
      for (int warm = 0; warm < 3; ++warm) CHECK(compiled.matches(call.entry, scratch));
      const std::size_t before = allocations;
      std::size_t matched = 0;
      for (int i = 0; i < 100; ++i) matched += compiled.matches(call.entry, scratch) ? 1U : 0U;
      const std::size_t after = allocations;
      CHECK(after == before);
      CHECK(matched == 100);
    }
  }

  TEST_CASE("a selector by itself gives texts, numbers and JSON") {
    made_up::WebCall call;
    call.request.items = {{"apple", 3}};
    const std::string document = told(call.entry);
    const struct {
      std::string selector, value;
    } rows[] = {
        {"request.method", "GET"},
        {"response.status", "200"},
        {"request.items", R"([{"name":"apple","count":3}])"},
        {"request.items[0].name", "apple"},
        {"request.items.*.name", "apple"},
        {R"(request.headers["host"])", "shop"},
        {"request.headers.*", R"(["shop","kube-probe/1.27+"])"},
        {"response.content.text.json().a.b", "[1,2]"},
        {"tls", "false"},
        {"request.none", "(missing)"},
        {"error", "null"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.selector);
      const auto selector = compile_selector(row.selector, {.catalog = &made_up::catalog, .now = {}});
      REQUIRE(bool(selector));
      Scratch scratch;
      std::string of_entry, of_document;
      if (!selector->append(call.entry, scratch, of_entry)) of_entry = "(missing)";
      if (!selector->append(document, scratch, of_document)) of_document = "(missing)";
      CHECK(of_entry == row.value);
      CHECK(of_document == row.value);
    }
    CHECK_FALSE(bool(compile_selector("request.method == 1", {})));
    CHECK_FALSE(bool(compile_selector("", {})));
  }
}

std::string name(Truth truth) {
  return truth == Truth::yes ? "yes" : truth == Truth::no ? "no" : "unknown";
}

// What is decided at each stage of a call: stream, request_head, request, response_head, complete.
std::string decisions(std::string_view text) {
  made_up::WebCall call;
  call.request.items = {{"apple", 3}};
  const Statement compiled = statement(text);
  Scratch scratch;
  std::string out;
  for (const Stage stage :
       {Stage::stream, Stage::request_head, Stage::request, Stage::response_head, Stage::complete}) {
    call.entry.stage = stage;
    call.entry.request = stage >= Stage::request_head ? &call.request : nullptr;
    call.entry.response = stage >= Stage::response_head ? &call.response : nullptr;
    if (!out.empty()) out += ' ';
    out += name(compiled.decide(call.entry, scratch));
  }
  return out;
}

TEST_SUITE("kfl stages") {
  TEST_CASE("a call is decided as soon as nothing that is to come can change it") {
    const struct {
      std::string text, decided;
    } rows[] = {
        {"", "yes yes yes yes yes"},
        {R"(src.ip == "10.0.0.1")", "yes yes yes yes yes"},
        {R"(src.ip == "10.0.0.9")", "no no no no no"},
        {R"(protocol.name == "web")", "yes yes yes yes yes"},
        {R"(protocol.name == "dns" and response.status == 200)", "no no no no no"},
        {R"(request.method == "GET")", "unknown yes yes yes yes"},
        {R"(request.method == "POST")", "unknown no no no no"},
        {"response.status == 200", "unknown unknown unknown yes yes"},
        {"response.status == 500", "unknown unknown unknown no no"},
        {R"(request.method == "POST" and response.status == 200)", "unknown no no no no"},
        {R"(response.status == 200 and request.method == "POST")", "unknown no no no no"},
        {R"(response.status == 200 or request.method == "GET")", "unknown yes yes yes yes"},
        {R"(request.method == "GET" and response.status == 200)", "unknown unknown unknown yes yes"},
        {R"(!(response.status == 200))", "unknown unknown unknown no no"},
        {R"(!(request.method == "GET" and response.status == 500))", "unknown unknown unknown yes yes"},
        {R"((response.status == 200 and request.method == "POST") or src.ip == "10.0.0.1")", "yes yes yes yes yes"},
        {R"(response.status == 500 or request.method == "POST" and elapsedTime > 0)", "unknown unknown unknown no no"},
        {R"(response.status == 200 and response.status == 200 or src.ip == "10.0.0.1")",
         "unknown unknown unknown yes yes"},
        {"request.none == 1", "no no no no no"},
        {"request.none == response.status", "no no no no no"},
        {R"(request.items[0].name == "apple")", "unknown unknown yes yes yes"},
        {"request.items[0].count > 5 and response.status == 200", "unknown unknown no no no"},
        {"error", "unknown unknown unknown unknown no"},
        {"elapsedTime > 5", "unknown unknown unknown unknown no"},
        {R"(response.content.text.contains("ann"))", "unknown unknown unknown unknown yes"},
        {R"(request.path.startsWith("/") and response.content.text.contains("zzz"))",
         "unknown unknown unknown unknown no"},
        {R"((response.status == 200) == (request.method == "GET"))", "unknown unknown unknown yes yes"},
        {R"(protocol.abbr == "WEB")", "unknown unknown yes yes yes"},
        {R"(protocol.version == "1.1")", "yes yes yes yes yes"},
        {R"(-response.status < 0)", "unknown unknown unknown yes yes"},
        {R"(record("night"))", "yes yes yes yes yes"},
        {R"(redact("id") and src.ip == "10.0.0.1")", "yes yes yes yes yes"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(decisions(row.text) == row.decided);
    }
  }

  TEST_CASE("protocols that can match are known before any call") {
    const struct {
      std::string text, protocols;
    } rows[] = {
        {"", "web store tcp "},
        {R"(protocol.name == "web")", "web "},
        {R"(protocol.name != "web")", "store tcp "},
        {R"(protocol.abbr == "WQL")", "web "},
        {R"(protocol.name == "web" and protocol.abbr == "STORE")", ""},
        {R"(protocol.name == "web" or request.key == "k")", "web store "},
        {R"(request.key == "k")", "store "},
        {R"(!(request.key == "k"))", "web store tcp "},
        {"response.status == 500", "web "},
        {"request.method == request.key", ""},
        {"tcp", "tcp "},
        {"!tcp", "web store "},
        {R"(src.ip == "10.0.0.1")", "web store tcp "},
        {R"((protocol.name == "store" and request.ratio > 1) or tcp)", "store tcp "},
        {"request.method.startsWith(\"x\")", "web "},
        {"error or request.key", "web store tcp "},
        {"true", "web store tcp "},
        {"false", ""},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      const Statement compiled = statement(row.text);
      std::string protocols;
      for (const Schema* schema : made_up::schemas) {
        if (compiled.can_match(schema->ordinal)) protocols += std::string(schema->name) + " ";
      }
      CHECK(protocols == row.protocols);
    }
  }

  TEST_CASE("bodies are needed where a selector reads one") {
    CHECK_FALSE(statement("").needs_bodies());
    CHECK_FALSE(statement("response.status == 500").needs_bodies());
    CHECK(statement(R"(response.content.text.contains("x"))").needs_bodies());
    CHECK(statement(R"(request.postData.text == "x")").needs_bodies());
    CHECK(statement("response..x == 1").needs_bodies());
    CHECK(statement("request.postData.* == 1").needs_bodies());
    CHECK_FALSE(statement(R"(protocol.name == "store" and response.content.text == "x")").needs_bodies());
  }

  TEST_CASE("a statement says by itself whether it speaks of transports") {
    CHECK(statement("tcp").names_transport());
    CHECK(statement("response.status > 400 or error or icmp or tcp").names_transport());
    CHECK_FALSE(statement(R"(protocol.name == "web")").names_transport());
    CHECK_FALSE(statement("icmp").names_transport());
  }
}

}  // namespace
}  // namespace wiretape::kfl
