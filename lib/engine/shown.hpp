// SPDX-License-Identifier: Apache-2.0
// Calls on their way to who shows them; -c and limit(n) end them.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/calls.hpp"
#include "kfl/statement.hpp"

namespace wiretape::engine {

class Shown {
 public:
  // `sink` may be null: then calls are only counted. It must outlive this.
  Shown(const kfl::Statement& statement, std::uint64_t limit, CallSink* sink);

  // For calls from packets: what it tells goes to told().
  [[nodiscard]] std::unique_ptr<CallTeller> teller() const;

  // A call that matched, from packets or from a sidecar (complete with `record`).
  void told(std::string_view text);
  void call(std::string_view json);
  void caught_up();  // nothing more for now

  [[nodiscard]] const kfl::Statement& statement() const { return statement_; }
  [[nodiscard]] std::uint64_t left() const { return left_; }              // how many calls are still wanted
  [[nodiscard]] bool satisfied() const { return left_ == 0 || closed_; }  // no further call is wanted
  [[nodiscard]] bool closed() const { return closed_; }                   // nobody reads any more

 private:
  bool take();
  void note(bool goes_on) { closed_ = closed_ || !goes_on; }

  kfl::Statement statement_;
  kfl::Scratch scratch_;
  CallSink* sink_;
  std::uint64_t left_;
  bool closed_ = false;
};

}  // namespace wiretape::engine
