// SPDX-License-Identifier: Apache-2.0
// Calls on their way to who shows them; -c and limit(n) end them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/calls.hpp"
#include "kfl/statement.hpp"

namespace wiretape::engine {

class Shown {
 public:
  // `sink` may be null: then calls are only counted. It must outlive this.
  Shown(const kfl::Statement& statement, std::uint64_t limit, CallSink* sink);

  // A call that matched, from packets or from a sidecar (complete with `record`).
  void call(const Entry& entry);
  void call(std::string_view json);
  void caught_up();  // nothing more for now

  [[nodiscard]] const kfl::Statement& statement() const { return statement_; }
  [[nodiscard]] bool satisfied() const { return left_ == 0 || closed_; }  // no further call is wanted
  [[nodiscard]] bool closed() const { return closed_; }                   // nobody reads any more

 private:
  bool take();
  void note(bool goes_on) { closed_ = closed_ || !goes_on; }

  kfl::Statement statement_;
  kfl::Scratch scratch_;
  CallSink* sink_;
  std::uint64_t left_;
  std::string text_;
  bool closed_ = false;
};

}  // namespace wiretape::engine
