// SPDX-License-Identifier: Apache-2.0
#include "kfl/explain.hpp"

#include <set>

#include "kfl/bind.hpp"
#include "kfl/pushdown.hpp"

namespace wiretape::kfl {
namespace {

using Kind = Expr::Kind;

void line(std::string& out, std::size_t depth, std::string_view text) {
  out.append(2 + depth * 2, ' ');
  out += text;
  out += '\n';
}

void append_node(std::string& out, std::size_t depth, const Expr& expr);

// a and b or c: the operator above, its operands one step in, the right side of a change one step further.
void append_chain(std::string& out, std::size_t depth, const Expr& expr) {
  for (std::size_t i = 0; i < expr.operands.size(); ++i) {
    const bool last = i == expr.operators.size();
    if (!last && (i == 0 || expr.operators[i] != expr.operators[i - 1])) {
      line(out, depth, spelling(expr.operators[i]));
      ++depth;
    }
    append_node(out, depth, expr.operands[i]);
  }
}

void append_node(std::string& out, std::size_t depth, const Expr& expr) {
  const auto below = [&](std::string_view text) {
    line(out, depth, text);
    for (const Expr& operand : expr.operands) append_node(out, depth + 1, operand);
  };
  switch (expr.kind) {
    case Kind::chain: return append_chain(out, depth, expr);
    case Kind::group: return below("( )");
    case Kind::invert: return below("!");
    case Kind::negate: return below("-");
    case Kind::word: return line(out, depth, expr.name + "   (" + print(expr.operands[0]) + ")");
    default: return line(out, depth, print(expr));
  }
}

std::string type_text(const SelectorEntry& selector, const Options& options) {
  if (options.catalog == nullptr) return "any";
  const SelectorType type = type_of(selector.path, *options.catalog);
  if (!type.exists) return "in no protocol";
  std::string out(type.type ? name(*type.type) : "any");
  if (type.field != nullptr && !type.field->unit.empty()) out += ", " + std::string(type.field->unit);
  return out;
}

void append_selectors(std::string& out, const Program& program, const Options& options) {
  if (program.selectors.empty()) return;
  out += "selectors:\n";
  for (const SelectorEntry& selector : program.selectors)
    line(out, 0, selector.name + "   (" + type_text(selector, options) + ")");
}

void append_protocols(std::string& out, const Program& program, const Options& options) {
  if (options.catalog == nullptr) return;
  std::string names;
  std::size_t count = 0;
  for (const Schema* schema : options.catalog->schemas) {
    if (!program.can_match[schema->ordinal]) continue;
    names += names.empty() ? "" : ", ";
    names += schema->name;
    ++count;
  }
  out += "before dissection:\n";
  const bool all = count == options.catalog->schemas.size();
  line(out, 0, "protocols that can match: " + (all ? "all" : names.empty() ? "none" : names));
  line(out, 0, std::string("bodies: ") + (program.needs_bodies ? "needed" : "not needed"));
}

void append_pushdown(std::string& out, const Expr& folded) {
  const Pushdown pushed = pushdown(folded);
  line(out, 0, "packet filter: " + (pushed.filter.empty() ? std::string("none") : pushed.filter));
  for (const std::string& note : pushed.notes) line(out, 1, note);
}

}  // namespace

Result<std::string> explain(std::string_view text, const Options& options) {
  auto result = all_stages(text, options);
  if (auto* error = std::get_if<Error>(&result)) return std::move(*error);
  const Stages& stages = std::get<Stages>(result);
  if (!stages.parsed) return std::string("an empty statement matches everything\n");
  const auto program = program_of(text, stages, options);
  std::string out = "statement:\n";
  line(out, 0, print(stages.checked.expr));
  out += "grouping:\n";
  append_node(out, 0, stages.checked.expr);
  out += "folded:\n";
  line(out, 0, print(stages.folded));
  append_selectors(out, *program, options);
  out += "program:\n";
  std::string listing = dump(*program);
  for (std::size_t begin = 0; begin < listing.size();) {
    const std::size_t end = listing.find('\n', begin);
    line(out, 0, std::string_view(listing).substr(begin, end - begin));
    begin = end + 1;
  }
  append_protocols(out, *program, options);
  append_pushdown(out, stages.folded);
  return out;
}

}  // namespace wiretape::kfl
