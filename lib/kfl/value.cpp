// SPDX-License-Identifier: Apache-2.0
#include "kfl/value.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "json/writer.hpp"

namespace wiretape::kfl {

void Arena::reset() {
  block_ = 0;
  used_ = 0;
}

std::byte* Arena::allocate(std::size_t size) {
  constexpr std::size_t smallest = 4096;
  constexpr std::size_t alignment = alignof(std::max_align_t);
  size = (size + alignment - 1) / alignment * alignment;
  while (block_ < blocks_.size() && blocks_[block_].size - used_ < size) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const std::size_t last = blocks_.empty() ? smallest / 2 : blocks_.back().size;
    const std::size_t room = std::max(size, last * 2);
    blocks_.push_back({std::make_unique<std::byte[]>(room), room});
    used_ = 0;
  }
  std::byte* const place = blocks_[block_].bytes.get() + used_;
  used_ += size;
  return place;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  const auto place = make<char>(text.size());
  std::memcpy(place.data(), text.data(), text.size());
  return {place.data(), text.size()};
}

namespace {

using Kind = Value::Kind;

bool is_integer(Number number) {
  return number.kind != Number::Kind::real;
}

Order order_of(auto left, auto right) {
  if (left < right) return Order::less;
  if (left > right) return Order::greater;
  return left == right ? Order::equal : Order::none;
}

}  // namespace

bool holds(Operator op, Order order) {
  switch (op) {
    case Operator::greater: return order == Order::greater;
    case Operator::greater_equal: return order == Order::greater || order == Order::equal;
    case Operator::less: return order == Order::less;
    case Operator::less_equal: return order == Order::less || order == Order::equal;
    case Operator::equal: return order == Order::equal;
    case Operator::not_equal: return order != Order::equal;
    default: return false;
  }
}

namespace {

bool equal_scalars(const Value& left, const Value& right) {
  if (left.kind == Kind::text && right.kind == Kind::text) return left.text == right.text;
  if (left.kind == Kind::number && right.kind == Kind::number) return order(left.number, right.number) == Order::equal;
  NumberBuffer left_buffer, right_buffer;
  return text_of(left, left_buffer) == text_of(right, right_buffer);
}

// Calls visit(scalar) for every element, those of arrays in arrays too, until it returns true.
template <class Visit>
bool any_element(const Value& value, Arena& arena, const Visit& visit) {
  if (value.kind == Kind::list) {
    const auto items = value.elements();
    return std::any_of(items.begin(), items.end(), [&](const Value& item) { return any_element(item, arena, visit); });
  }
  if (value.kind != Kind::array) return visit(value);
  const json::Reader& document = *value.document;
  for (auto item = document.first(value.token); item != document.end(value.token);
       item = document.next(value.token, item)) {
    if (any_element(value_at(document, item, arena), arena, visit)) return true;
  }
  return false;
}

bool deep_equal(const Value& left, const Value& right, Arena& arena);

// Elements of an array in a document, or of a list, one after the other.
class Elements {
 public:
  explicit Elements(const Value& array) : array_(array) {
    if (array.kind == Kind::array) token_ = array.document->first(array.token);
  }
  std::optional<Value> next(Arena& arena) {
    if (array_.kind == Kind::list)
      return at_ == array_.elements().size() ? std::optional<Value>{} : array_.items[at_++];
    if (token_ == array_.document->end(array_.token)) return std::nullopt;
    const Value value = value_at(*array_.document, token_, arena);
    token_ = array_.document->next(array_.token, token_);
    return value;
  }

 private:
  const Value& array_;
  json::Reader::Token token_ = 0;
  std::size_t at_ = 0;
};

bool deep_equal_arrays(const Value& left, const Value& right, Arena& arena) {
  Elements lefts(left), rights(right);
  for (;;) {
    const auto one = lefts.next(arena);
    const auto other = rights.next(arena);
    if (!one || !other) return !one && !other;
    if (!deep_equal(*one, *other, arena)) return false;
  }
}

struct Member {
  std::string_view name;
  json::Reader::Token value;
};

// By name; of equal names only the last.
std::vector<Member> members_of(const Value& object, Arena& arena) {
  std::vector<Member> members;
  const json::Reader& document = *object.document;
  for (auto key = document.first(object.token); key != document.end(object.token);
       key = document.next(object.token, document.member(key))) {
    members.push_back({value_at(document, key, arena).text, document.member(key)});
  }
  std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.name < b.name; });
  std::vector<Member> last;
  for (const Member& member : members) {
    if (!last.empty() && last.back().name == member.name) last.pop_back();
    last.push_back(member);
  }
  return last;
}

