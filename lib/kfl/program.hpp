// SPDX-License-Identifier: Apache-2.0
// A compiled statement: flat instructions over tables. Immutable, shared between threads.
//
// A register holds the verdict of the last term, a stack the values of what is no simple term. `and` and `or` are jumps
// over their right side; where the left side is not known yet the right side is run all the same and joined with it at
// the jump's target.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kfl/bind.hpp"
#include "kfl/statement.hpp"
#include "kfl/trie.hpp"
#include "kfl/value.hpp"

namespace wiretape::kfl {

enum class Op : std::uint8_t {
  always,    // yes
  never,     // no
  test,      // is selector a true
  test_not,  // the contrary; missing is no all the same
  compare,   // selector a, operator, constant b
  match,     // is pattern b found in selector a
  match_not,
  text_test,      // selector a, TextTest, constant b
  record,         // does the call belong to the recording of name a
  redact,         // redaction a is due; yes
  invert,         // the register, which is never missing here
  jump_if_false,  // to a
  jump_if_true,   // to a

  push_constant,  // a
  push_selector,  // a
  push_subject,   // a, as helpers see it: nothing found by json() or xml() is missing
  push_verdict,   // the register
  pop_truth,      // into the register; missing is no
  collapse,       // a missing value on top becomes false: the end of a term
  negate,
  invert_value,
  compare_values,  // the two on top, operator
  match_value,     // the one on top, pattern b
  match_value_not,
  text_test_values,  // selector a, TextTest, the value on top
};

struct Instruction {
  Op op = Op::always;
  Operator compared = Operator::equal;
  TextTest tested = TextTest::contains;
  std::uint8_t word = 0;  // not 0: what a word stands for, for people; its place in the names, counted from 1
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};
static_assert(std::is_trivially_copyable_v<Instruction>);

struct SelectorEntry {
  Path path;
  std::string name;               // as it is written
  bool absent_is_null = false;    // the error field beside a comparison
  bool decodes = false;           // has json() or xml(): nothing found is `false`, not missing
  bool is_record = false;         // `record`, which the reader of a recording supplies
  std::uint32_t plain = 0;        // leading steps that are names and indices: the trie finds these in documents
  std::uint32_t slot = 0;         // in documents, of what stands at the plain steps
  std::vector<Binding> bindings;  // by Schema::ordinal; the last is for entries without a schema
};

class Program {
 public:
  std::string text;
  bool empty = false;
  std::vector<Instruction> code;
  std::vector<SelectorEntry> selectors;
  std::vector<Value> constants;  // their texts are in `texts`
  std::deque<std::string> texts;
  std::vector<std::shared_ptr<const re2::RE2>> patterns;
  std::vector<std::string> words;         // that instructions stand for
  std::vector<std::string> record_names;  // by Op::record's a
  std::vector<std::vector<Path>> redactions;
  Trie trie;  // of all selectors, for documents

  std::optional<std::uint64_t> limit;
  std::vector<std::string> recordings;
  std::vector<bool> can_match;  // by Schema::ordinal
  bool needs_bodies = false;
  bool names_transport = false;
  std::string packet_filter;
  std::string untagged_packet_filter;
  std::vector<Warning> warnings;

  [[nodiscard]] const Binding& binding(const SelectorEntry& selector, const Schema* schema) const {
    const std::size_t none = selector.bindings.size() - 1;
    return selector.bindings[schema != nullptr && schema->ordinal < none ? schema->ordinal : none];
  }
};

// One line an instruction: "2: compare elapsedTime >= 10".
std::string dump(const Program& program);
// One instruction, as it is evaluated: without the word that stands for it.
std::string dump(const Program& program, std::uint32_t at);

}  // namespace wiretape::kfl
