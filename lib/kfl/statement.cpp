// SPDX-License-Identifier: Apache-2.0
// The stages one after the other, and what the rest of the program sees of them.
#include "kfl/statement.hpp"

#include <algorithm>
#include <utility>

#include "json/writer.hpp"
#include "kfl/check.hpp"
#include "kfl/compile.hpp"
#include "kfl/diagnostic.hpp"
#include "kfl/explain.hpp"
#include "kfl/fold.hpp"
#include "kfl/parse.hpp"
#include "kfl/program.hpp"
#include "kfl/pushdown.hpp"
#include "kfl/redact.hpp"
#include "kfl/run.hpp"

namespace wiretape::kfl {
namespace {

const std::shared_ptr<const Program>& everything() {
  static const std::shared_ptr<const Program> program = [] {
    auto made = std::make_shared<Program>();
    made->empty = true;
    made->code.push_back({.op = Op::always});
    return made;
  }();
  return program;
}

Error not_json() {
  return {.kind = ErrorKind::input, .message = "not a JSON document", .hint = "", .detail = ""};
}

// A call of one flavour of which nothing has been seen.
bool can_match_label(const Program& program, const Schema& schema, const Label& label, Scratch& scratch) {
  static const StreamFacts nothing;
  Entry entry;
  entry.schema = &schema;
  entry.stream = &nothing;
  entry.label = &label;
  entry.stage = Stage::stream;
  return run(program, entry, View::label, scratch.impl()) != Verdict::no;
}

bool can_match_schema(const Program& program, const Schema& schema, Scratch& scratch) {
  if (schema.labels.empty()) return true;
  return std::any_of(schema.labels.begin(), schema.labels.end(),
                     [&](const Label* label) { return can_match_label(program, schema, *label, scratch); });
}

void prune(Program& program, const Catalog& catalog) {
  Scratch scratch;
  for (const Schema* schema : catalog.schemas) program.can_match.push_back(can_match_schema(program, *schema, scratch));
  for (const SelectorEntry& selector : program.selectors) {
    for (std::size_t i = 0; i < program.can_match.size(); ++i) {
      const Binding& binding = selector.bindings[i];
      if (program.can_match[i] && binding.part == Part::body) program.needs_bodies = true;
    }
  }
}

void add_warning(Program& program, const Notice& notice) {
  program.warnings.push_back({notice.kind, to_text(program.text, notice.problem)});
}

void warn(Program& program, const Checked& checked, const std::vector<Expr>& constants, const Expr& folded) {
  for (const Notice& notice : checked.notices) add_warning(program, notice);
  for (const Expr& constant : constants)
    add_warning(program, {Warning::Kind::constant,
                          {constant.place.begin, "this term is the same for every call: " + print(constant), ""}});
  const bool none = !program.can_match.empty() &&
                    std::find(program.can_match.begin(), program.can_match.end(), true) == program.can_match.end();
  const bool told_already = folded.kind == Expr::Kind::constant;
  const auto unknown = std::any_of(checked.notices.begin(), checked.notices.end(),
                                   [](const Notice& n) { return n.kind == Warning::Kind::unknown_selector; });
  if (none && !told_already && !unknown) {
    add_warning(program, {Warning::Kind::constant, {0, "no call of any protocol can match this statement", ""}});
  }
}

}  // namespace

std::variant<Stages, Error> all_stages(std::string_view text, const Options& options) {
  Parsed parsed = parse(text);
  if (const auto* problem = std::get_if<Problem>(&parsed)) return to_error(text, *problem);
  auto& expr = std::get<std::optional<Expr>>(parsed);
  Stages out;
  if (!expr) return out;
  out.parsed = *expr;
  auto checked = check(std::move(*expr), options);
  if (const auto* problem = std::get_if<Problem>(&checked)) return to_error(text, *problem);
  if (const auto* problem = std::get_if<MacroProblem>(&checked)) {
    Error error = to_error(problem->statement, problem->problem);
    error.message = "word '" + problem->macro + "': " + error.message;
    return error;
  }
  out.checked = std::get<Checked>(std::move(checked));
  out.folded = fold(out.checked.expr, &out.constants);
  return out;
}

std::shared_ptr<Program> program_of(std::string_view text, const Stages& stages, const Options& options) {
  auto program = std::make_shared<Program>();
  program->text = text;
  program->limit = stages.checked.limit;
  program->recordings = stages.checked.recordings;
  program->redactions = stages.checked.redactions;
  program->names_transport = stages.checked.names_transport;
  compile(stages.folded, options.catalog, *program);
  Pushdown pushed = pushdown(stages.folded);
  program->packet_filter = std::move(pushed.filter);
  program->untagged_packet_filter = std::move(pushed.untagged);
  if (options.catalog != nullptr) prune(*program, *options.catalog);
  warn(*program, stages.checked, stages.constants, stages.folded);
  return program;
}

Result<Statement> compile(std::string_view text, const Options& options) {
  auto result = all_stages(text, options);
  if (auto* error = std::get_if<Error>(&result)) return std::move(*error);
  const Stages& made = std::get<Stages>(result);
  Statement statement;
  if (made.parsed) {
    statement.program_ = program_of(text, made, options);
  } else if (!text.empty()) {
    auto program = std::make_shared<Program>(*everything());
    program->text = text;
    statement.program_ = std::move(program);
  }
  return statement;
}

Statement::Statement() : program_(everything()) {}

bool Statement::matches(const Entry& entry, Scratch& scratch) const {
  return run(*program_, entry, View::call, scratch.impl()) == Verdict::yes;
}

Truth Statement::decide(const Entry& entry, Scratch& scratch) const {
  switch (run(*program_, entry, View::call, scratch.impl())) {
    case Verdict::yes: return Truth::yes;
    case Verdict::unknown: return Truth::unknown;
    default: return Truth::no;
  }
}

Result<bool> Statement::matches(std::string_view json, std::string_view record, Scratch& scratch) const {
  if (!scratch.impl().document.open(json)) return not_json();
  return run(*program_, record, scratch.impl()) == Verdict::yes;
}

bool Statement::empty() const {
  return program_->empty;
}
bool Statement::can_match(std::uint8_t ordinal) const {
  return ordinal >= program_->can_match.size() || program_->can_match[ordinal];
}
bool Statement::needs_bodies() const {
  return program_->needs_bodies;
}
std::optional<std::uint64_t> Statement::limit() const {
  return program_->limit;
}
std::span<const std::string> Statement::recordings() const {
  return program_->recordings;
}
bool Statement::redacts() const {
  return !program_->redactions.empty();
}
const std::string& Statement::packet_filter() const {
  return program_->packet_filter;
}
const std::string& Statement::untagged_packet_filter() const {
  return program_->untagged_packet_filter;
}
bool Statement::names_transport() const {
  return program_->names_transport;
}
std::span<const Warning> Statement::warnings() const {
  return program_->warnings;
}
const std::string& Statement::text() const {
  return program_->text;
}

std::string Statement::redacted(std::string_view json, Scratch& scratch) const {
  std::string out(json);
  if (!redacts() || !scratch.impl().document.open(json)) return out;
  run(*program_, "", scratch.impl());
  for (const std::uint32_t redaction : scratch.impl().reached) {
    for (const Path& path : program_->redactions[redaction]) {
      if (auto altered = redact_json(out, path)) out = std::move(*altered);
    }
  }
  return out;
}

namespace {

// Texts as they are, other scalars as the language writes them, objects and arrays as JSON.
void append_value(std::string& out, const Value& value) {
  if (value.kind == Value::Kind::object || value.kind == Value::Kind::array) {
    if (value.document == nullptr) return void(out += "{}");
    json::Writer writer(out);
    return value.document->tell(value.token, writer);
  }
  if (value.kind == Value::Kind::list) {
    out += '[';
    for (std::size_t i = 0; i < value.elements().size(); ++i) {
      if (i != 0) out += ',';
      const Value& item = value.items[i];
      if (item.kind == Value::Kind::text) {
        json::append_quoted(out, item.text);
      } else {
        append_value(out, item);
      }
    }
    out += ']';
    return;
  }
  NumberBuffer buffer;
  out += text_of(value, buffer);
}

bool append_found(std::string& out, const Value& value) {
  if (value.kind == Value::Kind::missing || value.kind == Value::Kind::unknown) return false;
  append_value(out, value);
  return true;
}

}  // namespace

bool Selector::append(const Entry& entry, Scratch& scratch, std::string& out) const {
  return append_found(out, evaluate(*program_, entry, scratch.impl()));
}

bool Selector::append(std::string_view json, Scratch& scratch, std::string& out) const {
  if (!scratch.impl().document.open(json)) return false;
  return append_found(out, evaluate(*program_, std::string_view(), scratch.impl()));
}

Result<Selector> compile_selector(std::string_view text, const Options& options) {
  Parsed parsed = parse(text);
  if (const auto* problem = std::get_if<Problem>(&parsed)) return to_error(text, *problem);
  auto& expr = std::get<std::optional<Expr>>(parsed);
  if (!expr || expr->kind != Expr::Kind::selector)
    return to_error(text, {0, "expected a selector, as in request.path", ""});
  mark_headers(expr->path);
  auto program = std::make_shared<Program>();
  program->text = text;
  compile_selector(expr->path, false, options.catalog, *program);
  if (options.catalog != nullptr) prune(*program, *options.catalog);
  Selector selector;
  selector.program_ = std::move(program);
  return selector;
}

}  // namespace wiretape::kfl
