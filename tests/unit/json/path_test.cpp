// SPDX-License-Identifier: Apache-2.0
#include "json/path.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "json/reader.hpp"

namespace wiretape::json {
namespace {

std::string at(std::string_view document, const std::vector<PathStep>& steps, Path::Keys keys) {
  Reader reader;
  REQUIRE(reader.open(document));
  std::string out;
  Path path(steps, keys, out);
  reader.tell(Reader::root, path);
  return path.found() ? out : "nothing";
}

PathStep name(std::string_view text) {
  return {.name = text, .index = 0, .is_index = false};
}
PathStep index(std::uint32_t number) {
  return {.name = "", .index = number, .is_index = true};
}

TEST_SUITE("json path") {
  TEST_CASE("document, path -> what stands there") {
    const std::string document = R"({"a":{"b":[10,{"c":"x"},[1,2]],"e":null},"d":true,"f":{"b":1.5}})";
    const struct {
      std::vector<PathStep> steps;
      std::string value;
    } rows[] = {
        {{}, document},
        {{name("a"), name("b"), index(0)}, "10"},
        {{name("a"), name("b"), index(1)}, R"({"c":"x"})"},
        {{name("a"), name("b"), index(1), name("c")}, "\"x\""},
        {{name("a"), name("b"), index(2), index(1)}, "2"},
        {{name("a"), name("b"), index(3)}, "nothing"},
        {{name("a"), name("e")}, "null"},
        {{name("d")}, "true"},
        {{name("f"), name("b")}, "1.5"},
        {{name("d"), name("x")}, "nothing"},
        {{name("a"), index(0)}, "nothing"},
        {{name("a"), name("b"), name("c")}, "nothing"},
        {{name("x")}, "nothing"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.value);
      CHECK(at(document, row.steps, Path::Keys::unique) == row.value);
      CHECK(at(document, row.steps, Path::Keys::may_repeat) == row.value);
    }
  }

  TEST_CASE("of a key that repeats the last counts, or the first where keys are known to be unique") {
    CHECK(at(R"({"a":1,"a":2})", {name("a")}, Path::Keys::may_repeat) == "2");
    CHECK(at(R"({"a":1,"a":2})", {name("a")}, Path::Keys::unique) == "1");
    CHECK(at(R"({"a":{"b":1},"a":{"c":2}})", {name("a"), name("b")}, Path::Keys::may_repeat) == "nothing");
    CHECK(at(R"({"a":{"b":1},"a":3})", {name("a"), name("b")}, Path::Keys::may_repeat) == "nothing");
    CHECK(at(R"({"a":3,"a":{"b":1}})", {name("a"), name("b")}, Path::Keys::may_repeat) == "1");
    CHECK(at(R"([{"a":1},{"a":2}])", {index(1), name("a")}, Path::Keys::may_repeat) == "2");
  }
}

}  // namespace
}  // namespace wiretape::json
