// SPDX-License-Identifier: Apache-2.0
// Values while a statement runs, and the rules by which they compare (man wiretape-kfl.7, VALUES).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/reader.hpp"
#include "kfl/ast.hpp"

namespace wiretape::kfl {

using json::Number;

// Memory for what one run of a statement makes: decoded texts, lists. Kept from run to run, so that in steady state
// nothing is allocated.
class Arena {
 public:
  void reset();
  std::string_view copy(std::string_view text);
  // `count` objects of a trivial type, not initialised.
  template <class T>
  std::span<T> make(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return {reinterpret_cast<T*>(allocate(count * sizeof(T))), count};
  }

 private:
  std::byte* allocate(std::size_t size);

  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::size_t block_ = 0;  // the one that is being filled
  std::size_t used_ = 0;   // of it
};

struct Value {
  enum class Kind : std::uint8_t {
    missing,  // a selector that found nothing
    unknown,  // not known yet, in a call that is not complete
    null,
    boolean,
    number,  // `text` is its text where it is known beforehand, or where the number has more digits than 64 bits hold
    text,
    object,  // in a document; without one (`document` null) an object of which only the presence is known
    array,   // in a document
    list,    // values at `items`
  };
  Kind kind = Kind::missing;
  bool flag = false;
  std::uint32_t token = 0;  // array, object: its place in the document; list: how many items
  Number number{};
  std::string_view text{};
  union {
    const json::Reader* document = nullptr;
    const Value* items;
  };

  Value() = default;
  explicit Value(Kind value_kind) : kind(value_kind) {}
  static Value missing() { return {}; }
  static Value unknown() { return Value(Kind::unknown); }
  static Value null() { return Value(Kind::null); }
  static Value of(bool flag) {
    Value value(Kind::boolean);
    value.flag = flag;
    return value;
  }
  static Value of(Number number) {
    Value value(Kind::number);
    value.number = number;
    return value;
  }
  static Value of(std::string_view text) {
    Value value(Kind::text);
    value.text = text;
    return value;
  }
  static Value object() { return Value(Kind::object); }
  static Value container(Kind kind, const json::Reader& document, std::uint32_t token) {
    Value value(kind);
    value.document = &document;
    value.token = token;
    return value;
  }
  static Value list(std::span<const Value> items) {
    Value value(Kind::list);
    value.items = items.data();
    value.token = static_cast<std::uint32_t>(items.size());
    return value;
  }
  [[nodiscard]] std::span<const Value> elements() const { return {items, token}; }
  [[nodiscard]] bool is_array() const { return kind == Kind::array || kind == Kind::list; }
};

// What a term has come to. `missing` is false for the whole term it stands in; `unknown` may still become either.
enum class Verdict : std::uint8_t { no, yes, unknown, missing };
constexpr Verdict verdict(bool yes) {
  return yes ? Verdict::yes : Verdict::no;
}

// The value that stands at a token of a document; texts with escapes are decoded into the arena.
Value value_at(const json::Reader& document, json::Reader::Token token, Arena& arena);

Verdict compare(const Value& left, Operator op, const Value& right, Arena& arena);
Verdict match(const Value& value, const re2::RE2& pattern,
              Arena& arena);  // is it found in the value, or in one of its elements
Verdict truth(const Value& value);
Value negated(const Value& value, Arena& arena);

enum class TextTest : std::uint8_t { starts_with, ends_with, contains };
std::string_view spelling(TextTest test);
// Never missing: what is missing is false.
Verdict test(TextTest test, const Value& subject, const Value& argument, Arena& arena);

// A value as text; `buffer` is what it is written to where it has none of its own.
inline constexpr std::size_t number_length = 40;
using NumberBuffer = std::array<char, number_length>;
bool is_numeric(std::string_view text);  // counts in order: "[+-]digits[.digits][e[+-]digits]"
std::string_view text_of(const Value& value, NumberBuffer& buffer);
// What a value counts as in order.
Number number_of(const Value& value);

enum class Order : std::uint8_t { less, equal, greater, none };
Order order(Number left, Number right);
bool holds(Operator op, Order order);

}  // namespace wiretape::kfl