bool deep_equal_objects(const Value& left, const Value& right, Arena& arena) {
  if (left.document == nullptr || right.document == nullptr) return false;
  const auto lefts = members_of(left, arena);
  const auto rights = members_of(right, arena);
  return std::equal(lefts.begin(), lefts.end(), rights.begin(), rights.end(), [&](const Member& a, const Member& b) {
    return a.name == b.name &&
           deep_equal(value_at(*left.document, a.value, arena), value_at(*right.document, b.value, arena), arena);
  });
}

bool deep_equal(const Value& left, const Value& right, Arena& arena) {
  if (left.is_array() || right.is_array()) {
    return left.is_array() && right.is_array() && deep_equal_arrays(left, right, arena);
  }
  if (left.kind != right.kind) return false;
  switch (left.kind) {
    case Kind::boolean: return left.flag == right.flag;
    case Kind::number: return order(left.number, right.number) == Order::equal;
    case Kind::text: return left.text == right.text;
    case Kind::object: return deep_equal_objects(left, right, arena);
    default: return true;
  }
}

bool equal(const Value& left, const Value& right, Arena& arena) {
  if (left.is_array() && right.is_array()) return deep_equal_arrays(left, right, arena);
  if (left.is_array()) return any_element(left, arena, [&](const Value& item) { return equal_scalars(item, right); });
  if (right.is_array()) return any_element(right, arena, [&](const Value& item) { return equal_scalars(left, item); });
  return equal_scalars(left, right);
}

// The smallest or the largest element; nothing for an empty array.
std::optional<Number> extreme(const Value& value, Order wanted, Arena& arena) {
  std::optional<Number> found;
  any_element(value, arena, [&](const Value& item) {
    const Number number = number_of(item);
    if (!found || order(number, *found) == wanted) found = number;
    return false;
  });
  return found;
}

bool ordered(const Value& left, Operator op, const Value& right, Arena& arena) {
  const auto satisfies = [op](Number a, Number b) { return holds(op, order(a, b)); };
  if (left.is_array() && right.is_array()) {
    // It must hold for every pair, so for the pair where it is hardest.
    const bool rising = op == Operator::greater || op == Operator::greater_equal;
    const auto hardest_left = extreme(left, rising ? Order::less : Order::greater, arena);
    const auto hardest_right = extreme(right, rising ? Order::greater : Order::less, arena);
    return !hardest_left || !hardest_right || satisfies(*hardest_left, *hardest_right);
  }
  if (left.is_array()) {
    const Number number = number_of(right);
    return any_element(left, arena, [&](const Value& item) { return satisfies(number_of(item), number); });
  }
  const Number number = number_of(left);
  return any_element(right, arena, [&](const Value& item) { return satisfies(number, number_of(item)); });
}

bool contains(std::string_view text, std::string_view part) {
  // memmem is linear; std::string_view::find is not.
  if (part.empty() || part.size() > text.size()) return part.empty();
  return memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

bool test_text(TextTest test, std::string_view text, std::string_view part) {
  switch (test) {
    case TextTest::starts_with: return text.starts_with(part);
    case TextTest::ends_with: return text.ends_with(part);
    case TextTest::contains: return contains(text, part);
  }
  return false;
}

Number negated(Number number) {
  switch (number.kind) {
    case Number::Kind::integer:
      if (number.integer == INT64_MIN) return Number::of(static_cast<std::uint64_t>(INT64_MAX) + 1);
      return Number::of(-number.integer);
    case Number::Kind::natural:
      if (number.natural == static_cast<std::uint64_t>(INT64_MAX) + 1) return Number::of(INT64_MIN);
      return Number::of(-static_cast<double>(number.natural));
    case Number::Kind::real: return Number::of(-number.real);
  }
  return number;
}

}  // namespace

Value value_at(const json::Reader& document, json::Reader::Token token, Arena& arena) {
  switch (document.kind(token)) {
    case json::Reader::Kind::null: return Value::null();
    case json::Reader::Kind::boolean: return Value::of(document.boolean(token));
    case json::Reader::Kind::object: return Value::container(Kind::object, document, token);
    case json::Reader::Kind::array: return Value::container(Kind::array, document, token);
    case json::Reader::Kind::number: {
      const std::string_view raw = document.raw(token);
      Value value = Value::of(json::parse_number(raw));
      const bool long_integer = !is_integer(value.number) && raw.find_first_of(".eE") == std::string_view::npos;
      if (long_integer) value.text = raw;
      return value;
    }
    case json::Reader::Kind::text: break;
  }
  const std::string_view raw = document.raw_text(token);
  if (raw.find('\\') == std::string_view::npos) return Value::of(raw);
  std::string decoded;
  json::append_decoded(decoded, raw);
  return Value::of(arena.copy(decoded));
}

