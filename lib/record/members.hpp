// SPDX-License-Identifier: Apache-2.0
// Reads the members of JSON objects that wiretape wrote: absent ones keep their value, unknown ones are ignored, one of
// a wrong type is remembered by its name.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "record/format.hpp"

namespace wiretape::record {

class Members {
 public:
  explicit Members(simdjson::dom::element element);

  // Whether it is an object and every member asked for so far was of the right type.
  [[nodiscard]] bool ok() const { return wrong_.empty(); }
  // What is wrong, as the end of a sentence: "'iterations' is no whole number".
  [[nodiscard]] const std::string& wrong() const { return wrong_; }
  void set_wrong(std::string_view key, std::string_view what);

  [[nodiscard]] bool has(const char* key) const;
  [[nodiscard]] bool is_null(const char* key) const;
  void text(const char* key, std::string& to);
  void flag(const char* key, bool& to);
  void time(const char* key, Timestamp& to);
  void time(const char* key, std::optional<Timestamp>& to);
  void seconds(const char* key, Duration& to);
  void seconds(const char* key, std::optional<Duration>& to);
  void milliseconds(const char* key, Duration& to);
  void texts(const char* key, std::vector<std::string>& to);
  template <class Whole>
  void count(const char* key, Whole& to) {
    std::uint64_t value = to;
    if (whole_number(key, value) && std::in_range<Whole>(value)) {
      to = static_cast<Whole>(value);
    } else {
      set_wrong(key, "is no whole number that fits");
    }
  }
  template <class Whole>
  void count(const char* key, std::optional<Whole>& to) {
    if (!has(key)) return;
    to.reset();
    if (!is_null(key)) count(key, to.emplace());
  }
  // Each element of an array: read(Members&).
  template <class Read>
  void each(const char* key, Read&& read) {
    simdjson::dom::array array;
    if (!find_array(key, array)) return;
    for (const simdjson::dom::element element : array) {
      Members members(element);
      read(members);
      if (!members.ok()) return set_wrong(key, ": " + members.wrong());
    }
  }
  // A nested object: read(Members&); nothing when it is absent.
  template <class Read>
  void object(const char* key, Read&& read) {
    simdjson::dom::element element;
    if (!find(key, element)) return;
    Members members(element);
    read(members);
    if (!members.ok()) set_wrong(key, ": " + members.wrong());
  }

 private:
  // Absent or null gives none; what is no number from 0 up in 64 bits of nanoseconds is wrong.
  std::optional<Duration> duration(const char* key, double nanoseconds_each, std::string_view wrong);
  bool find(const char* key, simdjson::dom::element& to) const;
  bool find_array(const char* key, simdjson::dom::array& to);
  bool whole_number(const char* key, std::uint64_t& to);

  simdjson::dom::object object_;
  std::string wrong_;
};

// "<path> is damaged: <why>".
Error damaged(std::string_view path, std::string_view why);

// The member `format` = {"name": mark, "major": M, "minor": N}: who is no file of ours and who is too new is refused.
Result<FormatVersion> check_format(Members& document, std::string_view mark, const std::string& path);

}  // namespace wiretape::record
