// SPDX-License-Identifier: Apache-2.0
#include "kfl/check.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <map>

#include "kfl/bind.hpp"
#include "kfl/builtins.hpp"
#include "kfl/suggest.hpp"
#include "kfl/value.hpp"

namespace wiretape::kfl {
namespace {

using Kind = Expr::Kind;

// Where an expression stands decides what the word `error` is.
enum class Where : std::uint8_t { alone, compared };

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

std::string did_you_mean(std::string_view name) {
  return name.empty() ? std::string{} : "did you mean " + quoted(name) + "?";
}

Problem at(const Expr& expr, std::string message, std::string hint = "") {
  return {expr.place.begin, std::move(message), std::move(hint)};
}

// The name of a selector of one step, "" for any other expression.
std::string_view lone_name(const Expr& expr) {
  return expr.kind == Kind::selector && expr.path.size() == 1 ? std::string_view(expr.path[0].name) : "";
}

void move_to(Expr& expr, Span place) {
  expr.place = place;
  for (Expr& operand : expr.operands) move_to(operand, place);
}

class Checker {
 public:
  explicit Checker(const Options& options) : options_(options) {
    for (const Word& word : words()) names_.push_back(word.name);
    for (const Macro& macro : options.macros) names_.push_back(macro.name);
    if (options.catalog == nullptr) return;
    paths_ = known_paths(*options.catalog);
    names_.insert(names_.end(), paths_.begin(), paths_.end());
  }

  void macros() const;
  void visit(Expr& expr, Where where);
  void redact_order(const Expr& root);
  Checked take(Expr expr) {
    out_.expr = std::move(expr);
    return std::move(out_);
  }

 private:
  // Words can make much of little: the limits of the grammar hold for what they stand for too.
  void count_operand(const Expr& expr) {
    if (++operands_ > max_operands) throw at(expr, "the statement has more than 100000 operands");
  }
  void count_terms(const Expr& chain) {
    terms_ += chain.operands.size();
    if (terms_ > max_terms) throw at(chain, "the statement has more than 10000 terms");
  }
  void selector(Expr& expr, Where where);
  bool word(Expr& expr, std::string_view name);
  Expr expansion(std::string_view name, std::string_view statement, bool own);
  void compare(Expr& expr);
  void regex(Expr& expr);
  void call(Expr& expr);
  void unknown_helper(const Expr& expr) const;
  void argument_count(const Expr& expr, const Helper& helper) const;
  void limit(const Expr& expr);
  void redact(Expr& expr);
  void record(const Expr& expr);
  void time(Expr& expr, const Helper& helper) const;
  void final_decoder(const Path& path) const;
  void grouping(const Expr& expr);
  void unknown_selector(const Expr& expr);
  void never_equal(const Expr& compare, const Expr& selector, const Expr& constant);
  void notice(Warning::Kind kind, Problem problem) {
    // What stands in a word of its own is that word's affair.
    if (expanding_.empty()) out_.notices.push_back({kind, std::move(problem)});
  }
  [[nodiscard]] bool is_expanding(std::string_view name) const {
    return std::find(expanding_.begin(), expanding_.end(), name) != expanding_.end();
  }

