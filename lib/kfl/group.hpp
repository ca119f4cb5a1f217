// SPDX-License-Identifier: Apache-2.0
// Statements that are asked about the same calls: what one term rules out is ruled out for all that have it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "entry/entry.hpp"
#include "kfl/statement.hpp"

namespace wiretape::kfl {

// A set of statements by their places. Fifty jobs that look for failures in fifty places share the term about failures:
// it is evaluated once for a call, and rules out all of them.
class Group {
 public:
  // At most 64 statements, which the group keeps.
  explicit Group(std::span<const Statement> statements);

  // Those of `asked` that no shared term rules out. A term that is not known yet (entry.stage) rules out nothing: who
  // is left out has Truth::no.
  [[nodiscard]] std::uint64_t candidates(const Entry& entry, std::uint64_t asked, Scratch& scratch) const;

  // Those of `asked` that can be Truth::yes as far as the call is known: no term that they demand is still to come.
  [[nodiscard]] std::uint64_t decidable(const Entry& entry, std::uint64_t asked) const;

 private:
  // A term that has to hold for each of these statements.
  struct Term {
    std::size_t statement;  // one that has it
    std::uint32_t at;       // where, in its program
    std::uint64_t sharing;  // by place
  };

  static constexpr std::size_t stages = static_cast<std::size_t>(Stage::complete) + 1;

  using Stages = std::array<std::uint64_t, stages>;

  static Stages every_stage() {
    Stages all;
    all.fill(UINT64_MAX);
    return all;
  }
  void note_stages(std::size_t place);

  std::vector<Statement> statements_;
  std::vector<Term> terms_;        // those of several statements, the most shared first
  std::vector<Stages> decidable_;  // by Schema::ordinal and Stage
};

}  // namespace wiretape::kfl
