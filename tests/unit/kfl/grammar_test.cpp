// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <tao/pegtl/contrib/analyze.hpp>

#include "kfl.hpp"

TEST_SUITE("kfl grammar") {
  TEST_CASE("no rule of the grammar can loop without consuming") {
    CHECK(tao::pegtl::analyze<wiretape::kfl::grammar::statement>() == 0);
  }
}