  const Options& options_;
  std::vector<std::string> paths_;
  std::vector<std::string_view> names_;  // what a selector or a word may have been meant to be
  std::vector<std::string> expanding_;   // words, from the outermost
  std::map<std::string, Expr, std::less<>> parsed_;
  std::size_t terms_ = 0;
  std::size_t operands_ = 0;
  Checked out_;
};

void Checker::macros() const {
  for (const Macro& macro : options_.macros) {
    const Parsed parsed = parse(macro.name);
    const auto* expr = std::get_if<std::optional<Expr>>(&parsed);
    const bool is_name = expr != nullptr && *expr && lone_name(**expr) == macro.name;
    if (!is_name) throw Problem{0, "the name of a word is letters, digits and '_', not " + quoted(macro.name), ""};
    if (find_word(macro.name) != nullptr || macro.name == "now") {
      throw Problem{0, quoted(macro.name) + " is a word of the language already", ""};
    }
  }
}

void Checker::visit(Expr& expr, Where where) {
  switch (expr.kind) {
    case Kind::constant: return count_operand(expr);
    case Kind::regex: throw at(expr, "a regular expression stands directly beside == or !=");
    case Kind::selector: return selector(expr, where);
    case Kind::word: break;
    case Kind::call: return call(expr);
    case Kind::group:
    case Kind::negate:
    case Kind::invert: return visit(expr.operands[0], Where::alone);
    case Kind::compare: return compare(expr);
    case Kind::chain:
      count_terms(expr);
      grouping(expr);
      for (Expr& operand : expr.operands) visit(operand, Where::alone);
  }
}

void Checker::selector(Expr& expr, Where where) {
  count_operand(expr);
  const std::string name(lone_name(expr));
  if (name == error_field && (where == Where::compared || is_expanding(name))) {
    expr.absent_is_null = true;
    return;
  }
  if (name == "now") {
    expr.kind = Kind::call;
    expr.name = name;
    expr.path.clear();
    return time(expr, *find_helper(name));
  }
  if (!name.empty() && word(expr, name)) return;
  final_decoder(expr.path);
  mark_headers(expr.path);
  unknown_selector(expr);
}

bool Checker::word(Expr& expr, std::string_view name) {
  const auto macro =
      std::find_if(options_.macros.begin(), options_.macros.end(), [&](const Macro& m) { return m.name == name; });
  const Word* builtin = find_word(name);
  if (macro == options_.macros.end() && builtin == nullptr) return false;
  if (is_expanding(name)) {
    if (builtin != nullptr) return false;  // a built-in word speaks of the field of its own name
    throw at(expr, "the word " + quoted(name) + " stands for itself");
  }
  if (expanding_.size() == max_levels) throw at(expr, "words nest deeper than 200 levels");
  out_.names_transport = out_.names_transport || name == "tcp" || name == "udp";
  Expr body = builtin != nullptr ? expansion(name, builtin->statement, false) : expansion(name, macro->statement, true);
  move_to(body, expr.place);
  expr.kind = Kind::word;
  expr.name = name;
  expr.path.clear();
  expr.operands.push_back(std::move(body));
  return true;
}

Expr Checker::expansion(std::string_view name, std::string_view statement, bool own) {
  auto found = parsed_.find(name);
  if (found == parsed_.end()) {
    Parsed parsed = parse(statement);
    if (auto* problem = std::get_if<Problem>(&parsed))
      throw MacroProblem{std::string(name), std::string(statement), *problem};
    auto& expr = std::get<std::optional<Expr>>(parsed);
    Expr body;
    if (expr) {
      body = std::move(*expr);
    } else {
      body.literal = {.kind = Literal::Kind::boolean, .flag = true};
    }
    found = parsed_.emplace(name, std::move(body)).first;
  }
  Expr body = found->second;
  expanding_.emplace_back(name);
  try {
    visit(body, Where::alone);
  } catch (const Problem& problem) {
    if (own) throw MacroProblem{std::string(name), std::string(statement), problem};
    throw;
  }
  expanding_.pop_back();
  return body;
}

void Checker::compare(Expr& expr) {
  const Operator op = expr.operators[0];
  const bool equality = op == Operator::equal || op == Operator::not_equal;
  Expr& left = expr.operands[0];
  Expr& right = expr.operands[1];
  if (left.kind == Kind::regex && right.kind == Kind::regex)
    throw at(right, "two regular expressions cannot be compared");
  for (Expr* operand : {&left, &right}) {
    if (operand->kind == Kind::regex && equality) {
      regex(*operand);
    } else {
      visit(*operand, Where::compared);
    }
  }
  if (!equality) return;
  if (left.kind == Kind::selector && right.kind == Kind::constant) never_equal(expr, left, right);
  if (right.kind == Kind::selector && left.kind == Kind::constant) never_equal(expr, right, left);
}

void Checker::regex(Expr& expr) {
  count_operand(expr);
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto pattern = std::make_shared<const re2::RE2>(re2::StringPiece(expr.name.data(), expr.name.size()), options);
  if (!pattern->ok())
    throw at(expr, "this regular expression is not valid: " + pattern->error(), "the syntax is that of RE2");
  expr.pattern = std::move(pattern);
}

void Checker::unknown_helper(const Expr& expr) const {
  std::vector<std::string_view> names = {"json", "xml"};
  for (const Helper& helper : helpers()) names.push_back(helper.name);
  struct Habit {
    std::string_view written, ours;
  };
  static constexpr std::array habits = {
      Habit{"includes", "contains"},    Habit{"has", "contains"},       Habit{"indexOf", "contains"},
      Habit{"hasPrefix", "startsWith"}, Habit{"hasSuffix", "endsWith"}, Habit{"starts_with", "startsWith"},
      Habit{"ends_with", "endsWith"},   Habit{"date", "datetime"},      Habit{"timestamp", "datetime"}};
  static constexpr std::array patterns = {"match", "matches", "regex", "regexp", "test"};
  if (std::find(patterns.begin(), patterns.end(), expr.name) != patterns.end()) {
    throw at(expr, "unknown helper " + quoted(expr.name), "did you mean '== r\"...\"'?");
  }
  std::string_view meant = nearest(expr.name, names);
  for (const Habit& habit : habits) {
    if (habit.written == expr.name) meant = habit.ours;
  }
  throw at(expr, "unknown helper " + quoted(expr.name), did_you_mean(meant));
}

void Checker::argument_count(const Expr& expr, const Helper& helper) const {
  const std::size_t count = expr.operands.size();
  if (count >= helper.min_arguments && count <= helper.max_arguments) return;
  const std::string wanted = helper.max_arguments == 0   ? "no argument"
                             : helper.max_arguments == 1 ? "one argument"
                                                         : "at least one argument";
  throw at(expr, std::string(helper.name) + "() takes " + wanted + ", not " + std::to_string(count),
           "it is written " + std::string(helper.usage));
}

void Checker::call(Expr& expr) {
  count_operand(expr);
  const Helper* helper = find_helper(expr.name);
  if (helper == nullptr) {
    if (expr.name == "json" || expr.name == "xml")
      throw at(expr, expr.name + "() stands behind a selector", "it is written S." + expr.name + "().name");
    unknown_helper(expr);
  }
  if (helper->has_subject == expr.path.empty()) {
    throw at(expr,
             std::string(helper->name) +
                 (helper->has_subject ? "() stands behind a selector" : "() stands alone, not behind a selector"),
             "it is written " + std::string(helper->usage));
  }
  argument_count(expr, *helper);
  final_decoder(expr.path);
  mark_headers(expr.path);
  switch (helper->kind) {
    case Helper::Kind::text_test: unknown_selector(expr); return visit(expr.operands[0], Where::alone);
    case Helper::Kind::moment:
    case Helper::Kind::span:
    case Helper::Kind::datetime: return time(expr, *helper);
    case Helper::Kind::limit: return limit(expr);
    case Helper::Kind::redact: return redact(expr);
    case Helper::Kind::record: return record(expr);
  }
}

void Checker::limit(const Expr& expr) {
  const auto count = literal_of(expr.operands[0]);
  Number number;
  if (count && count->kind == Literal::Kind::number) number = count->number;
  if (number.kind == Number::Kind::real && number.real == static_cast<double>(static_cast<std::int64_t>(number.real))) {
    number = Number::of(static_cast<std::int64_t>(number.real));
  }
  const bool whole = number.kind == Number::Kind::integer && number.integer >= 1;
  if (!whole && number.kind != Number::Kind::natural) {
    throw at(expr.operands[0], "limit() takes a whole number from 1", "it is written limit(100)");
  }
  if (!out_.limit) out_.limit = number.natural;
}

void Checker::redact(Expr& expr) {
  std::vector<Path> paths;
  for (const Expr& argument : expr.operands) {
    const auto text = literal_of(argument);
    if (!text || text->kind != Literal::Kind::text) {
      throw at(argument, "redact() takes paths as texts", "it is written redact(\"request.headers['Authorization']\")");
    }
    auto path = parse_redact_path(text->text);
    if (const auto* problem = std::get_if<Problem>(&path)) throw at(argument, problem->message, problem->hint);
    paths.push_back(std::get<Path>(std::move(path)));
    mark_headers(paths.back());
  }
  expr.number = static_cast<std::uint32_t>(out_.redactions.size());
  out_.redactions.push_back(std::move(paths));
}

void Checker::record(const Expr& expr) {
  const auto name = literal_of(expr.operands[0]);
  if (!name || name->kind != Literal::Kind::text) {
    throw at(expr.operands[0], "record() takes the name of a recording as a text", "it is written record(\"name\")");
  }
  auto& all = out_.recordings;
  if (std::find(all.begin(), all.end(), name->text) == all.end()) all.push_back(name->text);
}

void Checker::time(Expr& expr, const Helper& helper) const {
  std::optional<Literal> argument;
  if (!expr.operands.empty()) {
    argument = literal_of(expr.operands[0]);
    if (argument && helper.kind == Helper::Kind::span && argument->kind == Literal::Kind::text &&
        is_numeric(argument->text)) {
      argument = Literal{.kind = Literal::Kind::number, .number = json::parse_number(argument->text)};
    }
  }
  const auto value = moment(helper, argument ? &*argument : nullptr, options_.now);
  if (!value && helper.kind == Helper::Kind::datetime) {
    throw at(expr.operands[0], "this is not a date and time",
             "it is written datetime(\"6/4/2024, 8:45:00 AM\") or datetime(\"2024-06-04T08:45:00Z\")");
  }
  if (!value)
    throw at(expr.operands[0], std::string(helper.name) + "() takes a number",
             "it is written " + std::string(helper.usage));
  expr.literal = {.kind = Literal::Kind::number, .number = *value};
}

void Checker::final_decoder(const Path& path) const {
  if (path.empty()) return;
  const Step& last = path.back();
  if (last.kind != Step::Kind::json && last.kind != Step::Kind::xml) return;
  const std::string name = last.kind == Step::Kind::json ? "json()" : "xml()";
  throw Problem{last.place.begin, "expected a step after " + name,
                "it goes on inside the text, as in x." + name + ".name"};
}

void Checker::grouping(const Expr& expr) {
  const auto other =
      std::find_if(expr.operators.begin(), expr.operators.end(), [&](Operator op) { return op != expr.operators[0]; });
  if (other == expr.operators.end()) return;
  const auto first_right = static_cast<std::size_t>(other - expr.operators.begin());
  std::string grouped = "this reads ";
  for (std::size_t i = 0; i < first_right; ++i) {
    grouped += "... ";
    grouped += spelling(expr.operators[i]);
    grouped += ' ';
  }
  grouped += "(... " + std::string(spelling(*other)) + " ...)";
  notice(Warning::Kind::grouping, {expr.operands[first_right].place.begin,
                                   "'and' and 'or' are mixed without parentheses, and group to the right", grouped});
}

void Checker::unknown_selector(const Expr& expr) {
  if (options_.catalog == nullptr || type_of(expr.path, *options_.catalog).exists) return;
  const std::string path = print(expr.path);
  std::string_view meant = foreign_selector(path);
  if (meant.empty()) meant = nearest(path, names_);
  notice(Warning::Kind::unknown_selector, at(expr, "no protocol has the field " + quoted(path), did_you_mean(meant)));
}

void Checker::never_equal(const Expr& compare, const Expr& selector, const Expr& constant) {
  if (options_.catalog == nullptr) return;
  const SelectorType known = type_of(selector.path, *options_.catalog);
  if (!known.type) return;
  const Literal& literal = constant.literal;
  const std::string text = literal.kind == Literal::Kind::text ? literal.text : print(literal);
  bool possible = true;
  if (*known.type == Type::number || *known.type == Type::real) {
    possible = literal.kind == Literal::Kind::number || (literal.kind == Literal::Kind::text && is_numeric(text));
  } else if (*known.type == Type::flag) {
    possible = text == "true" || text == "false";
  }
  if (possible) return;
  const bool equality = compare.operators[0] == Operator::equal;
  const std::string_view type = *known.type == Type::flag ? "true or false" : "a number";
  std::string hint;
  if (known.field != nullptr && !known.field->example.empty()) hint = "a value is " + std::string(known.field->example);
  notice(Warning::Kind::never_equal, at(constant,
                                        print(selector.path) + " is " + std::string(type) + ": it " +
                                            (equality ? "never equals " : "always differs from ") + print(literal),
                                        hint));
}

// Can `expr` be true without `redact` having been reached?
bool escapes(const Expr& expr, const Expr& redact);

bool chain_escapes(const Expr& chain, const Expr& redact) {
  bool rest = escapes(chain.operands.back(), redact);
  for (std::size_t i = chain.operators.size(); i-- > 0;) {
    const Expr& operand = chain.operands[i];
    const bool first = escapes(operand, redact);
    const bool may_be_false = &operand != &redact;
    rest = chain.operators[i] == Operator::both ? first && rest : first || (may_be_false && rest);
  }
  return rest;
}

bool escapes(const Expr& expr, const Expr& redact) {
  if (&expr == &redact) return false;
  if (expr.kind == Kind::chain) return chain_escapes(expr, redact);
  if (expr.kind == Kind::group || expr.kind == Kind::word) return escapes(expr.operands[0], redact);
  return true;
}

// A redact() that is not reached shows in the clear what it should hide.
void Checker::redact_order(const Expr& root) {
  if (out_.redactions.empty()) return;
  const Expr* found = nullptr;
  for_each(root, [&](const Expr& expr) {
    const bool is_redact = expr.kind == Kind::call && expr.name == "redact";
    if (found == nullptr && is_redact && escapes(root, expr)) found = &expr;
  });
  if (found == nullptr) return;
  notice(Warning::Kind::redact, at(*found, "what matches without this redact() being reached is shown unredacted",
                                   "put it first: redact(...) and (...)"));
}

}  // namespace

std::optional<Literal> literal_of(const Expr& expr) {
  if (expr.kind == Kind::constant) return expr.literal;
  if (expr.kind != Kind::negate) return std::nullopt;
  auto inner = literal_of(expr.operands[0]);
  if (!inner || inner->kind != Literal::Kind::number) return std::nullopt;
  Arena arena;
  inner->number = negated(Value::of(inner->number), arena).number;
  return inner;
}

void mark_headers(Path& path) {
  const auto is = [&](std::size_t i, std::string_view name) {
    return path[i].kind == Step::Kind::name && path[i].name == name;
  };
  if (path.size() < 3 || path[2].kind != Step::Kind::name) return;
  if ((is(0, "request") || is(0, "response")) && is(1, "headers")) path[2].fold_case = true;
}

std::variant<Checked, Problem, MacroProblem> check(Expr expr, const Options& options) {
  try {
    Checker checker(options);
    checker.macros();
    checker.visit(expr, Where::alone);
    checker.redact_order(expr);
    return checker.take(std::move(expr));
  } catch (const Problem& problem) {
    return problem;
  } catch (const MacroProblem& problem) {
    return problem;
  }
}

}  // namespace wiretape::kfl
