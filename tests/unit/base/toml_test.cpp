// SPDX-License-Identifier: Apache-2.0
#include "base/toml.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace wiretape {
namespace {

// "record/create/name@3=errors", array items with '|' between them.
std::string spelled(const TomlItem& item) {
  const auto values = fmt::format("{}", fmt::join(item.values, "|"));
  return fmt::format("{}@{}={}", fmt::join(item.path, "/"), item.line,
                     item.kind == TomlItem::Kind::array ? '[' + values + ']' : values);
}

std::string spelled(std::string_view text) {
  const auto items = parse_toml(text, "f");
  if (!items) return items.error().message;
  std::vector<std::string> all;
  for (const TomlItem& item : *items) all.push_back(spelled(item));
  return fmt::format("{}", fmt::join(all, " "));
}

TEST_SUITE("base TOML") {
  TEST_CASE("what is written -> path, line, value") {
    const struct {
      std::string_view text, items;
    } rows[] = {
        {"", ""},
        {"# nothing\n\n  # at all", ""},
        {"a = 1", "a@1=1"},
        {"a=true\r\nb = false\r\n", "a@1=true b@2=false"},
        {"a = 1_000\nb = -1.5e+3", "a@1=1000 b@2=-1.5e+3"},
        {"[record.create]\nname = \"x\" # so\n[analyze]\ncolor='never'",
         "record/create/name@2=x analyze/color@4=never"},
        {"[ record . \"create\" ]\nstore.dir = ''", "record/create/store/dir@2="},
        {"a = 'x # \\n \"y\"'", "a@1=x # \\n \"y\""},
        {R"(a = "\"\\\t\u00e4\U0001F600 # z")", "a@1=\"\\\t\u00e4\U0001F600 # z"},
        {"a = '''\nhttp\nand x'''\nb = 2", "a@1=http\nand x b@4=2"},
        {"a = '''it''s''''", "a@1=it''s'"},
        {"a = \"\"\"one \\\n   \n   two\"\"\"\nb = 1", "a@1=one two b@4=1"},
        {"a = []\nb = ['x', \"y\", 3, true,]", "a@1=[] b@2=[x|y|3|true]"},
        {"a = [ # first\n  'x', # second\n\n  'y'\n]\nb = 1", "a@1=[x|y] b@6=1"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(spelled(row.text) == row.items);
    }
  }

  TEST_CASE("what is wrong is told with its line") {
    const struct {
      std::string_view text, message;
    } rows[] = {
        {"a", "f:1: expected '=' behind 'a'"},
        {"a =", "f:1: a value is missing"},
        {"\na = 90s", "f:2: expected a value, not '90s'"},
        {"a = http and x", "f:1: expected a value, not 'http and x'"},
        {"a = 2024-06-04", "f:1: expected a value, not '2024-06-04'"},
        {"a = 1__0", "f:1: expected a value, not '1__0'"},
        {"a = {b = 1}", "f:1: expected a value, not '{b = 1}'"},
        {"a = 'x' y", "f:1: expected the end of the line, not 'y'"},
        {"a = 'x", "f:1: a closing ' is missing"},
        {"a = \"x\n\"", "f:1: a closing \" is missing"},
        {"a = '''x\n\n", "f:3: a closing ''' is missing"},
        {R"(a = "\d")", "f:1: '\\d' is no escape"},
        {R"(a = "\ud800")", "f:1: '\\ud800' is no character"},
        {R"(a = "\u12")", "f:1: '\\u' wants 4 hexadecimal digits"},
        {"a = '\x01'", "f:1: a control character in a text"},
        {"a = ['x' 'y']", "f:1: expected ',' or ']' in the array"},
        {"a = [['x']]", "f:1: an array in an array is not understood here"},
        {"[a", "f:1: expected ']' behind the table's name"},
        {"[[a]]", "f:1: an array of tables is not understood here"},
        {"[a]\n[b]\n[a]", "f:3: the table [a] is there already"},
        {"a = 1\na = 2", "f:2: 'a' is there already"},
        {"= 1", "f:1: expected a key, not '= 1'"},
        {"a.b.c.d.e.f.g.h.i = 1", "f:1: a key of more than 8 parts"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(spelled(row.text) == row.message);
    }
  }

  TEST_CASE("a file that was cut anywhere is read or refused with a sentence") {
    const std::string_view whole =
        "[a.'b']\nc = \"x\\u00e4\" # z\r\nd = [1, '''\ny''', true]\ne = \"\"\"\\\n  z\"\"\"\n";
    REQUIRE(parse_toml(whole, "f"));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      const auto items = parse_toml(whole.substr(0, size), "f");
      CHECK((items || items.error().message.starts_with("f:")));
    }
  }
}

}  // namespace
}  // namespace wiretape
