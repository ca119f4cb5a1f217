// SPDX-License-Identifier: Apache-2.0
#include "kfl/run.hpp"

#include <algorithm>
#include <cstring>

#include "entry/render.hpp"
#include "json/path.hpp"
#include "json/writer.hpp"

namespace wiretape::kfl {

Scratch::Scratch() : impl_(std::make_unique<Impl>()) {}
Scratch::~Scratch() = default;
Scratch::Scratch(Scratch&&) noexcept = default;
Scratch& Scratch::operator=(Scratch&&) noexcept = default;

void Scratch::Impl::begin(const Program& program) {
  arena.reset();
  pool.reset();
  stack.clear();
  joins.clear();
  reached.clear();
  ++run;
  if (cached.size() < program.selectors.size()) cached.resize(program.selectors.size());
}

namespace {

using Kind = Value::Kind;

bool is_ascii(std::string_view text) {
  std::uint64_t tops = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    tops |= word;
  }
  for (; at < text.size(); ++at) tops |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[at]));
  return (tops & 0x8080808080808080U) == 0;
}

// Where values come from when an entry is asked.
class EntrySource {
 public:
  EntrySource(const Program& program, const Entry& entry, View view, Scratch::Impl& scratch)
      : program_(program), entry_(entry), view_(view), scratch_(scratch) {}

  Value value(std::uint32_t selector) { return found(selector, Value::of(false)); }
  Value subject(std::uint32_t selector) { return found(selector, Value::missing()); }
  // Where a getter and a constant speak of one type no value is made.
  Verdict compare(const Instruction& instruction, const Value& constant) {
    const SelectorEntry& selector = program_.selectors[instruction.a];
    const Binding& binding = program_.binding(selector, entry_.schema);
    if (binding.direct && view_ == View::call && binding.known <= entry_.stage && has_parents(binding)) {
      if (binding.how == Binding::How::text && constant.kind == Kind::text) {
        if (const auto verdict = compare_text(binding, instruction.compared, constant.text)) return *verdict;
      }
      if (binding.how == Binding::How::number && constant.kind == Kind::number) {
        const auto value = (*std::get_if<wiretape::Number>(&binding.field->get))(entry_);
        if (!value) return Verdict::missing;
        return verdict(holds(instruction.compared, order(json::Number::of(*value), constant.number)));
      }
    }
    return kfl::compare(found(instruction.a, Value::of(false)), instruction.compared, constant, scratch_.arena);
  }
  Verdict in_record(const std::string& name) const {
    if (view_ == View::label) return Verdict::unknown;
    const SourceFacts* source = entry_.stream->source;
    return verdict(source != nullptr && source->record == name);
  }
  void redact(std::uint32_t) const {}

 private:
  // `undecoded`: what stands for a text that json() or xml() found nothing in.
  Value found(std::uint32_t number, const Value& undecoded) {
    const SelectorEntry& selector = program_.selectors[number];
    const Binding& binding = program_.binding(selector, entry_.schema);
    Value value = bound(number, selector, binding);
    if (value.kind != Kind::missing) return value;
    if (selector.decodes) return undecoded;
    return selector.absent_is_null ? Value::null() : value;
  }

  Value bound(std::uint32_t number, const SelectorEntry& selector, const Binding& binding) {
    if (binding.how == Binding::How::missing) return Value::missing();
    if (view_ == View::label ? !binding.of_label : binding.known > entry_.stage) return Value::unknown();
    if (!has_parents(binding)) return Value::missing();
    if (binding.direct) return got(binding);
    Scratch::Impl::Cached& cached = scratch_.cached[number];
    if (cached.run != scratch_.run) cached = {scratch_.run, derived(selector, binding)};
    return cached.value;
  }

  bool has_parents(const Binding& binding) const {
    return std::all_of(binding.parents.begin(), binding.parents.end(),
                       [&](Shape parent) { return parent(entry_) == Presence::present; });
  }

  // Nothing where the text may not be the one that is told.
  std::optional<Verdict> compare_text(const Binding& binding, Operator op, std::string_view constant) const {
    if (op != Operator::equal && op != Operator::not_equal) return std::nullopt;
    const auto text = (*std::get_if<Text>(&binding.field->get))(entry_);
    if (!text) return Verdict::missing;
    const bool encoded_fits = (text->size() + 2) / 3 * 4 == constant.size();
    if (encoded_fits || !is_ascii(constant)) return std::nullopt;
    return verdict((*text == constant) == (op == Operator::equal));
  }

