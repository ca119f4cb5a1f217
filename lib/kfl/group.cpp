// SPDX-License-Identifier: Apache-2.0
#include "kfl/group.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <map>
#include <string>

#include "kfl/program.hpp"
#include "kfl/run.hpp"

namespace wiretape::kfl {
namespace {

bool is_simple(Op op) {
  return op == Op::test || op == Op::test_not || op == Op::compare || op == Op::match || op == Op::match_not ||
         op == Op::text_test || op == Op::record;
}

// Places of the terms that all have to hold, from the front: t1 and t2 and ..., as far as they are single instructions.
std::vector<std::uint32_t> demands(const Program& program) {
  const auto end = static_cast<std::uint32_t>(program.code.size());
  std::vector<std::uint32_t> places;
  for (std::uint32_t at = 0; at < end && is_simple(program.code[at].op); at += 2) {
    const bool last = at + 1 == end;
    if (!last && (program.code[at + 1].op != Op::jump_if_false || program.code[at + 1].a != end)) break;
    places.push_back(at);
    if (last) break;
  }
  return places;
}

}  // namespace

Group::Group(std::span<const Statement> statements) : statements_(statements.begin(), statements.end()) {
  assert(statements.size() <= 64);
  std::map<std::string, Term> by_text;
  for (std::size_t place = 0; place < statements_.size(); ++place) {
    const Program& program = statements_[place].program();
    for (const std::uint32_t at : demands(program)) {
      // As it is evaluated, whatever word stands for it.
      const auto found = by_text.try_emplace(dump(program, at), Term{.statement = place, .at = at, .sharing = 0}).first;
      found->second.sharing |= std::uint64_t{1} << place;
    }
  }
  for (std::size_t place = 0; place < statements_.size(); ++place) note_stages(place);
  for (const auto& [text, term] : by_text) {
    if (std::popcount(term.sharing) > 1) terms_.push_back(term);
  }
  std::stable_sort(terms_.begin(), terms_.end(),
                   [](const Term& a, const Term& b) { return std::popcount(a.sharing) > std::popcount(b.sharing); });
}

// A statement cannot hold before all that it demands is known of a call of this protocol.
void Group::note_stages(std::size_t place) {
  const Program& program = statements_[place].program();
  const std::size_t ordinals = program.can_match.size();
  if (decidable_.size() < ordinals) decidable_.resize(ordinals, every_stage());
  for (std::size_t ordinal = 0; ordinal < ordinals; ++ordinal) {
    Stage from = Stage::stream;
    for (const std::uint32_t at : demands(program)) {
      if (program.code[at].op == Op::record) continue;
      from = std::max(from, program.selectors[program.code[at].a].bindings[ordinal].known);
    }
    for (std::size_t stage = 0; stage < static_cast<std::size_t>(from); ++stage) {
      decidable_[ordinal][stage] &= ~(std::uint64_t{1} << place);
    }
  }
}

std::uint64_t Group::decidable(const Entry& entry, std::uint64_t asked) const {
  const std::size_t ordinal = entry.schema->ordinal;
  return ordinal < decidable_.size() ? asked & decidable_[ordinal][static_cast<std::size_t>(entry.stage)] : asked;
}

std::uint64_t Group::candidates(const Entry& entry, std::uint64_t asked, Scratch& scratch) const {
  for (const Term& term : terms_) {
    // Whom it spares the work of asking itself.
    if (std::popcount(asked & term.sharing) < 2) continue;
    if (run_term(statements_[term.statement].program(), term.at, entry, scratch.impl()) == Verdict::no) {
      asked &= ~term.sharing;
    }
  }
  return asked;
}

}  // namespace wiretape::kfl
