// SPDX-License-Identifier: Apache-2.0
// What the user did wrong, or the system could not do, as a value. The names are those of std::expected (C++23).
#pragma once

#include <cassert>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace wiretape {

// Each kind is one exit status (cli/exit_status.hpp).
enum class ErrorKind : unsigned char {
  usage,       // an option or argument; any other error
  interface,   // no such interface
  input,       // cannot be opened, is no capture, is cut or damaged
  statement,   // KFL statement or packet filter
  permission,  // the user may not
  read,        // the system failed to read (EIO)
  write,       // write, disk full, quota
  capture,     // the capture failed while running
  incomplete,  // damage found, or more lost than allowed
  name,        // a recording's name exists or is not found
  cluster,     // kubectl or the cluster
};

// One sentence for the person who reads it, without a full stop, without the program's name.
struct Error {
  ErrorKind kind = ErrorKind::usage;
  std::string message = {};
  std::string hint = {};    // the cure, where there is one: one sentence, may be empty
  std::string detail = {};  // further lines, shown as they are: a statement with its caret, say; may be empty
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
  [[nodiscard]] Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] const Error& error() const& { return assert(error_), *error_; }
  [[nodiscard]] Error&& error() && { return assert(error_), std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace wiretape
