// SPDX-License-Identifier: Apache-2.0
// Runs a program over an entry or over a document.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/reader.hpp"
#include "kfl/program.hpp"
#include "kfl/walk.hpp"

namespace wiretape::kfl {

// What a run needs beside the program; kept from run to run.
struct Scratch::Impl {
  // A right side that is run although the left is not known yet.
  struct Join {
    std::uint32_t target;
    bool both;  // joined by `and`
  };
  struct Cached {
    std::uint64_t run = 0;
    Value value;
  };

  Arena arena;
  Pool pool;
  Walk walk{arena, pool, Walk::Duplicates::last};
  std::vector<Value> stack;
  std::vector<Join> joins;
  std::vector<Cached> cached;  // by selector
  std::uint64_t run = 0;       // counts runs, so that what is cached is known to be of this one
  json::Reader document;
  std::vector<Trie::Token> slots;
  std::vector<Trie::Token> trie_stack;
  std::vector<std::uint32_t> reached;  // redactions, in order

  void begin(const Program& program);
};

// How much of an entry may be looked at.
enum class View : std::uint8_t {
  call,   // what its stage allows
  label,  // nothing but its label: what is known of a flavour before any call was seen
};

Verdict run(const Program& program, const Entry& entry, View view, Scratch::Impl& scratch);
// The verdict of the one term at `at`, which is an instruction before Op::invert.
Verdict run_term(const Program& program, std::uint32_t at, const Entry& entry, Scratch::Impl& scratch);
// `scratch.document` holds the document. Which redactions were reached is left in `scratch.reached`.
Verdict run(const Program& program, std::string_view record, Scratch::Impl& scratch);

// The value of selector 0.
Value evaluate(const Program& program, const Entry& entry, Scratch::Impl& scratch);
Value evaluate(const Program& program, std::string_view record, Scratch::Impl& scratch);

}  // namespace wiretape::kfl
