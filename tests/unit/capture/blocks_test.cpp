// SPDX-License-Identifier: Apache-2.0
#include "capture/blocks.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace wiretape;
using capture::Blocks;

namespace {

void write(Blocks& blocks, Bytes text) {
  text.copy(blocks.data(), text.size());
}

Bytes start(const Blocks& blocks, std::size_t size) {
  return {blocks.data(), size};
}

}  // namespace

TEST_SUITE("capture blocks") {
  TEST_CASE("a block that nobody holds is used on") {
    Blocks blocks;
    blocks.go_on(100, {}, 0);
    const char* const first = blocks.data();
    write(blocks, "0123456789");
    blocks.go_on(100, start(blocks, 10).substr(7), 0);
    CHECK(blocks.data() == first);
    CHECK(start(blocks, 3) == "789");
    static_cast<void>(blocks.hold());
    blocks.go_on(100, start(blocks, 3), 1);
    CHECK(blocks.data() == first);
    CHECK(start(blocks, 4) == "7789");
  }

  TEST_CASE("a block that somebody holds keeps its bytes, and what is still needed of it is copied") {
    Blocks blocks;
    blocks.go_on(100, {}, 0);
    write(blocks, "0123456789");
    const Bytes before = start(blocks, 10);
    const auto hold = blocks.hold();
    CHECK(blocks.held());
    blocks.go_on(100, before.substr(7), 5);
    CHECK(Bytes(blocks.data() + 5, 3) == "789");
    write(blocks, "xxxxxxxxxx");
    CHECK(before == "0123456789");
    CHECK_FALSE(blocks.held());
  }

  TEST_CASE("every reference counts: the last one lets go") {
    Blocks blocks;
    blocks.go_on(100, {}, 0);
    const char* const first = blocks.data();
    auto hold = blocks.hold();
    auto again = blocks.hold();
    auto copy = again;
    hold.reset();
    again.reset();
    CHECK(blocks.held());
    copy.reset();
    CHECK_FALSE(blocks.held());
    blocks.go_on(100, {}, 0);
    CHECK(blocks.data() == first);
  }

  TEST_CASE("a block is used on behind what is held, and held again: each hold counts by itself") {
    Blocks blocks;
    blocks.go_on(100, {}, 0);
    auto first = blocks.hold();
    REQUIRE(blocks.held());
    REQUIRE(blocks.can_be_held_again());
    auto second = blocks.hold();
    first.reset();
    CHECK(blocks.held());
    second.reset();
    CHECK_FALSE(blocks.held());
  }

  TEST_CASE("holds of one block are so many and no more, until one of them goes") {
    Blocks blocks;
    blocks.go_on(100, {}, 0);
    std::deque<std::shared_ptr<const void>> holds;
    do {
      holds.push_back(blocks.hold());
    } while (blocks.held() && blocks.can_be_held_again());
    CHECK(holds.size() >= 16);
    holds.pop_front();
    CHECK(blocks.can_be_held_again());
    holds.push_back(blocks.hold());
    holds.erase(holds.begin(), holds.end() - 1);
    CHECK(blocks.held());
    holds.clear();
    CHECK_FALSE(blocks.held());
  }

  TEST_CASE("a queue of holds costs as many blocks as it is long, and then no more") {
    Blocks blocks;
    std::deque<std::shared_ptr<const void>> queue;
    std::set<const char*> seen;
    for (int batch = 0; batch < 1000; ++batch) {
      blocks.go_on(100, {}, 0);
      seen.insert(blocks.data());
      queue.push_back(blocks.hold());
      if (queue.size() > 16) queue.pop_front();
    }
    CHECK(seen.size() <= 17);
  }

  TEST_CASE("the memory of a burst goes when the burst is over") {
    Blocks blocks;
    std::vector<std::shared_ptr<const void>> holds;
    for (int batch = 0; batch < 100; ++batch) {
      blocks.go_on(100, {}, 0);
      holds.push_back(blocks.hold());
    }
    holds.clear();
    std::set<const char*> seen;
    for (int batch = 0; batch < 100; ++batch) {
      blocks.go_on(100, {}, 0);
      seen.insert(blocks.data());
      holds.push_back(blocks.hold());
      if (holds.size() > 8) holds.erase(holds.begin());
    }
    CHECK(seen.size() <= 16);
  }

  TEST_CASE("a larger block takes the place of those that are too small") {
    Blocks blocks;
    blocks.go_on(10, {}, 0);
    write(blocks, "0123456789");
    blocks.go_on(1000, start(blocks, 10), 500);
    CHECK(blocks.size() >= 1000);
    CHECK(Bytes(blocks.data() + 500, 10) == "0123456789");
    const auto hold = blocks.hold();
    blocks.go_on(10, {}, 0);
    CHECK(blocks.size() >= 1000);
  }

  TEST_CASE("what is held outlives the blocks") {
    std::shared_ptr<const void> hold;
    Bytes bytes;
    {
      Blocks blocks;
      CHECK(blocks.hold() == nullptr);
      blocks.go_on(100, {}, 0);
      write(blocks, "0123456789");
      bytes = start(blocks, 10);
      hold = blocks.hold();
      blocks.release();
      CHECK(blocks.hold() == nullptr);
      CHECK(blocks.data() == nullptr);
    }
    CHECK(bytes == "0123456789");
  }

  TEST_CASE("another thread reads what it was handed while the owner writes on") {
    Blocks blocks;
    std::size_t wrong = 0;
    for (int round = 0; round < 200; ++round) {
      blocks.go_on(1000, {}, 0);
      const std::string text(1000, static_cast<char>('a' + round % 26));
      write(blocks, text);
      std::thread reader([&wrong, text, bytes = start(blocks, text.size()), hold = blocks.hold()]() mutable {
        if (bytes != text) ++wrong;
        hold.reset();
      });
      blocks.go_on(1000, {}, 0);
      write(blocks, std::string(1000, 'z'));
      reader.join();
    }
    CHECK(wrong == 0);
  }
}