bool is_numeric(std::string_view text) {
  std::size_t at = 0;
  const auto peek = [&] { return at < text.size() ? text[at] : '\0'; };
  const auto digits = [&] {
    const std::size_t start = at;
    while (peek() >= '0' && peek() <= '9') ++at;
    return at != start;
  };
  if (peek() == '+' || peek() == '-') ++at;
  if (!digits()) return false;
  if (peek() == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at;
    if (peek() == '+' || peek() == '-') ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

std::string_view text_of(const Value& value, NumberBuffer& buffer) {
  switch (value.kind) {
    case Kind::text: return value.text;
    case Kind::boolean: return value.flag ? "true" : "false";
    case Kind::null: return "null";
    case Kind::number: break;
    default: return {};
  }
  if (!value.text.empty()) return value.text;
  const Number number = value.number;
  char* const begin = buffer.data();
  char* const end = begin + buffer.size();
  if (number.kind == Number::Kind::integer) return {begin, std::to_chars(begin, end, number.integer).ptr};
  if (number.kind == Number::Kind::natural) return {begin, std::to_chars(begin, end, number.natural).ptr};
  constexpr double limit = 9223372036854775808.0;  // 2^63
  if (std::trunc(number.real) == number.real && std::fabs(number.real) < limit) {
    return {begin, std::to_chars(begin, end, static_cast<std::int64_t>(number.real)).ptr};
  }
  return {begin, std::to_chars(begin, end, number.real).ptr};
}

Number number_of(const Value& value) {
  switch (value.kind) {
    case Kind::number: return value.number;
    case Kind::boolean: return Number::of(std::int64_t{value.flag});
    case Kind::text: return is_numeric(value.text) ? json::parse_number(value.text) : Number{};
    default: return {};
  }
}

Order order(Number left, Number right) {
  using NumberKind = Number::Kind;
  if (left.kind == NumberKind::integer && right.kind == NumberKind::integer)
    return order_of(left.integer, right.integer);
  if (!is_integer(left) || !is_integer(right)) return order_of(left.as_double(), right.as_double());
  if (left.kind == right.kind) return order_of(left.natural, right.natural);
  return left.kind == NumberKind::natural ? Order::greater : Order::less;  // a natural lies beyond every integer
}

Verdict compare(const Value& left, Operator op, const Value& right, Arena& arena) {
  if (left.kind == Kind::missing || right.kind == Kind::missing) return Verdict::missing;
  if (left.kind == Kind::unknown || right.kind == Kind::unknown) return Verdict::unknown;
  if (op == Operator::equal) return verdict(equal(left, right, arena));
  if (op == Operator::not_equal) return verdict(!equal(left, right, arena));
  if (left.is_array() || right.is_array()) return verdict(ordered(left, op, right, arena));
  return verdict(holds(op, order(number_of(left), number_of(right))));
}

Verdict match(const Value& value, const re2::RE2& pattern, Arena& arena) {
  if (value.kind == Kind::missing) return Verdict::missing;
  if (value.kind == Kind::unknown) return Verdict::unknown;
  return verdict(any_element(value, arena, [&](const Value& item) {
    NumberBuffer buffer;
    const std::string_view text = text_of(item, buffer);
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
  }));
}

Verdict truth(const Value& value) {
  switch (value.kind) {
    case Kind::missing: return Verdict::missing;
    case Kind::unknown: return Verdict::unknown;
    case Kind::null: return Verdict::no;
    case Kind::boolean: return verdict(value.flag);
    case Kind::number: return verdict(value.number.as_double() > 0);
    case Kind::text: return verdict(!value.text.empty());
    case Kind::list: return verdict(value.token != 0);
    case Kind::object:
    case Kind::array: return verdict(value.document == nullptr || !value.document->empty(value.token));
  }
  return Verdict::no;
}

Value negated(const Value& value, Arena& arena) {
  if (value.kind == Kind::missing || value.kind == Kind::unknown) return value;
  if (!value.is_array()) return Value::of(negated(number_of(value)));
  std::size_t count = 0;
  any_element(value, arena, [&](const Value&) { return ++count, false; });
  const auto items = arena.make<Value>(count);
  std::size_t at = 0;
  any_element(value, arena, [&](const Value& item) {
    items[at++] = Value::of(negated(number_of(item)));
    return false;
  });
  return Value::list(items);
}

std::string_view spelling(TextTest test) {
  switch (test) {
    case TextTest::starts_with: return "startsWith";
    case TextTest::ends_with: return "endsWith";
    case TextTest::contains: return "contains";
  }
  return "";
}

Verdict test(TextTest test, const Value& subject, const Value& argument, Arena& arena) {
  if (subject.kind == Kind::missing || argument.kind == Kind::missing) return Verdict::no;
  if (subject.kind == Kind::unknown || argument.kind == Kind::unknown) return Verdict::unknown;
  return verdict(any_element(subject, arena, [&](const Value& item) {
    NumberBuffer subject_buffer;
    const std::string_view text = text_of(item, subject_buffer);
    return any_element(argument, arena, [&](const Value& part) {
      NumberBuffer part_buffer;
      return test_text(test, text, text_of(part, part_buffer));
    });
  }));
}

}  // namespace wiretape::kfl