  // What a getter says.
  Value got(const Binding& binding) const {
    const auto& get = binding.field->get;
    switch (binding.how) {
      case Binding::How::flag: {
        const auto value = (*std::get_if<Flag>(&get))(entry_);
        return value ? Value::of(*value) : Value::missing();
      }
      case Binding::How::number: {
        const auto value = (*std::get_if<wiretape::Number>(&get))(entry_);
        return value ? Value::of(json::Number::of(*value)) : Value::missing();
      }
      case Binding::How::real: {
        const auto value = (*std::get_if<Real>(&get))(entry_);
        return value ? Value::of(json::Number::of(*value)) : Value::missing();
      }
      case Binding::How::text: return as_told((*std::get_if<Text>(&get))(entry_));
      case Binding::How::lookup: return as_told(std::get_if<Lookup>(&get)->get(entry_, binding.key));
      case Binding::How::presence:
        switch ((*std::get_if<Shape>(&get))(entry_)) {
          case Presence::present: return Value::object();
          case Presence::null: return Value::null();
          case Presence::missing: return Value::missing();
        }
        return Value::missing();
      default: return Value::missing();
    }
  }

  // A text that is not UTF-8 is told as base64, and so it is here.
  Value as_told(std::optional<std::string_view> text) const {
    if (!text) return Value::missing();
    if (is_ascii(*text) || json::is_utf8(*text)) return Value::of(*text);
    std::string encoded;
    json::append_base64(encoded, *text);
    return Value::of(scratch_.arena.copy(encoded));
  }

  // The rest of a path, inside what a getter gives or tells.
  Value derived(const SelectorEntry& selector, const Binding& binding) {
    const std::span<const Step> rest = std::span(selector.path).subspan(binding.used);
    if (binding.how < Binding::How::told) {
      const Value value = got(binding);
      if (value.kind != Kind::text) return Value::missing();
      return scratch_.walk.value({.kind = Place::Kind::text, .text = value.text}, rest);
    }
    std::string& told = scratch_.pool.buffer();
    if (!tell(selector, binding, told)) return Value::missing();
    json::Reader& reader = scratch_.pool.reader();
    if (!reader.open(told)) return Value::missing();
    const std::size_t plain = plain_steps(selector, binding);
    return scratch_.walk.value({.token = json::Reader::root, .document = &reader}, rest.subspan(plain));
  }

  // Steps behind the field that are looked up while it is told.
  static std::size_t plain_steps(const SelectorEntry& selector, const Binding& binding) {
    return binding.how == Binding::How::told && selector.plain > binding.used ? selector.plain - binding.used : 0;
  }

  bool tell(const SelectorEntry& selector, const Binding& binding, std::string& told) {
    const bool rendered = binding.how == Binding::How::rendered;
    const std::size_t begin = rendered && binding.field == nullptr ? 0 : binding.used;
    const std::size_t end = rendered ? binding.used : begin + plain_steps(selector, binding);
    const auto steps = scratch_.arena.make<json::PathStep>(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      const Step& step = selector.path[i];
      steps[i - begin] = {.name = step.name, .index = step.index, .is_index = step.kind == Step::Kind::index};
    }
    json::Path path(steps, rendered ? json::Path::Keys::unique : json::Path::Keys::may_repeat, told);
    if (binding.field != nullptr) {
      if (!wiretape::tell(*binding.field, entry_, path)) return false;
    } else {
      render(entry_, path);
    }
    return path.found();
  }

  const Program& program_;
  const Entry& entry_;
  View view_;
  Scratch::Impl& scratch_;
};

// Where values come from when a document is asked.
class DocumentSource {
 public:
  DocumentSource(const Program& program, std::string_view record, Scratch::Impl& scratch)
      : program_(program), record_(record), scratch_(scratch) {
    program.trie.find(scratch.document, scratch.slots, scratch.trie_stack);
    if (record.empty() && !program.record_names.empty()) record_ = own_record();
  }

