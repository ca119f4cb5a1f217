// SPDX-License-Identifier: Apache-2.0
// The plain beginnings of all selectors of a statement as one tree, and one pass over a document that finds what stands
// at them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "json/reader.hpp"
#include "kfl/ast.hpp"

namespace wiretape::kfl {

class Trie {
 public:
  using Token = json::Reader::Token;
  static constexpr Token absent = UINT32_MAX;

  // Steps from `path` as far as they are names and indices; what stands there goes into the returned slot.
  std::uint32_t add(const Path& path, std::size_t steps);
  [[nodiscard]] std::size_t slots() const { return slots_; }

  // Fills `slots` (absent where the document has nothing); of duplicate keys the last counts. `stack` is memory to be
  // reused.
  void find(const json::Reader& document, std::vector<Token>& slots, std::vector<Token>& stack) const;

 private:
  struct Edge {
    Step step;
    std::uint32_t node = 0;
  };
  struct Node {
    std::vector<Edge> edges;
    std::uint32_t slot = absent;
  };
  void visit(const json::Reader& document, Token value, const Node& node, std::vector<Token>& slots,
             std::vector<Token>& stack) const;
  void visit_object(const json::Reader& document, Token object, const Node& node, std::vector<Token>& stack) const;
  void visit_array(const json::Reader& document, Token array, const Node& node, std::vector<Token>& stack) const;

  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::uint32_t slots_ = 0;
};

// Does the key at a token of an object spell `name`; escapes in the key are decoded.
bool key_is(const json::Reader& document, json::Reader::Token key, std::string_view name);
bool key_is_folded(const json::Reader& document, json::Reader::Token key,
                   std::string_view name);  // without regard to case

}  // namespace wiretape::kfl
