// SPDX-License-Identifier: Apache-2.0
#include "kfl/trie.hpp"

#include <algorithm>
#include <string>

namespace wiretape::kfl {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool equal_folded(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

template <class Equal>
bool key_equals(const json::Reader& document, json::Reader::Token key, std::string_view name, const Equal& equal) {
  const std::string_view raw = document.raw_text(key);
  if (raw.size() == name.size() && equal(raw, name)) return true;
  if (raw.size() <= name.size() || raw.find('\\') == std::string_view::npos) return false;
  std::string decoded;
  json::append_decoded(decoded, raw);
  return equal(std::string_view(decoded), name);
}

}  // namespace

// A key without escapes cannot hold a backslash, so equal bytes are equal texts.
bool key_is(const json::Reader& document, json::Reader::Token key, std::string_view name) {
  return key_equals(document, key, name, [](std::string_view a, std::string_view b) { return a == b; });
}

bool key_is_folded(const json::Reader& document, json::Reader::Token key, std::string_view name) {
  return key_equals(document, key, name, equal_folded);
}

std::uint32_t Trie::add(const Path& path, std::size_t steps) {
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < steps; ++i) {
    const auto& edges = nodes_[at].edges;
    const auto found = std::find_if(edges.begin(), edges.end(), [&](const Edge& edge) { return edge.step == path[i]; });
    if (found != edges.end()) {
      at = found->node;
      continue;
    }
    const auto node = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
    nodes_[at].edges.push_back({path[i], node});
    at = node;
  }
  if (nodes_[at].slot == absent) nodes_[at].slot = slots_++;
  return nodes_[at].slot;
}

void Trie::find(const json::Reader& document, std::vector<Token>& slots, std::vector<Token>& stack) const {
  slots.assign(slots_, absent);
  stack.clear();
  visit(document, json::Reader::root, nodes_[0], slots, stack);
}

void Trie::visit(const json::Reader& document, Token value, const Node& node, std::vector<Token>& slots,
                 std::vector<Token>& stack) const {
  if (node.slot != absent) slots[node.slot] = value;
  if (node.edges.empty()) return;
  const json::Reader::Kind kind = document.kind(value);
  const std::size_t base = stack.size();
  if (kind == json::Reader::Kind::object) {
    visit_object(document, value, node, stack);
  } else if (kind == json::Reader::Kind::array) {
    visit_array(document, value, node, stack);
  } else {
    return;
  }
  // Children only now that it is known which of duplicate keys counts.
  for (std::size_t i = 0; i < node.edges.size(); ++i) {
    const Token child = stack[base + i];
    if (child != absent) visit(document, child, nodes_[node.edges[i].node], slots, stack);
  }
  stack.resize(base);
}

// Leaves one token for each edge on the stack.
void Trie::visit_object(const json::Reader& document, Token object, const Node& node, std::vector<Token>& stack) const {
  const std::size_t base = stack.size();
  stack.resize(base + node.edges.size(), absent);
  for (Token key = document.first(object); key != document.end(object);
       key = document.next(object, document.member(key))) {
    for (std::size_t i = 0; i < node.edges.size(); ++i) {
      const Step& step = node.edges[i].step;
      if (step.kind == Step::Kind::name && key_is(document, key, step.name)) stack[base + i] = document.member(key);
    }
  }
  // Only where the exact name is not there does another case serve.
  for (std::size_t i = 0; i < node.edges.size(); ++i) {
    const Step& step = node.edges[i].step;
    if (!step.fold_case || stack[base + i] != absent) continue;
    for (Token key = document.first(object); key != document.end(object);
         key = document.next(object, document.member(key))) {
      if (key_is_folded(document, key, step.name)) stack[base + i] = document.member(key);
    }
  }
}

void Trie::visit_array(const json::Reader& document, Token array, const Node& node, std::vector<Token>& stack) const {
  const std::size_t base = stack.size();
  stack.resize(base + node.edges.size(), absent);
  std::uint32_t largest = 0;
  for (const Edge& edge : node.edges) {
    if (edge.step.kind == Step::Kind::index) largest = std::max(largest, edge.step.index);
  }
  std::uint32_t number = 0;
  for (Token item = document.first(array); item != document.end(array) && number <= largest;
       item = document.next(array, item)) {
    for (std::size_t i = 0; i < node.edges.size(); ++i) {
      const Step& step = node.edges[i].step;
      if (step.kind == Step::Kind::index && step.index == number) stack[base + i] = item;
    }
    ++number;
  }
}

}  // namespace wiretape::kfl
