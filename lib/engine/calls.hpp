// SPDX-License-Identifier: Apache-2.0
// Who is shown the calls that matched.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "entry/entry.hpp"
#include "kfl/statement.hpp"

namespace wiretape::engine {

// Turns calls into what a sink takes, where they are found. For one thread.
class CallTeller {
 public:
  CallTeller() = default;
  CallTeller(const CallTeller&) = delete;
  CallTeller& operator=(const CallTeller&) = delete;
  virtual ~CallTeller() = default;

  virtual void tell(const Entry& entry, std::string& out) = 0;  // appends
};

// One JSON object without newline, as `statement` redacts it.
std::unique_ptr<CallTeller> json_teller(const kfl::Statement& statement = {});

// Returning false ends the run: enough was shown, or nobody reads any more.
class CallSink {
 public:
  CallSink() = default;
  CallSink(const CallSink&) = delete;
  CallSink& operator=(const CallSink&) = delete;

  // One for each thread that finds calls. May be called by any thread.
  [[nodiscard]] virtual std::unique_ptr<CallTeller> teller() const { return json_teller(); }
  // A call from packets, as a teller told it.
  virtual bool told(std::string_view text) { return call(text); }
  // A call from a recording's sidecar, or one that redact() altered: one JSON object without the newline, complete with
  // `record`.
  virtual bool call(std::string_view json) = 0;

  // Nothing more to show for now: what was held back for speed should be seen.
  virtual bool caught_up() { return true; }

 protected:
  ~CallSink() = default;
};

}  // namespace wiretape::engine
