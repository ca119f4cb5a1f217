// SPDX-License-Identifier: Apache-2.0
#include "flow/waiting.hpp"

#include <doctest/doctest.h>

#include <string>

namespace wiretape::flow {
namespace {

std::string all(Waiting& waiting) {
  std::string text;
  while (!waiting.empty()) {
    text += std::to_string(waiting.start()) + ":";
    text += waiting.take_first().bytes + " ";
  }
  return text;
}

}  // namespace

TEST_SUITE("waiting") {
  TEST_CASE("pieces fill what is free between those that are there") {
    Waiting waiting;
    CHECK(waiting.add(10, 2, "aa", {}).fresh == 2);
    CHECK(waiting.add(14, 2, "bb", {}).fresh == 2);
    const auto added = waiting.add(8, 10, "cccccccccc", {});
    CHECK(added.fresh == 6);
    CHECK(added.conflict);
    CHECK(waiting.start() == 8);
    CHECK(waiting.end() == 18);
    CHECK(all(waiting) == "8:cc 10:aa 12:cc 14:bb 16:cc ");
    CHECK(waiting.memory() == 0);
  }

  TEST_CASE("equal copies are no conflict, and nothing new") {
    Waiting waiting;
    waiting.add(10, 6, "abcdef", {});
    CHECK_FALSE(waiting.add(12, 2, "cd", {}).conflict);
    CHECK(waiting.add(10, 6, "abcdef", {}).fresh == 0);
    CHECK(waiting.add(12, 2, "cX", {}).conflict);
    CHECK(all(waiting) == "10:abcdef ");
  }

  TEST_CASE("order goes on over the end of the sequence numbers") {
    Waiting waiting;
    waiting.add(2, 2, "cc", {});
    waiting.add(UINT32_MAX - 1, 4, "aabb", {});
    CHECK(waiting.start() == UINT32_MAX - 1);
    CHECK(waiting.end() == 4);
    CHECK(all(waiting) == "4294967294:aabb 2:cc ");
  }

  TEST_CASE("bytes that were not captured are neither compared nor made up") {
    Waiting waiting;
    waiting.add(10, 6, "ab", {});
    CHECK_FALSE(waiting.add(12, 4, "XXXX", {}).conflict);
    CHECK(waiting.add(8, 10, "..aY", {}).conflict);
    CHECK(waiting.end() == 18);
    CHECK(all(waiting) == "8:.. 10:ab 16: ");
  }
}

}  // namespace wiretape::flow
