// SPDX-License-Identifier: Apache-2.0
// Statements and documents at random, over a small vocabulary so that they meet.
#pragma once

#include <cstdint>
#include <string>

namespace wiretape::kfl {

// `Choose(n)` gives a number below n: from a generator with a fixed seed, or from the bytes of a fuzzer.
template <class Choose>
class Generator {
 public:
  explicit Generator(Choose choose) : choose_(choose) {}

  std::string statement() { return logical(3); }
  std::string document() { return object(3); }

 private:
  template <std::size_t size>
  std::string one_of(const char* const (&choices)[size]) {
    return choices[choose_(size)];
  }

  std::string logical(int depth) {
    std::string out = equality(depth);
    for (std::size_t more = choose_(3); more > 0; --more) out += (choose_(2) == 0 ? " and " : " or ") + equality(depth);
    return out;
  }
  std::string equality(int depth) {
    if (choose_(3) == 0) return comparison(depth);
    const std::string op = choose_(2) == 0 ? " == " : " != ";
    if (choose_(8) == 0) return selector() + op + one_of({"r\"a\"", "r\"^1\"", "r\"b$\"", "r\"[0-9]+\"", "r\"^$\""});
    return comparison(depth) + op + comparison(depth);
  }
  std::string comparison(int depth) {
    if (choose_(4) != 0) return unary(depth);
    return unary(depth) + one_of({" > ", " >= ", " < ", " <= "}) + unary(depth);
  }
  std::string unary(int depth) {
    switch (choose_(10)) {
      case 0: return "!" + unary(depth);
      case 1: return "-" + unary(depth);
      default: return primary(depth);
    }
  }
  std::string primary(int depth) {
    switch (choose_(depth > 0 ? 9 : 7)) {
      case 0: return one_of({"0", "1", "2", "-1", "1.0", "0.5", "10", "1e1"});
      case 1:
        return one_of({"\"\"", "\"a\"", "\"ab\"", "\"1\"", "\"1.0\"", "\"true\"", "\"null\"", "\"false\"", "\"10\""});
      case 2: return one_of({"true", "false", "nil"});
      case 3:
        return selector() + one_of({".startsWith(", ".endsWith(", ".contains("}) +
               (depth > 0 ? unary(depth - 1) : selector()) + ")";
      case 7:
      case 8: return "(" + logical(depth - 1) + ")";
      default: return selector();
    }
  }
  std::string selector() {
    std::string out = one_of({"a", "b", "c", "error", "missing"});
    for (std::size_t more = choose_(4); more > 0; --more)
      out += one_of({".a", ".b", ".c", "[0]", "[1]", ".*", "[*]", "..a", "..b", "[\"c\"]"});
    if (choose_(12) == 0) out += ".json()" + one_of({".a", "[0]", ".*", "..a"});
    return out;
  }

  std::string value(int depth) {
    switch (choose_(depth > 0 ? 9 : 6)) {
      case 0: return one_of({"0", "1", "2", "-1", "1.0", "0.5", "10", "1e1"});
      case 1:
        return one_of({"\"\"", "\"a\"", "\"ab\"", "\"1\"", "\"1.0\"", "\"true\"", "\"null\"", "\"+10\"", "\"x1\""});
      case 2: return one_of({"true", "false"});
      case 3: return "null";
      case 4: return one_of({"\"{\\\"a\\\":1}\"", "\"[1,2]\"", "\"eyJhIjoyfQ==\"", "\"{\""});
      case 5: return "\"b\"";
      case 6: return array(depth - 1);
      default: return object(depth - 1);
    }
  }
  std::string array(int depth) {
    std::string out = "[";
    for (std::size_t more = choose_(4); more > 0; --more) out += (out.size() == 1 ? "" : ",") + value(depth);
    return out + "]";
  }
  std::string object(int depth) {
    std::string out = "{";
    for (std::size_t more = choose_(5); more > 0; --more) {
      out += (out.size() == 1 ? "\"" : ",\"") + one_of({"a", "b", "c", "error"}) + "\":" + value(depth);
    }
    return out + "}";
  }

  Choose choose_;
};

}  // namespace wiretape::kfl