  Value value(std::uint32_t selector) { return found(selector, Value::of(false)); }
  Value subject(std::uint32_t selector) { return found(selector, Value::missing()); }
  Verdict compare(const Instruction& instruction, const Value& constant) {
    return kfl::compare(value(instruction.a), instruction.compared, constant, scratch_.arena);
  }
  Verdict in_record(const std::string& name) const { return verdict(record_ == name); }
  void redact(std::uint32_t redaction) const { scratch_.reached.push_back(redaction); }

 private:
  Value found(std::uint32_t number, const Value& undecoded) {
    const SelectorEntry& selector = program_.selectors[number];
    const Value value = at(number, selector);
    if (value.kind != Kind::missing) return value;
    if (selector.decodes) return undecoded;
    if (selector.is_record && !record_.empty()) return Value::of(record_);
    return selector.absent_is_null ? Value::null() : value;
  }

  // A document that names its recording itself.
  std::string_view own_record() {
    const Step step{.name = "record"};
    const Value value =
        scratch_.walk.value({.token = json::Reader::root, .document = &scratch_.document}, std::span(&step, 1));
    return value.kind == Kind::text ? value.text : std::string_view{};
  }

  Value at(std::uint32_t number, const SelectorEntry& selector) {
    const Trie::Token token = scratch_.slots[selector.slot];
    if (token == Trie::absent) return Value::missing();
    if (selector.plain == selector.path.size()) return value_at(scratch_.document, token, scratch_.arena);
    Scratch::Impl::Cached& cached = scratch_.cached[number];
    if (cached.run != scratch_.run) {
      const Place place{.token = token, .document = &scratch_.document};
      cached = {scratch_.run, scratch_.walk.value(place, std::span(selector.path).subspan(selector.plain))};
    }
    return cached.value;
  }

  const Program& program_;
  std::string_view record_;
  Scratch::Impl& scratch_;
};

constexpr Verdict settled(Verdict verdict) {
  return verdict == Verdict::missing ? Verdict::no : verdict;
}

constexpr Verdict inverted(Verdict verdict) {
  if (verdict == Verdict::yes) return Verdict::no;
  return verdict == Verdict::no ? Verdict::yes : verdict;
}

// What the left side, not known yet, makes of the right one.
constexpr Verdict joined(bool both, Verdict right) {
  const bool decides = right == (both ? Verdict::no : Verdict::yes);
  return decides ? right : Verdict::unknown;
}

Value as_value(Verdict verdict) {
  switch (verdict) {
    case Verdict::yes: return Value::of(true);
    case Verdict::no: return Value::of(false);
    case Verdict::unknown: return Value::unknown();
    case Verdict::missing: return Value::missing();
  }
  return Value::missing();
}

template <class Source>
class Machine {
 public:
  Machine(const Program& program, Source& source, Scratch::Impl& scratch)
      : program_(program), source_(source), scratch_(scratch), stack_(scratch.stack), joins_(scratch.joins) {}

  Verdict run();
  Verdict term(const Instruction& instruction);

 private:
  void stack_operation(const Instruction& instruction);
  void compare_values(Operator op);
  void join(std::uint32_t at) {
    while (!joins_.empty() && joins_.back().target == at) {
      register_ = joined(joins_.back().both, register_);
      joins_.pop_back();
    }
  }
  // Whether to jump. A left side that is not known yet lets the right side run.
  bool jumps(const Instruction& instruction) {
    const bool both = instruction.op == Op::jump_if_false;
    if (register_ != Verdict::unknown) return register_ == (both ? Verdict::no : Verdict::yes);
    const bool again = !joins_.empty() && joins_.back().target == instruction.a && joins_.back().both == both;
    if (!again) joins_.push_back({instruction.a, both});
    return false;
  }

  const Program& program_;
  Source& source_;
  Scratch::Impl& scratch_;
  std::vector<Value>& stack_;
  std::vector<Scratch::Impl::Join>& joins_;
  Verdict register_ = Verdict::yes;
};

