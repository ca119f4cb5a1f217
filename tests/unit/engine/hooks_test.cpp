// SPDX-License-Identifier: Apache-2.0
#include "engine/hooks.hpp"

#include <chrono>
#include <thread>

#include "engine/support.hpp"

namespace wiretape::engine {
namespace {

using namespace test;

// Looks until all have ended; the sentences about those that failed.
std::vector<std::string> outcome_of(Hooks& hooks) {
  std::vector<std::string> failures;
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  do {
    for (std::string& failure : hooks.look()) failures.push_back(std::move(failure));
    std::this_thread::yield();
  } while (!hooks.idle() && std::chrono::steady_clock::now() < patience);
  CHECK(hooks.idle());
  return failures;
}

TEST_SUITE("engine hooks") {
  TEST_CASE("a command finds its facts in the environment, whatever stands in them") {
    const Desk desk;
    const std::string hostile = "a'b\"c $(touch /nowhere) `x`; \\";
    Hooks hooks;
    hooks.run("x", "--on-end of \"x\"", "printf '%s' \"$WIRETAPE_NAME\" > " + desk.path("out"),
              {{"WIRETAPE_NAME", hostile}});
    CHECK(outcome_of(hooks).empty());
    CHECK(read_file(desk.path("out")) == hostile);
  }

  TEST_CASE("a command that fails, or is killed, is named with how it ended") {
    Hooks hooks;
    hooks.run("x", "--on-end of \"x\"", "exit 3", {});
    CHECK(outcome_of(hooks) == std::vector<std::string>{"--on-end of \"x\" ended with status 3"});
    hooks.run("x", "--on-end of \"x\"", "kill -9 $$", {});
    CHECK(outcome_of(hooks) == std::vector<std::string>{"--on-end of \"x\" was ended by signal 9"});
  }

  TEST_CASE("those of one job run one after the other, in order") {
    const Desk desk;
    Hooks hooks;
    for (int i = 0; i < 5; ++i) hooks.run("x", "hook", "echo " + std::to_string(i) + " >> " + desk.path("out"), {});
    CHECK(outcome_of(hooks).empty());
    CHECK(lines_of(desk.path("out")) == std::vector<std::string>{"0", "1", "2", "3", "4"});
  }

  TEST_CASE("many at once all have their turn") {
    const Desk desk;
    Hooks hooks;
    for (int i = 0; i < 20; ++i) hooks.run(std::to_string(i), "hook", "echo . >> " + desk.path("out"), {});
    CHECK(outcome_of(hooks).empty());
    CHECK(lines_of(desk.path("out")).size() == 20);
  }
}

}  // namespace
}  // namespace wiretape::engine
