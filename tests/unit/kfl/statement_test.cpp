// SPDX-License-Identifier: Apache-2.0
// What people are told: errors with their caret, warnings, what redact() leaves.
#include "kfl/statement.hpp"

#include <doctest/doctest.h>

#include <string>

#include "kfl/explain.hpp"
#include "kfl/fields.hpp"
#include "support/kfl_entries.hpp"

namespace wiretape::kfl {
namespace {

const Options over_entries{.catalog = &made_up::catalog, .macros = {}, .now = {}};

std::string error_of(std::string_view text, const Options& options = over_entries) {
  const auto compiled = compile(text, options);
  if (compiled) return "";
  CHECK(compiled.error().kind == ErrorKind::statement);
  return compiled.error().message + "\n" + compiled.error().detail;
}

std::string warnings_of(std::string_view text) {
  const auto compiled = compile(text, over_entries);
  REQUIRE(bool(compiled));
  std::string out;
  for (const Warning& warning : compiled->warnings()) out += (out.empty() ? "" : "\n") + warning.text;
  return out;
}

TEST_SUITE("kfl messages") {
  TEST_CASE("an error shows the statement, a caret and a hint") {
    const struct {
      std::string statement, error;
    } rows[] = {
        {"http && a == 1",
         "statement:1:6: expected 'and', 'or' or the end of the statement\n"
         "    http && a == 1\n"
         "         ^ did you mean 'and'?"},
        {"a == 1\n  and b.startswith(\"x\")\n  and c",
         "statement:2:7: unknown helper 'startswith'\n"
         "      and b.startswith(\"x\")\n"
         "          ^ did you mean 'startsWith'?"},
        {"a.b == \"ü\" and x.foo(1)",
         "statement:1:16: unknown helper 'foo'\n"
         "    a.b == \"ü\" and x.foo(1)\n"
         "                   ^"},
        {"a.contains()",
         "statement:1:1: contains() takes one argument, not 0\n"
         "    a.contains()\n"
         "    ^ it is written S.contains(x)"},
        {"a == r\"(\"",
         "statement:1:6: this regular expression is not valid: missing ): (\n"
         "    a == r\"(\"\n"
         "         ^ the syntax is that of RE2"},
        {"a > r\"b\"",
         "statement:1:5: a regular expression stands directly beside == or !=\n"
         "    a > r\"b\"\n"
         "        ^"},
        {"a.json()",
         "statement:1:2: expected a step after json()\n"
         "    a.json()\n"
         "     ^ it goes on inside the text, as in x.json().name"},
        {"x > datetime(\"6/40/2024, 1:00:00 AM\")",
         "statement:1:14: this is not a date and time\n"
         "    x > datetime(\"6/40/2024, 1:00:00 AM\")\n"
         "                 ^ it is written datetime(\"6/4/2024, 8:45:00 AM\") or datetime(\"2024-06-04T08:45:00Z\")"},
        {"limit(0)",
         "statement:1:7: limit() takes a whole number from 1\n"
         "    limit(0)\n"
         "          ^ it is written limit(100)"},
        {"redact(\"a-b\")",
         "statement:1:8: this is not a path for redact()\n"
         "    redact(\"a-b\")\n"
         "           ^ a path is written like request.headers['X'], ..password or response.content.text.json()..key"},
        {"x.matches(\"a\")",
         "statement:1:1: unknown helper 'matches'\n"
         "    x.matches(\"a\")\n"
         "    ^ did you mean '== r\"...\"'?"},
        {"startsWith(\"a\")",
         "statement:1:1: startsWith() stands behind a selector\n"
         "    startsWith(\"a\")\n"
         "    ^ it is written S.startsWith(x)"},
        {"a\t\x1b[31m = 1",
         "statement:1:3: expected 'and', 'or' or the end of the statement\n"
         "    a  [31m = 1\n"
         "      ^"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.statement);
      CHECK(error_of(row.statement) == row.error);
    }
  }

  TEST_CASE("of a long line only what is around the place is shown") {
    const std::string text = std::string(300, 'a') + " = " + std::string(300, 'b');
    CHECK(error_of(text) == "statement:1:302: expected 'and', 'or' or the end of the statement\n    ..." +
                                std::string(59, 'a') + " = " + std::string(58, 'b') + "...\n" + std::string(67, ' ') +
                                "^ did you mean '=='?");
  }

  TEST_CASE("what is probably a mistake is a warning") {
    const struct {
      std::string statement, warnings;
    } rows[] = {
        {"response.status == 500", ""},
        {"request.method == \"GET\" and (error or tls)", ""},
        {"error and tls or tcp",
         "statement:1:11: 'and' and 'or' are mixed without parentheses, and group to the right\n"
         "    error and tls or tcp\n"
         "              ^ this reads ... and (... or ...)"},
        {"requset.method == \"GET\"",
         "statement:1:1: no protocol has the field 'requset.method'\n"
         "    requset.method == \"GET\"\n"
         "    ^ did you mean 'request.method'?"},
        {"request.query == 1",
         "statement:1:1: no protocol has the field 'request.query'\n"
         "    request.query == 1\n"
         "    ^ did you mean 'request.queryString'?"},
        {"http.response.code == 500",
         "statement:1:1: no protocol has the field 'http.response.code'\n"
         "    http.response.code == 500\n"
         "    ^ did you mean 'response.status'?"},
        {"ip.src == \"10.0.0.1\"",
         "statement:1:1: no protocol has the field 'ip.src'\n"
         "    ip.src == \"10.0.0.1\"\n"
         "    ^ did you mean 'src.ip'?"},
        {"tcp.port == 80",
         "statement:1:1: no protocol has the field 'tcp.port'\n"
         "    tcp.port == 80\n"
         "    ^ did you mean 'dst.port'?"},
        {"status_code == 500",
         "statement:1:1: no protocol has the field 'status_code'\n"
         "    status_code == 500\n"
         "    ^ did you mean 'response.status'?"},
        {"request.items[0].nmae == \"a\"",
         "statement:1:1: no protocol has the field 'request.items[0].nmae'\n"
         "    request.items[0].nmae == \"a\"\n"
         "    ^ did you mean 'request.items[0].name'?"},
        {"response.status == \"5xx\"",
         "statement:1:20: response.status is a number: it never equals \"5xx\"\n"
         "    response.status == \"5xx\"\n"
         "                       ^ a value is 500"},
        {"request.quick != 1",
         "statement:1:18: request.quick is true or false: it always differs from 1\n"
         "    request.quick != 1\n"
         "                     ^"},
        {"tls and 1 == 1",
         "statement:1:9: this term is the same for every call: 1 == 1\n"
         "    tls and 1 == 1\n"
         "            ^"},
        {"request.key and response.status",
         "statement:1:1: no call of any protocol can match this statement\n"
         "    request.key and response.status\n"
         "    ^"},
        {"redact(\"a\") and (tls or tcp)", ""},
        {"tls and redact(\"a\")", ""},
        {"(tls and redact(\"a\")) or tcp",
         "statement:1:10: what matches without this redact() being reached is shown unredacted\n"
         "    (tls and redact(\"a\")) or tcp\n"
         "             ^ put it first: redact(...) and (...)"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.statement);
      CHECK(warnings_of(row.statement) == row.warnings);
    }
  }

  TEST_CASE("own words are statements of their own") {
    const Macro macros[] = {{"slow", "elapsedTime > 5 or x"},
                            {"bad", "slow and ("},
                            {"loop", "a and loop"},
                            {"both", "slow and !slow"},
                            {"empty", " "}};
    const Options options{.catalog = nullptr, .macros = macros, .now = {}};
    Scratch scratch;
    const auto slow = compile("a and slow", options);
    REQUIRE(bool(slow));
    CHECK(*slow->matches(R"({"a":1,"elapsedTime":9})", "", scratch));
    CHECK_FALSE(*slow->matches(R"({"elapsedTime":9})", "", scratch));
    CHECK(*compile("slow.x == 1", options)->matches(R"({"slow":{"x":1}})", "", scratch));
    CHECK_FALSE(*compile("both", options)->matches(R"({"x":1})", "", scratch));
    CHECK(*compile("empty", options)->matches("{}", "", scratch));
    CHECK(error_of("a and bad", options) ==
          "word 'bad': statement:1:11: expected a condition after '('\n    slow and (\n              ^");
    CHECK(error_of("loop", options) ==
          "word 'loop': statement:1:7: the word 'loop' stands for itself\n    a and loop\n          ^");
    const Macro taken[] = {{"http", "a"}};
    CHECK_FALSE(bool(compile("a", {.catalog = nullptr, .macros = taken, .now = {}})));
    const Macro strange[] = {{"a-b", "a"}};
    CHECK_FALSE(bool(compile("a", {.catalog = nullptr, .macros = strange, .now = {}})));
  }

  TEST_CASE("words that double each other end at the limit of terms") {
    std::vector<Macro> macros = {{"w0", "a"}};
    for (int i = 1; i < 40; ++i) {
      const std::string before = "w" + std::to_string(i - 1);
      macros.push_back({"w" + std::to_string(i), before + " and " + before});
    }
    const auto compiled = compile("w39", {.catalog = nullptr, .macros = macros, .now = {}});
    REQUIRE_FALSE(bool(compiled));
    CHECK(compiled.error().message.find("more than 10000 terms") != std::string::npos);
  }

  TEST_CASE("limit, recordings and redactions are known beforehand") {
    const auto compiled = compile(
        "a or limit(7) and limit(3) and record(\"x\") and record(\"y\") or record(\"x\") and redact(\"a\")", {});
    REQUIRE(bool(compiled));
    CHECK(compiled->limit() == 7);
    REQUIRE(compiled->recordings().size() == 2);
    CHECK(compiled->recordings()[0] == "x");
    CHECK(compiled->recordings()[1] == "y");
    CHECK(compiled->redacts());
    CHECK_FALSE(compiled->empty());
    CHECK(Statement().empty());
    CHECK(compile(" // nothing", {})->empty());
    CHECK(compile(" // nothing", {})->text() == " // nothing");
  }

  TEST_CASE("a packet filter demands what every packet of a stream has") {
    const auto filter = [](std::string_view text) { return compile(text, over_entries)->packet_filter(); };
    CHECK(filter("").empty());
    CHECK(filter("response.status == 500").empty());
    CHECK(filter("src.ip == \"10.0.0.1\" or response.status == 500").empty());
    CHECK(filter("!(src.ip == \"10.0.0.1\")").empty());
    CHECK(filter("src.ip != \"10.0.0.1\"").empty());
    CHECK(filter("src.ip == \"10.0.0.01\"").empty());
    CHECK(filter("src.port > 80").empty());
    const std::string others =
        " or (ip[6:2] & 0x1fff != 0)"
        " or (ip and ip[9] != 6 and ip[9] != 17 and ip[9] != 132)"
        " or (ip6 and ip6[6] != 6 and ip6[6] != 17 and ip6[6] != 132)"
        " or (udp and (dst port 2152 or dst port 4789 or dst port 4790 or dst port 6081 or dst port 8472))";
    const std::string untagged = "host 10.0.0.1" + others;
    const std::string plain = untagged + " or ether proto 0x8847 or ether proto 0x8864";
    const std::string whole = plain + " or (vlan and (" + plain + " or (vlan and (" + plain + "))))";
    CHECK(filter("src.ip == \"10.0.0.1\" and response.status == 500") == whole);
    CHECK(filter("tcp and (src.ip == \"10.0.0.1\" or dst.ip == \"2001:db8::1\") and dst.port == 80")
              .starts_with("(tcp and ((host 10.0.0.1 or host 2001:db8::1) and port 80)) or "));
    CHECK(filter("dst.port == \"443\"").starts_with("port 443 or "));
    CHECK(compile("udp", over_entries)->untagged_packet_filter() == "udp" + others);
    CHECK(filter("icmp").starts_with("(icmp or icmp6) or "));
  }

  TEST_CASE("a statement is explained") {
    const auto text = explain("tcp and src.ip == \"10.0.0.1\" and 1 < 2", over_entries);
    REQUIRE(bool(text));
    CHECK(
        text->starts_with("statement:\n"
                          "  tcp and src.ip == \"10.0.0.1\" and 1 < 2\n"
                          "grouping:\n"
                          "  and\n"
                          "    tcp   (protocol.name == \"tcp\")\n"
                          "    src.ip == \"10.0.0.1\"\n"
                          "    1 < 2\n"
                          "folded:\n"
                          "  tcp and src.ip == \"10.0.0.1\"\n"
                          "selectors:\n"
                          "  protocol.name   (text)\n"
                          "  src.ip   (text)\n"
                          "program:\n"
                          "  0: flag tcp\n"
                          "  1: jump_if_false -> 3\n"
                          "  2: compare src.ip == \"10.0.0.1\"\n"
                          "before dissection:\n"
                          "  protocols that can match: tcp\n"
                          "  bodies: not needed\n"
                          "  packet filter: (tcp and host 10.0.0.1) or "));
    CHECK(*explain("", over_entries) == "an empty statement matches everything\n");
    CHECK_FALSE(bool(explain("a &&", over_entries)));
  }

  TEST_CASE("fields are listed from the same descriptions") {
    const std::string text = fields_text(made_up::catalog, "store");
    CHECK(text ==
          "store:\n"
          "  request.command  text     command: \"SET\"\n"
          "  request.key      text     key\n"
          "  request.ratio    number   ratio\n"
          "  request.quick    boolean  quick\n");
    const std::string json = fields_json(made_up::catalog, "web");
    CHECK(
        json.find(
            R"({"path":"request.items[0].name","protocol":"web","type":"text","unit":"","about":"name of the item","example":""})") !=
        std::string::npos);
    CHECK(fields_mdoc(made_up::catalog).starts_with(".\\\" SPDX"));
  }
}

TEST_SUITE("kfl redact") {
  TEST_CASE("statement, document -> what is shown of it") {
    const struct {
      std::string statement, document, shown;
    } rows[] = {
        {"redact(\"a\")", R"({"a": 1, "b": 2})", R"({"a":"[REDACTED]","b":2})"},
        {"redact(\"x\")", R"({ "a": 1 })", R"({ "a": 1 })"},
        {"redact(\"a.b\")", R"({"a":{"b":{"c":1}}})", R"({"a":{"b":"[REDACTED]"}})"},
        {"redact(\"a[1]\")", R"({"a":[1,2,3]})", R"({"a":[1,"[REDACTED]",3]})"},
        {"redact(\"a[*]\")", R"({"a":[1,2]})", R"({"a":["[REDACTED]","[REDACTED]"]})"},
        {"redact(\"a.*\")", R"({"a":{"b":1}})", R"({"a":{"b":"[REDACTED]"}})"},
        {"redact(\"..p\")", R"({"p":1,"a":[{"p":{"p":2}},{"q":3}]})",
         R"({"p":"[REDACTED]","a":[{"p":"[REDACTED]"},{"q":3}]})"},
        {"redact(\"..['a b']\")", R"({"x":{"a b":1}})", R"({"x":{"a b":"[REDACTED]"}})"},
        {"redact(\"request.headers['authorization']\")", R"({"request":{"headers":{"Authorization":"s"}}})",
         R"({"request":{"headers":{"Authorization":"[REDACTED]"}}})"},
        {"redact(\"a\", \"b\")", R"({"a":1,"b":2,"c":3})", R"({"a":"[REDACTED]","b":"[REDACTED]","c":3})"},
        {"redact(\"a\") and a == 1", R"({"a":1})", R"({"a":"[REDACTED]"})"},
        {"redact(\"a\") or b", R"({"a":1,"b":2})", R"({"a":"[REDACTED]","b":2})"},
        {"b or redact(\"a\")", R"({"a":1,"b":2})", R"({"a":1,"b":2})"},
        {"redact(\"a\")", R"({"a":1,"a":2})", R"({"a":"[REDACTED]","a":"[REDACTED]"})"},
        {"redact(\"t.json()..k\")", R"({"t":"{\"k\": 1, \"z\": [ 2 ]}"})",
         R"({"t":"{\"k\":\"[REDACTED]\",\"z\":[2]}"})"},
        {"redact(\"t.json().none\")", R"({"t":"{ \"k\": 1 }"})", R"({"t":"{ \"k\": 1 }"})"},
        {"redact(\"t.json().a\")", R"({"t":"eyJhIjoxfQ=="})", R"({"t":"eyJhIjoiW1JFREFDVEVEXSJ9"})"},
        {"redact(\"t.xml().a.b\")", R"({"t":"<a><b>1</b><c>2</c><b>3</b></a>"})",
         R"({"t":"<a><b>[REDACTED]</b><c>2</c><b>[REDACTED]</b></a>"})"},
        {"redact(\"t.xml().a.b[1].c\")", R"({"t":"<a><b><c>1</c></b><b><c>2</c></b></a>"})",
         R"({"t":"<a><b><c>1</c></b><b><c>[REDACTED]</c></b></a>"})"},
        {"redact(\"t.xml().a['@id']\")", R"({"t":"<a id=\"1\">x</a>"})", R"({"t":"<a id=\"[REDACTED]\">x</a>"})"},
        {"redact(\"t.xml()..b\")", R"({"t":"<a> <b>1</b> </a>"})", R"({"t":"<a> <b>[REDACTED]</b> </a>"})"},
        {"redact(\"t.json().x.xml().a\")", R"({"t":"{\"x\":\"<a>1</a>\"}"})",
         R"({"t":"{\"x\":\"<a>[REDACTED]</a>\"}"})"},
        {"redact(\"l[*].json().a\")", R"({"l":["{\"a\":1}","no",3]})", R"({"l":["{\"a\":\"[REDACTED]\"}","no",3]})"},
        {"redact(\"n\")", R"({"n":1.50,"m":1e2,"u":"\u00e9"})", R"({"n":"[REDACTED]","m":1e2,"u":"\u00e9"})"},
        {"record(\"r\") and redact(\"a\")", R"({"record":"r","a":1})", R"({"record":"r","a":"[REDACTED]"})"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.statement);
      CAPTURE(row.document);
      const auto compiled = compile(row.statement, {});
      REQUIRE(bool(compiled));
      Scratch scratch;
      CHECK(*compiled->matches(row.document, "", scratch));
      CHECK(compiled->redacted(row.document, scratch) == row.shown);
    }
  }
}

}  // namespace
}  // namespace wiretape::kfl