template <class Source>
Verdict Machine<Source>::run() {
  const auto end = static_cast<std::uint32_t>(program_.code.size());
  for (std::uint32_t at = 0; at < end;) {
    if (!joins_.empty()) join(at);
    const Instruction& instruction = program_.code[at];
    if (instruction.op == Op::jump_if_false || instruction.op == Op::jump_if_true) {
      at = jumps(instruction) ? instruction.a : at + 1;
      continue;
    }
    ++at;
    if (instruction.op < Op::jump_if_false) {
      register_ = settled(term(instruction));
    } else {
      stack_operation(instruction);
    }
  }
  join(end);
  return register_;
}

template <class Source>
Verdict Machine<Source>::term(const Instruction& instruction) {
  switch (instruction.op) {
    case Op::always: return Verdict::yes;
    case Op::never: return Verdict::no;
    case Op::test: return truth(source_.value(instruction.a));
    case Op::test_not: return inverted(truth(source_.value(instruction.a)));
    case Op::compare: return source_.compare(instruction, program_.constants[instruction.b]);
    case Op::match: return match(source_.value(instruction.a), *program_.patterns[instruction.b], scratch_.arena);
    case Op::match_not:
      return inverted(match(source_.value(instruction.a), *program_.patterns[instruction.b], scratch_.arena));
    case Op::text_test: {
      const Value& constant = program_.constants[instruction.b];
      return test(instruction.tested, source_.subject(instruction.a), constant, scratch_.arena);
    }
    case Op::record: return source_.in_record(program_.record_names[instruction.a]);
    case Op::redact: source_.redact(instruction.a); return Verdict::yes;
    case Op::invert: return inverted(register_);
    default: return Verdict::no;
  }
}

template <class Source>
void Machine<Source>::compare_values(Operator op) {
  const Value right = stack_.back();
  stack_.pop_back();
  stack_.back() = as_value(kfl::compare(stack_.back(), op, right, scratch_.arena));
}

template <class Source>
void Machine<Source>::stack_operation(const Instruction& instruction) {
  switch (instruction.op) {
    case Op::push_constant: stack_.push_back(program_.constants[instruction.a]); return;
    case Op::push_selector: stack_.push_back(source_.value(instruction.a)); return;
    case Op::push_subject: stack_.push_back(source_.subject(instruction.a)); return;
    case Op::push_verdict: stack_.push_back(as_value(register_)); return;
    case Op::pop_truth:
      register_ = settled(truth(stack_.back()));
      stack_.pop_back();
      return;
    case Op::collapse:
      if (stack_.back().kind == Kind::missing) stack_.back() = Value::of(false);
      return;
    case Op::negate: stack_.back() = negated(stack_.back(), scratch_.arena); return;
    case Op::invert_value: stack_.back() = as_value(inverted(truth(stack_.back()))); return;
    case Op::compare_values: return compare_values(instruction.compared);
    case Op::match_value:
    case Op::match_value_not: {
      const Verdict found = match(stack_.back(), *program_.patterns[instruction.b], scratch_.arena);
      stack_.back() = as_value(instruction.op == Op::match_value ? found : inverted(found));
      return;
    }
    case Op::text_test_values:
      register_ = test(instruction.tested, source_.subject(instruction.a), stack_.back(), scratch_.arena);
      stack_.pop_back();
      return;
    default: return;
  }
}

}  // namespace

Verdict run(const Program& program, const Entry& entry, View view, Scratch::Impl& scratch) {
  scratch.begin(program);
  EntrySource source(program, entry, view, scratch);
  return Machine<EntrySource>(program, source, scratch).run();
}

Verdict run_term(const Program& program, std::uint32_t at, const Entry& entry, Scratch::Impl& scratch) {
  scratch.begin(program);
  EntrySource source(program, entry, View::call, scratch);
  return settled(Machine<EntrySource>(program, source, scratch).term(program.code[at]));
}

Verdict run(const Program& program, std::string_view record, Scratch::Impl& scratch) {
  scratch.begin(program);
  DocumentSource source(program, record, scratch);
  return Machine<DocumentSource>(program, source, scratch).run();
}

Value evaluate(const Program& program, const Entry& entry, Scratch::Impl& scratch) {
  scratch.begin(program);
  return EntrySource(program, entry, View::call, scratch).value(0);
}

Value evaluate(const Program& program, std::string_view record, Scratch::Impl& scratch) {
  scratch.begin(program);
  return DocumentSource(program, record, scratch).value(0);
}

}  // namespace wiretape::kfl
